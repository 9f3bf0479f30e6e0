//! The one writer of a run's checkpoint: saves and renewals of the lease go through it, one at a time.
//!
//! It never decides what a checkpoint says, only that a write comes to a certain end.

use crate::ports::{Clock, RunKey, Store};
use recursive_lambda_core::checkpoint::{Checkpoint, Owner};
use recursive_lambda_core::engine::messages::How;
use recursive_lambda_core::engine::save::{Condition, Save, Saved, Step, Written};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, oneshot};

pub(crate) struct Writer<R, C> {
    records: Arc<R>,
    clock: Arc<C>,
    id: RunKey,
    me: Owner,
    lease: Duration,
    held: Mutex<LastSaved>,
    /// When the last successful write was sent, in microseconds of the clock. Outside the lock, because it is read while a write
    /// is slow.
    renewed: AtomicU64,
}

/// What the writer knows about the stored checkpoint.
#[derive(Default)]
struct LastSaved {
    etag: Option<String>,
    /// As last saved, while this invocation owns it.
    checkpoint: Option<Checkpoint>,
    writes: u64,
}

impl<R: Store, C: Clock> Writer<R, C> {
    pub(crate) fn new(records: Arc<R>, clock: Arc<C>, id: RunKey, me: Owner, lease: Duration) -> Self {
        Self { records, clock, id, me, lease, held: Mutex::default(), renewed: AtomicU64::new(0) }
    }

    /// Writes the checkpoint and returns how that ended.
    pub(crate) async fn save(&self, how: How, checkpoint: Checkpoint) -> Saved {
        let mut held = self.held.lock().await;
        let condition = match how {
            How::Create => Condition::Absent,
            How::Over { etag } => Condition::Matches(etag),
            How::Swap => match held.etag.clone() {
                Some(etag) => Condition::Matches(etag),
                None => return Saved::Gone,
            },
        };
        self.write(&mut held, condition, checkpoint).await
    }

    /// Time since the last successful write, from before it was sent.
    pub(crate) fn since_renewal(&self) -> Duration {
        self.clock.now().saturating_sub(Duration::from_micros(self.renewed.load(Ordering::Relaxed)))
    }

    async fn write(&self, held: &mut LastSaved, condition: Condition, mut checkpoint: Checkpoint) -> Saved {
        held.writes += 1;
        checkpoint.w = format!("{}.{}", self.me.nonce, held.writes);
        checkpoint.updated = self.clock.wall();
        held.checkpoint = None;
        let body = match checkpoint.to_json() {
            Ok(body) => body,
            Err(error) => return Saved::Refused(error.to_string()),
        };
        let mut save = Save::new(condition, checkpoint.w.clone());
        let mut step = save.first();
        let mut sent = self.clock.now();
        loop {
            step = match step {
                Step::Write { condition } => {
                    let now = self.clock.now();
                    let written = self.records.write(&self.id, body.clone(), &condition).await;
                    // If only a read shows that it was applied, that may have been the first try.
                    if matches!(written, Written::Applied { .. }) {
                        sent = now;
                    }
                    save.written(written)
                }
                Step::Read => save.read(self.records.read(&self.id).await, |w| self.wrote(w)),
                Step::Sleep(duration) => {
                    self.clock.sleep(duration).await;
                    save.slept()
                }
                Step::End(saved) => {
                    if let Saved::Applied { etag } = &saved {
                        held.etag = Some(etag.clone());
                        self.renewed.store(u64::try_from(sent.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
                        held.checkpoint = (checkpoint.owner.as_ref() == Some(&self.me)).then_some(checkpoint);
                    }
                    return saved;
                }
            };
        }
    }

    fn wrote(&self, w: &str) -> bool {
        w.strip_prefix(self.me.nonce.as_str()).is_some_and(|rest| rest.starts_with('.'))
    }

    /// Keeps the lease until stopped, by writing the last saved checkpoint again. It ends at the deadline: then Lambda has given
    /// up the invocation, and if the process goes on all the same, the run must not wait for it.
    async fn renew_until(&self, deadline: Option<Duration>, mut stop: oneshot::Receiver<()>) {
        let third = self.lease / 3;
        loop {
            let due = third.saturating_sub(self.since_renewal());
            tokio::select! {
                biased;
                _ = &mut stop => return,
                () = self.clock.sleep(due.max(third / 8)) => {}
            }
            if deadline.is_some_and(|deadline| self.clock.now() >= deadline) {
                return;
            }
            let mut held = self.held.lock().await;
            if self.since_renewal() < third {
                continue;
            }
            let (Some(checkpoint), Some(etag)) = (held.checkpoint.clone(), held.etag.clone()) else { return };
            let saved = self.write(&mut held, Condition::Matches(etag), checkpoint.clone()).await;
            match saved {
                Saved::Applied { .. } => tracing::debug!("the lease was renewed"),
                // The store may recover before the lease is over, or the credentials may.
                Saved::Unknown(why) | Saved::Refused(why) => {
                    tracing::warn!(why, "the lease could not be renewed; trying again");
                    held.checkpoint = Some(checkpoint);
                }
                lost => {
                    tracing::warn!(?lost, "the lease was lost; another invocation has taken over");
                    return;
                }
            }
        }
    }
}

/// Running renewals. They must stop before the event is answered: Lambda freezes what runs after that.
pub(crate) struct Renewals<F> {
    stop: oneshot::Sender<()>,
    ended: F,
}

impl<F: Future<Output = ()>> Renewals<F> {
    pub(crate) async fn stop(self) {
        // It may have ended by itself.
        let _ = self.stop.send(());
        self.ended.await;
    }
}

/// Starts to renew the lease during the work, until the deadline.
pub(crate) fn renew<R: Store, C: Clock>(
    writer: &Arc<Writer<R, C>>,
    deadline: Option<Duration>,
) -> Renewals<impl Future<Output = ()> + Send + 'static> {
    let (stop, stopped) = oneshot::channel();
    let task = {
        let writer = Arc::clone(writer);
        async move { writer.renew_until(deadline, stopped).await }
    };
    Renewals { stop, ended: writer.clock.spawn(task) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may")]
mod tests {
    use super::*;
    use crate::Error;
    use crate::ports::Page;
    use recursive_lambda_core::checkpoint::Stage;
    use recursive_lambda_core::engine::save::{Read, Stored};
    use std::collections::VecDeque;
    use std::sync::Mutex as Lock;
    use std::time::SystemTime;
    use tokio::time::Instant;

    /// A store that accepts every write, and when it did. Other answers, if any, in order: after how long, and which.
    struct Recorder(Instant, Lock<Vec<Duration>>, Lock<VecDeque<(Duration, Written)>>);

    impl Store for Recorder {
        async fn read(&self, _: &RunKey) -> Read {
            let found = Checkpoint { w: "n.1".into(), ..Checkpoint::for_tests() };
            Read::Found(Box::new(Stored { checkpoint: found, etag: "e".into(), age: Duration::ZERO }))
        }

        async fn list(&self, _: &'static str, _: Option<String>) -> Result<Page, Error> {
            Ok(Page::default())
        }

        async fn write(&self, _: &RunKey, _: Vec<u8>, _: &Condition) -> Written {
            self.1.lock().unwrap().push(self.0.elapsed());
            let answer = self.2.lock().unwrap().pop_front();
            let (after, written) = answer.unwrap_or_else(|| (Duration::ZERO, applied()));
            tokio::time::sleep(after).await;
            written
        }

        async fn write_skipped(&self, _: &RunKey, _: u64, _: Vec<u8>) -> Result<(), String> {
            Ok(())
        }

        async fn mark(&self, _: &RunKey, _: Stage, _: u32) -> Result<(), String> {
            Ok(())
        }

        async fn marks(&self, _: &RunKey, _: Stage) -> Result<u32, String> {
            Ok(0)
        }
    }

    fn applied() -> Written {
        Written::Applied { etag: "e".into() }
    }

    struct Paused(Instant);

    impl Clock for Paused {
        fn now(&self) -> Duration {
            self.0.elapsed()
        }

        fn wall(&self) -> SystemTime {
            SystemTime::UNIX_EPOCH
        }

        async fn sleep(&self, duration: Duration) {
            tokio::time::sleep(duration).await;
        }

        fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> impl Future<Output = ()> + Send + 'static {
            let task = tokio::spawn(task);
            async move { task.await.unwrap() }
        }

        fn spawn_user_code(&self, task: impl Future<Output = ()> + Send + 'static) -> impl Future<Output = ()> + Send + 'static {
            self.spawn(task)
        }
    }

    fn me() -> Owner {
        Owner { request_id: "r".into(), nonce: "n".into() }
    }

    fn owned() -> Checkpoint {
        Checkpoint { owner: Some(me()), ..Checkpoint::for_tests() }
    }

    /// With a lease of 30 s.
    fn writer(answers: impl IntoIterator<Item = (Duration, Written)>) -> (Arc<Recorder>, Arc<Writer<Recorder, Paused>>) {
        let start = Instant::now();
        let store = Arc::new(Recorder(start, Lock::default(), Lock::new(answers.into_iter().collect())));
        let id = RunKey { job: "rows", run: "run".into() };
        let writer = Writer::new(Arc::clone(&store), Arc::new(Paused(start)), id, me(), Duration::from_secs(30));
        (store, Arc::new(writer))
    }

    /// The store may date a write as soon as it is sent, so the lease counts from then: a slow answer shortens it.
    #[tokio::test(start_paused = true)]
    async fn a_renewal_counts_from_its_sending() {
        let seconds = Duration::from_secs;
        let silence = |after| (after, Written::Unknown("silence".into()));
        // The answers to a save, and the age of the lease when the save has ended.
        for (answers, age) in [
            (vec![(Duration::ZERO, applied())], Duration::ZERO),
            (vec![(seconds(7), applied())], seconds(7)),
            // The read shows that it was applied, possibly by the first try.
            (vec![silence(seconds(7))], seconds(7)),
        ] {
            let (_, writer) = writer(answers.clone());
            let saved = writer.save(How::Create, owned()).await;
            assert!(matches!(saved, Saved::Applied { .. }), "{answers:?}: {saved:?}");
            assert_eq!(writer.since_renewal(), age, "{answers:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn renewals_end_at_the_deadline() {
        let seconds = Duration::from_secs;
        // A batch of 600 s under a lease of 30 s: the deadline, and the time of the last renewal.
        for (deadline, last) in [(None, 590..=600), (Some(seconds(900)), 590..=600), (Some(seconds(95)), 85..=95)] {
            let (store, writer) = writer([]);
            writer.save(How::Create, owned()).await;
            let renewals = renew(&writer, deadline);
            tokio::time::sleep(seconds(600)).await;
            renewals.stop().await;
            let written = store.1.lock().unwrap().last().unwrap().as_secs();
            assert!(last.contains(&written), "deadline {deadline:?}: last renewed after {written} s");
        }
    }
}
