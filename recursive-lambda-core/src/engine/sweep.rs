//! What a sweep does about a run: leave it alone, signal it again, or report it.
//!
//! It sees only the checkpoint and its age, and cannot know whether a signal is on its way. One signal too many is a duplicate
//! like any other.

use super::messages::Rules;
use crate::checkpoint::{Checkpoint, Status};
use serde::Serialize;
use std::time::Duration;

/// A run that waits for its shards is looked at this often.
const HOUR: Duration = Duration::from_secs(3600);

/// After this long without a change, a run has been signalled in vain by many sweeps.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Older checkpoints are not read: each read costs, and a stuck run was reported for a whole day.
const FORGOTTEN: Duration = Duration::from_secs(48 * 3600);

/// What a sweep does about a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// A signal for the checkpoint's `seq` is due, and no invocation works on the run.
    pub signals: bool,
    /// The run waits after an error, and the next try is not due yet.
    pub waits: bool,
    pub report: Option<Trouble>,
}

/// Why a person should look at a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    Failed,
    /// In progress, and unchanged for a day.
    Silent,
    /// In progress, and tried in vain for a day.
    Stuck,
    /// In progress, and begun with another batch size or format than the deployed one: it would refuse every signal.
    OtherPlan,
}

/// Whether a checkpoint of this age can matter to a sweep. The others are not read.
#[must_use]
pub fn is_worth_reading(rules: &Rules, age: Duration) -> bool {
    age > youngest(rules) && age < FORGOTTEN
}

/// `age`: the time since the checkpoint was written, by the store's clock.
#[must_use]
pub fn judge(rules: &Rules, checkpoint: &Checkpoint, age: Duration) -> Verdict {
    let nothing = Verdict::default();
    if checkpoint.status == Status::Failed && age < DAY {
        return Verdict { report: Some(Trouble::Failed), ..nothing };
    }
    if checkpoint.is_at_rest() || age <= youngest(rules) {
        return nothing;
    }
    if checkpoint.plan.hash != rules.plan.hash {
        return Verdict { report: Some(Trouble::OtherPlan), ..nothing };
    }
    let is_asked = checkpoint.shards.is_some_and(|shards| shards.are_asked());
    let waits_for_shards = is_asked && checkpoint.owner.is_none() && checkpoint.status == Status::Ready;
    match &checkpoint.waiting {
        // Its shards are swept, too, and the last one signals it. That signal can be lost, and so can a shard's last event.
        None if waits_for_shards => Verdict { signals: age >= HOUR, ..nothing },
        Some(waiting) => {
            let signals = age >= waiting.pause();
            let report = (waiting.waited() + age >= DAY).then_some(Trouble::Stuck);
            Verdict { signals, waits: !signals, report }
        }
        // The checkpoint does not say when the run was signalled last. Its age decides: about once an hour, with a sweep every
        // quarter of an hour.
        None if age >= DAY => Verdict { signals: age.as_secs() % 3_600 < 900, report: Some(Trouble::Silent), ..nothing },
        None => Verdict { signals: true, ..nothing },
    }
}

/// An invocation at work renews the lease three times in its length, so at this age there is none; and most signals have arrived.
fn youngest(rules: &Rules) -> Duration {
    rules.lease * 2
}

impl Trouble {
    /// What is wrong.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::Failed => "the run failed, and is over until it is resumed",
            Self::Silent => {
                "the run is in progress, but its checkpoint was not written for a day; it is signalled about once an hour until two days are over, and \
                 after that only the event that resumes it helps; the destination of failed events shows what happened to its signals"
            }
            Self::Stuck => {
                "the run is in progress, but has made no progress for a day; it is tried once an hour until RECURSIVE_LAMBDA_RETRY_FOR is over"
            }
            Self::OtherPlan => {
                "the run is in progress, but the job was deployed with another batch size or format since it began; deploy those again, and the \
                 next sweep resumes it, or start the object again by a manual start under a new name"
            }
        }
    }
}

/// The result of a sweep, as the answer to Lambda.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// Checkpoints that were read, or could not be.
    pub looked_at: u64,
    pub signalled: u64,
    /// A signal was due and was not accepted.
    pub not_signalled: u64,
    /// Runs that wait after an error, and whose next try is not due yet.
    pub waiting: u64,
    pub failed: u64,
    pub stuck: u64,
    pub unreadable: u64,
    /// Whether there was time for every checkpoint.
    pub complete: bool,
}

impl Swept {
    pub fn reported(&mut self, trouble: Trouble) {
        match trouble {
            Trouble::Failed => self.failed += 1,
            Trouble::Silent | Trouble::Stuck | Trouble::OtherPlan => self.stuck += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::tests::fresh;
    use crate::checkpoint::{Owner, Plan, Shards, Stage, Waiting};

    const HOUR: u64 = 3600;

    fn rules() -> Rules {
        Rules {
            lease: Duration::from_secs(45),
            checkpoint: Duration::from_secs(10),
            max_attempts: 3,
            retry_for: DAY,
            max_invocations: 100,
            on_complete: true,
            skip: None,
            shards: None,
            plan: fresh().plan,
        }
    }

    const NOTHING: Verdict = Verdict { signals: false, waits: false, report: None };
    const SIGNALS: Verdict = Verdict { signals: true, ..NOTHING };
    const WAITS: Verdict = Verdict { waits: true, ..NOTHING };

    fn reports(trouble: Trouble) -> Verdict {
        Verdict { report: Some(trouble), ..NOTHING }
    }

    fn waiting(seconds: u64, errors: u32) -> Checkpoint {
        let now = std::time::SystemTime::UNIX_EPOCH;
        let waiting = Waiting { since: now, next: now, errors, waited_ms: seconds * 1_000 };
        Checkpoint { waiting: Some(waiting), ..with(Status::Ready, false) }
    }

    fn with(status: Status, owned: bool) -> Checkpoint {
        let owner = owned.then(|| Owner { request_id: "r".into(), nonce: "n".into() });
        Checkpoint { status, owner, ..fresh() }
    }

    #[test]
    fn silent_runs_are_signalled_then_reported() {
        use Status::{Cancelled, Completing, Done, Failed, Paused, Ready, Running, Superseded};
        let table = [
            ("just handed over", with(Ready, false), 0, NOTHING),
            ("the signal may be on its way", with(Ready, false), 90, NOTHING),
            ("the signal was lost", with(Ready, false), 91, SIGNALS),
            ("lost for long", with(Ready, false), 24 * HOUR - 1, SIGNALS),
            ("silent for a day", with(Ready, false), 24 * HOUR, Verdict { signals: true, ..reports(Trouble::Silent) }),
            ("silent for a day and a quarter of an hour", with(Ready, false), 24 * HOUR + 900, reports(Trouble::Silent)),
            ("at work", with(Running, true), 15, NOTHING),
            ("the lease is over, a retry may be due", with(Running, true), 60, NOTHING),
            ("its owner died, and so did the event", with(Running, true), 91, SIGNALS),
            ("its owner died a day ago", with(Running, true), 25 * HOUR, Verdict { signals: true, ..reports(Trouble::Silent) }),
            ("handed over before on_complete", with(Completing, false), 91, SIGNALS),
            ("waits for three minutes", waiting(180, 3), 91, SIGNALS),
            ("waits for an hour, tried just now", waiting(HOUR, 9), 14 * 60, WAITS),
            ("waits for an hour", waiting(HOUR, 9), 15 * 60, SIGNALS),
            ("waits for ten hours, tried just now", waiting(10 * HOUR, 20), HOUR - 1, WAITS),
            ("waits for ten hours", waiting(10 * HOUR, 20), HOUR, SIGNALS),
            ("waits for a day", waiting(24 * HOUR - 1, 40), HOUR, Verdict { signals: true, ..reports(Trouble::Stuck) }),
            ("waits for a day, tried just now", waiting(25 * HOUR, 40), 91, Verdict { waits: true, ..reports(Trouble::Stuck) }),
            ("waits for its shards", waits_for_shards(false), HOUR - 1, NOTHING),
            ("waits for its shards, and its signal was lost", waits_for_shards(false), HOUR, SIGNALS),
            ("died as it asked its shards", waits_for_shards(true), 91, SIGNALS),
            ("died in on_complete", with(Completing, true), 91, SIGNALS),
            ("done", with(Done, false), 91, NOTHING),
            ("done long ago", with(Done, false), 25 * HOUR, NOTHING),
            ("paused", with(Paused, false), 91, NOTHING),
            ("paused for a day", with(Paused, false), 24 * HOUR, NOTHING),
            ("superseded", with(Superseded, false), 91, NOTHING),
            ("cancelled", with(Cancelled, false), 91, NOTHING),
            ("failed", with(Failed, false), 91, reports(Trouble::Failed)),
            ("failed today", with(Failed, false), 24 * HOUR - 1, reports(Trouble::Failed)),
            ("failed, and told for a day", with(Failed, false), 24 * HOUR, NOTHING),
        ];
        for (name, checkpoint, age, want) in table {
            assert_eq!(judge(&rules(), &checkpoint, Duration::from_secs(age)), want, "{name}");
        }
    }

    fn waits_for_shards(is_owned: bool) -> Checkpoint {
        let status = if is_owned { Status::Running } else { Status::Ready };
        Checkpoint { shards: Some(Shards { asked: 2, ..Shards::new(2, Stage::Read) }), ..with(status, is_owned) }
    }

    #[test]
    fn a_changed_plan_is_reported_at_once() {
        let other = |status| Checkpoint { plan: Plan { hash: "other".into(), ..fresh().plan }, ..with(status, false) };
        for (status, age, want) in [
            (Status::Ready, 90, NOTHING),
            (Status::Ready, 91, reports(Trouble::OtherPlan)),
            (Status::Running, 25 * HOUR, reports(Trouble::OtherPlan)),
            (Status::Done, 91, NOTHING),
            (Status::Failed, 91, reports(Trouble::Failed)),
        ] {
            assert_eq!(judge(&rules(), &other(status), Duration::from_secs(age)), want, "{status:?} {age}");
        }
    }

    #[test]
    fn old_checkpoints_are_not_read() {
        for (age, want) in [(0, false), (90, false), (91, true), (24 * HOUR, true), (48 * HOUR - 1, true), (48 * HOUR, false)] {
            assert_eq!(is_worth_reading(&rules(), Duration::from_secs(age)), want, "{age}");
        }
    }
    #[test]
    fn a_report_says_what_to_do() {
        let failed = Swept { failed: 2, ..Swept::default() };
        let stuck = Swept { stuck: 2, ..Swept::default() };
        for (trouble, says, counted) in [
            (Trouble::Failed, "the run failed, and is over", failed),
            (Trouble::Silent, "its checkpoint was not written for a day", stuck),
            (Trouble::Stuck, "has made no progress for a day", stuck),
            (Trouble::OtherPlan, "deploy those again, and the next sweep resumes it", stuck),
        ] {
            assert!(trouble.message().contains(says), "{trouble:?}: {}", trouble.message());
            let mut swept = Swept::default();
            swept.reported(trouble);
            swept.reported(trouble);
            assert_eq!(swept, counted, "{trouble:?}");
        }
    }
}
