//! Kills containers during an invocation: now, or at a random moment of a later invocation.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use super::{Lambda, Running};
use crate::concurrency::locked;
use crate::journal::ContainerId;

/// Armed kills that wait for an invocation.
#[derive(Debug)]
pub(crate) struct Kills {
    left: u32,
    moment: RangeInclusive<Duration>,
}

impl Default for Kills {
    fn default() -> Self {
        Self { left: 0, moment: Duration::ZERO..=Duration::ZERO }
    }
}

impl Lambda {
    /// Arms kills. Each applies to the next invocation that starts and happens at a random moment of it. If the invocation ends first, the
    /// kill is armed again.
    pub(crate) fn arm_kills(&self, count: u32, moment: RangeInclusive<Duration>) {
        *locked(&self.kills) = Kills { left: count, moment };
    }

    /// Kills the container of the oldest invocation, or of the given request id. Never kills an invocation twice.
    pub(crate) fn kill_running(&self, request_id: Option<&str>) -> Option<(ContainerId, String)> {
        let mut running = locked(&self.running);
        let index = running.iter().position(|running| request_id.is_none_or(|request_id| request_id == running.request_id))?;
        let victim = running.remove(index);
        victim.kill.notify_one();
        Some((victim.container, victim.request_id))
    }

    /// The kill switch of one invocation, which can be killed until the result is dropped.
    pub(super) fn kill_switch<'a>(&'a self, container: ContainerId, request_id: &str) -> KillSwitch<'a> {
        let kill = Arc::new(Notify::new());
        let request_id = request_id.to_owned();
        locked(&self.running).push(Running { container, request_id, kill: Arc::clone(&kill) });
        let mut kills = locked(&self.kills);
        let armed = (kills.left > 0).then(|| {
            kills.left -= 1;
            let (from, to) = (nanos(*kills.moment.start()), nanos(*kills.moment.end()));
            Duration::from_nanos(locked(&self.random).u64(from..=to.max(from)))
        });
        KillSwitch { lambda: self, kill, armed, fired: AtomicBool::new(false) }
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Tells when a fault kills an invocation.
pub(super) struct KillSwitch<'a> {
    lambda: &'a Lambda,
    kill: Arc<Notify>,
    armed: Option<Duration>,
    fired: AtomicBool,
}

impl KillSwitch<'_> {
    /// Resolves when the container must be killed.
    pub(super) async fn triggered(&self) {
        match self.armed {
            Some(delay) => tokio::select! {
                () = self.kill.notified() => {}
                () = tokio::time::sleep(delay) => self.fired.store(true, Ordering::Relaxed),
            },
            None => self.kill.notified().await,
        }
    }
}

impl Drop for KillSwitch<'_> {
    fn drop(&mut self) {
        locked(&self.lambda.running).retain(|running| !Arc::ptr_eq(&running.kill, &self.kill));
        if self.armed.is_some() && !self.fired.load(Ordering::Relaxed) {
            locked(&self.lambda.kills).left += 1;
        }
    }
}
