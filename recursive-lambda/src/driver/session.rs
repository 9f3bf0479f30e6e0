//! The job itself at work: the carried state, the reader, and the calls of user code.
//!
//! State is cloned before each call, so a batch that fails or panics leaves no trace in it.

use super::deliver::Site;
use super::reader::{ReadBatch, ReadError, Reader};
use super::source::source_error;
use super::start::expected_owner;
use crate::batch::{Context, RunContext};
use crate::engine::budget::Budget;
use crate::engine::record::{Carried, LastError, Object, Record};
use crate::engine::step::{Cause, Done, Failure};
use crate::invocation::Invocation;
use crate::job::{Handler, Input};
use crate::ports::{Clock, Objects, SourceError};
use crate::records::Cursor;
use crate::{Error, ErrorKind, Flow, Place, Progress, Summary};
use futures_util::FutureExt;
use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

type FormatOf<H> = <<H as Handler>::Input as Input<<H as Handler>::Format>>::Format;
type RecordOf<H> = <<H as Handler>::Input as Input<<H as Handler>::Format>>::Record;

pub(super) struct Session<H: Handler, P> {
    reader: Reader<FormatOf<H>, P>,
    state: H::State,
    run: Arc<RunContext>,
}

/// An error on its way to the engine, which is told what matters, and to Lambda, which is told all.
pub(super) struct Failed {
    pub(super) failure: Failure,
    pub(super) error: Error,
}

impl<H: Handler, P: Objects + Clock> Session<H, P> {
    /// Takes up the work where the record says.
    pub(super) fn open(site: &Site<H, P>, invocation: &Invocation, id: &str, record: &Record) -> Result<Self, Failed> {
        // Not from the record: with `none` that came in the event, and anyone may have written it.
        let owner = expected_owner(&site.settings, &invocation.function_arn, &record.object.bucket)?;
        let object = Object { owner, ..record.object.clone() };
        let cursor = Cursor { position: record.position, offset: record.offset, line: record.line };
        let state = match &record.state {
            None => H::State::default(),
            Some(carried) => serde_json::from_str(carried.json()).map_err(|error| {
                Error::new(
                    ErrorKind::PlanChanged,
                    format!(
                        "the carried state of the run does not read as `{}`; the type was changed during the run: deploy one that reads \
                         both, or the old one",
                        std::any::type_name::<H::State>()
                    ),
                )
                .because(error)
            })?,
        };
        let reader = Reader::new(Arc::clone(&site.platform), object.clone(), cursor, record.header.as_ref())?;
        let (clock, deadline) = (Arc::clone(&site.platform), invocation.deadline());
        let run = RunContext {
            run_id: id.into(),
            object,
            epoch: record.epoch,
            time_left: Box::new(move || deadline.map_or(Duration::ZERO, |deadline| deadline.saturating_sub(clock.now()))),
        };
        Ok(Self { reader, state, run: Arc::new(run) })
    }

    /// Reads and processes one batch.
    pub(super) async fn work(
        &mut self,
        site: &Site<H, P>,
        record: &Record,
        budget: &Budget,
        left: Option<Duration>,
    ) -> Result<Done, Failed> {
        let begun = site.platform.now();
        let expected = budget.expected_batches(left);
        let batch = site.config.batch.max(1);
        let read = self.reader.batch(batch, expected, H::Input::decode).await.map_err(|error| read_error(error, record))?;
        let mut done = Done {
            records: read.cursor.position.saturating_sub(record.position),
            offset: read.cursor.offset,
            line: read.cursor.line,
            header: self.reader.header(),
            took: Duration::ZERO,
            at_end: read.at_end,
            complete: false,
        };
        let Some(place) = read.place else { return Ok(Done { at_end: true, ..done }) };
        if expected > 1 && !read.at_end {
            self.reader.read_ahead(batch, expected - 1);
        }
        let progress = progress(record, &read);
        done.complete = self.call(site, record, read.records, &progress).await.map_err(|error| error.at(place))?;
        done.took = site.platform.now().saturating_sub(begun);
        Ok(done)
    }

    /// Calls the job, then `is_complete`; the answer is whether the run is complete.
    async fn call(
        &mut self,
        site: &Site<H, P>,
        record: &Record,
        records: Vec<RecordOf<H>>,
        progress: &Progress,
    ) -> Result<bool, Error> {
        let context = Context { run: Arc::clone(&self.run), position: record.position, attempt: record.attempts.max(1) };
        let input = H::Input::hand_over(records, context);
        let mut state = self.state.clone();
        let call = AssertUnwindSafe(H::call(input, &mut state, &site.resources)).catch_unwind().await;
        let flow = call.unwrap_or_else(|panic| Err(panicked("the job", &*panic)))?;
        let asked = std::panic::catch_unwind(AssertUnwindSafe(|| H::is_complete(progress, &state)));
        let complete = asked.map_err(|panic| panicked("`is_complete`", &*panic))?;
        self.state = state;
        Ok(complete || flow == Flow::Complete)
    }

    /// The carried state as JSON; `None` if there is nothing to carry.
    pub(super) fn capture(&self) -> Result<Option<Carried>, Error> {
        let json = serde_json::value::to_raw_value(&self.state).map_err(|error| {
            Error::new(ErrorKind::Job, "the carried state cannot be saved: its `Serialize` fails").because(error)
        })?;
        Ok((json.get() != "null").then(|| Carried::new(json)))
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

/// How far the run is with these records done.
fn progress<T>(record: &Record, read: &ReadBatch<T>) -> Progress {
    Progress {
        position: read.cursor.position,
        offset: read.cursor.offset,
        size: record.size,
        batches: record.batches + 1,
        invocations: record.invocations,
        at_end: read.at_end,
    }
}

fn read_error(error: ReadError, record: &Record) -> Failed {
    match error {
        ReadError::Record(error) => error.into(),
        ReadError::Source(error) => {
            let cause = if error == SourceError::Changed { Cause::Changed } else { Cause::Other };
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
