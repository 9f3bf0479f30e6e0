//! The record of a run: where it stands, who works on it, and what it is about. The record is the truth, a signal is not.
//!
//! It is JSON that a person can read. It never holds data of the object besides the header.

mod saved_state;
mod search;
mod waiting;

pub use saved_state::{RawBytes, SavedState};
pub use search::Search;
pub use waiting::Waiting;

use crate::Place;
use crate::compression::TextPosition;
use crate::object::PinnedObject;
use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime};

/// The version of the record this code writes, and the newest it reads.
pub const VERSION: u32 = 1;

/// The record of a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Checkpoint {
    pub v: u32,
    pub status: Status,
    /// Records done.
    pub position: u64,
    /// Bytes done: the offset of the next record.
    pub offset: u64,
    /// Where the run stands in the text, if the object is compressed. Then `offset` is where the object is read next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<TextPosition>,
    /// Lines done: newlines before the next record.
    pub line: u64,
    /// The object's size in bytes.
    pub size: u64,
    pub batches: u64,
    /// The number of the invocation that works, or is due to.
    pub seq: u64,
    /// Grows with every acquisition.
    pub epoch: u64,
    /// Who works on the run; `None`: a signal for `seq` is due.
    pub owner: Option<Owner>,
    /// The token of the event whose invocation handed the run over: only that event may send the next signal again. `None` once
    /// somebody took the run up, which proves that a signal arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_over_by: Option<String>,
    /// Acquisitions at this position that count against it: those that died or panicked, and the one under way.
    pub attempts: u32,
    /// Acquisitions in all.
    pub invocations: u64,
    /// How many of them do not count against the limit: those that waited for an error to pass, or came before the run was resumed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub forgiven: u64,
    pub skipped: u64,
    pub plan: Plan,
    pub object: PinnedObject,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<RawBytes>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<SavedState>,
    #[serde(with = "humantime_millis")]
    pub started: SystemTime,
    #[serde(with = "humantime_millis")]
    pub updated: SystemTime,
    pub last_error: Option<LastError>,
    /// Retryable errors keep the run at its position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Waiting>,
    /// An invocation died here. So much work, in milliseconds, is saved batch by batch, so that the next death shows which batch it was.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub one_at_a_time_ms: u64,
    /// Every record is done, and `on_complete` is what is left.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub input_finished: bool,
    /// A batch holds a record that is to be set aside, and it is not yet known which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<Search>,
    /// The write's nonce: it makes every body unique, and one's own write recognisable.
    pub w: String,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Status {
    /// Nobody works on it; a signal is due.
    Ready,
    /// `owner` works on it.
    Running,
    /// The input is finished, `on_complete` is not.
    Completing,
    Done,
    Failed,
    /// The object was replaced before its first record was processed: the newer upload has a run of its own.
    Superseded,
    Cancelled,
}

fn is_zero<N: Default + PartialEq>(number: &N) -> bool {
    *number == N::default()
}

/// One invocation, as the record knows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Owner {
    pub request_id: String,
    /// Tells two attempts of one request apart.
    pub nonce: String,
}

/// What decides the cut into batches; it must not change during a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Plan {
    pub batch: u64,
    pub format: String,
    /// What is compared; the others are for people.
    pub hash: String,
}

/// The last failure, for people and for `status`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LastError {
    pub kind: String,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
}

impl LastError {
    /// The message as a log may show it: it may be anybody's writing.
    pub fn shown(&self) -> String {
        self.message.escape_debug().to_string()
    }

    /// Where it arose, if that is known.
    pub fn place(&self) -> Option<Place> {
        Some(Place::new(self.record?, self.line?, self.offset?))
    }
}

impl Checkpoint {
    /// The checkpoint a run begins with: nobody works on it, and a signal for `seq` is due. The driver names each write (`w`).
    #[must_use]
    pub fn first(object: PinnedObject, plan: Plan, seq: u64, now: SystemTime) -> Self {
        Self {
            v: VERSION,
            status: Status::Ready,
            position: 0,
            offset: 0,
            text: None,
            line: 0,
            size: object.size,
            batches: 0,
            seq,
            epoch: 0,
            owner: None,
            handed_over_by: None,
            attempts: 0,
            invocations: 0,
            forgiven: 0,
            skipped: 0,
            plan,
            object,
            header: None,
            state: None,
            started: now,
            updated: now,
            last_error: None,
            waiting: None,
            one_at_a_time_ms: 0,
            input_finished: false,
            search: None,
            w: String::new(),
        }
    }

    /// A run of 1,000 bytes that was admitted and not yet begun, for tests.
    #[must_use]
    pub fn for_tests() -> Self {
        let object = PinnedObject { size: 1_000, ..PinnedObject::for_tests() };
        let plan = Plan { batch: 10, format: "lines".into(), hash: "00".into() };
        let start = SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_000_000_123);
        Self { w: "n.0".into(), ..Self::first(object, plan, 1, start) }
    }

    /// The offset of the next record: in the object or, if that is compressed, in its text.
    #[must_use]
    pub fn text_offset(&self) -> u64 {
        self.text.as_ref().map_or(self.offset, |text| text.offset)
    }

    /// How long an invocation that holds the lease may still be at work. `age`: since the checkpoint was written, by the store's clock, which
    /// counts whole seconds: a lease is over in the next one.
    #[must_use]
    pub fn lease_left(&self, lease: Duration, age: Duration) -> Option<Duration> {
        const CLOCK_GRAIN: Duration = Duration::from_secs(1);
        let over = lease.saturating_add(CLOCK_GRAIN);
        self.owner.as_ref().and(over.checked_sub(age)).filter(|left| !left.is_zero())
    }

    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.status, Status::Done | Status::Failed | Status::Superseded | Status::Cancelled)
    }

    /// Whether this can be the record of a run. People write to the store, too, and a signal that carries one may be anybody's.
    fn is_consistent(&self) -> bool {
        // No count comes near this, so none that is grown overflows.
        let Self { position, size, line, batches, seq, epoch, invocations, forgiven, skipped, one_at_a_time_ms, .. } = *self;
        let waited = self.waiting.as_ref().map_or(0, |waiting| waiting.waited_ms);
        let errors = self.waiting.as_ref().map_or(0, |waiting| waiting.errors);
        let counts = [position, size, line, batches, seq, epoch, invocations, skipped, one_at_a_time_ms, waited];
        counts.iter().all(|count| *count < 1 << 53)
            && forgiven <= invocations
            && self.attempts.max(errors) < 1 << 20
            && self.offset <= self.size
            && self.size == self.object.size
            && (self.offset == 0 || self.header.is_some())
            && self.text.as_ref().is_none_or(|text| {
                let TextPosition { offset, resume } = text;
                resume.text <= *offset && *offset < 1 << 53 && resume.compressed <= self.size
            })
            && self.search.is_none_or(|search| search.step > 0 && (self.position..1 << 53).contains(&search.until))
    }

    /// Leaves the run to the next invocation. `token`: of the event of the one that leaves it.
    pub fn hand_over(&mut self, status: Status, token: &str) {
        self.status = status;
        self.owner = None;
        self.seq += 1;
        self.handed_over_by = Some(token.into());
        self.attempts = 0;
        // A witness is of one invocation.
        self.search = self.search.map(|search| Search { witness: false, ..search });
    }

    /// Whether an event of this number and token handed the run over, and nobody took it up since.
    pub fn was_handed_over_by(&self, seq: u64, token: &str) -> bool {
        self.owner.is_none() && self.seq == seq + 1 && self.handed_over_by.as_deref() == Some(token)
    }

    /// Which try of the batch at the position this is, errors that count against nobody included.
    pub fn attempt(&self) -> u32 {
        let errors = self.waiting.as_ref().map_or(0, |waiting| waiting.errors);
        self.attempts.max(1).saturating_add(errors)
    }

    /// Leaves a failed run to the next invocation, at its position and with all its attempts.
    pub fn resume(&mut self) {
        self.status = if self.input_finished { Status::Completing } else { Status::Ready };
        self.owner = None;
        self.seq += 1;
        self.handed_over_by = None;
        self.attempts = 0;
        self.forgiven = self.invocations;
        self.waiting = None;
        self.search = None;
    }

    /// Gives the run back: it is tried again where it stands, or is over.
    pub fn give_back(&mut self, is_over: bool, error: LastError) {
        self.owner = None;
        self.status = match self.status {
            _ if is_over => Status::Failed,
            Status::Completing => Status::Completing,
            _ => Status::Ready,
        };
        self.last_error = Some(error);
    }

    /// Ends the run.
    pub fn fail(&mut self, error: LastError) {
        self.give_back(true, error);
    }

    /// One of so many records after the position is at fault: half of them are tried next.
    pub fn search_among(&mut self, records: u64, doubtful: bool) {
        let search = self.search.unwrap_or(Search::begun(self.position + records, 0, doubtful));
        // What was processed before the doubt arose is no witness.
        let witness = search.witness && search.doubtful;
        self.search = Some(Search { step: records.div_ceil(2), doubtful, witness, alone: 0, ..search });
    }

    /// How many records the next batch may hold.
    pub fn next_batch(&self) -> u64 {
        let batch = self.search.map_or(self.plan.batch, |search| search.step.min(search.until.saturating_sub(self.position)));
        batch.max(1)
    }

    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }

    /// Reads a record, unless it is of a newer version, none at all, or one that no run can have.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        struct Versioned {
            v: u32,
        }
        match serde_json::from_slice::<Versioned>(bytes) {
            Ok(Versioned { v }) if v > VERSION => Err(Unreadable::Newer(v)),
            _ => match serde_json::from_slice::<Self>(bytes) {
                Ok(checkpoint) if checkpoint.is_consistent() => Ok(checkpoint),
                Ok(_) => Err(Unreadable::Corrupt("its numbers contradict each other".into())),
                Err(error) => Err(Unreadable::Corrupt(error.to_string())),
            },
        }
    }
}

/// Why a record cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Unreadable {
    Newer(u32),
    Corrupt(String),
}

/// Times as RFC 3339 with milliseconds.
mod humantime_millis {
    use super::SystemTime;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&humantime::format_rfc3339_millis(*time))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SystemTime, D::Error> {
        humantime::parse_rfc3339(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may")]
pub(crate) mod tests;
