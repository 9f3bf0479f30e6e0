//! What goes wrong: which kinds of fault a seed enables, how often they strike, and until when.
//!
//! It only decides that a fault strikes. The effect is coded where it happens.

use super::chance::Chance;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::time::Duration;

macro_rules! faults {
    ($($name:ident),* $(,)?) => {
        /// The kinds of fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum Fault { $($name),* }
        impl Fault {
            pub(super) const ALL: [Fault; [$(Fault::$name),*].len()] = [$(Fault::$name),*];
        }
    };
}

faults! {
    // The store of checkpoints.
    WriteReplyLost, WriteNotApplied, WriteLate, WriteConflict, WriteTwice, WriteSlow, WriteDenied, ReadFails, ReadSlow,
    // The store of objects.
    BodyTorn, GetFails, GetSlow, HeadFails,
    // Lambda's asynchronous queue.
    EventTwice, EventLate, EventLost, EventThrottled, DuplicateInDays, ReplyIgnored,
    // The function's invocation of itself.
    SignalThrottled, SignalReplyLost, SignalTwice, SignalRefused,
    // The invocation.
    CrashBefore, CrashApplied, CrashAfter, CrashSometime, Paused, PausedUnawares, WrongDeadline, UnknownDeadline, WrongWallClock,
    // The job.
    JobFails, JobFailsAfterEffect, JobPanics, JobSlow, CompletionFails,
}

impl Fault {
    /// Whether it delays an invocation, so that its lease is older than it looks.
    pub(super) fn slows(self) -> bool {
        use Fault::{BodyTorn, GetSlow, Paused, PausedUnawares, ReadSlow, WriteLate, WriteReplyLost, WriteSlow};
        matches!(self, BodyTorn | GetSlow | Paused | PausedUnawares | ReadSlow | WriteLate | WriteReplyLost | WriteSlow)
    }

    fn is_of_a_brown_out(self) -> bool {
        use Fault::{EventLate, EventThrottled, EventTwice, ReadFails, SignalReplyLost, SignalThrottled, WriteReplyLost};
        matches!(self, EventLate | EventThrottled | EventTwice | ReadFails | SignalReplyLost | SignalThrottled | WriteReplyLost)
    }

    /// Whether an invocation that it strikes may lose its lease while it works.
    pub(super) fn delays_renewals(self) -> bool {
        use Fault::{
            Paused, PausedUnawares, ReadFails, ReadSlow, WriteConflict, WriteDenied, WriteLate, WriteNotApplied, WriteReplyLost,
            WriteSlow, WriteTwice,
        };
        matches!(
            self,
            Paused
                | PausedUnawares
                | ReadFails
                | ReadSlow
                | WriteConflict
                | WriteDenied
                | WriteLate
                | WriteNotApplied
                | WriteReplyLost
                | WriteSlow
                | WriteTwice
        )
    }
}

/// How many times in ten thousand each fault of a brown-out strikes.
const BROWN: u16 = 3_000;

const KINDS: usize = Fault::ALL.len();

/// When, within an effect, something happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Moment {
    /// The invocation dies before the effect.
    Before,
    /// The invocation dies after the effect.
    Applied,
    /// The invocation dies with the answer in hand.
    After,
    /// The effect is done, and the answer is lost.
    ReplyLost,
    /// The effect is not done, and there is no answer.
    NotApplied,
    /// The invocation stands still, longer than its lease, and wakes.
    Sleeps,
}

impl Moment {
    pub(super) const ALL: [Self; 6] = [Self::Before, Self::Applied, Self::After, Self::ReplyLost, Self::NotApplied, Self::Sleeps];
}

/// The faults of one simulation.
#[derive(Clone)]
pub(super) struct Faults {
    chance: Chance,
    /// Per kind, how many times in ten thousand.
    rates: [u16; KINDS],
    struck: [u32; KINDS],
    /// How many may still strike.
    left: u32,
    /// When the queue, Invoke and the store are all unreliable.
    brown_out: Range<Duration>,
    /// When faults stop, so that everything can finish.
    until: Duration,
    /// What happens to effects, by their numbers: for enumerations.
    script: BTreeMap<u64, Moment>,
    effects: u64,
    /// The signals that were lost so far, if each must be lost the first time.
    lost_once: Option<BTreeSet<String>>,
}

impl Faults {
    pub(super) fn none() -> Self {
        Self {
            chance: Chance::new(0, 0),
            rates: [0; KINDS],
            struck: [0; KINDS],
            left: 0,
            brown_out: Duration::ZERO..Duration::ZERO,
            until: Duration::ZERO,
            script: BTreeMap::new(),
            effects: 0,
            lost_once: None,
        }
    }

    /// Each seed has its own kinds: a fault that is always on hides bugs that need quiet.
    pub(super) fn swarm(seed: u64) -> Self {
        let mut chance = Chance::new(seed, 1);
        let mut faults = Self::none();
        let density = chance.pick(&[0, 1, 2, 4, 8, 16], 4);
        for rate in &mut faults.rates {
            if chance.below(16) < density {
                *rate = chance.pick(&[20, 100, 500, 2_000, 5_000], 100);
            }
        }
        if !chance.one_in(4) {
            faults.set(Fault::EventLost, 0);
        }
        faults.left = chance.pick(&[1, 2, 4, 8, 16, 64], 8) as u32;
        faults.until = chance.millis(1_000, 3_600_000);
        if chance.one_in(12) {
            let begin = chance.millis(0, 600_000);
            faults.brown_out = begin..begin + chance.millis(60_000, 1_200_000);
        }
        faults.chance = chance;
        faults
    }

    /// These kinds, each this many times in ten thousand, until then.
    pub(super) fn of(seed: u64, kinds: &[(Fault, u16)], until: Duration) -> Self {
        let mut faults = Self { chance: Chance::new(seed, 1), left: u32::MAX, until, ..Self::none() };
        for (fault, rate) in kinds {
            faults.set(*fault, *rate);
        }
        faults
    }

    /// The same with a brown-out.
    pub(super) fn browned_out(self, brown_out: Range<Duration>) -> Self {
        Self { brown_out, ..self }
    }

    pub(super) fn scripted(script: impl IntoIterator<Item = (u64, Moment)>) -> Self {
        Self { script: script.into_iter().collect(), ..Self::none() }
    }

    /// Every signal is lost the first time it is sent.
    pub(super) fn each_signal_is_lost_once() -> Self {
        Self { lost_once: Some(BTreeSet::new()), ..Self::none() }
    }

    /// Whether an event may never arrive.
    pub(super) fn may_lose_events(&self) -> bool {
        self.lost_once.is_some() || self.rates.get(Fault::EventLost as usize).is_some_and(|rate| *rate > 0)
    }

    /// Whether this signal is lost because it is the first for its run and number.
    pub(super) fn loses_first(&mut self, payload: &str) -> bool {
        let Some(lost) = &mut self.lost_once else { return false };
        // No matter who sends it, and how often: its run and number.
        let signal = payload.split_once("\"recursive_lambda\"").and_then(|(_, rest)| rest.split_once(",\"token\""));
        let loses = signal.is_some_and(|(signal, _)| lost.insert(signal.into()));
        if loses && let Some(count) = self.struck.get_mut(Fault::EventLost as usize) {
            *count += 1;
        }
        loses
    }

    pub(super) fn set(&mut self, fault: Fault, rate: u16) {
        if let Some(slot) = self.rates.get_mut(fault as usize) {
            *slot = rate;
        }
    }

    /// From now on nothing goes wrong.
    pub(super) fn stop(&mut self) {
        self.left = 0;
        self.until = Duration::ZERO;
        self.brown_out = Duration::ZERO..Duration::ZERO;
    }

    /// Whether this fault strikes now.
    pub(super) fn strikes(&mut self, fault: Fault, now: Duration) -> bool {
        let rate = self.rates.get(fault as usize).copied().unwrap_or_default();
        let brown = self.brown_out.contains(&now) && fault.is_of_a_brown_out();
        let usual = rate > 0 && self.left > 0 && now < self.until;
        let strikes = (usual || brown) && self.chance.strikes(if brown { rate.max(BROWN) } else { rate });
        if strikes {
            self.left = self.left.saturating_sub(u32::from(!brown));
            if let Some(count) = self.struck.get_mut(fault as usize) {
                *count += 1;
            }
        }
        strikes
    }

    /// Numbers the next effect, and returns what the script has for it.
    pub(super) fn scripted_for_next_effect(&mut self) -> Option<Moment> {
        self.effects += 1;
        self.script.get(&self.effects).copied()
    }

    /// Effects so far.
    pub(super) fn effects(&self) -> u64 {
        self.effects
    }

    /// How often an invocation was made to sleep.
    pub(super) fn sleepers(&self) -> u64 {
        let scripted = self.script.values().filter(|moment| **moment == Moment::Sleeps).count() as u64;
        scripted + u64::from(self.struck(Fault::Paused) + self.struck(Fault::PausedUnawares))
    }

    pub(super) fn struck(&self, fault: Fault) -> u32 {
        self.struck.get(fault as usize).copied().unwrap_or_default()
    }

    pub(super) fn total(&self) -> u64 {
        self.struck.iter().map(|count| u64::from(*count)).sum::<u64>() + self.script.len() as u64
    }
}

/// The kinds enabled, with their rates and how often they struck.
impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_map();
        for ((fault, rate), struck) in Fault::ALL.iter().zip(&self.rates).zip(&self.struck) {
            if *rate > 0 {
                list.entry(fault, &format_args!("{rate}/10000, struck {struck}"));
            }
        }
        for (effect, moment) in &self.script {
            list.entry(effect, moment);
        }
        if !self.brown_out.is_empty() {
            list.entry(&"brown-out", &self.brown_out);
        }
        list.entry(&"left", &self.left).entry(&"until", &self.until).finish()
    }
}
