//! The job itself at work: the carried state, what feeds it, and the calls of user code.
//!
//! State is cloned before each call, so a batch that fails or panics leaves no trace in it.

use super::deliver::Site;
use super::feed::Feed;
use super::reader::ReadError;
use super::source::source_error;
use super::start::expected_owner;
use crate::batch::{Context, RunContext};
use crate::cache::Local;
use crate::engine::budget::Budget;
use crate::engine::record::{Carried, LastError, Object, Record};
use crate::engine::step::{Cause, Done, Failure};
use crate::invocation::Invocation;
use crate::job::Handler;
use crate::ports::{Clock, Disk, Objects, SourceError};
use crate::{Advance, Error, ErrorKind, Place, Progress, Summary};
use futures_util::FutureExt;
use std::any::{Any, TypeId};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

pub(super) struct Session<H: Handler, P> {
    feed: Feed<H, P>,
    state: H::State,
    run: Arc<RunContext>,
}

/// An error on its way to the engine, which is told what matters, and to Lambda, which is told all.
pub(super) struct Failed {
    pub(super) failure: Failure,
    pub(super) error: Error,
}

impl<H: Handler, P: Objects + Disk + Clock> Session<H, P> {
    /// Takes up the work where the record says.
    pub(super) fn open(site: &Site<H, P>, invocation: &Invocation, id: &str, record: &Record) -> Result<Self, Failed> {
        // Not from the record: with `none` that came in the event, and anyone may have written it.
        let owner = expected_owner(&site.settings, &invocation.function_arn, &record.object.bucket)
            .map_err(Failed::by_the_environment)?;
        let object = Object { owner, ..record.object.clone() };
        let state = match &record.state {
            None => H::State::default(),
            Some(carried) => serde_json::from_str(carried.json()).map_err(|error| {
                let error = Error::new(
                    ErrorKind::PlanChanged,
                    format!(
                        "the carried state of the run does not read as `{}`; the type was changed during the run: deploy one that reads \
                         both, or the old one, and redrive this event",
                        std::any::type_name::<H::State>()
                    ),
                )
                .because(error);
                Failed::by_the_environment(error)
            })?,
        };
        let local = Local::new(Arc::clone(&site.cache), Arc::clone(&site.platform), object.clone());
        let feed = Feed::new(Arc::clone(&site.platform), object.clone(), record, local)?;
        let (clock, deadline) = (Arc::clone(&site.platform), invocation.deadline());
        let run = RunContext {
            run_id: id.into(),
            object,
            epoch: record.epoch,
            time_left: Box::new(move || deadline.map_or(Duration::ZERO, |deadline| deadline.saturating_sub(clock.now()))),
        };
        Ok(Self { feed, state, run: Arc::new(run) })
    }

    /// Reads and processes one batch.
    pub(super) async fn work(
        &mut self,
        site: &Site<H, P>,
        record: &Record,
        budget: &Budget,
        left: Option<Duration>,
    ) -> Result<Done, Failed> {
        // Before the time of the batch is taken: it is done once, and says nothing of how long the next batch takes.
        self.prepare(site, record).await?;
        let begun = site.platform.now();
        let expected = budget.expected_batches(left);
        let batch = site.config.batch.max(1);
        let context = Context { run: Arc::clone(&self.run), position: record.position, attempt: record.attempts.max(1) };
        let piece = self.feed.piece(record, batch, expected, context).await.map_err(|error| read_error(error, record))?;
        let mut done = Done {
            records: piece.taken,
            offset: piece.offset,
            line: piece.line,
            header: self.feed.header(),
            took: Duration::ZERO,
            at_end: piece.at_end,
            complete: false,
        };
        let Some(input) = piece.input else { return Ok(Done { records: 0, at_end: true, ..done }) };
        if expected > 1 && !piece.at_end {
            self.feed.read_ahead(batch, expected - 1);
        }
        self.call(site, record, input, &mut done).await.map_err(|error| match piece.place {
            Some(place) => error.at(place),
            None => error,
        })?;
        done.took = site.platform.now().saturating_sub(begun);
        Ok(done)
    }

    async fn prepare(&mut self, site: &Site<H, P>, record: &Record) -> Result<(), Failed> {
        let begun = site.platform.now();
        let prepared = self.feed.prepare(record).await.map_err(|error| read_error(ReadError::Source(error), record))?;
        let took = site.platform.now().saturating_sub(begun);
        if prepared && took > Duration::from_millis(1) {
            tracing::info!(bytes = record.size, ms = took.as_millis() as u64, "the object is in /tmp");
        }
        Ok(())
    }

    /// Calls the job, then `is_complete`, and adds to `done` what they say.
    async fn call(&mut self, site: &Site<H, P>, record: &Record, input: H::Input, done: &mut Done) -> Result<(), Error> {
        let mut state = self.state.clone();
        let call = AssertUnwindSafe(H::call(input, &mut state, &site.resources)).catch_unwind().await;
        let advance: Advance = call.unwrap_or_else(|panic| Err(panicked("the job", &*panic)))?.into();
        done.records = advance.step.unwrap_or(done.records);
        let progress = Progress {
            position: record.position.checked_add(done.records).ok_or_else(|| no_progress(record, &advance))?,
            offset: done.offset,
            size: record.size,
            batches: record.batches + 1,
            invocations: record.invocations,
            at_end: done.at_end,
        };
        let asked = std::panic::catch_unwind(AssertUnwindSafe(|| H::is_complete(&progress, &state)));
        let complete = asked.map_err(|panic| panicked("`is_complete`", &*panic))?;
        done.complete = complete || advance.complete;
        if done.records == 0 && !done.complete {
            return Err(no_progress(record, &advance));
        }
        self.state = state;
        Ok(())
    }

    /// The run is over: removes what it kept in /tmp.
    pub(super) async fn clear(self) {
        self.feed.clear().await;
    }

    /// The carried state as JSON; `None` if there is nothing to carry.
    pub(super) fn capture(&self) -> Result<Option<Carried>, Error> {
        if TypeId::of::<H::State>() == TypeId::of::<()>() {
            return Ok(None);
        }
        let json = serde_json::value::to_raw_value(&self.state).map_err(|error| {
            Error::new(ErrorKind::Job, "the carried state cannot be saved: its `Serialize` fails").because(error)
        })?;
        // Now and not in the next invocation: JSON has no infinity, and no NaN.
        serde_json::from_str::<H::State>(json.get()).map_err(|error| {
            let why = "the carried state cannot be saved: as JSON it does not read back; a number that is not finite does that";
            Error::terminal(Error::new(ErrorKind::Job, why).because(error))
        })?;
        Ok(Some(Carried::new(json)))
    }

    /// Runs the job's `on_complete`.
    pub(super) async fn complete(&mut self, site: &Site<H, P>, record: &Record) -> Result<(), Failed> {
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
        let call = AssertUnwindSafe(H::on_complete(&summary, &self.state, &site.resources)).catch_unwind().await;
        Ok(call.unwrap_or_else(|panic| Err(panicked("`on_complete`", &*panic)))?)
    }
}

/// The job would be called for ever.
fn no_progress(record: &Record, advance: &Advance) -> Error {
    let message = format!(
        "at position {} the job returned {advance:?}, and a position must grow: return `Advance::by` of at least 1, or `.and_complete()`",
        record.position
    );
    Error::terminal(Error::new(ErrorKind::Runaway, message))
}

fn read_error(error: ReadError, record: &Record) -> Failed {
    match error {
        ReadError::Record(error) => error.into(),
        ReadError::Source(error) => {
            let cause = match &error {
                SourceError::Changed => Cause::Changed,
                SourceError::NoSuchObject | SourceError::NoSuchBucket | SourceError::Archived => Cause::Other,
                SourceError::Denied(_)
                | SourceError::Elsewhere(_)
                | SourceError::Failed(_)
                | SourceError::NoSpace { .. }
                | SourceError::Disk(_) => Cause::Environment,
            };
            let mut failed = Failed::from(source_error(error, &record.object, record.position > 0));
            failed.failure.cause = cause;
            failed
        }
    }
}

fn panicked(who: &str, panic: &(dyn Any + Send)) -> Error {
    let message = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Error::new(ErrorKind::Job, format!("{who} panicked: {}", message.unwrap_or("with a value that is no text")))
}

impl Failed {
    fn by_the_environment(error: Error) -> Self {
        let mut failed = Self::from(error);
        failed.failure.cause = Cause::Environment;
        failed
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        let failure = Failure { cause: Cause::Other, terminal: error.is_terminal(), error: last_error(&error) };
        Self { failure, error }
    }
}

/// What the record keeps of an error.
pub(super) fn last_error(error: &Error) -> LastError {
    let place: Option<Place> = error.place();
    let mut message = error.bare_message();
    if let Some((end, _)) = message.char_indices().nth(500) {
        message.truncate(end);
    }
    LastError {
        kind: format!("{:?}", error.kind()),
        message,
        record: place.map(|place| place.record),
        line: place.map(|place| place.line),
        offset: place.map(|place| place.offset),
    }
}
