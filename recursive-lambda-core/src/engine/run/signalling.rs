//! R14: a signal is sent without retries below, and after silence the checkpoint tells whether it arrived.
//!
//! `docs/protocol.md` has the rules.

use super::{Phase, Run, SIGNAL_TRIES, reply};
use crate::checkpoint::Checkpoint;
use crate::engine::messages::{AckReason, Effect, Refusal, Reply, Trigger};
use crate::engine::save::Read;

impl Run {
    pub(super) fn signal(&mut self, checkpoint: Box<Checkpoint>, tries: u32, why: AckReason) -> Effect {
        self.phase = Phase::Signalling { checkpoint: checkpoint.clone(), tries, why };
        let token = self.token_of_try(tries);
        Effect::Signal { checkpoint, token, swept: matches!(self.trigger, Trigger::Sweep(_)) }
    }

    /// Each try has its own token: if two of them arrive, only one may be sent again.
    pub(super) fn token_of_try(&self, tries: u32) -> String {
        format!("{}.{tries}", self.me.nonce)
    }

    /// R14: if Lambda did not answer, the checkpoint tells whether the signal arrived: the epoch has grown since. The owner
    /// proves nothing, because the signal may have been sent for the death of that owner.
    pub(super) fn check_signal(&mut self, sent: Box<Checkpoint>, tries: u32, why: AckReason, read: Read) -> Effect {
        match read {
            Read::Found(stored) if stored.checkpoint.is_at_rest() || stored.checkpoint.epoch > sent.epoch => {
                reply(Reply::Acknowledge(why))
            }
            Read::Absent => reply(Reply::Refuse(Refusal::CheckpointGone)),
            _ if tries >= SIGNAL_TRIES => reply(Reply::Refuse(Refusal::SignalFailed)),
            _ => self.signal(sent, tries + 1, why),
        }
    }
}
