//! One trigger, from its arrival to its answer.

use super::answer::Answer;
use super::failed::{Failed, last_error};
use super::session::Session;
use super::site::Site;
use super::source::shown_object;
use super::stands::Stands;
use super::start::{Beginning, begin};
use super::sweep::sweep;
use super::writer::{Writer, renew};
use crate::engine::record::{LastError, Owner, Record};
use crate::engine::run::Run;
use crate::engine::save::Saved;
use crate::engine::step::{Batch, Done, Effect, Event, Given, How, Now, Refusal, Reply, Signalled};
use crate::event::{Signal, Trigger};
use crate::invocation::Invocation;
use crate::job::Handler;
use crate::ports::{Clock, Disk, Objects, RecordId, Records, Signals};
use crate::{Error, ErrorKind};
use futures_util::future::BoxFuture;
use serde_json::value::to_raw_value;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tracing::Instrument;

/// Handles one trigger. `alone`: it is the only one of an event that Lambda itself delivers again.
pub(crate) async fn handle<H, P, R>(
    site: &Site<H, P>,
    records: Arc<R>,
    invocation: &Invocation,
    trigger: Trigger,
    alone: bool,
) -> Result<Answer, Error>
where
    H: Handler,
    P: Objects + Signals + Disk + Clock,
    R: Records,
{
    let (run, seq, given) = match trigger {
        Trigger::Nothing(why) => return Ok(Answer::Nothing(why)),
        Trigger::Sweep => return Box::pin(sweep(site, records, invocation)).await.map(Answer::Swept),
        Trigger::Signal(signal) if signal.job != H::NAME => return Err(other_job(&signal, H::NAME)),
        Trigger::Signal(Signal { run, seq, token, swept, .. }) => (run, seq, Given::Signal { seq, token, swept }),
        Trigger::Resume { run } => (run, 0, Given::Resume),
        Trigger::Start(start) => {
            let in_place = (alone && !R::TRAVELS && start.name.is_none()).then(|| owner(invocation));
            match begin(site, &*records, invocation, start, in_place).await? {
                Beginning::OwnRecord => {
                    tracing::error!(
                        "RECURSIVE_LAMBDA_STATE lies in a bucket and prefix that trigger this function: every record starts it again; \
                         move the state, or filter the trigger by prefix"
                    );
                    return Ok(Answer::Nothing("a record of a run"));
                }
                Beginning::Run { id, record } => (id, record.seq, Given::Start(record)),
            }
        }
    };
    // Boxed: the depth of a future's type counts against a limit of the crate that names the job.
    Box::pin(deliver(site, records, invocation, run, seq, given)).await
}

/// Brings what was given of one run to its reply.
pub(super) async fn deliver<H, P, R>(
    site: &Site<H, P>,
    records: Arc<R>,
    invocation: &Invocation,
    run: String,
    seq: u64,
    given: Given,
) -> Result<Answer, Error>
where
    H: Handler,
    P: Objects + Signals + Disk + Clock,
    R: Records,
{
    let me = owner(invocation);
    let span = tracing::info_span!("run", job = H::NAME, run = %run, seq, request_id = %invocation.request_id);
    let id = RecordId { job: H::NAME, run };
    let writer = Writer::new(Arc::clone(&records), Arc::clone(&site.platform), id.clone(), me.clone(), site.settings.lease);
    let engine = Run::new(site.rules(), me, given, site.budget(invocation));
    let delivery = Delivery {
        site,
        invocation,
        id,
        records,
        writer: Arc::new(writer),
        session: None,
        renewals: None,
        error: None,
        over: false,
    };
    delivery.drive(engine).instrument(span).await
}

fn owner(invocation: &Invocation) -> Owner {
    Owner { request_id: invocation.request_id.clone(), nonce: invocation.nonce.clone() }
}

fn other_job(signal: &Signal, name: &str) -> Error {
    Error::new(
        ErrorKind::UnknownRun,
        format!(
            "the signal is for job `{}`, this function runs `{name}`; a job must keep its name while runs are under way",
            signal.job
        ),
    )
}

struct Delivery<'a, H: Handler, P, R> {
    site: &'a Site<H, P>,
    invocation: &'a Invocation,
    id: RecordId,
    records: Arc<R>,
    writer: Arc<Writer<R, P>>,
    session: Option<Result<Session<'a, H, P>, Failed>>,
    renewals: Option<BoxFuture<'static, ()>>,
    /// The error that `Reply::Fail` stands for.
    error: Option<Error>,
    /// Whether it was saved that the run is over.
    over: bool,
}

impl<'a, H, P, R> Delivery<'a, H, P, R>
where
    H: Handler,
    P: Objects + Signals + Disk + Clock,
    R: Records,
{
    async fn drive(mut self, mut run: Run) -> Result<Answer, Error> {
        let mut event = Event::Begin;
        let reply = loop {
            let now = self.now();
            match run.step(now, event) {
                Effect::Reply(reply) => break reply,
                effect => event = self.perform(effect, &run).await,
            }
        };
        self.settle().await;
        self.stop_renewals().await;
        if let (true, Some(Ok(session))) = (self.over, self.session.take()) {
            session.clear().await;
        }
        match reply {
            Reply::Acknowledge(why) => {
                tracing::info!(?why, "answered");
                Ok(Answer::Run(why))
            }
            Reply::Refuse(refusal) => {
                let error = Error::new(refusal.kind(), refusal.message(&self.id.run));
                Err(match self.error {
                    // What to do about it comes first.
                    Some(cause) if refusal == Refusal::SignalFailed => cause,
                    Some(cause) => error.because(cause.into_boxed()),
                    None => error,
                })
            }
            Reply::Fail => {
                Err(self.error.unwrap_or_else(|| Error::new(ErrorKind::State, "an error was lost; please report this")))
            }
        }
    }

    /// Those of an acquisition that was lost have ended by themselves.
    async fn stop_renewals(&mut self) {
        if let Some(stop) = self.renewals.take() {
            stop.await;
        }
    }

    fn now(&self) -> Now {
        let now = self.site.platform.now();
        let wall = self.site.platform.wall().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Now {
            wall,
            elapsed: now.saturating_sub(self.invocation.started),
            left: self.invocation.deadline().map(|deadline| deadline.saturating_sub(now)),
            renewed: if R::TRAVELS { Duration::ZERO } else { self.writer.since_renewal() },
        }
    }

    async fn perform(&mut self, effect: Effect, run: &Run) -> Event {
        match effect {
            Effect::Read => Event::Read(self.records.read(&self.id).await),
            Effect::Save(how, record) => self.save(how, *record).await,
            Effect::Work { start, records } => Event::Batch(match self.work(run, (start, records)).await {
                Ok(done) => Batch::Done(done),
                Err(failed) => Batch::Failed(self.keep(failed, run)),
            }),
            Effect::PassOver(error) => {
                Event::PassedOver(self.pass_over(run, error).await.map_err(|failed| self.keep(failed, run)))
            }
            Effect::SetAside => Event::SetAside(self.set_aside(run).await.map_err(|failed| self.keep(failed, run))),
            Effect::Capture => Event::Captured(match &self.session {
                Some(Ok(session)) => session.capture().map_err(|error| {
                    let last = last_error(&error);
                    self.error = Some(error);
                    last
                }),
                _ => Ok(None),
            }),
            Effect::Complete => Event::Completed(self.complete(run).await.map_err(|failed| self.keep(failed, run))),
            Effect::Signal { record, token, swept } => Event::Signalled(self.signal(&record, token, swept).await),
            Effect::Pause(duration) => {
                self.site.platform.sleep(duration).await;
                Event::Paused
            }
            // The loop ends on it.
            Effect::Reply(_) => Event::Begin,
        }
    }

    fn keep(&mut self, failed: Failed, run: &Run) -> crate::engine::step::Failure {
        self.error = Some(match run.record() {
            Some(record) => failed.error.of(shown_object(&record.object)),
            None => failed.error,
        });
        failed.failure
    }

    async fn save(&mut self, how: How, record: Record) -> Event {
        let begun = self.site.platform.now();
        let is_over = record.is_over();
        let stands = Stands::of(&record);
        let acquired = (how != How::Swap && record.owner.is_some()).then(|| record.clone());
        let writer = Arc::clone(&self.writer);
        let saving = writer.save(how, record);
        let saved = match &mut self.session {
            Some(Ok(session)) => session.beside(saving).await,
            _ => saving.await,
        };
        let applied = matches!(saved, Saved::Applied { .. });
        self.over = is_over && applied;
        // Without a store nothing is kept, and the next delivery knows nothing of this one.
        if applied && !R::TRAVELS {
            stands.tell(&self.id.run);
        }
        if let Some(record) = acquired.filter(|_| applied) {
            self.settle().await;
            self.session = Some(Session::open(self.site, self.invocation, &self.id.run, &record));
            self.stop_renewals().await;
            if !R::TRAVELS {
                self.renewals = Some(Box::pin(renew(&self.writer, self.invocation.deadline()).stop()));
            }
        }
        Event::Saved(saved, self.site.platform.now().saturating_sub(begun))
    }

    async fn work(&mut self, run: &Run, batches: (u64, u64)) -> Result<Done, Failed> {
        let left = self.now().left;
        match (self.opened()?, run.record()) {
            (Some(session), Some(record)) => session.work(record, batches, run.budget(), left).await,
            _ => Err(not_acquired().into()),
        }
    }

    async fn pass_over(&mut self, run: &Run, error: LastError) -> Result<Done, Failed> {
        match (self.opened()?, run.record()) {
            (Some(session), Some(record)) => session.pass_over(record, error).await,
            _ => Err(not_acquired().into()),
        }
    }

    async fn set_aside(&mut self, run: &Run) -> Result<(), Failed> {
        let (records, id) = (Arc::clone(&self.records), self.id.clone());
        match (self.opened()?, run.record()) {
            (Some(session), Some(record)) => session.set_aside(&*records, &id, record).await,
            _ => Err(not_acquired().into()),
        }
    }

    /// No call of user code goes on behind the answer to its event.
    async fn settle(&mut self) {
        if let Some(Ok(session)) = &mut self.session {
            session.settle().await;
        }
    }

    async fn complete(&mut self, run: &Run) -> Result<(), Failed> {
        match (self.opened()?, run.record()) {
            (Some(session), Some(record)) => session.complete(record).await,
            _ => Err(not_acquired().into()),
        }
    }

    /// The session, or the error with which it did not open, once.
    fn opened(&mut self) -> Result<Option<&mut Session<'a, H, P>>, Failed> {
        match self.session.take() {
            Some(Err(failed)) => Err(failed),
            session => {
                self.session = session;
                Ok(self.session.as_mut().and_then(|session| session.as_mut().ok()))
            }
        }
    }

    async fn signal(&mut self, record: &Record, token: String, swept: bool) -> Signalled {
        let carried = if R::TRAVELS { to_raw_value(record).ok() } else { None };
        let Record { seq, position, .. } = *record;
        let signal = Signal { job: self.id.job.into(), run: self.id.run.clone(), seq, token, swept, position, carried };
        let payload = signal.to_json();
        if payload.len() > LARGEST_SIGNAL {
            self.error = Some(Error::terminal(Error::new(
                ErrorKind::Invoke,
                format!(
                    "with RECURSIVE_LAMBDA_STATE=none the carried state travels in the signal, which is now {} bytes of at most {LARGEST_SIGNAL}; \
                     record runs in a bucket, or carry less",
                    payload.len()
                ),
            )));
            return Signalled::Refused;
        }
        let (signalled, why) = self.site.platform.signal(self.invocation, payload).await;
        if let Some(why) = why {
            tracing::warn!(why, ?signalled, "the function's invocation of itself was not accepted");
            self.error = Some(Error::new(ErrorKind::Invoke, why));
        }
        signalled
    }
}

/// The largest signal in bytes: well below what any partition of Lambda takes from an asynchronous caller.
const LARGEST_SIGNAL: usize = 200_000;

fn not_acquired() -> Error {
    Error::new(ErrorKind::State, "work was asked for on a run that is not acquired; please report this")
}
