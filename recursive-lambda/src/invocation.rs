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

impl Invocation {
    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.left.map(|left| self.started + left)
    }
}
