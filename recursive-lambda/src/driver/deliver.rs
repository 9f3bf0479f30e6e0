//! One trigger, from its arrival to its answer.

use super::feed::takes_a_file;
use super::session::{Failed, Session, last_error};
use super::source::shown_object;
use super::start::{Beginning, begin};
use super::writer::{Writer, renew};
use crate::cache::Cache;
use crate::config::Config;
use crate::engine::budget::Budget;
use crate::engine::identity::plan;
use crate::engine::record::{Owner, Plan, Record};
use crate::engine::run::Run;
use crate::engine::save::{Read, Saved};
use crate::engine::step::{Batch, Effect, Event, Given, How, Now, Refusal, Reply, Rules, Signalled, Why};
use crate::event::{Signal, Trigger};
use crate::invocation::Invocation;
use crate::job::Handler;
use crate::ports::{Clock, Disk, Objects, RecordId, Records, Signals};
use crate::settings::Settings;
use crate::{Error, ErrorKind};
use futures_util::future::BoxFuture;
use serde_json::value::to_raw_value;
use std::sync::Arc;
use std::time::Duration;
use tracing::Instrument;

/// What all invocations of a process share.
pub(crate) struct Site<H: Handler, P> {
    pub(crate) settings: Settings,
    pub(crate) config: Config,
    pub(crate) plan: Plan,
    pub(crate) resources: H::Resources,
    pub(crate) platform: Arc<P>,
    pub(crate) cache: Arc<Cache>,
}

/// Why a trigger needs no other delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Run(Why),
    /// The event asks for nothing: why.
    Nothing(&'static str),
}

impl<H: Handler, P> Site<H, P> {
    pub(crate) fn new(settings: Settings, resources: H::Resources, platform: Arc<P>) -> Self {
        let config = H::CONFIG;
        let format = std::any::type_name::<H::Format>().rsplit("::").next().unwrap_or_default().to_lowercase();
        // A window counts otherwise than the lines it is given the format of.
        let format = if takes_a_file::<H>() { "window" } else { format.as_str() };
        let (plan, cache) = (plan(config.batch as u64, format), Arc::new(Cache::new()));
        Self { settings, config, plan, resources, platform, cache }
    }

    fn rules(&self) -> Rules {
        Rules {
            lease: self.settings.lease,
            checkpoint: self.settings.checkpoint,
            max_attempts: self.settings.max_attempts,
            max_invocations: self.settings.max_invocations,
            on_complete: self.config.on_complete,
            plan_hash: self.plan.hash.clone(),
        }
    }

    fn budget(&self, invocation: &Invocation) -> Budget {
        let most = self.settings.batches_per_invocation.or(self.config.batches_per_invocation);
        Budget::new(invocation.left, self.reserve(), most)
    }

    /// The time to keep free before the deadline, as the deployment or the attribute says.
    pub(crate) fn reserve(&self) -> Duration {
        self.settings.reserve.unwrap_or(Duration::from_millis(self.config.reserve_ms))
    }
}

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
    let me = Owner { request_id: invocation.request_id.clone(), nonce: invocation.nonce.clone() };
    let (run, seq, given) = match trigger {
        Trigger::Nothing(why) => return Ok(Answer::Nothing(why)),
        Trigger::Signal(signal) if signal.job != H::NAME => return Err(other_job(&signal, H::NAME)),
        Trigger::Signal(Signal { run, seq, .. }) => (run, seq, Given::Signal { seq }),
        Trigger::Start(start) => {
            let in_place = (alone && !R::TRAVELS && start.name.is_none()).then(|| me.clone());
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
    session: Option<Result<Session<H, P>, Failed>>,
    renewals: Option<BoxFuture<'static, ()>>,
    /// The error that `Reply::Fail` stands for.
    error: Option<Error>,
    /// Whether it was saved that the run is over.
    over: bool,
}

impl<H, P, R> Delivery<'_, H, P, R>
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
                let error = Error::new(refusal.kind(), refusal.message());
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
        Now {
            elapsed: now.saturating_sub(self.invocation.started),
            left: self.invocation.deadline().map(|deadline| deadline.saturating_sub(now)),
            renewed: if R::TRAVELS { Duration::ZERO } else { self.writer.since_renewal() },
        }
    }

    async fn perform(&mut self, effect: Effect, run: &Run) -> Event {
        match effect {
            Effect::Read => Event::Read(self.records.read(&self.id).await),
            Effect::Save(how, record) => self.save(how, *record).await,
            Effect::Work => {
                Event::Batch(self.work(run).await.map_or_else(|failed| Batch::Failed(self.keep(failed, run)), Batch::Done))
            }
            Effect::Capture => Event::Captured(match &self.session {
                Some(Ok(session)) => session.capture().map_err(|error| {
                    let last = last_error(&error);
                    self.error = Some(error);
                    last
                }),
                _ => Ok(None),
            }),
            Effect::Complete => Event::Completed(self.complete(run).await.map_err(|failed| self.keep(failed, run))),
            Effect::Signal(record) => Event::Signalled(self.signal(&record).await),
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
        let acquired = (how != How::Swap && record.owner.is_some()).then(|| record.clone());
        let saved = self.writer.save(how, record).await;
        let applied = matches!(saved, Saved::Applied { .. });
        self.over = is_over && applied;
        if let Some(record) = acquired.filter(|_| applied) {
            self.session = Some(Session::open(self.site, self.invocation, &self.id.run, &record));
            self.stop_renewals().await;
            if !R::TRAVELS {
                self.renewals = Some(Box::pin(renew(&self.writer).stop()));
            }
        }
        Event::Saved(saved, self.site.platform.now().saturating_sub(begun))
    }

    async fn work(&mut self, run: &Run) -> Result<crate::engine::step::Done, Failed> {
        let left = self.now().left;
        let (site, record) = (self.site, run.record());
        match (self.opened()?, record) {
            (Some(session), Some(record)) => session.work(site, record, run.budget(), left).await,
            _ => Err(not_acquired().into()),
        }
    }

    async fn complete(&mut self, run: &Run) -> Result<(), Failed> {
        let (site, record) = (self.site, run.record());
        match (self.opened()?, record) {
            (Some(session), Some(record)) => session.complete(site, record).await,
            _ => Err(not_acquired().into()),
        }
    }

    /// The session, or the error with which it did not open, once.
    fn opened(&mut self) -> Result<Option<&mut Session<H, P>>, Failed> {
        match self.session.take() {
            Some(Err(failed)) => Err(failed),
            session => {
                self.session = session;
                Ok(self.session.as_mut().and_then(|session| session.as_mut().ok()))
            }
        }
    }

    async fn signal(&mut self, record: &Record) -> Signalled {
        let carried = if R::TRAVELS { to_raw_value(record).ok() } else { None };
        let signal =
            Signal { job: self.id.job.into(), run: self.id.run.clone(), seq: record.seq, position: record.position, carried };
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

/// The records of `RECURSIVE_LAMBDA_STATE=none`: each travels in its signal, nothing is kept and nobody is ever refused.
pub(crate) struct Travelling(pub(crate) Option<Record>);

impl Records for Travelling {
    const TRAVELS: bool = true;

    async fn read(&self, _: &RecordId) -> Read {
        match &self.0 {
            Some(record) => {
                let stored = crate::engine::save::Stored { record: record.clone(), etag: String::new(), age: Duration::MAX };
                Read::Found(Box::new(stored))
            }
            None => Read::Failed("the signal carries no record, and with RECURSIVE_LAMBDA_STATE=none there is no other".into()),
        }
    }

    async fn write(&self, _: &RecordId, _: Vec<u8>, _: &crate::engine::save::Condition) -> crate::engine::save::Written {
        crate::engine::save::Written::Applied { etag: String::new() }
    }
}
