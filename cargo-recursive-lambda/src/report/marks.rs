//! The marks of the page: what each one means, in words, and its symbol. A symbol differs from the others in shape, not only in
//! colour.

use std::time::Duration;

/// Which part of the picture a mark is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strip {
    Queue,
    Containers,
    Store,
    Object,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Start,
    Signal,
    Twice,
    Throttled,
    Lost,
    GivenUp,
    Saved,
    Conflict,
    Refused,
    AnswerLost,
    Died,
    Error,
}

#[derive(Clone, Debug)]
pub(crate) struct Mark {
    pub(crate) at: Duration,
    pub(crate) strip: Strip,
    pub(crate) kind: Kind,
    /// More about it; may be foreign text.
    pub(crate) detail: String,
}

impl Kind {
    pub(crate) const ALL: [Self; 12] = [
        Self::Start,
        Self::Signal,
        Self::Twice,
        Self::Throttled,
        Self::Lost,
        Self::GivenUp,
        Self::Saved,
        Self::Conflict,
        Self::Refused,
        Self::AnswerLost,
        Self::Died,
        Self::Error,
    ];

    /// The symbol's id, which is also the class that gives it a colour.
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Start => "k-start",
            Self::Signal => "k-signal",
            Self::Twice => "k-twice",
            Self::Throttled => "k-throttled",
            Self::Lost => "k-lost",
            Self::GivenUp => "k-given-up",
            Self::Saved => "k-saved",
            Self::Conflict => "k-conflict",
            Self::Refused => "k-refused",
            Self::AnswerLost => "k-answer-lost",
            Self::Died => "k-died",
            Self::Error => "k-error",
        }
    }

    /// The symbol, around the point 0 0.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Start => "M-4-5L5 0-4 5Z",
            Self::Signal => "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0Z",
            Self::Twice => "M-6 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0ZM-1 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0Z",
            Self::Throttled => "M-5-4H5L0 5Z",
            Self::Lost => "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0ZM-5 5L5-5",
            Self::GivenUp => "M-5-5H5V5H-5ZM-3-3L3 3M-3 3L3-3",
            Self::Saved => "M0-5L5 0 0 5-5 0Z",
            Self::Conflict => "M0-5L5 0 0 5-5 0Z",
            Self::Refused => "M0-5L5 0 0 5-5 0ZM-5 5L5-5",
            Self::AnswerLost => "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0Z",
            Self::Died => "M-5-5L5 5M-5 5L5-5",
            Self::Error => "M-5-7H5V7H-5ZM0-4.5V1M0 3V4.5",
        }
    }

    /// What it means, in the legend.
    pub(crate) fn meaning(self, strip: Strip) -> &'static str {
        match (self, strip) {
            (Self::Start, _) => "the upload, or the event that resumes the run",
            (Self::Signal, _) => "a signal: the function invokes itself",
            (Self::Twice, _) => "the queue delivers the event twice",
            (Self::Throttled, Strip::Queue) => "throttled",
            (Self::Throttled, _) => "slowed down by S3",
            (Self::Lost, _) => "the queue loses the event",
            (Self::GivenUp, _) => "the event is given up",
            (Self::Saved, _) => "a save",
            (Self::Conflict, _) => "a write that came second and is refused",
            (Self::Refused, _) => "a request that is refused",
            (Self::AnswerLost, _) => "the answer is lost",
            (Self::Died, _) => "the invocation dies: killed, timed out, or crashed",
            (Self::Error, _) => "the invocation answers with an error",
        }
    }

    pub(crate) fn is_trouble(self) -> bool {
        !matches!(self, Self::Start | Self::Signal | Self::Saved)
    }
}

impl Strip {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Containers => "container",
            Self::Store => "store",
            Self::Object => "object",
        }
    }
}
