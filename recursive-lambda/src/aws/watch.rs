//! A log line just before the time-out. Then Lambda kills the process, which can no longer say which batch was running.
//!
//! It ends nothing and changes nothing. It does nothing for an invocation that hands over in time.

use crate::invocation::Trail;
use crate::ports::Clock;
use std::sync::Arc;
use std::time::Duration;

/// The label of what was running when the time was up.
pub(super) const WHAT_TO_CHANGE: &str =
    "give the function a longer time-out or more memory, or the job a smaller `batch` or a larger `reserve`";

/// How long before the time-out it logs, or a tenth of the time-out if that is shorter.
const BEFORE: Duration = Duration::from_secs(1);

/// Watches until the time-out, or until its result is dropped.
pub(super) fn watch<C: Clock>(clock: &Arc<C>, left: Duration, trail: Arc<Trail>) -> impl Future<Output = ()> + Send + 'static {
    let before = BEFORE.min(left / 10);
    let watching = {
        let clock = Arc::clone(clock);
        async move {
            clock.sleep(left.saturating_sub(before)).await;
            if let Some(called) = trail.now() {
                tracing::warn!(
                    "{called} is still running {before:.1?} before the time-out, at which Lambda ends the invocation: {WHAT_TO_CHANGE}"
                );
            }
        }
    };
    clock.spawn(watching)
}
