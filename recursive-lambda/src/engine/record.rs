//! The record of a run: where it stands, who works on it, and what it is about. The record is the truth, a signal is not.
//!
//! It is JSON that a person can read. It never holds data of the object besides the header.

mod as_it_stands;
mod search;
mod waiting;

pub(crate) use as_it_stands::{Carried, Verbatim};
pub(crate) use search::Search;
pub(crate) use waiting::Waiting;

use crate::Place;
use serde::{Deserialize, Serialize};

/// The version of the record this code writes, and the newest it reads.
pub(crate) const VERSION: u32 = 1;

/// The record of a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) v: u32,
    pub(crate) status: Status,
    /// Records done.
    pub(crate) position: u64,
    /// Bytes done: the offset of the next record.
    pub(crate) offset: u64,
    /// Lines done: newlines before `offset`.
    pub(crate) line: u64,
    /// The object's size in bytes.
    pub(crate) size: u64,
    pub(crate) batches: u64,
    /// The number of the invocation that works, or is due to.
    pub(crate) seq: u64,
    /// Grows with every acquisition.
    pub(crate) epoch: u64,
    /// Who works on the run; `None`: a signal for `seq` is due.
    pub(crate) owner: Option<Owner>,
    /// The token of the event whose invocation handed the run over: only that event may send the next signal again. `None` once
    /// somebody took the run up, which proves that a signal arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) handed_over_by: Option<String>,
    /// Acquisitions at this position that count against it: those that died or panicked, and the one under way.
    pub(crate) attempts: u32,
    /// Acquisitions in all.
    pub(crate) invocations: u64,
    /// How many of them do not count against the limit: those that waited for an error to pass, or came before the run was resumed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) forgiven: u64,
    pub(crate) set_aside: u64,
    pub(crate) plan: Plan,
    pub(crate) object: Object,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) header: Option<Verbatim>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<Carried>,
    #[serde(with = "humantime_millis")]
    pub(crate) started: std::time::SystemTime,
    #[serde(with = "humantime_millis")]
    pub(crate) updated: std::time::SystemTime,
    pub(crate) last_error: Option<LastError>,
    /// Retryable errors keep the run at its position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) waiting: Option<Waiting>,
    /// An invocation died here. So much work, in milliseconds, is saved batch by batch, so that the next death shows which batch it was.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) careful_ms: u64,
    /// Every record is done, and `on_complete` is what is left.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) input_finished: bool,
    /// A batch holds a record that is to be set aside, and it is not yet known which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) search: Option<Search>,
    /// The write's nonce: it makes every body unique, and one's own write recognisable.
    pub(crate) w: String,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Status {
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
pub(crate) struct Owner {
    pub(crate) request_id: String,
    /// Tells two attempts of one request apart.
    pub(crate) nonce: String,
}

/// What decides the cut into batches; it must not change during a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) batch: u64,
    pub(crate) format: String,
    /// What is compared; the others are for people.
    pub(crate) hash: String,
}

/// The object a run reads, pinned: the same bytes in every invocation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Object {
    pub(crate) bucket: String,
    pub(crate) key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    pub(crate) etag: String,
    pub(crate) size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<String>,
    /// The account that must own the bucket, as the settings of this deployment say.
    #[serde(skip)]
    pub(crate) owner: Option<String>,
}

impl Object {
    /// The bucket's name.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The key, decoded. It is the uploader's text: do not use it as a path.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The version that is read, if the bucket keeps versions.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// The ETag that every read insists on, without quotes.
    #[must_use]
    pub fn etag(&self) -> &str {
        &self.etag
    }

    /// The object's size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn for_tests() -> Self {
        Self {
            bucket: "bucket".into(),
            key: "key".into(),
            version: None,
            etag: "etag".into(),
            size: 0,
            region: None,
            owner: None,
        }
    }
}

/// The last failure, for people and for `status`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct LastError {
    pub(crate) kind: String,
    pub(crate) message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) record: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) offset: Option<u64>,
}

impl LastError {
    /// The message as a log may show it: it may be anybody's writing.
    pub(crate) fn shown(&self) -> String {
        self.message.escape_debug().to_string()
    }

    /// Where it arose, if that is known.
    pub(crate) fn place(&self) -> Option<Place> {
        Some(Place::new(self.record?, self.line?, self.offset?))
    }
}

impl Record {
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.status, Status::Done | Status::Failed | Status::Superseded | Status::Cancelled)
    }

    /// Whether this can be the record of a run. People write to the store, too, and a signal that carries one may be anybody's.
    fn is_consistent(&self) -> bool {
        // No count comes near this, so none that is grown overflows.
        let Self { position, size, line, batches, seq, epoch, invocations, forgiven, set_aside, careful_ms, .. } = *self;
        let waited = self.waiting.as_ref().map_or(0, |waiting| waiting.waited_ms);
        let errors = self.waiting.as_ref().map_or(0, |waiting| waiting.errors);
        let counts = [position, size, line, batches, seq, epoch, invocations, set_aside, careful_ms, waited];
        counts.iter().all(|count| *count < 1 << 53)
            && forgiven <= invocations
            && self.attempts.max(errors) < 1 << 20
            && self.offset <= self.size
            && self.size == self.object.size
            && (self.offset == 0 || self.header.is_some())
            && self.search.is_none_or(|search| search.step > 0 && (self.position..1 << 53).contains(&search.until))
    }

    /// Leaves the run to the next invocation. `token`: of the event of the one that leaves it.
    pub(crate) fn hand_over(&mut self, status: Status, token: &str) {
        self.status = status;
        self.owner = None;
        self.seq += 1;
        self.handed_over_by = Some(token.into());
        self.attempts = 0;
        // A witness is of one invocation.
        self.search = self.search.map(|search| Search { witness: false, ..search });
    }

    /// Whether an event of this number and token handed the run over, and nobody took it up since.
    pub(crate) fn was_handed_over_by(&self, seq: u64, token: &str) -> bool {
        self.owner.is_none() && self.seq == seq + 1 && self.handed_over_by.as_deref() == Some(token)
    }

    /// Which try of the batch at the position this is, errors that count against nobody included.
    pub(crate) fn attempt(&self) -> u32 {
        let errors = self.waiting.as_ref().map_or(0, |waiting| waiting.errors);
        self.attempts.max(1).saturating_add(errors)
    }

    /// Leaves a failed run to the next invocation, at its position and with all its attempts.
    pub(crate) fn resume(&mut self) {
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
    pub(crate) fn give_back(&mut self, is_over: bool, error: LastError) {
        self.owner = None;
        self.status = match self.status {
            _ if is_over => Status::Failed,
            Status::Completing => Status::Completing,
            _ => Status::Ready,
        };
        self.last_error = Some(error);
    }

    /// Ends the run.
    pub(crate) fn fail(&mut self, error: LastError) {
        self.give_back(true, error);
    }

    /// One of so many records after the position is at fault: half of them are tried next.
    pub(crate) fn search_among(&mut self, records: u64, doubtful: bool) {
        let search = self.search.unwrap_or(Search::begun(self.position + records, 0, doubtful));
        // What was processed before the doubt arose is no witness.
        let witness = search.witness && search.doubtful;
        self.search = Some(Search { step: records.div_ceil(2), doubtful, witness, alone: 0, ..search });
    }

    /// How many records the next batch may hold.
    pub(crate) fn next_batch(&self) -> u64 {
        let batch = self.search.map_or(self.plan.batch, |search| search.step.min(search.until.saturating_sub(self.position)));
        batch.max(1)
    }

    pub(crate) fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }

    /// Reads a record, unless it is of a newer version, none at all, or one that no run can have.
    pub(crate) fn from_json(bytes: &[u8]) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        struct Versioned {
            v: u32,
        }
        match serde_json::from_slice::<Versioned>(bytes) {
            Ok(Versioned { v }) if v > VERSION => Err(Unreadable::Newer(v)),
            _ => match serde_json::from_slice::<Self>(bytes) {
                Ok(record) if record.is_consistent() => Ok(record),
                Ok(_) => Err(Unreadable::Corrupt("its numbers contradict each other".into())),
                Err(error) => Err(Unreadable::Corrupt(error.to_string())),
            },
        }
    }
}

/// Why a record cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Unreadable {
    Newer(u32),
    Corrupt(String),
}

/// Times as RFC 3339 with milliseconds.
mod humantime_millis {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::time::SystemTime;

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
