//! What a person may tell a run: pause, cancel, resume.
//!
//! It says what the checkpoint becomes, never when that is allowed: the engine decides.

use super::{Checkpoint, Search, Shards, Status};
use serde::{Deserialize, Serialize};
use std::time::SystemTime;

/// A person's command to one run.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Command {
    pub command: Action,
    /// Who gave it, as they name themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How many commands the run had obeyed when this one was given. It is obeyed only if there were no others since, so that a
    /// late duplicate of it changes nothing. `None`: it is obeyed whenever it arrives.
    #[serde(skip)]
    pub after: Option<u64>,
}

impl Command {
    #[must_use]
    pub fn new(command: Action) -> Self {
        Self { command, by: None, reason: None, after: None }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Stop after the batch in progress, until the run is resumed.
    Pause,
    /// Stop for ever.
    Cancel,
    /// Continue a failed or paused run at its position; try a waiting run now.
    Resume,
}

impl Action {
    pub const ALL: [Self; 3] = [Self::Pause, Self::Cancel, Self::Resume];

    /// Whether a run with this status is another one afterwards.
    #[must_use]
    pub fn changes(self, status: Status) -> bool {
        match self {
            Self::Pause => matches!(status, Status::Ready | Status::Running | Status::Completing),
            Self::Cancel => {
                matches!(status, Status::Ready | Status::Running | Status::Completing | Status::Paused | Status::Failed)
            }
            Self::Resume => matches!(status, Status::Paused | Status::Failed),
        }
    }

    /// The name of the command and of its event.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Cancel => "cancel",
            Self::Resume => "resume",
        }
    }
}

/// The last command that changed a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Commanded {
    /// How many commands the run has obeyed, with this one.
    pub number: u64,
    #[serde(flatten)]
    pub command: Command,
    #[serde(with = "super::humantime_millis")]
    pub at: SystemTime,
}

impl Checkpoint {
    /// Whether no event is due: the run is over, or paused.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        self.is_over() || self.status == Status::Paused
    }

    /// How many commands the run has obeyed.
    #[must_use]
    pub fn commands(&self) -> u64 {
        self.commanded.as_ref().map_or(0, |commanded| commanded.number)
    }

    /// Whether the last command was this one: then this is another delivery of it.
    #[must_use]
    pub fn has_obeyed(&self, command: &Command) -> bool {
        let last = self.commanded.as_ref();
        last.is_some_and(|last| last.command.command == command.command && command.after == last.number.checked_sub(1))
    }

    /// Whether the last command resumed it.
    #[must_use]
    pub fn was_resumed(&self) -> bool {
        self.commanded.as_ref().is_some_and(|last| last.command.command == Action::Resume)
    }

    /// Applies a command. Whoever works on the run loses it.
    pub fn obey(&mut self, command: Command, at: SystemTime) {
        match command.command {
            Action::Pause => self.status = Status::Paused,
            Action::Cancel => self.status = Status::Cancelled,
            Action::Resume => {
                self.status = if self.input_finished { Status::Completing } else { Status::Ready };
                self.seq += 1;
                self.attempts = 0;
                self.forgiven = self.invocations;
                self.waiting = None;
                self.search = None;
                // Its shards are asked again, so that a failed one goes on, too.
                self.shards = self.shards.map(|shards| Shards { asked: 0, ..shards });
            }
        }
        self.owner = None;
        self.handed_over_by = None;
        self.commanded = Some(Commanded { number: self.commands() + 1, command, at });
    }

    /// This checkpoint of an owner whose run was paused since its last save: its progress is kept, and the run stays paused or
    /// is over.
    #[must_use]
    pub fn paused_by(self, stored: &Self) -> Self {
        Self {
            status: if self.is_over() { self.status } else { Status::Paused },
            owner: None,
            handed_over_by: None,
            seq: stored.seq,
            attempts: 0,
            forgiven: stored.forgiven,
            commanded: stored.commanded.clone(),
            // A witness counts only within its invocation.
            search: self.search.map(|search| Search { witness: false, ..search }),
            ..self
        }
    }
}
