//! One invocation of the function, as the code below the runtime knows it.
//!
//! It decides nothing. The driver notes what it is doing, and the runtime reads that when the time is nearly up.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// One invocation of the function.
#[derive(Clone, Debug)]
pub(crate) struct Invocation {
    pub(crate) request_id: String,
    /// The ARN as it was invoked: with the qualifier, if there was one.
    pub(crate) function_arn: String,
    pub(crate) tenant: Option<String>,
    pub(crate) trace_header: Option<String>,
    /// By the platform's clock.
    pub(crate) started: Duration,
    /// Until the deadline, at the start; `None` if that is unknown.
    pub(crate) left: Option<Duration>,
    /// Tells this invocation from every other one, even from another attempt of the same request.
    pub(crate) nonce: String,
    /// What the invocation is doing.
    pub(crate) trail: Arc<Trail>,
}

/// The current call of user code: the log names it if the invocation ends before the call does.
#[derive(Debug, Default)]
pub(crate) struct Trail(Mutex<Option<Called>>);

/// One call of user code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Called {
    /// The job, with this many records from this one on; a file has no lines.
    Batch {
        object: Arc<str>,
        record: u64,
        line: Option<u64>,
        records: u64,
    },
    OnComplete {
        object: Arc<str>,
    },
}

impl Trail {
    pub(crate) fn begins(&self, called: Called) {
        // At debug level, because it is one line per batch. `cargo recursive-lambda run` reads it.
        if let Called::Batch { object, record, line, records } = &called {
            tracing::debug!(target: "recursive_lambda::batch", record, line, records, %object, "a batch begins");
        }
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(called);
    }

    /// No user code is running any more.
    pub(crate) fn ends(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(crate) fn now(&self) -> Option<Called> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Display for Called {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Batch { object, record, line: Some(line), records } => {
                write!(f, "the batch of {records} records at record {record}, line {line} of {object}")
            }
            Self::Batch { object, record, line: None, .. } => write!(f, "the batch at position {record} of {object}"),
            Self::OnComplete { object } => write!(f, "`on_complete` for {object}"),
        }
    }
}

/// An admission must end within this time; what cannot begin before is given back.
const ADMISSION: Duration = Duration::from_secs(2);

impl Invocation {
    #[cfg(test)]
    pub(crate) fn for_tests(function_arn: &str) -> Self {
        Self {
            request_id: "r".into(),
            function_arn: function_arn.into(),
            tenant: None,
            trace_header: None,
            started: Duration::ZERO,
            left: None,
            nonce: "n".into(),
            trail: Arc::default(),
        }
    }

    /// Whether an event's item (the first has index 0) can still be admitted at this time of the platform's clock.
    pub(crate) fn has_time_for(&self, index: usize, now: Duration) -> bool {
        index == 0 || self.time_left(now).is_none_or(|left| left >= ADMISSION)
    }

    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.left.map(|left| self.started + left)
    }

    /// The time to the deadline; `None` if that is unknown.
    pub(crate) fn time_left(&self, now: Duration) -> Option<Duration> {
        self.deadline().map(|deadline| deadline.saturating_sub(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_current_invocation_is_named() {
        let trail = Trail::default();
        let object = || Arc::from("s3://uploads/a.csv");
        let batch = |line, records| Called::Batch { object: object(), record: 800, line, records };
        assert_eq!(trail.now(), None);
        for (called, named) in [
            (batch(Some(802), 400), "the batch of 400 records at record 800, line 802 of s3://uploads/a.csv"),
            (batch(None, 1), "the batch at position 800 of s3://uploads/a.csv"),
            (Called::OnComplete { object: object() }, "`on_complete` for s3://uploads/a.csv"),
        ] {
            trail.begins(called);
            assert_eq!(trail.now().map(|called| called.to_string()).as_deref(), Some(named));
            trail.ends();
            assert_eq!(trail.now(), None);
        }
    }
}
