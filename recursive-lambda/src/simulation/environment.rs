//! One invocation's place in the world: its clock, its effects, and the points at which it can die, sleep or get no answer.

use super::executor::Group;
use super::faults::{Fault, Moment};
use super::jobs::Totals;
use super::options::Poison;
use super::world::World;
use crate::ports::{Clock, Disk};
use crate::{Batch, Error, Summary};
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::oneshot;

/// The start of the world, by correct clocks: 2026-11-18.
const EPOCH: Duration = Duration::from_secs(1_795_000_000);

/// How long a caller waits for an answer that never comes.
pub(super) const SILENCE: Duration = Duration::from_secs(3);

#[derive(Clone)]
pub(super) struct Environment {
    pub(super) world: Arc<World>,
    pub(super) group: Group,
    /// The error of the host's clock, in seconds.
    pub(super) skew: i64,
    /// As Lambda reports it; `None` if it does not.
    pub(super) deadline: Option<Duration>,
}

impl Environment {
    /// Begins an effect: it gets a number, and a fault may strike.
    pub(super) async fn begin(&self, what: &str) -> Option<Moment> {
        let group = self.group;
        let (moment, pause, unawares) = self.world.with(|state| {
            let scripted = state.faults.scripted_for_next_effect();
            state.note(group, format_args!("{what}"));
            let crashes = [
                (Fault::CrashBefore, Moment::Before),
                (Fault::CrashApplied, Moment::Applied),
                (Fault::CrashAfter, Moment::After),
            ];
            let crash = crashes.into_iter().find(|(fault, _)| state.strikes(group, *fault));
            let unawares = state.strikes(group, Fault::PausedUnawares);
            let scripted_sleep = scripted == Some(Moment::Sleeps);
            if scripted_sleep {
                state.checks.excuse(group);
                state.checks.slow(group);
            }
            let pause = unawares || scripted_sleep || state.strikes(group, Fault::Paused);
            (scripted.or(crash.map(|(_, moment)| moment)), pause, unawares)
        });
        if pause {
            self.pause(unawares).await;
        }
        self.die_if(moment, Moment::Before).await;
        moment.filter(|moment| *moment != Moment::Sleeps)
    }

    /// The whole invocation stands still, longer than its lease.
    async fn pause(&self, unawares: bool) {
        let (world, group) = (Arc::clone(&self.world), self.group);
        let lease = world.options.lease.as_millis() as u64;
        let length = world.with(|state| state.chance.millis(lease, 3 * lease));
        world.executor().pause(group);
        world.clone().spawn(async move {
            world.sleep(length).await;
            if unawares {
                world.with(|state| *state.unnoticed.entry(group).or_default() += length);
            }
            world.note(group, format_args!("wakes after {length:?}"));
            world.executor().resume(group);
        });
        self.world.sleep(Duration::from_millis(1)).await;
    }

    /// Dies here, if this is the moment: nothing of the invocation runs on.
    pub(super) async fn die_if(&self, moment: Option<Moment>, here: Moment) {
        if moment == Some(here) {
            self.world.note(self.group, format_args!("dies: {here:?}"));
            self.world.executor().kill(self.group);
            std::future::pending::<()>().await;
        }
    }

    /// Half of an answer's time; `slow` is a fault that makes it long.
    pub(super) async fn latency(&self, slow: Fault) {
        let (least, most) = self.world.options.latency_ms;
        let latency = self.world.with(|state| {
            let usual = state.chance.millis(least, most);
            if state.strikes(self.group, slow) { state.chance.millis(1_000, 40_000) } else { usual }
        });
        self.world.sleep(latency).await;
    }

    /// What a job does with a batch: takes time, writes to the sink, and sometimes fails.
    pub(super) async fn execute<T>(&self, batch: &Batch<T>, digest: u64) -> Result<(), Error> {
        self.execute_as(batch, Said::Digest(digest)).await
    }

    /// The same for a batch of a shard.
    pub(super) async fn execute_part<T>(&self, batch: &Batch<T>, rows: &[u64]) -> Result<(), Error> {
        self.execute_as(batch, Said::Rows(rows)).await
    }

    async fn execute_as<T>(&self, batch: &Batch<T>, said: Said<'_>) -> Result<(), Error> {
        let (world, group, position) = (&self.world, self.group, batch.position());
        let moment = self.begin(&format_batch(batch)).await;
        self.hear(batch);
        self.need_the_sink()?;
        let key = batch.idempotency_key().to_string();
        let records = || position..position + batch.len() as u64;
        world.with(|state| {
            state.begins(group, position, &world.options);
            match said {
                Said::Digest(_) => state.executed(group, batch.run_id(), records(), &world.options),
                Said::Rows(rows) => state.part_executed(group, batch.run_id(), &key, rows),
            }
        });
        let (least, most) = world.options.batch_ms;
        let (took, panics, fails) = world.with(|state| {
            let usual = state.chance.millis(least, most);
            let slow = state.strikes(group, Fault::JobSlow);
            let took = if slow { state.chance.millis(most, 2 * world.options.lease.as_millis() as u64) } else { usual };
            (took, state.strikes(group, Fault::JobPanics), state.strikes(group, Fault::JobFails))
        });
        let took = self.poisoned(position, batch.len() as u64, took)?;
        world.sleep(took).await;
        if panics {
            std::panic::resume_unwind(Box::new("the job panics"));
        }
        if fails || moment == Some(Moment::NotApplied) {
            return Err("the job fails".into());
        }
        world.with(|state| match said {
            Said::Digest(digest) => state.sink(group, &key, records(), digest, &world.options, &world.oracle),
            Said::Rows(_) => state.part_sunk(batch.run_id(), &key),
        });
        self.die_if(moment, Moment::Applied).await;
        if moment == Some(Moment::ReplyLost) || world.strikes(group, Fault::JobFailsAfterEffect) {
            return Err("the job fails after its effect".into());
        }
        world.with(|state| state.checks.worked(group, records()));
        self.die_if(moment, Moment::After).await;
        Ok(())
    }

    /// What a job that is not an `async fn` can do to its caller.
    pub(super) fn panic_at_once<T>(&self, batch: &Batch<T>) {
        let records = batch.position()..batch.position() + batch.len() as u64;
        if self.world.options.poison_in(records) == Some(Poison::PanicAtOnce) {
            std::panic::resume_unwind(Box::new("a poisonous record".to_string()));
        }
    }

    /// What a batch says about its run must be true.
    fn hear<T>(&self, batch: &Batch<T>) {
        let (left, now, said) = (batch.time_left(), self.now(), batch.object());
        self.world.with(|state| {
            let runs = state.records.iter().find(|(name, _)| name.ends_with(batch.run_id()));
            let known = runs.map(|(_, stored)| &stored.checkpoint);
            let object = known.map(|checkpoint| &checkpoint.object);
            let is_the_object = object.is_some_and(|object| {
                (said.bucket(), said.key(), said.version(), said.etag(), said.size())
                    == (&*object.bucket, &*object.key, object.version.as_deref(), &*object.etag, object.size)
            });
            let until = self.deadline.map_or(Duration::ZERO, |deadline| deadline.saturating_sub(now));
            if !is_the_object || left != until {
                state.wrong(self.group, format!("a batch says {said:?}, {left:?} left; it is {object:?}, {until:?}"));
            }
        });
    }

    /// The batch's time, or the effect of a poisonous record in it.
    fn poisoned(&self, position: u64, len: u64, took: Duration) -> Result<Duration, Error> {
        match self.world.options.poison_in(position..position + len) {
            None => Ok(took),
            Some(Poison::Error) => Err("a poisonous record".into()),
            Some(Poison::Panic | Poison::PanicAtOnce) => std::panic::resume_unwind(Box::new("a poisonous record".to_string())),
            Some(Poison::Terminal) => Err(Error::terminal("a poisonous record")),
            Some(Poison::Endless) => {
                self.world.with(|state| state.checks.hung += 1);
                Ok(self.world.options.timeout * 2)
            }
            Some(Poison::Undecodable) => Err("a record that does not decode was handed over".into()),
        }
    }

    /// Fails during an outage.
    fn need_the_sink(&self) -> Result<(), Error> {
        let Some((begin, length)) = self.world.options.outage else { return Ok(()) };
        self.world.with(|state| {
            if !(begin..begin + length).contains(&state.now) {
                return Ok(());
            }
            state.refused_by_the_sink += 1;
            Err("the sink is out of service".into())
        })
    }

    /// What `on_complete` does.
    pub(super) async fn complete(&self, summary: &Summary, totals: &Totals) -> Result<(), Error> {
        let moment = self.begin("on_complete").await;
        let (world, group) = (&self.world, self.group);
        self.latency(Fault::JobSlow).await;
        self.need_the_sink()?;
        if moment == Some(Moment::NotApplied) || world.strikes(group, Fault::CompletionFails) {
            return Err("on_complete fails".into());
        }
        world.with(|state| match world.options.kind.has_shards() {
            true => state.parts_completed(group, summary, totals, &world.options, &world.oracle),
            false => state.completed(group, summary, totals, &world.options, &world.oracle),
        });
        self.die_if(moment, Moment::Applied).await;
        if moment == Some(Moment::ReplyLost) {
            return Err("on_complete fails after its effect".into());
        }
        self.die_if(moment, Moment::After).await;
        Ok(())
    }
}

/// What a job says of the records it was given.
#[derive(Clone, Copy)]
enum Said<'a> {
    Digest(u64),
    /// The numbers of the rows.
    Rows(&'a [u64]),
}

fn format_batch<T>(batch: &Batch<T>) -> String {
    format!("batch {}+{} epoch {} attempt {}", batch.position(), batch.len(), batch.epoch(), batch.attempt())
}

/// No simulated job reads a file: a real disk has no virtual time.
impl Disk for Environment {
    fn temporary(&self) -> PathBuf {
        PathBuf::new()
    }

    fn blocking<T: Send + 'static>(
        &self,
        _: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = Option<T>> + Send + 'static {
        std::future::ready(None)
    }
}

impl Clock for Environment {
    fn now(&self) -> Duration {
        let now = self.world.now();
        self.world.with(|state| now.saturating_sub(state.unnoticed.get(&self.group).copied().unwrap_or_default()))
    }

    fn wall(&self) -> SystemTime {
        let right = EPOCH + self.world.now();
        UNIX_EPOCH + Duration::from_secs(right.as_secs().saturating_add_signed(self.skew))
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        self.world.sleep(duration)
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> impl Future<Output = ()> + Send + 'static {
        let (ended, end) = oneshot::channel();
        self.world.executor().spawn(self.group, async move {
            task.await;
            // The receiver may be gone.
            let _ = ended.send(());
        });
        async move {
            let _ = end.await;
        }
    }

    fn spawn_user_code(&self, task: impl Future<Output = ()> + Send + 'static) -> impl Future<Output = ()> + Send + 'static {
        self.spawn(task)
    }
}
