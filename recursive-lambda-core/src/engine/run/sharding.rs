//! A run over shards: it asks each of them to begin, waits for all without an invocation, and merges what they made. If the shards
//! must be found by a scan, it does the same twice. And what a shard does once it is over: it leaves its mark, and the one that finds
//! the marks of all signals the run.
//!
//! A mark is a hint, as a signal is; the shards' checkpoints are the truth. A mark is left before the marks are counted, and the
//! run gives up its ownership before it looks at its shards once more. So the last shard finds a run that it can signal, or the run
//! finds that the last shard is over. `docs/protocol.md` has the rules.

use super::{Phase, Run, SIGNAL_SILENCE, SIGNAL_TRIES, Then, Work, reply};
use crate::checkpoint::{Checkpoint, Shards, Stage, Status};
use crate::engine::messages::{AckReason, Effect, Gathered, Now, Refusal, Reply, Signalled, Totals};

impl Run {
    /// R17: the work of an owner whose run has shards.
    pub(super) fn oversee(&mut self, work: Box<Work>) -> Effect {
        if work.checkpoint.shards.is_some_and(|shards| shards.are_asked()) {
            self.phase = Phase::Gathering(work);
            return Effect::Gather;
        }
        self.phase = Phase::Scattering(work);
        Effect::Scatter
    }

    pub(super) fn scattered(&mut self, now: Now, mut work: Box<Work>, asked: u32) -> Effect {
        let checkpoint = &mut work.checkpoint;
        let Some(shards) = &mut checkpoint.shards else { return reply(Reply::Refuse(Refusal::OutOfStep)) };
        if asked > shards.asked {
            // It has moved, so the attempts before do not count.
            checkpoint.attempts = 1;
            checkpoint.waiting = None;
        }
        shards.asked = asked.clamp(shards.asked, shards.count);
        if shards.are_asked() {
            return self.release(work);
        }
        if self.budget.allows(0, now.left) == 0 {
            return self.hand_over(work, Status::Ready);
        }
        self.save(work, Then::Work)
    }

    pub(super) fn gathered(&mut self, now: Now, mut work: Box<Work>, gathered: Gathered) -> Effect {
        let checkpoint = &mut work.checkpoint;
        match gathered {
            Gathered::Waiting => self.release(work),
            Gathered::Done(_) if checkpoint.shards.is_some_and(|shards| shards.stage == Stage::Scan) => {
                checkpoint.shards = checkpoint.shards.map(|shards| Shards::new(shards.count, Stage::Read));
                checkpoint.attempts = 1;
                checkpoint.waiting = None;
                self.write(&work, Then::Work)
            }
            // Each shard may have skipped as many as are allowed for the run.
            Gathered::Done(Totals { skipped, .. }) if self.rules.skip.is_some_and(|most| skipped > most) => {
                let refusal = Refusal::TooManySkipped { skipped };
                checkpoint.fail(refusal.as_last_error(None));
                self.write(&work, Then::Reply(Reply::Refuse(refusal)))
            }
            Gathered::Done(Totals { records, lines, batches, skipped }) => {
                checkpoint.position = records;
                checkpoint.line = lines;
                checkpoint.offset = checkpoint.size;
                checkpoint.batches = batches;
                checkpoint.skipped = skipped;
                checkpoint.waiting = None;
                self.finish(now, work)
            }
            Gathered::Failed(error) => {
                let refusal = Refusal::RunFailed(Some(error.clone()));
                checkpoint.fail(error);
                self.write(&work, Then::Reply(Reply::Refuse(refusal)))
            }
            Gathered::Superseded => {
                checkpoint.owner = None;
                checkpoint.status = Status::Superseded;
                self.write(&work, Then::Reply(Reply::Acknowledge(AckReason::Superseded)))
            }
        }
    }

    /// The run waits for its shards: no invocation owns it, and no signal is due before all of them are over.
    fn release(&mut self, mut work: Box<Work>) -> Effect {
        work.checkpoint.waiting = None;
        work.checkpoint.hand_over(Status::Ready, self.token());
        self.write(&work, Then::Gather)
    }

    pub(super) fn gather_after_release(&mut self, checkpoint: Checkpoint) -> Effect {
        self.phase = Phase::Released(Box::new(checkpoint));
        Effect::Gather
    }

    pub(super) fn gathered_after_release(&mut self, checkpoint: Box<Checkpoint>, gathered: Option<Gathered>) -> Effect {
        match gathered {
            Some(Gathered::Waiting) => reply(Reply::Acknowledge(AckReason::Sharded)),
            Some(_) => self.signal(checkpoint, 1, AckReason::Yielded),
            // The event is delivered again, and signals the run then.
            None => reply(Reply::Fail),
        }
    }

    /// The reply to an event. R18: that of a shard that is over comes once the run knows, because the invocation that ended the shard
    /// may have died before it told the run.
    pub(super) fn answer(&mut self, checkpoint: &Checkpoint, answer: Reply) -> Effect {
        match checkpoint.shard {
            Some(shard) if checkpoint.is_over() => {
                self.phase = Phase::Joining(answer);
                Effect::Join(shard)
            }
            _ => reply(answer),
        }
    }

    pub(super) fn joined(&mut self, after: Reply, joined: Option<Option<Box<Checkpoint>>>) -> Effect {
        match joined {
            Some(Some(run)) => self.signal_run(run, 1, after),
            Some(None) => reply(after),
            None => reply(Reply::Fail),
        }
    }

    pub(super) fn signal_run(&mut self, run: Box<Checkpoint>, tries: u32, after: Reply) -> Effect {
        let token = self.token_of_try(tries);
        self.phase = Phase::SignallingRun { run: run.clone(), tries, reply: after };
        Effect::Signal { checkpoint: run, token, swept: false }
    }

    /// A signal too many is a duplicate, so silence needs no other answer than another try.
    pub(super) fn signalled_run(&mut self, run: Box<Checkpoint>, tries: u32, after: Reply, signalled: Signalled) -> Effect {
        match signalled {
            Signalled::Accepted => reply(after),
            Signalled::Silence if tries < SIGNAL_TRIES => {
                self.phase = Phase::SignallingRun { run, tries, reply: after };
                Effect::Sleep(SIGNAL_SILENCE)
            }
            Signalled::Silence | Signalled::Refused => reply(Reply::Refuse(Refusal::SignalFailed)),
        }
    }
}
