//! The words of the tables: checkpoints, events and effects, each on one line.

use crate::checkpoint::tests::fresh;
use crate::checkpoint::{Action, Checkpoint, Command, LastError, Owner, SavedState, Status};
use crate::engine::budget::Budget;
use crate::engine::messages::{
    Batch, Cause, Done, During, Effect, Event, Failure, How, Mode, Now, Refusal, Reply, Rules, Signalled, Start, Trigger,
};
use crate::engine::run::Run;
use crate::engine::save::{Read, Saved, Stored};
use serde_json::value::RawValue;
use std::time::Duration;

pub(super) const BATCH: u64 = 10;

/// A line of a table: its name, the run, what happens, and the effects.
pub(super) type Line = (&'static str, Run, Vec<In>, &'static str);

pub(super) fn check(table: Vec<Line>) {
    for (name, mut run, events, want) in table {
        assert_eq!(trace(&mut run, events), want, "{name}");
    }
}

pub(super) fn trace(run: &mut Run, events: Vec<In>) -> String {
    let begin = In { now: now(), event: Event::Begin };
    let effects = std::iter::once(begin).chain(events).map(|input| input.into_step(run).1);
    effects.collect::<Vec<_>>().join(" > ")
}

pub(super) const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(super) fn rules() -> Rules {
    Rules {
        lease: s(45),
        checkpoint: s(10),
        max_attempts: 3,
        retry_for: s(0),
        max_invocations: 100,
        on_complete: false,
        skip: None,
        shards: None,
        plan: fresh().plan,
    }
}

pub(super) fn budget() -> Budget {
    Budget::new(Some(s(900)), s(10), None)
}

/// The delivery of a signal.
pub(super) fn signal(seq: u64) -> Run {
    signal_under(rules(), seq)
}

pub(super) fn signal_under(rules: Rules, seq: u64) -> Run {
    Run::new(rules, me(), given(seq), budget())
}

/// A signal whose token is `own`.
pub(super) fn given(seq: u64) -> Trigger {
    Trigger::Signal { seq, token: "own".into(), swept: false }
}

/// The delivery of a signal that a sweep sent.
pub(super) fn swept_signal(rules: Rules, seq: u64) -> Run {
    Run::new(rules, me(), Trigger::Signal { seq, token: "own".into(), swept: true }, budget())
}

/// The delivery of a command that was given after this many others.
pub(super) fn command_after(after: u64, command: Action) -> Run {
    let command = Command { after: Some(after), ..Command::new(command) };
    Run::new(rules(), me(), Trigger::Command(command), budget())
}

/// The delivery of a person's command.
pub(super) fn command(command: Action) -> Run {
    let command = Command { by: Some("ann".into()), ..Command::new(command) };
    Run::new(rules(), me(), Trigger::Command(command), budget())
}

/// The delivery of a signal to a job with an `on_complete`.
pub(super) fn completing_signal(seq: u64) -> Run {
    signal_under(Rules { on_complete: true, ..rules() }, seq)
}

/// A sweep that found this checkpoint.
pub(super) fn sweep(checkpoint: Checkpoint) -> Run {
    Run::new(rules(), me(), Trigger::Sweep(Box::new(checkpoint)), budget())
}

/// The delivery of an object, to be admitted only.
pub(super) fn admission() -> Run {
    Run::new(rules(), me(), start(Mode::Admit), budget())
}

/// The delivery of an object, to be processed at once.
pub(super) fn in_place() -> Run {
    Run::new(rules(), me(), start(Mode::InPlace), budget())
}

fn start(mode: Mode) -> Trigger {
    Trigger::Start(Start { object: fresh().object, mode })
}

pub(super) fn me() -> Owner {
    Owner { request_id: "r".into(), nonce: "me".into() }
}

fn other() -> Owner {
    Owner { request_id: "r".into(), nonce: "other".into() }
}

pub(super) fn ready(seq: u64) -> Checkpoint {
    Checkpoint { seq, ..fresh() }
}

/// Another invocation's.
pub(super) fn running(seq: u64) -> Checkpoint {
    Checkpoint { status: Status::Running, owner: Some(other()), epoch: 1, attempts: 1, invocations: 1, ..ready(seq) }
}

pub(super) fn with(status: Status, seq: u64) -> Checkpoint {
    Checkpoint { status, ..ready(seq) }
}

/// Handed over by the event with this token.
pub(super) fn left_by(token: &str, checkpoint: Checkpoint) -> Checkpoint {
    Checkpoint { handed_over_by: Some(token.into()), ..checkpoint }
}

pub(super) fn tried(attempts: u32, checkpoint: Checkpoint) -> Checkpoint {
    Checkpoint { attempts, ..checkpoint }
}

/// What happens, and the clock at that time.
#[derive(Clone, Debug)]
pub(super) struct In {
    now: Now,
    event: Event,
}

pub(super) fn now() -> Now {
    Now { left: Some(s(900)), ..Now::default() }
}

impl In {
    pub(super) fn of(event: Event) -> Self {
        Self { now: now(), event }
    }

    /// The effect, as the tables show it.
    pub(super) fn into_step(self, run: &mut Run) -> (Effect, String) {
        let effect = run.step(self.now, self.event);
        let shown = show(&effect);
        (effect, shown)
    }

    pub(super) fn left(self, seconds: u64) -> Self {
        Self { now: Now { left: Some(s(seconds)), ..self.now }, ..self }
    }

    pub(super) fn no_deadline(self) -> Self {
        Self { now: Now { left: None, ..self.now }, ..self }
    }

    pub(super) fn elapsed(self, seconds: u64) -> Self {
        Self { now: Now { elapsed: s(seconds), ..self.now }, ..self }
    }

    /// By the host's clock.
    pub(super) fn at(self, wall: Duration) -> Self {
        Self { now: Now { wall, ..self.now }, ..self }
    }

    pub(super) fn renewed(self, seconds_ago: u64) -> Self {
        Self { now: Now { renewed: s(seconds_ago), ..self.now }, ..self }
    }
}

/// Last written just now.
pub(super) fn found(checkpoint: Checkpoint) -> In {
    aged(0, checkpoint)
}

pub(super) fn aged(seconds: u64, checkpoint: Checkpoint) -> In {
    In::of(Event::Read(Read::Found(stored(seconds, checkpoint))))
}

fn stored(seconds: u64, checkpoint: Checkpoint) -> Box<Stored> {
    Box::new(Stored { checkpoint, etag: "e".into(), age: s(seconds) })
}

pub(super) fn read(read: Read) -> In {
    In::of(Event::Read(read))
}

pub(super) fn applied() -> In {
    saved(Saved::Applied { etag: "e2".into() })
}

pub(super) fn lost(checkpoint: Checkpoint) -> In {
    saved(Saved::Lost(stored(0, checkpoint)))
}

pub(super) fn lost_aged(seconds: u64, checkpoint: Checkpoint) -> In {
    saved(Saved::Lost(stored(seconds, checkpoint)))
}

pub(super) fn saved(saved: Saved) -> In {
    In::of(Event::Saved(saved, Duration::ZERO))
}

/// A batch that ends at this position, with records of the object left.
pub(super) fn batch(position: u64) -> In {
    done(Done { ..to(position) })
}

pub(super) fn last_batch(position: u64) -> In {
    done(Done { at_end: true, ..to(position) })
}

pub(super) fn to(position: u64) -> Done {
    Done {
        text: None,
        records: BATCH,
        offset: position * 7,
        line: position,
        header: None,
        took: Duration::ZERO,
        at_end: false,
        complete: false,
        in_flight: 0,
    }
}

pub(super) fn done(done: Done) -> In {
    In::of(Event::Batch(Batch::Done(done)))
}

pub(super) fn error(message: &str) -> LastError {
    LastError { kind: "Job".into(), message: message.into(), record: None, line: None, offset: None }
}

pub(super) fn failure(terminal: bool, cause: Cause) -> Failure {
    Failure { cause, terminal, records: BATCH, error: error("no") }
}

pub(super) fn fails() -> In {
    In::of(Event::Batch(Batch::Failed(failure(false, Cause::Other))))
}

pub(super) fn panics() -> In {
    In::of(Event::Batch(Batch::Failed(failure(false, Cause::Panicked))))
}

pub(super) fn fails_for_good() -> In {
    In::of(Event::Batch(Batch::Failed(failure(true, Cause::Other))))
}

pub(super) fn cannot_be_tried() -> In {
    In::of(Event::Batch(Batch::Failed(failure(true, Cause::Environment))))
}

/// The batch of this many records fails, and one of them may be bad.
pub(super) fn records_fail(records: u64) -> In {
    In::of(Event::Batch(Batch::Failed(Failure { records, ..failure(true, Cause::Other) })))
}

/// The record at this position was passed over.
pub(super) fn passed_over(position: u64) -> In {
    In::of(Event::PassedOver(Ok(Done { records: 1, ..to(position + 1) })))
}

/// The record to be passed over could not be read again.
pub(super) fn cannot_be_passed_over(cause: Cause) -> In {
    In::of(Event::PassedOver(Err(Failure { records: 0, ..failure(true, cause) })))
}

/// The skipped record was written to the store.
pub(super) fn written() -> In {
    In::of(Event::Skipped(Ok(())))
}

pub(super) fn cannot_be_written() -> In {
    In::of(Event::Skipped(Err(Failure { records: 0, ..failure(false, Cause::Environment) })))
}

pub(super) fn changed() -> In {
    In::of(Event::Batch(Batch::Failed(failure(true, Cause::Changed))))
}

pub(super) fn captured() -> In {
    In::of(Event::Captured(None))
}

pub(super) fn state(json: &str) -> Option<SavedState> {
    RawValue::from_string(json.into()).ok().map(SavedState::new)
}

pub(super) fn completed() -> In {
    In::of(Event::Completed(Ok(())))
}

pub(super) fn completion_fails(terminal: bool) -> In {
    In::of(Event::Completed(Err(failure(terminal, Cause::Other))))
}

pub(super) fn accepted() -> In {
    In::of(Event::Signalled(Signalled::Accepted))
}

pub(super) fn silence() -> In {
    In::of(Event::Signalled(Signalled::Silence))
}

pub(super) fn refused() -> In {
    In::of(Event::Signalled(Signalled::Refused))
}

pub(super) fn slept() -> In {
    In::of(Event::Slept)
}

fn show(effect: &Effect) -> String {
    match effect {
        Effect::Read => "read".into(),
        Effect::Save(How::Create, checkpoint) => format!("create {}", show_record(checkpoint)),
        Effect::Save(How::Over { etag }, checkpoint) => format!("over {etag} {}", show_record(checkpoint)),
        Effect::Save(How::Swap, checkpoint) => format!("swap {}", show_record(checkpoint)),
        Effect::Work { start: 1, records: BATCH } => "work".into(),
        Effect::Work { start, records } => format!("work {start}x{records}"),
        Effect::PassOver(error) => format!("pass over !{}", error.kind),
        Effect::Skip => "write skipped".into(),
        Effect::Capture => "capture".into(),
        Effect::Complete => "complete".into(),
        Effect::Signal { checkpoint, swept, .. } => format!("signal {}{}", checkpoint.seq, if *swept { " swept" } else { "" }),
        Effect::Scatter => "scatter".into(),
        Effect::Gather => "gather".into(),
        Effect::Join(_) => "join".into(),
        Effect::Sleep(duration) => format!("sleep {duration:?}"),
        Effect::Reply(Reply::Acknowledge(why)) => format!("ack {why:?}"),
        Effect::Reply(Reply::Refuse(Refusal::RunFailed(error))) => {
            format!("refuse RunFailed: {}", error.as_ref().map_or("?", |error| &error.message))
        }
        Effect::Reply(Reply::Refuse(Refusal::PlanChanged { was })) => format!("refuse PlanChanged from {}", was.hash),
        Effect::Reply(Reply::Refuse(Refusal::TooManyDeaths { attempts, during: During::Batch, .. })) => {
            format!("refuse TooManyDeaths {{ attempts: {attempts} }}")
        }
        Effect::Reply(Reply::Refuse(refusal)) => format!("refuse {refusal:?}"),
        Effect::Reply(Reply::Fail) => "fail".into(),
    }
}

/// Status, the invocation's number, position; the owner; the attempt; the error; how many errors it waits for; the skipped
/// records; and the search: how many at once, up to where, and how far it is.
fn show_record(checkpoint: &Checkpoint) -> String {
    let owner = match &checkpoint.owner {
        None => "",
        Some(owner) if *owner == me() => " mine",
        Some(_) => " other's",
    };
    let error = checkpoint.last_error.as_ref().map(|error| format!(" !{}", error.kind)).unwrap_or_default();
    let skipped = if checkpoint.skipped > 0 { format!(" skipped {}", checkpoint.skipped) } else { String::new() };
    let waits = checkpoint.waiting.as_ref().map(|waiting| format!(" waits {}", waiting.errors)).unwrap_or_default();
    let search = checkpoint.search.map(|search| {
        let doubtful = if search.doubtful { "?" } else { "" };
        let proven = if search.proven { "!" } else { "" };
        format!(" search {}..{}{doubtful}{proven}", search.step, search.until)
    });
    let Checkpoint { status, seq, position, attempts, .. } = checkpoint;
    format!("{status:?}({seq})@{position}{owner} try {attempts}{error}{waits}{skipped}{}", search.unwrap_or_default())
}
