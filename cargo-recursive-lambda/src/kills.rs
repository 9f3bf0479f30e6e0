//! The kills requested with `--kill`, one at a time. The next kill is armed after an invocation has succeeded.

use recursive_lambda_local::{Entry, Outcome, Platform, What};
use std::ops::RangeInclusive;
use std::time::Duration;

pub(crate) struct Kills {
    pub(crate) left: u32,
    armed: bool,
    moment: RangeInclusive<Duration>,
    /// The request id of the invocation whose container was just killed.
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

    /// Whether this entry is the end of an invocation that was killed on purpose, which needs no advice.
    pub(crate) fn observe(&mut self, platform: &Platform, entry: &Entry) -> bool {
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
