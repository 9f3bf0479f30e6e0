//! One run's trigger, from the engine's first question to its reply.

use super::deployment::Deployment;
use super::failed::Failed;
use super::pace::{Pace, Point};
use super::run_status::Stands;
use super::session::Session;
use super::shards::{Family, Scanning, owned_object};
use super::source_error::shown_object;
use super::writer::{Writer, renew};
use crate::invocation::Invocation;
use crate::job::Handler;
use crate::ports::{Clock, Disk, Objects, RunKey, Signals, Store};
use crate::{Error, ErrorKind};
use futures_util::future::BoxFuture;
use recursive_lambda_core::checkpoint::{Checkpoint, LastError, Owner, Stage};
use recursive_lambda_core::engine::messages::{
    AckReason, Batch, Done, Effect, Event, Gathered, How, Now, Refusal, Reply, Rules, Signalled, Trigger,
};
use recursive_lambda_core::engine::run::Run;
use recursive_lambda_core::engine::save::Saved;
use recursive_lambda_core::event::Signal;
use recursive_lambda_core::identity::parse_run_name;
use serde_json::value::to_raw_value;
use std::sync::Arc;
use std::time::SystemTime;
use tracing::Instrument;

/// Brings one run's trigger to its reply.
pub(super) async fn deliver<H, P, R>(
    deployment: &Deployment<H, P>,
    store: Arc<R>,
    invocation: &Invocation,
    run: String,
    seq: u64,
    trigger: Trigger,
) -> Result<AckReason, Error>
where
    H: Handler,
    P: Objects + Signals + Disk + Clock,
    R: Store,
{
    let me = owner(invocation);
    let span = tracing::info_span!("run", job = H::NAME, run = %run, trace_id = %run, seq, request_id = %invocation.request_id);
    let id = RunKey { job: H::NAME, run };
    let writer =
        Writer::new(Arc::clone(&store), Arc::clone(&deployment.platform), id.clone(), me.clone(), deployment.settings.lease);
    let shards = match &trigger {
        Trigger::Start(start) => deployment.shards(start.object.size),
        _ => None,
    };
    let engine = Run::new(Rules { shards, ..deployment.rules() }, me, trigger, deployment.budget(invocation));
    let execution = Execution {
        deployment,
        invocation,
        id,
        store,
        writer: Arc::new(writer),
        session: None,
        scanning: None,
        renewals: None,
        error: None,
        over: false,
        pace: None,
    };
    execution.drive(engine).instrument(span).await
}

pub(super) fn owner(invocation: &Invocation) -> Owner {
    Owner { request_id: invocation.request_id.clone(), nonce: invocation.nonce.clone() }
}

struct Execution<'a, H: Handler, P, R> {
    deployment: &'a Deployment<H, P>,
    invocation: &'a Invocation,
    id: RunKey,
    store: Arc<R>,
    writer: Arc<Writer<R, P>>,
    session: Option<Result<Session<'a, H, P>, Failed>>,
    /// Instead of a session, if this is a shard that scans.
    scanning: Option<Result<Scanning<P>, Failed>>,
    renewals: Option<BoxFuture<'static, ()>>,
    /// The error for `Reply::Fail`.
    error: Option<Error>,
    /// Whether the checkpoint says that the run is over.
    over: bool,
    /// Once the run was acquired.
    pace: Option<Pace>,
}

impl<'a, H, P, R> Execution<'a, H, P, R>
where
    H: Handler,
    P: Objects + Signals + Disk + Clock,
    R: Store,
{
    async fn drive(mut self, mut run: Run) -> Result<AckReason, Error> {
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
        if let Some(pace) = &self.pace {
            let work = pace.tell(self.deployment.platform.now(), self.deployment.limits(run.budget()));
            self.deployment.platform.measured(self.invocation, H::NAME, &work);
        }
        match reply {
            Reply::Acknowledge(why) => {
                tracing::info!(?why, "answered");
                Ok(why)
            }
            Reply::Refuse(refusal) => {
                let error = Error::new(refusal.kind(), refusal.message(&self.id.run));
                Err(match self.error {
                    // First the line that says what to do.
                    Some(cause) if refusal == Refusal::SignalFailed => cause,
                    Some(cause) => error.because(cause.into_boxed()),
                    None => error,
                })
            }
            Reply::Fail => Err(self
                .error
                .unwrap_or_else(|| Error::new(ErrorKind::Store, "internal error: an error was lost; please report it"))),
        }
    }

    /// Calls of an acquisition that was lost have ended by themselves.
    async fn stop_renewals(&mut self) {
        if let Some(stop) = self.renewals.take() {
            stop.await;
        }
    }

    fn now(&self) -> Now {
        let now = self.deployment.platform.now();
        let wall = self.deployment.platform.wall().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Now {
            wall,
            elapsed: now.saturating_sub(self.invocation.started),
            left: self.invocation.time_left(now),
            renewed: self.writer.since_renewal(),
        }
    }

    async fn perform(&mut self, effect: Effect, run: &Run) -> Event {
        match effect {
            Effect::Read => Event::Read(self.store.read(&self.id).await),
            Effect::Save(how, checkpoint) => self.save(how, *checkpoint).await,
            Effect::Work { start, records } => Event::Batch(match self.work(run, (start, records)).await {
                Ok(done) => Batch::Done(done),
                Err(failed) => Batch::Failed(self.keep(failed, run)),
            }),
            Effect::PassOver(error) => {
                Event::PassedOver(self.pass_over(run, error).await.map_err(|failed| self.keep(failed, run)))
            }
            Effect::Skip => Event::Skipped(self.skip(run).await.map_err(|failed| self.keep(failed, run))),
            Effect::Capture => Event::Captured(match &self.scanning {
                Some(scanning) => scanning.as_ref().ok().and_then(Scanning::capture),
                None => self.session.as_ref().and_then(|session| session.as_ref().ok()?.capture()),
            }),
            Effect::Complete => Event::Completed(self.complete(run).await.map_err(|failed| self.keep(failed, run))),
            Effect::Signal { checkpoint, token, swept } => Event::Signalled(self.signal(&checkpoint, token, swept).await),
            Effect::Sleep(duration) => {
                self.deployment.platform.sleep(duration).await;
                Event::Slept
            }
            Effect::Scatter => {
                let scattered = match run.checkpoint() {
                    Some(checkpoint) => self.family().scatter(checkpoint, run.budget()).await,
                    None => Err(not_acquired().into()),
                };
                Event::Scattered(scattered.map_err(|failed| self.keep(failed, run)))
            }
            Effect::Gather => Event::Gathered(self.gather(run).await.map_err(|failed| self.keep(failed, run))),
            Effect::Join(shard) => {
                let joined = self.family().join(shard).await;
                Event::Joined(joined.map_err(|failed| self.keep(failed, run)))
            }
            // It ends the loop.
            Effect::Reply(_) => Event::Begin,
        }
    }

    fn keep(&mut self, failed: Failed, run: &Run) -> recursive_lambda_core::engine::messages::Failure {
        self.error = Some(match run.checkpoint() {
            Some(checkpoint) => failed.error.of(shown_object(&checkpoint.object)),
            None => failed.error,
        });
        failed.failure
    }

    async fn save(&mut self, how: How, checkpoint: Checkpoint) -> Event {
        let begun = self.deployment.platform.now();
        let is_over = checkpoint.is_over();
        let stands = Stands::of(&checkpoint);
        let acquired = (how != How::Swap && checkpoint.owner.is_some()).then(|| checkpoint.clone());
        let point = Point::of(&checkpoint);
        let writer = Arc::clone(&self.writer);
        let saving = writer.save(how, checkpoint);
        let saved = match &mut self.session {
            Some(Ok(session)) => session.alongside(saving).await,
            _ => saving.await,
        };
        let applied = matches!(saved, Saved::Applied { .. });
        self.over = is_over && applied;
        // Without a store nothing is kept, and the next delivery knows nothing of this one.
        if applied && self.store.keeps() {
            stands.tell(&self.id.run);
        }
        match &mut self.pace {
            Some(pace) if applied && acquired.is_none() => pace.saved(point),
            // A run that is given up without being acquired ends here, too.
            _ if applied && (acquired.is_some() || point.has_failed()) => self.pace = Some(Pace::begins(point, begun)),
            _ => {}
        }
        if let Some(checkpoint) = acquired.filter(|_| applied) {
            self.settle().await;
            self.open(&checkpoint);
            self.stop_renewals().await;
            self.renewals = Some(Box::pin(renew(&self.writer, self.invocation.deadline()).stop()));
        }
        Event::Saved(saved, self.deployment.platform.now().saturating_sub(begun))
    }

    fn family(&self) -> Family<'_, H, P, R> {
        let run = parse_run_name(&self.id.run).map_or(self.id.run.as_str(), |(run, _)| run);
        Family { deployment: self.deployment, invocation: self.invocation, run, store: Arc::clone(&self.store) }
    }

    /// If all shards are done and this invocation owns the run, their states become the run's.
    async fn gather(&mut self, run: &Run) -> Result<Gathered, Failed> {
        let checkpoint = run.checkpoint().ok_or_else(not_acquired)?;
        let (gathered, states) = self.family().gather(checkpoint).await?;
        let have_read = checkpoint.shards.is_some_and(|shards| shards.stage == Stage::Read);
        let is_to_be_merged = have_read && checkpoint.owner.is_some() && matches!(gathered, Gathered::Done(_));
        if is_to_be_merged && let Some(session) = self.opened()? {
            session.merge(&states)?;
        }
        Ok(gathered)
    }

    fn open(&mut self, checkpoint: &Checkpoint) {
        if checkpoint.shard.is_some_and(|shard| shard.stage == Stage::Scan) {
            let object = owned_object(self.deployment, self.invocation, checkpoint);
            let open = |object| Scanning::open::<H>(&self.deployment.platform, object, checkpoint);
            self.scanning = Some(object.and_then(open));
        } else {
            self.session = Some(Session::open(self.deployment, self.invocation, &self.id.run, checkpoint));
        }
    }

    async fn work(&mut self, run: &Run, batches: (u64, u64)) -> Result<Done, Failed> {
        let left = self.now().left;
        if let (Some(scanning), Some(checkpoint)) = (self.scanning.take(), run.checkpoint()) {
            return self.scanning.insert(Ok(scanning?)).as_mut().map_err(|_| not_acquired())?.work(checkpoint).await;
        }
        match (self.opened()?, run.checkpoint()) {
            (Some(session), Some(checkpoint)) => session.work(checkpoint, batches, run.budget(), left).await,
            _ => Err(not_acquired().into()),
        }
    }

    async fn pass_over(&mut self, run: &Run, error: LastError) -> Result<Done, Failed> {
        match (self.opened()?, run.checkpoint()) {
            (Some(session), Some(checkpoint)) => session.pass_over(checkpoint, error).await,
            _ => Err(not_acquired().into()),
        }
    }

    async fn skip(&mut self, run: &Run) -> Result<(), Failed> {
        let (store, id) = (Arc::clone(&self.store), self.id.clone());
        match (self.opened()?, run.checkpoint()) {
            (Some(session), Some(checkpoint)) => session.skip(&*store, &id, checkpoint).await,
            _ => Err(not_acquired().into()),
        }
    }

    /// No call of user code may go on after the answer to its event.
    async fn settle(&mut self) {
        if let Some(Ok(session)) = &mut self.session {
            session.settle().await;
        }
    }

    async fn complete(&mut self, run: &Run) -> Result<(), Failed> {
        match (self.opened()?, run.checkpoint()) {
            (Some(session), Some(checkpoint)) => session.complete(checkpoint).await,
            _ => Err(not_acquired().into()),
        }
    }

    /// The session, or the error with which it failed to open, once.
    fn opened(&mut self) -> Result<Option<&mut Session<'a, H, P>>, Failed> {
        match self.session.take() {
            Some(Err(failed)) => Err(failed),
            session => {
                self.session = session;
                Ok(self.session.as_mut().and_then(|session| session.as_mut().ok()))
            }
        }
    }

    async fn signal(&mut self, checkpoint: &Checkpoint, token: String, swept: bool) -> Signalled {
        let carried = if self.store.keeps() { None } else { to_raw_value(checkpoint).ok() };
        let Checkpoint { seq, position, .. } = *checkpoint;
        // A shard that is over signals its run.
        let run = if checkpoint.shard.is_some() { self.id.run.clone() } else { self.family().run.into() };
        let signal = Signal { job: self.id.job.into(), run, seq, token, swept, position, carried };
        let payload = signal.to_json();
        if payload.len() > LARGEST_SIGNAL {
            self.error = Some(Error::terminal(Error::new(
                ErrorKind::Invoke,
                format!(
                    "with RECURSIVE_LAMBDA_STATE=none the state travels in the signal, which is now {} bytes of at most {LARGEST_SIGNAL}; \
                     keep checkpoints in a bucket, or make the state smaller",
                    payload.len()
                ),
            )));
            return Signalled::Refused;
        }
        let (signalled, why) = self.deployment.platform.signal(self.invocation, payload).await;
        if let Some(why) = why {
            tracing::warn!(why, ?signalled, "the function's invocation of itself was not accepted");
            self.error = Some(Error::new(ErrorKind::Invoke, why));
        }
        signalled
    }
}

/// The largest signal in bytes: well below the limit of asynchronous invocation in every partition.
const LARGEST_SIGNAL: usize = 200_000;

pub(super) fn not_acquired() -> Error {
    Error::new(ErrorKind::Store, "internal error: work on a run that is not acquired; please report it")
}
