//! The checkpoint of a run: its position, its owner and its object. The checkpoint is the truth; a signal is only a hint.
//!
//! It is JSON that a person can read. Of the object's data it holds the header, nothing else.

mod command;
mod json;
mod saved_state;
mod search;
mod shards;
mod waiting;

pub use command::{Action, Command, Commanded};
pub use json::Unreadable;
pub use saved_state::{RawBytes, SavedState};
pub use search::Search;
pub use shards::{MOST_SHARDS, Shard, Shards, Stage};
pub use waiting::Waiting;

use crate::Place;
use crate::compression::TextPosition;
use crate::object::PinnedObject;
use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime};

/// The version this code writes, and the newest it reads.
pub const VERSION: u32 = 1;

/// The checkpoint of a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Checkpoint {
    pub v: u32,
    pub status: Status,
    /// Records done.
    pub position: u64,
    /// Bytes done: the offset of the next record.
    pub offset: u64,
    /// The place in the text, if the object is compressed or not UTF-8. Then `offset` is where the object is read next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<TextPosition>,
    /// Lines done: newlines before the next record.
    pub line: u64,
    /// The object's size in bytes.
    pub size: u64,
    pub batches: u64,
    /// The number of the invocation that works, or must come next.
    pub seq: u64,
    /// Grows with every acquisition.
    pub epoch: u64,
    /// Who works on the run; `None`: a signal for `seq` is due.
    pub owner: Option<Owner>,
    /// The token of the event whose invocation handed the run over. Only that event may send the next signal again. `None` once
    /// an invocation acquired the run, which proves that a signal arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_over_by: Option<String>,
    /// Acquisitions at this position that count against it: those that died or panicked, and the current one.
    pub attempts: u32,
    /// Acquisitions in all.
    pub invocations: u64,
    /// How many of them do not count against the limit: those that waited for an error to pass, or came before the run was
    /// resumed.
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
    /// The last command that changed the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commanded: Option<Commanded>,
    /// Retryable errors keep the run at its position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Waiting>,
    /// An invocation died here. For this much work, in milliseconds, each batch is saved, so that the next death shows which batch it was.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub one_at_a_time_ms: u64,
    /// Every record is done; only `on_complete` is left.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub input_finished: bool,
    /// A record of the batch must be skipped, and it is not yet known which one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<Search>,
    /// Other invocations process the records, each its shard. This is the run that asks them and merges what they made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shards: Option<Shards>,
    /// This is one shard of a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// The nonce of the write. It makes every body unique, so a writer recognises its own write.
    pub w: String,
}

/// The status of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Status {
    /// No invocation works on it; a signal is due.
    Ready,
    /// `owner` works on it.
    Running,
    /// The input is finished; `on_complete` is not.
    Completing,
    /// It goes on when a person resumes it.
    Paused,
    Done,
    Failed,
    /// The object was replaced before its first record was processed. The newer upload has its own run.
    Superseded,
    /// A person ended it.
    Cancelled,
}

fn is_zero<N: Default + PartialEq>(number: &N) -> bool {
    *number == N::default()
}

/// One invocation, as the checkpoint names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Owner {
    pub request_id: String,
    /// Tells two attempts of one request apart.
    pub nonce: String,
}

/// What decides how the object is cut into batches. It must not change during a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Plan {
    pub batch: u64,
    pub format: String,
    /// This is compared; the other fields are for people.
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
    /// The message, safe for a log: anyone may have written it.
    #[must_use]
    pub fn shown(&self) -> String {
        self.message.escape_debug().to_string()
    }

    /// The place of the error, if it is known.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        Some(Place::new(self.record?, self.line?, self.offset?))
    }
}

impl Checkpoint {
    /// The first checkpoint of a run: no invocation works on it, and a signal for `seq` is due. The driver names each write (`w`).
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
            commanded: None,
            waiting: None,
            one_at_a_time_ms: 0,
            input_finished: false,
            search: None,
            shards: None,
            shard: None,
            w: String::new(),
        }
    }

    /// The first checkpoint of one of this run's shards: a signal for it is due. `header`: the object's.
    #[must_use]
    pub fn first_of_shard(&self, shard: Shard, header: Option<RawBytes>, now: SystemTime) -> Self {
        Self {
            offset: shard.start,
            header,
            shard: Some(shard),
            started: self.started,
            ..Self::first(self.object.clone(), self.plan.clone(), 1, now)
        }
    }

    /// The offset where the bytes end that are read for this checkpoint.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.shard.map_or(self.size, |shard| shard.end)
    }

    /// A run of 1,000 bytes that was admitted and not yet begun, for tests.
    #[must_use]
    pub fn for_tests() -> Self {
        let object = PinnedObject { size: 1_000, ..PinnedObject::for_tests() };
        let plan = Plan { batch: 10, format: "lines".into(), hash: "00".into() };
        let start = SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_000_000_123);
        Self { w: "n.0".into(), ..Self::first(object, plan, 1, start) }
    }

    /// The offset of the next record: in the object or, if that is compressed or not UTF-8, in its text.
    #[must_use]
    pub fn text_offset(&self) -> u64 {
        self.text.as_ref().map_or(self.offset, |text| text.offset)
    }

    /// How long an invocation that holds the lease may still be working. `age`: the time since the checkpoint was written, by the
    /// store's clock. That clock counts whole seconds, so a lease ends one second later.
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

    /// Leaves the run to the next invocation. `token`: of the event that this invocation was given.
    pub fn hand_over(&mut self, status: Status, token: &str) {
        self.status = status;
        self.owner = None;
        self.seq += 1;
        self.handed_over_by = Some(token.into());
        self.attempts = 0;
        // A witness counts only within its invocation.
        self.search = self.search.map(|search| Search { witness: false, ..search });
    }

    /// Whether the event with this `seq` and token handed the run over, and no invocation has acquired it since.
    #[must_use]
    pub fn was_handed_over_by(&self, seq: u64, token: &str) -> bool {
        self.owner.is_none() && self.seq == seq + 1 && self.handed_over_by.as_deref() == Some(token)
    }

    /// Which try of the batch at the position this is. Retryable errors count, too.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        let errors = self.waiting.as_ref().map_or(0, |waiting| waiting.errors);
        self.attempts.max(1).saturating_add(errors)
    }

    /// Gives up the run: it is tried again at its position, or is over.
    pub fn give_back(&mut self, is_over: bool, error: LastError) {
        self.owner = None;
        self.status = match self.status {
            _ if is_over => Status::Failed,
            Status::Completing => Status::Completing,
            _ => Status::Ready,
        };
        self.last_error = Some(error);
    }

    /// Ends the run as failed.
    pub fn fail(&mut self, error: LastError) {
        self.give_back(true, error);
    }

    /// One of the next `records` records is bad: half of them are tried next.
    pub fn search_among(&mut self, records: u64, doubtful: bool) {
        let search = self.search.unwrap_or(Search::begun(self.position + records, 0, doubtful));
        // A record that was processed before the search began is not a witness.
        let witness = search.witness && search.doubtful;
        self.search = Some(Search { step: records.div_ceil(2), doubtful, witness, alone: 0, ..search });
    }

    /// How many records the next batch may hold.
    #[must_use]
    pub fn next_batch(&self) -> u64 {
        let batch = self.search.map_or(self.plan.batch, |search| search.step.min(search.until.saturating_sub(self.position)));
        batch.max(1)
    }
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
