//! One invocation of the function, as everything below the runtime knows it.

use std::time::Duration;

/// One invocation of the function.
#[derive(Clone, Debug)]
pub(crate) struct Invocation {
    pub(crate) request_id: String,
    /// As it was invoked: with the qualifier, if there was one.
    pub(crate) function_arn: String,
    pub(crate) tenant: Option<String>,
    pub(crate) trace_header: Option<String>,
    /// By the platform's clock.
    pub(crate) started: Duration,
    /// Until the deadline, at the start; `None` if that is unknown.
    pub(crate) left: Option<Duration>,
    /// Tells this invocation from every other one, another attempt of the same request included.
    pub(crate) nonce: String,
}

/// An admission must end in this time; what cannot begin before it is given back.
const ADMISSION: Duration = Duration::from_secs(2);

impl Invocation {
    /// Whether an event's item, the first of which has index 0, can still be admitted at this time of the platform's clock.
    pub(crate) fn has_time_for(&self, index: usize, now: Duration) -> bool {
        index == 0 || self.deadline().is_none_or(|deadline| deadline.saturating_sub(now) >= ADMISSION)
    }

    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.left.map(|left| self.started + left)
    }
}
