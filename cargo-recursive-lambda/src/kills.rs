//! Kills that were asked for by `--kill`, one at a time: the next is armed when an invocation has come through after the last.

use recursive_lambda_local::{Entry, Outcome, Platform, What};
use std::ops::RangeInclusive;
use std::time::Duration;

pub(crate) struct Kills {
    pub(crate) left: u32,
    armed: bool,
    moment: RangeInclusive<Duration>,
    /// The request whose container was just killed.
    killed: Option<String>,
}

impl Kills {
    pub(crate) fn new(count: u32, timeout: Duration) -> Self {
        Self { left: count, armed: false, moment: timeout / 8..=timeout / 2, killed: None }
    }

    pub(crate) fn arm(&mut self, platform: &Platform) {
        if self.left > 0 && !self.armed {
            self.armed = true;
            platform.arm_kills(1, self.moment.clone());
        }
    }

    /// Whether this is the end of an invocation that was killed on purpose: nothing has to be changed then.
    pub(crate) fn seen(&mut self, platform: &Platform, entry: &Entry) -> bool {
        match &entry.what {
            What::Killed { request_id, .. } => {
                self.left = self.left.saturating_sub(1);
                self.armed = false;
                self.killed = Some(request_id.clone());
            }
            What::InvocationEnded { outcome: Outcome::Ok(_), .. } => self.arm(platform),
            What::InvocationEnded { outcome: Outcome::Crashed { .. }, request_id, .. } => {
                return self.killed.take_if(|killed| killed == request_id).is_some();
            }
            _ => {}
        }
        false
    }
}
