//! The running job: its state, its input, and the calls of user code.
//!
//! Each call owns the state and gives it back with its outcome, so a batch that fails or panics leaves no trace in it.

use super::calls::Calls;
use super::deployment::Deployment;
use super::failed::{Failed, caught, completes_a_shard, no_progress, nothing_in_flight, panicked, start, unread};
use super::input::{JobInput, Piece};
use super::reader::{Raw, ReadError, Reading};
use super::shards::owned_object;
use super::source_error::shown_object;
use super::state::{Saved, State, after_batch};
use crate::batch::RunContext;
use crate::cache::Local;
use crate::invocation::{Called, Invocation, Trail};
use crate::job::Handler;
use crate::ports::{Clock, Disk, Objects, RunKey, Store};
use crate::{Advance, Error, ErrorKind, Place, Progress, Summary};
use recursive_lambda_core::checkpoint::{Checkpoint, LastError, SavedState};
use recursive_lambda_core::engine::budget::Budget;
use recursive_lambda_core::engine::messages::Done;
use recursive_lambda_core::identity::parse_run_name;
use recursive_lambda_core::skipped_record::SkippedRecord;
use std::future::{Future, ready};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

pub(super) struct Session<'a, H: Handler, P> {
    deployment: &'a Deployment<H, P>,
    input: JobInput<H, P>,
    calls: Calls<'a, Call<H::State>>,
    state: State<H::State>,
    run: Arc<RunContext>,
    /// Where the current call is noted, ..
    trail: Arc<Trail>,
    /// .. for a call over this object.
    shown: Arc<str>,
    /// The record that was just found not to decode.
    undecoded: Option<Raw>,
    /// Records that were passed over, each with its error.
    passed_over: Vec<(Raw, LastError)>,
    /// Nothing can start after what is in flight.
    closed: bool,
}

/// A call of the job: its input and its outcome.
struct Call<S> {
    reached: Reached,
    /// The state comes back if user code was called.
    outcome: Result<(Option<Saved<S>>, Advance), Failed>,
}

/// Where a call begins, and the run's place after it.
struct Reached {
    records: u64,
    after: Reading,
    took: Duration,
}

impl<'a, H: Handler, P: Objects + Disk + Clock> Session<'a, H, P> {
    /// Continues the work at the checkpoint.
    pub(super) fn open(
        deployment: &'a Deployment<H, P>,
        invocation: &Invocation,
        id: &str,
        checkpoint: &Checkpoint,
    ) -> Result<Self, Failed> {
        let object = owned_object(deployment, invocation, checkpoint)?;
        let state = State::open(checkpoint.state.as_ref()).map_err(Failed::by_the_environment)?;
        let local = Local::new(Arc::clone(&deployment.cache), Arc::clone(&deployment.platform), object.clone());
        let input = JobInput::new(Arc::clone(&deployment.platform), object.clone(), checkpoint, local)?;
        let (trail, shown) = (Arc::clone(&invocation.trail), shown_object(&object).into());
        let (clock, deadline) = (Arc::clone(&deployment.platform), invocation.deadline());
        let run = RunContext {
            run_id: parse_run_name(id).map_or(id, |(run, _)| run).into(),
            shard: checkpoint.shard.map(|shard| shard.index),
            object: object.into(),
            epoch: checkpoint.epoch,
            time_left: Box::new(move || deadline.map_or(Duration::ZERO, |deadline| deadline.saturating_sub(clock.now()))),
        };
        Ok(Self {
            deployment,
            input,
            calls: Calls::new(),
            state,
            run: Arc::new(run),
            trail,
            shown,
            undecoded: None,
            passed_over: Vec::new(),
            closed: false,
        })
    }

    /// Starts up to `start` batches of up to `records` records, and waits for the first one in flight.
    pub(super) async fn work(
        &mut self,
        checkpoint: &Checkpoint,
        (start, records): (u64, u64),
        budget: &Budget,
        left: Option<Duration>,
    ) -> Result<Done, Failed> {
        let size = usize::try_from(records).unwrap_or(usize::MAX);
        self.closed &= self.calls.in_flight() > 0;
        for begun in 0..start {
            self.closed |= self.calls.landed().any(|call| call.outcome.is_err());
            if self.closed {
                break;
            }
            let expected = budget.expected_batches(self.calls.in_flight(), left).max(start - begun);
            self.closed = !self.begin(checkpoint, size, expected).await;
        }
        let call = self.calls.next().await.ok_or_else(nothing_in_flight)?;
        if self.calls.in_flight() == 0 {
            self.trail.ends();
        }
        let landed = self.land(checkpoint, call);
        if landed.as_ref().map_or(true, |done| done.complete) {
            self.settle().await;
        }
        landed
    }

    /// Reads and starts one batch; `expected` of them will probably start, this one included. False: none can follow it.
    async fn begin(&mut self, checkpoint: &Checkpoint, size: usize, expected: u64) -> bool {
        // Before the batch's time is measured: it happens once, and says nothing about the next batch.
        if let Err(failed) = self.prepare(checkpoint, Some(size)).await {
            return self.fall(failed);
        }
        let begun = self.deployment.platform.now();
        let piece = match self.calls.alongside(self.input.piece(checkpoint, size, expected, &self.run)).await {
            Ok(piece) => piece,
            Err(ReadError::Undecoded(raw, error)) => {
                self.undecoded = Some(raw);
                return self.fall(Failed::of(error, 1));
            }
            Err(ReadError::Unreadable(error)) => return self.fall(error.into()),
            Err(ReadError::Source(error)) => return self.fall(unread(error, checkpoint)),
        };
        let Piece { input, taken, after, place } = piece;
        let at_end = after.at_end;
        let Some(input) = input else {
            let reached = Reached { records: 0, after: Reading { at_end: true, ..after }, took: Duration::ZERO };
            let outcome = Ok((None, Advance::by(0)));
            self.calls.begin(ready(Call { reached, outcome }));
            return false;
        };
        if expected > 1 && !at_end && checkpoint.search.is_none() {
            self.input.start_next(size, expected - 1);
        }
        let (record, line) = place.map_or((checkpoint.position, None), |place| (place.record, Some(place.line)));
        let (mut state, deployment) = match self.state.take() {
            Ok(state) => (state, self.deployment),
            Err(error) => return self.fall(Failed::by_the_environment(error)),
        };
        self.trail.begins(Called::Batch { object: Arc::clone(&self.shown), record, line, records: taken });
        self.calls.begin(async move {
            let said = caught("the job", start(|| H::call(input, &mut state, &deployment.resources))).await;
            let said = said.and_then(|said| Ok((Some(after_batch(state)?), said.into())));
            let reached = Reached { records: taken, after, took: deployment.platform.now().saturating_sub(begun) };
            let outcome = said.map_err(|failed| failed.in_batch(place, taken));
            Call { reached, outcome }
        });
        !at_end
    }

    /// A batch that cannot start fails in its turn: after the batches before it.
    fn fall(&mut self, failed: Failed) -> bool {
        let reached = Reached { records: 0, after: Reading::default(), took: Duration::ZERO };
        self.calls.begin(ready(Call { reached, outcome: Err(failed) }));
        false
    }

    async fn prepare(&mut self, checkpoint: &Checkpoint, batch: Option<usize>) -> Result<(), Failed> {
        if self.calls.in_flight() == 0 {
            self.input.follow(checkpoint, batch).await?;
        }
        let clock = &self.deployment.platform;
        let begun = clock.now();
        let prepared = self.input.prepare(checkpoint).await.map_err(|error| unread(error, checkpoint))?;
        let took = clock.now().saturating_sub(begun);
        if prepared && took > Duration::from_millis(1) {
            tracing::info!(bytes = checkpoint.size, ms = took.as_millis() as u64, "the object is in /tmp");
        }
        Ok(())
    }

    /// Asks whether the run is complete, and turns the call into the engine's event.
    fn land(&mut self, checkpoint: &Checkpoint, call: Call<H::State>) -> Result<Done, Failed> {
        let Call { reached, outcome } = call;
        let (state, advance) = outcome?;
        let mut done = Done {
            records: reached.records,
            offset: reached.after.offset,
            text: reached.after.text,
            line: reached.after.cursor.line,
            header: self.input.header(),
            took: reached.took,
            at_end: reached.after.at_end,
            complete: false,
            in_flight: self.calls.in_flight(),
        };
        if let Some(saved) = state {
            done.records = advance.step.unwrap_or(reached.records);
            done.complete = self.is_complete(checkpoint, &done, &saved.live, &advance)?;
            self.state.keep(saved);
        }
        Ok(done)
    }

    fn is_complete(&self, checkpoint: &Checkpoint, done: &Done, state: &H::State, advance: &Advance) -> Result<bool, Failed> {
        let progress = Progress {
            position: checkpoint.position.checked_add(done.records).ok_or_else(|| no_progress(checkpoint, advance))?,
            offset: done.offset,
            size: checkpoint.size,
            batches: checkpoint.batches + 1,
            invocations: checkpoint.invocations,
            at_end: done.at_end,
        };
        let asked = std::panic::catch_unwind(AssertUnwindSafe(|| H::is_complete(&progress, state)));
        let complete = asked.map_err(|panic| Failed::by_a_panic(panicked("`is_complete`", &*panic)))? || advance.complete;
        if complete && !done.at_end && checkpoint.shard.is_some() {
            return Err(completes_a_shard().into());
        }
        if done.records == 0 && !complete { Err(no_progress(checkpoint, advance).into()) } else { Ok(complete) }
    }

    /// Reads the record at the cursor and keeps it, to be skipped.
    pub(super) async fn pass_over(&mut self, checkpoint: &Checkpoint, error: LastError) -> Result<Done, Failed> {
        // The stored cursor is before all records that are passed over together.
        self.passed_over.retain(|(raw, _)| raw.place.record < checkpoint.position);
        // Read-ahead may already have rejected this record before an earlier batch failed.
        let raw = match self.undecoded.take().filter(|raw| raw.place.record == checkpoint.position) {
            Some(raw) => Some(raw),
            None => {
                self.prepare(checkpoint, None).await?;
                self.input.raw().await.map_err(|error| match error {
                    ReadError::Source(error) => unread(error, checkpoint),
                    ReadError::Unreadable(error) | ReadError::Undecoded(_, error) => error.into(),
                })?
            }
        };
        let done = Done {
            records: 0,
            offset: checkpoint.offset,
            text: checkpoint.text.clone(),
            line: checkpoint.line,
            header: self.input.header(),
            took: Duration::ZERO,
            at_end: true,
            complete: false,
            in_flight: 0,
        };
        let Some(raw) = raw else { return Ok(done) };
        raw.check_skippable(&error.message)?;
        let Reading { cursor, offset, text, at_end } = raw.after.clone();
        let done = Done { records: 1, offset, text, line: cursor.line, at_end, ..done };
        self.passed_over.push((raw, error));
        Ok(done)
    }

    /// Writes the records that were passed over to the store.
    pub(super) async fn skip<R: Store>(&mut self, store: &R, id: &RunKey, checkpoint: &Checkpoint) -> Result<(), Failed> {
        let header = self.input.header();
        for (raw, error) in std::mem::take(&mut self.passed_over) {
            let skipped = SkippedRecord::new(checkpoint, raw.place, &raw.bytes, error.clone(), header.clone());
            let written = match skipped.to_json() {
                Ok(body) => store.write_skipped(id, raw.place.record, body).await,
                Err(error) => Err(error.to_string()),
            };
            written.map_err(|why| {
                let message =
                    "a skipped record could not be written; the run waits, and goes on when this event is delivered again";
                Failed::by_the_environment(Error::new(ErrorKind::Store, message).because(why))
            })?;
            let Place { record, line, offset, .. } = raw.place;
            tracing::warn!(record, line, offset, error = %error.message.escape_debug(), "skipped");
        }
        Ok(())
    }

    /// Waits until nothing is in flight, and stops reading.
    pub(super) async fn settle(&mut self) {
        self.calls.settle().await;
        self.input.stop().await;
    }

    /// Waits for something else while the calls in flight go on.
    pub(super) async fn alongside<F: Future>(&mut self, other: F) -> F::Output {
        self.calls.alongside(other).await
    }

    /// The run is over: removes its files from /tmp.
    pub(super) async fn clear(self) {
        self.input.clear().await;
    }

    /// The state as JSON; `None` if the job has no state.
    pub(super) fn capture(&self) -> Option<SavedState> {
        self.state.json()
    }

    /// Takes the states of all shards, in their order, as the run's own.
    pub(super) fn merge(&mut self, states: &[Option<SavedState>]) -> Result<(), Failed> {
        self.state.merge(states, H::merge)
    }

    /// Runs the job's `on_complete`.
    pub(super) async fn complete(&mut self, checkpoint: &Checkpoint) -> Result<(), Failed> {
        let summary = Summary {
            progress: Progress {
                position: checkpoint.position,
                offset: checkpoint.offset,
                size: checkpoint.size,
                batches: checkpoint.batches,
                invocations: checkpoint.invocations,
                at_end: checkpoint.offset >= checkpoint.size,
            },
            skipped: checkpoint.skipped,
            started: checkpoint.started,
            run_id: self.run.run_id.clone(),
        };
        let state = self.state.live()?;
        self.trail.begins(Called::OnComplete { object: Arc::clone(&self.shown) });
        let completed = caught("`on_complete`", start(|| H::on_complete(&summary, state, &self.deployment.resources))).await;
        self.trail.ends();
        completed
    }
}
