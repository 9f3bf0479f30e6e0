//! What can happen next in a world.
//!
//! What concerns one invocation alone happens at once, and so does a delivery with its first request.

use super::actors::{Actors, Cell, Told, named};
use super::world::{Invocation, Place, RUN, World};
use super::{Design, Scenario};
use crate::checkpoint::{Action, Checkpoint, Command, Shard, Stage, Status};
use crate::engine::messages::{Effect, Gathered, How, Reply, Signalled, Totals};
use crate::records::cuts::ranges;
use std::ops::Range;
use std::time::SystemTime;

pub(super) type Next = (&'static str, World);

pub(super) struct Model {
    pub(super) scenario: Scenario,
    pub(super) actors: Actors,
    out: Vec<Next>,
}

impl Model {
    pub(super) fn new(scenario: Scenario) -> Self {
        Self { scenario, actors: Actors::new(scenario), out: Vec::new() }
    }

    pub(super) fn nexts(&mut self, world: &World) -> Vec<Next> {
        for (number, event) in world.events.iter().enumerate() {
            for waiting in 0..event.waiting.len() {
                self.deliver(world, number, waiting);
            }
            for place in 0..event.at_work.len() {
                if let Some(mut dead) = world.faulty() {
                    dead.fail((number, place));
                    self.happens("an invocation dies", dead);
                }
                self.act(world, (number, place));
            }
            if event.dead_letter && world.is_quiet() {
                let mut redriven = world.clone();
                redriven.events[number].dead_letter = false;
                redriven.events[number].waiting.push(1);
                self.happens("a dead letter is redriven", redriven);
            }
        }
        self.resume(world);
        for cell in 0..world.cells.len() {
            self.expire(world, cell);
            self.sweep(world, cell);
        }
        std::mem::take(&mut self.out)
    }

    fn happens(&mut self, label: &'static str, next: World) {
        self.out.push((label, next));
    }

    fn deliver(&mut self, world: &World, number: usize, waiting: usize) {
        let event = &world.events[number];
        let mut taken = world.clone();
        let attempt = taken.events[number].waiting.remove(waiting);
        if event.acknowledged {
            self.happens("the queue drops a duplicate", taken.clone());
        }
        if let Some(mut lost) = world.faulty().filter(|_| self.scenario.loses && world.cells[RUN].is_some()) {
            lost.events[number].waiting.remove(waiting);
            self.happens("the queue loses an event", lost);
        }
        if let Some(mut twice) = world.faulty() {
            twice.events[number].waiting.push(attempt);
            self.happens("an event is delivered twice", twice);
        }
        let name = world.free_name(&self.actors, event.to);
        let actor = self.actors.given(name, event.signal, event.swept);
        let invocation = Invocation { name, attempt, actor, base: None, part: 0, has_saved: false };
        taken.events[number].at_work.push(invocation);
        let place = (number, taken.events[number].at_work.len() - 1);
        if let Some(mut dead) = taken.faulty() {
            dead.fail(place);
            self.happens("an invocation dies as it begins", dead);
        }
        self.act(&taken, place);
    }

    /// A person resumes a failed run, once, when nothing happens any more.
    fn resume(&mut self, world: &World) {
        let Some(failed) = world.checkpoint(&self.actors, RUN).filter(|run| run.status == Status::Failed) else { return };
        if world.resumed || !world.is_quiet() {
            return;
        }
        let run = resumed(failed);
        let mut next = World { resumed: true, ..world.clone() };
        next.send(RUN, (run.seq, (0, 0), 1), 1);
        let etag = world.free_etag(&self.actors, RUN);
        next.cells[RUN] = Some(Cell { checkpoint: self.actors.keep(run), etag, expired: false });
        self.happens("a person resumes the run", next);
    }

    /// The lease of a dead invocation ends by itself; a live one's only if it or the clock misbehaves.
    fn expire(&mut self, world: &World, cell: usize) {
        let is_owned = world.checkpoint(&self.actors, cell).is_some_and(|checkpoint| checkpoint.owner.is_some());
        let Some(found) = world.cells[cell].filter(|cell| !cell.expired && is_owned) else { return };
        let expired = if world.owner_lives(&self.actors, cell) { world.faulty() } else { Some(world.clone()) };
        let Some(mut expired) = expired else { return };
        expired.cells[cell] = Some(Cell { expired: true, ..found });
        self.happens("a lease expires", expired);
    }

    /// A sweep signals what nothing else will move.
    fn sweep(&mut self, world: &World, cell: usize) {
        let Some(checkpoint) = world.checkpoint(&self.actors, cell).filter(|_| self.scenario.loses) else { return };
        let expired = world.cells[cell].is_some_and(|cell| cell.expired);
        let is_due = |to: usize| world.events.iter().any(|event| event.to == to);
        // Without need it only writes the same checkpoint under another `seq`, which is no progress.
        let is_asked = checkpoint.owner.is_none() && checkpoint.shards.is_some_and(|shards| shards.are_asked());
        let waits = is_asked && self.gather(world, stage_of(checkpoint)) == Gathered::Waiting;
        if checkpoint.is_over() || is_due(cell) || waits || (checkpoint.owner.is_some() && !expired) {
            return;
        }
        let mut swept = world.clone();
        swept.send(cell, (checkpoint.seq, (0, 0), 1), 1);
        swept.events.last_mut().unwrap().swept = true;
        self.happens("a sweep signals again", swept);
    }

    /// Performs the request that an invocation waits for, with every answer that the world may give.
    fn act(&mut self, world: &World, place: Place) {
        let cell = world.events[place.0].to;
        let actor = self.actors.actor(world.events[place.0].at_work[place.1].actor);
        match &actor.effect {
            Effect::Read => self.tell(world.clone(), place, Told::Read(world.cells[cell]), "reads"),
            Effect::Save(how, checkpoint) => self.save(world, place, how, checkpoint),
            Effect::Work { .. } => {
                let mut worked = world.clone();
                worked.executed[cell - 1] += 1;
                self.tell(worked, place, Told::Worked, "does its batch");
                if let Some(faulty) = world.faulty().filter(|_| self.scenario.errors) {
                    self.tell(faulty, place, Told::WorkFailed, "its batch fails for good");
                }
            }
            Effect::Complete => {
                let mut completed = world.clone();
                completed.completed += 1;
                self.tell(completed, place, Told::Completed, "on_complete");
            }
            Effect::Scatter => self.scatter(world, place, actor.run.checkpoint().unwrap()),
            Effect::Gather => {
                let is_released = actor.run.checkpoint().is_some_and(|checkpoint| checkpoint.owner.is_none());
                let is_blind = is_released && self.scenario.design == Design::NeverLooksAgain;
                let stage = stage_of(actor.run.checkpoint().unwrap());
                let gathered = if is_blind { Gathered::Waiting } else { self.gather(world, stage) };
                self.tell(world.clone(), place, Told::Gathered(gathered), "looks at the marks");
            }
            Effect::Join(shard) => self.join(world, place, shard.stage),
            Effect::Signal { checkpoint, token, .. } => {
                let to = if checkpoint.shard.is_some() { cell } else { RUN };
                self.signal(world, place, to, checkpoint.seq, token);
            }
            _ => panic!("it happens at once, or not here"),
        }
    }

    fn save(&mut self, world: &World, place: Place, how: &How, checkpoint: &Checkpoint) {
        let cell = world.events[place.0].to;
        let base = match how {
            How::Create => None,
            How::Over { etag } => Some(etag.parse().unwrap()),
            How::Swap => world.events[place.0].at_work[place.1].base,
        };
        if let Some(found) = world.cells[cell].filter(|cell| Some(cell.etag) != base) {
            return self.tell(world.clone(), place, Told::Lost(found), "loses a save");
        }
        let mut saved = world.clone();
        let ends = checkpoint.status == Status::Done;
        if self.scenario.design == Design::MarksBeforeItIsDone && cell != RUN && ends && saved.marks & bit(cell) == 0 {
            saved.marks |= bit(cell);
            return self.happens("leaves its mark too early", saved);
        }
        saved.done += u8::from(cell == RUN && ends);
        let etag = world.free_etag(&self.actors, cell);
        let checkpoint = self.actors.keep(Checkpoint { w: String::new(), ..checkpoint.clone() });
        saved.cells[cell] = Some(Cell { checkpoint, etag, expired: false });
        let invocation = &mut saved.events[place.0].at_work[place.1];
        (invocation.base, invocation.has_saved) = (Some(etag), true);
        self.tell(saved, place, Told::Applied(etag), "saves");
    }

    /// One shard after the other: its checkpoint, then its signal.
    fn scatter(&mut self, world: &World, place: Place, run: &Checkpoint) {
        let Invocation { part, name, .. } = world.events[place.0].at_work[place.1];
        let asked = u32::from(part / 2);
        if asked == self.scenario.shards {
            return self.tell(world.clone(), place, Told::Scattered(asked), "has asked all shards");
        }
        let stage = stage_of(run);
        let shard = self.scenario.cells(stage).start + asked as usize;
        let mut next = world.clone();
        next.events[place.0].at_work[place.1].part += 1;
        let found = world.checkpoint(&self.actors, shard);
        if part % 2 == 0 {
            let count = self.scenario.shards;
            let Range { start, end } = ranges(0, run.size, count).nth(asked as usize).unwrap();
            let first = Shard { index: asked, count, stage, start, end };
            let (label, checkpoint) = match found {
                None => ("creates a shard", run.first_of_shard(first, None, SystemTime::UNIX_EPOCH)),
                Some(failed) if failed.status == Status::Failed && run.was_resumed() => ("resumes a shard", resumed(failed)),
                Some(_) => return self.happens("finds a shard", next),
            };
            let etag = world.free_etag(&self.actors, shard);
            next.cells[shard] = Some(Cell { checkpoint: self.actors.keep(checkpoint), etag, expired: false });
            return self.happens(label, next);
        }
        let seq = match found {
            Some(unasked) if unasked.is_unasked() => unasked.seq,
            _ => return self.happens("finds a shard that has begun", next),
        };
        let sent = |world: &World, copies| {
            let mut world = world.clone();
            world.send(shard, (seq, name, 1), copies);
            world
        };
        if let (Some(faulty), Some(moved)) = (world.faulty(), next.faulty()) {
            self.happens("signals a shard, and the request is doubled", sent(&moved, 2));
            self.tell(sent(&faulty, 1), place, Told::Scattered(asked), "signals a shard, but the answer is lost");
            self.tell(faulty, place, Told::Scattered(asked), "cannot signal a shard");
        }
        self.happens("signals a shard", sent(&next, 1));
    }

    fn gather(&self, world: &World, stage: Stage) -> Gathered {
        let trusts_marks = matches!(self.scenario.design, Design::TrustsMarks | Design::Counts | Design::MarksBeforeItIsDone);
        let all_are_over = self.scenario.cells(stage).all(|shard| world.is_over(&self.actors, shard));
        if !(if trusts_marks { self.are_all_marked(world, stage) } else { all_are_over }) {
            return Gathered::Waiting;
        }
        let shards = || self.scenario.cells(stage).filter_map(|cell| world.checkpoint(&self.actors, cell));
        if let Some(failed) = shards().find(|shard| shard.status == Status::Failed) {
            return Gathered::Failed(failed.last_error.clone().unwrap());
        }
        let records = shards().map(|shard| shard.position).sum();
        let batches = shards().map(|shard| shard.batches).sum();
        Gathered::Done(Totals { records, batches, ..Totals::default() })
    }

    fn are_all_marked(&self, world: &World, stage: Stage) -> bool {
        match self.scenario.design {
            Design::Counts => u32::from(world.counter[stage as usize]) >= self.scenario.shards,
            _ => self.scenario.cells(stage).all(|cell| world.marks & bit(cell) > 0),
        }
    }

    /// Three requests: the mark, the list of marks, and the run's checkpoint.
    fn join(&mut self, world: &World, place: Place, stage: Stage) {
        let cell = world.events[place.0].to;
        let Invocation { part, has_saved, .. } = world.events[place.0].at_work[place.1];
        if self.scenario.design == Design::OnlyTheEndJoins && !has_saved {
            return self.tell(world.clone(), place, Told::Joined(None), "does not join");
        }
        let mut marked = world.clone();
        marked.marks |= bit(cell);
        marked.counter[stage as usize] += u8::from(self.scenario.design == Design::Counts);
        let moved = |mut world: World, parts| {
            world.events[place.0].at_work[place.1].part += parts;
            world
        };
        let all = self.are_all_marked(world, stage);
        match (part, self.scenario.design == Design::ListsBeforeItMarks) {
            (0, false) => self.happens("leaves its mark", moved(marked, 1)),
            (1, false) if all => self.happens("finds all marks", moved(world.clone(), 1)),
            (1, false) => self.tell(world.clone(), place, Told::Joined(None), "misses a mark"),
            (0, true) => self.happens("lists the marks", moved(world.clone(), if all { 2 } else { 1 })),
            (1, true) => self.tell(marked, place, Told::Joined(None), "leaves its mark"),
            _ => {
                let run = world.cells[RUN].map(|cell| cell.checkpoint).filter(|_| !world.is_over(&self.actors, RUN));
                self.tell(world.clone(), place, Told::Joined(run), "reads the run");
            }
        }
    }

    fn signal(&mut self, world: &World, place: Place, to: usize, seq: u64, token: &str) {
        let tries = token.rsplit('.').next().unwrap().parse().unwrap();
        let sent = |world: &World, copies| {
            let mut world = world.clone();
            world.send(to, (seq, named(token), tries), copies);
            world
        };
        let told = Told::Signalled;
        self.tell(sent(world, 1), place, told(Signalled::Accepted), "signals");
        let Some(faulty) = world.faulty() else { return };
        self.tell(sent(&faulty, 2), place, told(Signalled::Accepted), "signals, and the request is doubled");
        self.tell(sent(&faulty, 1), place, told(Signalled::Silence), "signals, but the answer is lost");
        self.tell(faulty.clone(), place, told(Signalled::Silence), "signals in vain, without an answer");
        self.tell(faulty, place, told(Signalled::Refused), "is refused a signal");
    }

    /// Steps an invocation, and answers Lambda once it has an answer.
    fn tell(&mut self, mut next: World, place: Place, told: Told, label: &'static str) {
        let invocation = &mut next.events[place.0].at_work[place.1];
        invocation.part = 0;
        invocation.actor = self.actors.step(invocation.actor, told);
        let actor = self.actors.actor(invocation.actor);
        match &actor.effect {
            Effect::Reply(Reply::Acknowledge(_)) => {
                if let Some(mut dead) = next.faulty() {
                    dead.fail(place);
                    self.happens("dies before it can acknowledge", dead);
                }
                next.acknowledge(place);
            }
            Effect::Reply(_) => next.fail(place),
            _ => {}
        }
        self.happens(label, next);
    }
}

fn resumed(failed: &Checkpoint) -> Checkpoint {
    let mut checkpoint = failed.clone();
    checkpoint.obey(Command::new(Action::Resume), SystemTime::UNIX_EPOCH);
    checkpoint
}

fn stage_of(run: &Checkpoint) -> Stage {
    run.shards.unwrap().stage
}

fn bit(cell: usize) -> u8 {
    1 << (cell - 1)
}
