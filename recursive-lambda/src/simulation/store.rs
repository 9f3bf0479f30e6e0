//! S3 in memory: checkpoints swapped by ETag, objects read by range, and everything a store can do to its callers.

use super::environment::{Environment, SILENCE};
use super::executor::{Group, WORLD};
use super::faults::{Fault, Moment};
use super::world::{State, World};
use crate::ports::{Listed, Objects, Page, RunKey, SourceError, Store};
use crate::{Error, ErrorKind};
use bytes::Bytes;
use recursive_lambda_core::checkpoint::{Checkpoint, Stage};
use recursive_lambda_core::engine::save::{Condition, Read, Stored, Written};
use recursive_lambda_core::object::PinnedObject;
use std::future::Future;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

#[derive(Clone)]
pub(super) struct StoredObject {
    pub(super) body: Bytes,
    pub(super) etag: String,
}

pub(super) struct StoredRecord {
    pub(super) body: Vec<u8>,
    pub(super) etag: String,
    /// By the store's clock.
    pub(super) modified: Duration,
    pub(super) checkpoint: Checkpoint,
}

impl StoredRecord {
    /// `Date` minus `Last-Modified`: both are whole seconds.
    pub(super) fn age(&self, now: Duration) -> Duration {
        Duration::from_secs(now.as_secs().saturating_sub(self.modified.as_secs()))
    }
}

impl Store for Environment {
    async fn read(&self, id: &RunKey) -> Read {
        let moment = self.begin("read").await;
        self.latency(Fault::ReadSlow).await;
        if moment == Some(Moment::NotApplied) || self.world.strikes(self.group, Fault::ReadFails) {
            return Read::Failed("503".into());
        }
        let read = self.world.with(|state| match state.records.get(&World::name(id)) {
            None => Read::Absent,
            Some(stored) => match Checkpoint::from_json(&stored.body) {
                Ok(checkpoint) => {
                    Read::Found(Box::new(Stored { checkpoint, etag: stored.etag.clone(), age: stored.age(state.now) }))
                }
                Err(unreadable) => Read::Unreadable(unreadable),
            },
        });
        self.die_if(moment, Moment::Applied).await;
        if moment == Some(Moment::ReplyLost) {
            return Read::Failed("silence".into());
        }
        self.latency(Fault::ReadSlow).await;
        self.die_if(moment, Moment::After).await;
        read
    }

    async fn list(&self, job: &'static str, page: Option<String>) -> Result<Page, Error> {
        let moment = self.begin("list").await;
        self.latency(Fault::ReadSlow).await;
        if moment == Some(Moment::NotApplied) || self.world.strikes(self.group, Fault::ReadFails) {
            return Err(Error::new(ErrorKind::Store, "503"));
        }
        let listed = self.world.with(|state| state.list(job, page.as_deref()));
        self.die_if(moment, Moment::Applied).await;
        if moment == Some(Moment::ReplyLost) {
            return Err(Error::new(ErrorKind::Store, "silence"));
        }
        self.latency(Fault::ReadSlow).await;
        self.die_if(moment, Moment::After).await;
        Ok(listed)
    }

    async fn write(&self, id: &RunKey, body: Vec<u8>, condition: &Condition) -> Written {
        let moment = self.begin("write").await;
        let strikes = |fault| self.world.strikes(self.group, fault);
        self.latency(Fault::WriteSlow).await;
        if strikes(Fault::WriteDenied) {
            return Written::Refused("403".into());
        }
        if strikes(Fault::WriteConflict) {
            return Written::Conflict;
        }
        if moment == Some(Moment::NotApplied) || strikes(Fault::WriteNotApplied) {
            return Written::Unknown("503".into());
        }
        if strikes(Fault::WriteLate) {
            self.write_late(id.clone(), body, condition.clone());
            self.die_if(moment, Moment::Applied).await;
            self.world.sleep(SILENCE).await;
            return Written::Unknown("silence".into());
        }
        let written = self.world.with(|state| state.write(self.group, id, &body, condition, &self.world));
        self.die_if(moment, Moment::Applied).await;
        if moment == Some(Moment::ReplyLost) || strikes(Fault::WriteReplyLost) {
            self.world.sleep(SILENCE).await;
            return Written::Unknown("silence".into());
        }
        self.latency(Fault::WriteSlow).await;
        let again = strikes(Fault::WriteTwice);
        let written = match again {
            true => self.world.with(|state| state.write(self.group, id, &body, condition, &self.world)),
            false => written,
        };
        self.die_if(moment, Moment::After).await;
        written
    }

    async fn write_skipped(&self, id: &RunKey, index: u64, body: Vec<u8>) -> Result<(), String> {
        let moment = self.begin("write skipped").await;
        self.latency(Fault::WriteSlow).await;
        if moment == Some(Moment::NotApplied) || self.world.strikes(self.group, Fault::WriteNotApplied) {
            return Err("503".into());
        }
        self.world.with(|state| state.skipped(self.group, &id.run, index, &body, &self.world));
        self.die_if(moment, Moment::Applied).await;
        if moment == Some(Moment::ReplyLost) || self.world.strikes(self.group, Fault::WriteReplyLost) {
            return Err("silence".into());
        }
        self.latency(Fault::WriteSlow).await;
        self.die_if(moment, Moment::After).await;
        Ok(())
    }

    async fn mark(&self, run: &RunKey, stage: Stage, shard: u32) -> Result<(), String> {
        let moment = self.begin("mark").await;
        self.latency(Fault::WriteSlow).await;
        if moment == Some(Moment::NotApplied) || self.world.strikes(self.group, Fault::WriteNotApplied) {
            return Err("503".into());
        }
        self.world.with(|state| state.marks.insert((run.run.clone(), stage, shard)));
        self.die_if(moment, Moment::Applied).await;
        if moment == Some(Moment::ReplyLost) || self.world.strikes(self.group, Fault::WriteReplyLost) {
            return Err("silence".into());
        }
        self.die_if(moment, Moment::After).await;
        Ok(())
    }

    async fn marks(&self, run: &RunKey, stage: Stage) -> Result<u32, String> {
        let moment = self.begin("marks").await;
        self.latency(Fault::ReadSlow).await;
        if moment == Some(Moment::NotApplied) || self.world.strikes(self.group, Fault::ReadFails) {
            return Err("503".into());
        }
        let of_this_run = |(marked, at, _): &&(String, Stage, u32)| *marked == run.run && *at == stage;
        let marks = self.world.with(|state| state.marks.iter().filter(of_this_run).count());
        self.die_if(moment, Moment::Applied).await;
        if moment == Some(Moment::ReplyLost) {
            return Err("silence".into());
        }
        self.die_if(moment, Moment::After).await;
        Ok(marks as u32)
    }
}

impl Environment {
    /// The request is delayed for a long time; its sender has given up or died.
    fn write_late(&self, id: RunKey, body: Vec<u8>, condition: Condition) {
        let (world, group) = (Arc::clone(&self.world), self.group);
        let late = world.with(|state| state.chance.millis(100, 90_000));
        world.clone().spawn(async move {
            world.sleep(late).await;
            world.with(|state| {
                let written = state.write(group, &id, &body, &condition, &world);
                state.note(WORLD, format_args!("a late write: {}", matches!(written, Written::Applied { .. })));
                // Its writer learns late that it has a lease.
                state.checks.excuse(group);
            });
        });
    }
}

/// Runs on a page: fewer than some seeds have, so that there are several pages.
const PAGE: usize = 2;

impl State {
    fn list(&self, job: &str, page: Option<&str>) -> Page {
        let below = self.records.iter().filter_map(|(name, stored)| Some((name.strip_prefix(job)?.strip_prefix('/')?, stored)));
        let mut rest = below.filter(|(run, _)| page.is_none_or(|last| *run > last));
        let listed = |(run, stored): (&str, &StoredRecord)| Listed { run: run.into(), age: stored.age(self.now) };
        let runs: Vec<_> = rest.by_ref().take(PAGE).map(listed).collect();
        let last = runs.last().map(|last| last.run.clone());
        Page { runs, next: last.filter(|_| rest.next().is_some()) }
    }

    fn write(&mut self, writer: Group, id: &RunKey, body: &[u8], condition: &Condition, world: &World) -> Written {
        let name = World::name(id);
        self.writes += 1;
        let stands = match (condition, self.records.get(&name)) {
            (Condition::Absent, None) => true,
            (Condition::Matches(etag), Some(stored)) => *etag == stored.etag,
            _ => false,
        };
        if !stands {
            self.note(writer, format_args!("  refused: 412"));
            return Written::Conflict;
        }
        let Ok(checkpoint) = Checkpoint::from_json(body) else {
            self.wrong(writer, "a checkpoint was written that does not read".into());
            return Written::Refused("400".into());
        };
        self.note(
            writer,
            format_args!(
                "  {:?} position {} seq {} epoch {} attempts {} owner {} w {}",
                checkpoint.status,
                checkpoint.position,
                checkpoint.seq,
                checkpoint.epoch,
                checkpoint.attempts,
                checkpoint.owner.as_ref().map_or("-", |owner| &owner.nonce),
                checkpoint.w
            ),
        );
        let before = self.records.remove(&name);
        self.check_write(writer, &id.run, before.as_ref(), &checkpoint, world);
        let text = String::from_utf8_lossy(body);
        let etag = format!("{:016x}", super::oracle::digest(super::oracle::NO_DIGEST, &text));
        let stored = StoredRecord { body: body.to_vec(), etag: etag.clone(), modified: self.now, checkpoint };
        self.records.insert(name, stored);
        Written::Applied { etag }
    }
}

impl Objects for Environment {
    async fn head(&self, named: &PinnedObject) -> Result<PinnedObject, SourceError> {
        let moment = self.begin("head").await;
        self.latency(Fault::GetSlow).await;
        if moment.is_some() || self.world.strikes(self.group, Fault::HeadFails) {
            self.die_if(moment, Moment::Applied).await;
            self.die_if(moment, Moment::After).await;
            return Err(SourceError::Failed("503".into()));
        }
        match self.found(named) {
            None => Err(SourceError::NoSuchObject),
            Some(object) => Ok(PinnedObject { etag: object.etag, size: object.body.len() as u64, ..named.clone() }),
        }
    }

    fn get(&self, object: &PinnedObject, range: Range<u64>) -> impl Future<Output = Result<Bytes, SourceError>> + Send + 'static {
        let (environment, object) = (self.clone(), object.clone());
        // The read begins now, even if it is awaited later.
        let (least, most) = self.world.options.latency_ms;
        let there = self.world.with(|state| state.now + state.chance.millis(2 * least, 2 * most));
        async move {
            let world = &environment.world;
            let moment = environment.begin("get").await;
            world.sleep(there.saturating_sub(world.now())).await;
            if world.strikes(environment.group, Fault::GetSlow) || world.strikes(environment.group, Fault::BodyTorn) {
                // A torn body is requested again below the port, which takes time.
                environment.latency(Fault::GetSlow).await;
                world.sleep(SILENCE).await;
            }
            environment.die_if(moment, Moment::Applied).await;
            let fails = matches!(moment, Some(Moment::NotApplied | Moment::ReplyLost));
            if world.options.denied {
                return Err(SourceError::Denied("403".into()));
            }
            if fails || world.strikes(environment.group, Fault::GetFails) {
                return Err(SourceError::Failed("the body ended early".into()));
            }
            let read = match environment.found(&object) {
                None => Err(SourceError::NoSuchObject),
                // S3 says the size with every range, and the port refuses another one.
                Some(found) if found.etag != object.etag || found.body.len() as u64 != object.size => Err(SourceError::Changed),
                Some(found) => slice(&found.body, range),
            };
            environment.die_if(moment, Moment::After).await;
            read
        }
    }
}

impl Environment {
    /// The object that a read finds: a named version, or else the newest.
    fn found(&self, named: &PinnedObject) -> Option<StoredObject> {
        match named.version {
            Some(_) => Some(StoredObject { body: self.world.oracle.object.clone(), etag: "first".into() }),
            None => self.world.with(|state| state.object.clone()),
        }
    }
}

fn slice(body: &Bytes, range: Range<u64>) -> Result<Bytes, SourceError> {
    let (from, to) = (range.start as usize, range.end as usize);
    if from < to && to <= body.len() {
        Ok(body.slice(from..to))
    } else {
        Err(SourceError::Failed(format!("asked for {range:?} of {}", body.len())))
    }
}
