//! The job itself at work: the carried state, what feeds it, and the calls of user code.
//!
//! Each call has the state to itself and gives it back with its outcome, so a batch that fails or panics leaves no trace in it.

use super::calls::Calls;
use super::failed::{Failed, caught, no_progress, nothing_in_flight, panicked, start, unread};
use super::feed::{Feed, Piece};
use super::reader::{Raw, ReadError};
use super::site::Site;
use super::source::shown_object;
use super::start::expected_owner;
use super::state::{Saved, State, after_batch};
use crate::batch::RunContext;
use crate::cache::Local;
use crate::engine::aside::Aside;
use crate::engine::budget::Budget;
use crate::engine::record::{Carried, LastError, Object, Record};
use crate::engine::step::Done;
use crate::invocation::{Called, Invocation, Trail};
use crate::job::Handler;
use crate::ports::{Clock, Disk, Objects, RecordId, Records};
use crate::{Advance, Error, ErrorKind, Place, Progress, Summary};
use std::future::{Future, ready};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

pub(super) struct Session<'a, H: Handler, P> {
    site: &'a Site<H, P>,
    feed: Feed<H, P>,
    calls: Calls<'a, Call<H::State>>,
    state: State<H::State>,
    run: Arc<RunContext>,
    /// What is running is written down here, ..
    trail: Arc<Trail>,
    /// .. of this object.
    shown: Arc<str>,
    /// The record that was just found not to decode.
    undecoded: Option<Raw>,
    /// Records that were passed over, with what is wrong with each.
    passed_over: Vec<(Raw, LastError)>,
    /// Nothing can be begun behind what is in flight.
    closed: bool,
}

/// A call of the job: what it was given, and what came of it.
struct Call<S> {
    given: Given,
    /// The state is given back if user code was called.
    outcome: Result<(Option<Saved<S>>, Advance), Failed>,
}

/// Where a call begins, and where the run stands if the call does it all.
#[derive(Clone, Copy)]
struct Given {
    records: u64,
    offset: u64,
    line: u64,
    at_end: bool,
    took: Duration,
}

impl<'a, H: Handler, P: Objects + Disk + Clock> Session<'a, H, P> {
    /// Takes up the work where the record says.
    pub(super) fn open(site: &'a Site<H, P>, invocation: &Invocation, id: &str, record: &Record) -> Result<Self, Failed> {
        // Not from the record: with `none` that came in the event, and anyone may have written it.
        let owner = expected_owner(&site.settings, &invocation.function_arn, &record.object.bucket)
            .map_err(Failed::by_the_environment)?;
        let object = Object { owner, ..record.object.clone() };
        let state = State::open(record.state.as_ref()).map_err(Failed::by_the_environment)?;
        let local = Local::new(Arc::clone(&site.cache), Arc::clone(&site.platform), object.clone());
        let feed = Feed::new(Arc::clone(&site.platform), object.clone(), record, local)?;
        let (trail, shown) = (Arc::clone(&invocation.trail), shown_object(&object).into());
        let (clock, deadline) = (Arc::clone(&site.platform), invocation.deadline());
        let run = RunContext {
            run_id: id.into(),
            object,
            epoch: record.epoch,
            time_left: Box::new(move || deadline.map_or(Duration::ZERO, |deadline| deadline.saturating_sub(clock.now()))),
        };
        Ok(Self {
            site,
            feed,
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

    /// Starts up to so many batches of up to so many records, and waits for the first one in flight.
    pub(super) async fn work(
        &mut self,
        record: &Record,
        (start, records): (u64, u64),
        budget: &Budget,
        left: Option<Duration>,
    ) -> Result<Done, Failed> {
        let size = usize::try_from(records).unwrap_or(usize::MAX);
        self.closed &= self.calls.in_flight() > 0;
        for _ in 0..start {
            self.closed |= self.calls.landed().any(|call| call.outcome.is_err());
            if self.closed {
                break;
            }
            self.closed = !self.begin(record, size, budget, left).await;
        }
        let call = self.calls.next().await.ok_or_else(nothing_in_flight)?;
        if self.calls.in_flight() == 0 {
            self.trail.ends();
        }
        let landed = self.land(record, call);
        if landed.as_ref().map_or(true, |done| done.complete) {
            self.calls.settle().await;
        }
        landed
    }

    /// Reads and begins one batch. False: none can follow it.
    async fn begin(&mut self, record: &Record, size: usize, budget: &Budget, left: Option<Duration>) -> bool {
        // Before the time of the batch is taken: it is done once, and says nothing of how long the next batch takes.
        if let Err(failed) = self.prepare(record).await {
            return self.fall(failed);
        }
        let begun = self.site.platform.now();
        let expected = budget.expected_batches(self.calls.in_flight(), left);
        let piece = match self.calls.beside(self.feed.piece(record, size, expected, &self.run)).await {
            Ok(piece) => piece,
            Err(ReadError::Undecoded(raw, error)) => {
                self.undecoded = Some(raw);
                return self.fall(Failed::of(error, 1));
            }
            Err(ReadError::Unreadable(error)) => return self.fall(error.into()),
            Err(ReadError::Source(error)) => return self.fall(unread(error, record)),
        };
        let Piece { input, taken, offset, line, at_end, place } = piece;
        let given = Given { records: taken, offset, line, at_end, took: Duration::ZERO };
        let Some(input) = input else {
            let given = Given { records: 0, at_end: true, ..given };
            let outcome = Ok((None, Advance::by(0)));
            self.calls.begin(ready(Call { given, outcome }));
            return false;
        };
        if expected > 1 && !at_end {
            self.feed.read_ahead(size, expected - 1);
        }
        let (record, line) = place.map_or((record.position, None), |place| (place.record, Some(place.line)));
        let (mut state, site) = match self.state.take() {
            Ok(state) => (state, self.site),
            Err(error) => return self.fall(Failed::by_the_environment(error)),
        };
        self.trail.begins(Called::Batch { object: Arc::clone(&self.shown), record, line, records: taken });
        self.calls.begin(async move {
            let said = caught("the job", start(|| H::call(input, &mut state, &site.resources))).await;
            let said = said.and_then(|said| Ok((Some(after_batch(state)?), said.into())));
            let given = Given { took: site.platform.now().saturating_sub(begun), ..given };
            let outcome = said.map_err(|failed| failed.in_batch(place, taken));
            Call { given, outcome }
        });
        !at_end
    }

    /// What cannot even begin fails in its turn: after the batches before it.
    fn fall(&mut self, failed: Failed) -> bool {
        let given = Given { records: 0, offset: 0, line: 0, at_end: false, took: Duration::ZERO };
        self.calls.begin(ready(Call { given, outcome: Err(failed) }));
        false
    }

    async fn prepare(&mut self, record: &Record) -> Result<(), Failed> {
        if self.calls.in_flight() == 0 {
            self.feed.follow(record)?;
        }
        let clock = &self.site.platform;
        let begun = clock.now();
        let prepared = self.feed.prepare(record).await.map_err(|error| unread(error, record))?;
        let took = clock.now().saturating_sub(begun);
        if prepared && took > Duration::from_millis(1) {
            tracing::info!(bytes = record.size, ms = took.as_millis() as u64, "the object is in /tmp");
        }
        Ok(())
    }

    /// Asks whether the run is complete, and makes of the call what the engine is told.
    fn land(&mut self, record: &Record, call: Call<H::State>) -> Result<Done, Failed> {
        let Call { given, outcome } = call;
        let (state, advance) = outcome?;
        let mut done = Done {
            records: given.records,
            offset: given.offset,
            line: given.line,
            header: self.feed.header(),
            took: given.took,
            at_end: given.at_end,
            complete: false,
            in_flight: self.calls.in_flight(),
        };
        if let Some(saved) = state {
            done.records = advance.step.unwrap_or(given.records);
            done.complete = self.is_complete(record, &done, &saved.live, &advance)?;
            self.state.keep(saved);
        }
        Ok(done)
    }

    fn is_complete(&self, record: &Record, done: &Done, state: &H::State, advance: &Advance) -> Result<bool, Failed> {
        let progress = Progress {
            position: record.position.checked_add(done.records).ok_or_else(|| no_progress(record, advance))?,
            offset: done.offset,
            size: record.size,
            batches: record.batches + 1,
            invocations: record.invocations,
            at_end: done.at_end,
        };
        let asked = std::panic::catch_unwind(AssertUnwindSafe(|| H::is_complete(&progress, state)));
        let complete = asked.map_err(|panic| Failed::by_a_panic(panicked("`is_complete`", &*panic)))? || advance.complete;
        if done.records == 0 && !complete { Err(no_progress(record, advance).into()) } else { Ok(complete) }
    }

    /// Reads the record at the cursor and keeps it, to be skipped.
    pub(super) async fn pass_over(&mut self, record: &Record, error: LastError) -> Result<Done, Failed> {
        // The cursor in the store is in front of those that are passed over in one go.
        self.passed_over.retain(|(raw, _)| raw.place.record < record.position);
        // Read-ahead may already have rejected this record before an earlier batch failed.
        let raw = match self.undecoded.take().filter(|raw| raw.place.record == record.position) {
            Some(raw) => Some(raw),
            None => {
                self.prepare(record).await?;
                self.feed.raw().await.map_err(|error| match error {
                    ReadError::Source(error) => unread(error, record),
                    ReadError::Unreadable(error) | ReadError::Undecoded(_, error) => error.into(),
                })?
            }
        };
        let done = Done {
            records: 0,
            offset: record.offset,
            line: record.line,
            header: self.feed.header(),
            took: Duration::ZERO,
            at_end: true,
            complete: false,
            in_flight: 0,
        };
        let Some(raw) = raw else { return Ok(done) };
        raw.check_skippable(&error.message)?;
        let done = Done { records: 1, offset: raw.cursor.offset, line: raw.cursor.line, at_end: raw.at_end, ..done };
        self.passed_over.push((raw, error));
        Ok(done)
    }

    /// Writes what was passed over to where skipped records are kept.
    pub(super) async fn set_aside<R: Records>(&mut self, records: &R, id: &RecordId, record: &Record) -> Result<(), Failed> {
        let header = self.feed.header();
        for (raw, error) in std::mem::take(&mut self.passed_over) {
            let aside = Aside::new(record, raw.place, &raw.bytes, &error, header.clone());
            let written = match aside.to_json() {
                Ok(body) => records.set_aside(id, raw.place.record, body).await,
                Err(error) => Err(error.to_string()),
            };
            written.map_err(|why| {
                let message = "a skipped record could not be kept; the run waits, and goes on when this event is delivered again";
                Failed::by_the_environment(Error::new(ErrorKind::State, message).because(why))
            })?;
            let Place { record, line, offset } = raw.place;
            tracing::warn!(record, line, offset, error = %error.message.escape_debug(), "skipped");
        }
        Ok(())
    }

    /// Waits until nothing is in flight.
    pub(super) async fn settle(&mut self) {
        self.calls.settle().await;
    }

    /// Waits for something else while the calls in flight go on.
    pub(super) async fn beside<F: Future>(&mut self, other: F) -> F::Output {
        self.calls.beside(other).await
    }

    /// The run is over: removes what it kept in /tmp.
    pub(super) async fn clear(self) {
        self.feed.clear().await;
    }

    /// The carried state as JSON; `None` if there is nothing to carry.
    pub(super) fn capture(&self) -> Result<Option<Carried>, Error> {
        Ok(self.state.json())
    }

    /// Runs the job's `on_complete`.
    pub(super) async fn complete(&mut self, record: &Record) -> Result<(), Failed> {
        let summary = Summary {
            progress: Progress {
                position: record.position,
                offset: record.offset,
                size: record.size,
                batches: record.batches,
                invocations: record.invocations,
                at_end: record.offset >= record.size,
            },
            set_aside: record.set_aside,
            started: record.started,
            run_id: self.run.run_id.clone(),
        };
        let state = self.state.live()?;
        self.trail.begins(Called::OnComplete { object: Arc::clone(&self.shown) });
        let completed = caught("`on_complete`", start(|| H::on_complete(&summary, state, &self.site.resources))).await;
        self.trail.ends();
        completed
    }
}
