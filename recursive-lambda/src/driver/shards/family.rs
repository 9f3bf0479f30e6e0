//! What R17 and R18 ask for: the shards of a run are created, signalled and looked at, and a shard that is over leaves its mark.
//!
//! It decides nothing. `docs/protocol.md` has the rules.

use super::places::{Places, find};
use super::scanning::found;
use super::{AT_ONCE, is_scanned};
use crate::driver::deployment::Deployment;
use crate::driver::execution::{not_acquired, owner};
use crate::driver::failed::Failed;
use crate::driver::source_error::source_error;
use crate::driver::start::expected_owner;
use crate::driver::writer::Writer;
use crate::invocation::Invocation;
use crate::job::Handler;
use crate::ports::{Clock, Disk, Objects, RunKey, Signals, Store};
use crate::{Error, ErrorKind};
use futures_util::{StreamExt, stream};
use recursive_lambda_core::checkpoint::{Action, Checkpoint, Command, LastError, SavedState, Shard, Shards, Stage, Status};
use recursive_lambda_core::engine::budget::Budget;
use recursive_lambda_core::engine::messages::{Cause, Gathered, How, Signalled, Totals};
use recursive_lambda_core::engine::save::{Read, Saved, Stored};
use recursive_lambda_core::event::Signal;
use recursive_lambda_core::identity::shard_name;
use recursive_lambda_core::object::PinnedObject;
use recursive_lambda_core::records::cuts::Scanned;
use std::sync::Arc;
use std::time::Duration;

/// How many times a shard is signalled before the run waits, and the pause between.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_secs(1);

/// A run and its shards, as one invocation for one of them sees the others.
pub(in crate::driver) struct Family<'a, H: Handler, P, R> {
    pub(in crate::driver) deployment: &'a Deployment<H, P>,
    pub(in crate::driver) invocation: &'a Invocation,
    /// The run's id.
    pub(in crate::driver) run: &'a str,
    pub(in crate::driver) store: Arc<R>,
}

/// What the shards have done, and the state of each.
pub(in crate::driver) type GatheredStates = (Gathered, Vec<Option<SavedState>>);

impl<H, P, R> Family<'_, H, P, R>
where
    H: Handler,
    P: Objects + Signals + Disk + Clock,
    R: Store,
{
    /// Creates and signals shards that are not asked yet, until the time is up. Returns how many are asked.
    pub(in crate::driver) async fn scatter(&self, checkpoint: &Checkpoint, budget: &Budget) -> Result<u32, Failed> {
        let shards = checkpoint.shards.ok_or_else(not_acquired)?;
        let object = owned_object(self.deployment, self.invocation, checkpoint)?;
        let scans = match shards.stage {
            Stage::Scan => Vec::new(),
            Stage::Read => self.scans(shards).await?,
        };
        let places = find::<H, P>(&self.deployment.platform, &object, checkpoint, shards, scans).await;
        let Places { header, shards: places } = places.map_err(|mut failed| {
            // Some shards may have processed records.
            if failed.failure.cause == Cause::Changed && shards.asked > 0 {
                failed.failure.cause = Cause::Other;
            }
            failed
        })?;
        let wall = self.deployment.platform.wall();
        let firsts = places.into_iter().map(|shard| checkpoint.first_of_shard(shard, header.clone(), wall));
        let is_resumed = checkpoint.was_resumed();
        let mut asks = stream::iter(firsts.map(|first| self.ask(first, is_resumed))).buffered(AT_ONCE);
        let mut asked = shards.asked;
        while let Some(answer) = asks.next().await {
            match answer {
                Ok(()) => asked += 1,
                Err(failed) if asked == shards.asked => return Err(failed),
                Err(failed) => {
                    tracing::warn!(asked, error = %failed.error, "not all shards could be asked yet");
                    break;
                }
            }
            if budget.allows(0, self.invocation.time_left(self.deployment.platform.now())) == 0 {
                break;
            }
        }
        Ok(asked)
    }

    /// Creates a shard, unless it is there, and signals it, unless it has begun. If the run was resumed, a failed shard goes on, too.
    async fn ask(&self, first: Checkpoint, is_resumed: bool) -> Result<(), Failed> {
        let Some(Shard { index, stage, .. }) = first.shard else { return Err(not_acquired().into()) };
        let run = shard_name(self.run, stage, index);
        let id = RunKey { job: H::NAME, run: run.clone() };
        let (store, platform) = (Arc::clone(&self.store), Arc::clone(&self.deployment.platform));
        let me = owner(self.invocation);
        let nonce = me.nonce.clone();
        let writer = Writer::new(store, platform, id, me, self.deployment.settings.lease);
        let seq = match writer.save(How::Create, first).await {
            Saved::Applied { .. } => 1,
            Saved::Lost(stored) if is_resumed && stored.checkpoint.status == Status::Failed => {
                self.resume(&writer, *stored).await?
            }
            Saved::Lost(stored) if stored.checkpoint.is_unasked() => stored.checkpoint.seq,
            Saved::Lost(_) => return Ok(()),
            Saved::Unknown(why) | Saved::Refused(why) => {
                return Err(unanswered("the checkpoint of a shard was not written", why));
            }
            Saved::Gone => return Err(unanswered("the checkpoint of a shard is gone", run)),
            Saved::Unreadable(why) => return Err(unanswered("the checkpoint of a shard does not read", format!("{why:?}"))),
        };
        let mut last = None;
        for tries in 1..=TRIES {
            if tries > 1 {
                self.deployment.platform.sleep(PAUSE).await;
            }
            let token = format!("{nonce}.{tries}");
            let signal = Signal { job: H::NAME.into(), run: run.clone(), seq, token, swept: false, position: 0, carried: None };
            let (signalled, why) = self.deployment.platform.signal(self.invocation, signal.to_json()).await;
            match signalled {
                Signalled::Accepted => return Ok(()),
                Signalled::Silence => last = why,
                Signalled::Refused => {
                    last = why;
                    break;
                }
            }
        }
        Err(Failed::by_the_environment(Error::new(ErrorKind::Invoke, last.unwrap_or_default())))
    }

    /// Returns the `seq` to signal.
    async fn resume(&self, writer: &Writer<R, P>, Stored { mut checkpoint, etag, .. }: Stored) -> Result<u64, Failed> {
        checkpoint.obey(Command::new(Action::Resume), self.deployment.platform.wall());
        let seq = checkpoint.seq;
        match writer.save(How::Over { etag }, checkpoint).await {
            Saved::Applied { .. } => Ok(seq),
            Saved::Lost(stored) => Ok(stored.checkpoint.seq),
            other => Err(unanswered("a failed shard was not resumed", format!("{other:?}"))),
        }
    }

    /// What the shards of the stage before have found.
    async fn scans(&self, Shards { count, .. }: Shards) -> Result<Vec<Option<Scanned>>, Failed> {
        let mut scans = Vec::new();
        if !is_scanned::<H>() {
            return Ok(scans);
        }
        let mut reads = stream::iter((0..count).map(|index| self.read_shard(Stage::Scan, index))).buffered(AT_ONCE);
        while let Some(shard) = reads.next().await {
            scans.push(found(&shard?)?);
        }
        Ok(scans)
    }

    async fn read_shard(&self, stage: Stage, index: u32) -> Result<Checkpoint, Failed> {
        let run = shard_name(self.run, stage, index);
        match self.store.read(&RunKey { job: H::NAME, run: run.clone() }).await {
            Read::Found(stored) => Ok(stored.checkpoint),
            Read::Absent => Err(unanswered("the checkpoint of a shard is gone", run)),
            Read::Failed(why) => Err(unanswered("the checkpoint of a shard was not read", why)),
            Read::Unreadable(why) => Err(unanswered("the checkpoint of a shard does not read", format!("{why:?}"))),
        }
    }

    /// What the shards have done.
    pub(in crate::driver) async fn gather(&self, checkpoint: &Checkpoint) -> Result<GatheredStates, Failed> {
        let Shards { count, stage, .. } = checkpoint.shards.ok_or_else(not_acquired)?;
        let (mut totals, mut states, mut over) = (Totals::default(), Vec::new(), Vec::new());
        let mut reads = stream::iter((0..count).map(|index| self.read_shard(stage, index))).buffered(AT_ONCE);
        while let Some(shard) = reads.next().await {
            let shard = shard?;
            if !shard.is_over() {
                return Ok((Gathered::Waiting, Vec::new()));
            }
            totals.records += shard.position;
            totals.lines += shard.line;
            totals.batches += shard.batches;
            totals.skipped += shard.skipped;
            states.push(shard.state);
            over.push((shard.status, shard.last_error));
        }
        drop(reads);
        if over.iter().all(|(status, _)| *status == Status::Superseded) {
            return Ok((Gathered::Superseded, states));
        }
        if let Some((index, (status, error))) = (0..).zip(over).find(|(_, (status, _))| *status != Status::Done) {
            let failed = failed(checkpoint, &shard_name(self.run, stage, index), status, error);
            return Ok((Gathered::Failed(failed), states));
        }
        Ok((Gathered::Done(totals), states))
    }

    /// Leaves the mark of this shard. Returns the run if it waits for nothing else.
    pub(in crate::driver) async fn join(
        &self,
        Shard { index, count, stage, .. }: Shard,
    ) -> Result<Option<Box<Checkpoint>>, Failed> {
        let run = RunKey { job: H::NAME, run: self.run.into() };
        let marked = self.store.mark(&run, stage, index).await;
        marked.map_err(|why| unanswered("the mark of a shard that is over was not written", why))?;
        let marks = self.store.marks(&run, stage).await;
        if marks.map_err(|why| unanswered("the marks of the shards were not listed", why))? < count {
            return Ok(None);
        }
        match self.store.read(&run).await {
            Read::Found(stored) if !stored.checkpoint.is_over() => Ok(Some(Box::new(stored.checkpoint))),
            Read::Found(_) | Read::Absent => Ok(None),
            Read::Failed(why) => Err(unanswered("the run's checkpoint was not read", why)),
            Read::Unreadable(why) => Err(unanswered("the run's checkpoint does not read", format!("{why:?}"))),
        }
    }
}

/// Why the run fails, from the first shard that is over and not done.
fn failed(run: &Checkpoint, shard: &str, status: Status, error: Option<LastError>) -> LastError {
    let said = match status {
        Status::Superseded => source_error(crate::ports::SourceError::Changed, &run.object, true).bare_message(),
        Status::Cancelled => "it was cancelled".into(),
        _ => error.as_ref().map_or_else(|| "it failed".into(), |error| error.message.clone()),
    };
    let message = format!("shard {shard}: {said}");
    match error {
        Some(error) => LastError { message, ..error },
        None => LastError { kind: format!("{:?}", ErrorKind::Job), message, record: None, line: None, offset: None },
    }
}

/// The object, in a bucket of the account that must own it.
pub(in crate::driver) fn owned_object<H: Handler, P>(
    deployment: &Deployment<H, P>,
    invocation: &Invocation,
    checkpoint: &Checkpoint,
) -> Result<PinnedObject, Failed> {
    let bucket = &checkpoint.object.bucket;
    // Not from the checkpoint: with `none` it came in the event, and anyone may have written it.
    let owner = expected_owner(&deployment.settings, &invocation.function_arn, bucket).map_err(Failed::by_the_environment)?;
    Ok(PinnedObject { owner, ..checkpoint.object.clone() })
}

fn unanswered(what: &str, why: String) -> Failed {
    let message = format!("{what}; the run waits, and goes on when this event is delivered again");
    Failed::by_the_environment(Error::new(ErrorKind::Store, message).because(why))
}
