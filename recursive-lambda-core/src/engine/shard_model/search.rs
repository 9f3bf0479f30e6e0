//! The search: every world once, and the way to the first one that is wrong.

use super::Scenario;
use super::steps::Model;
use super::world::{RUN, World};
use crate::checkpoint::Status;
use crate::engine::messages::Effect;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

pub(super) struct Report {
    pub(super) states: usize,
    /// The first thing that is wrong, and how it came to be.
    pub(super) wrong: Option<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} states", self.states)?;
        self.wrong.as_ref().map_or(Ok(()), |wrong| write!(f, ", {wrong}"))
    }
}

/// 128 bits of a world stand for it: that two worlds share them is less likely than a broken machine.
type Print = (u64, u64);

fn print(world: &World) -> Print {
    let half = |seed: u64| {
        let mut hasher = DefaultHasher::new();
        seed.hash(&mut hasher);
        world.hash(&mut hasher);
        hasher.finish()
    };
    (half(1), half(2))
}

pub(super) fn explore(scenario: Scenario) -> Report {
    let mut model = Model::new(scenario);
    let start = World::new(scenario).tidied();
    let first = print(&start);
    let mut seen: HashMap<Print, (Print, &'static str)> = HashMap::from([(first, (first, "starts"))]);
    let mut open = vec![start];
    while let Some(world) = open.pop() {
        let from = print(&world);
        let nexts = model.nexts(&world);
        if let Some(wrong) = wrong(&model, &world, nexts.is_empty()) {
            return Report { states: seen.len(), wrong: Some(format!("{wrong}: {}", way(&seen, from, first))) };
        }
        for (label, next) in nexts {
            let next = next.tidied();
            if let Entry::Vacant(entry) = seen.entry(print(&next)) {
                entry.insert((from, label));
                open.push(next);
            }
        }
    }
    Report { states: seen.len(), wrong: None }
}

fn way(seen: &HashMap<Print, (Print, &'static str)>, mut at: Print, first: Print) -> String {
    let mut labels = Vec::new();
    while at != first {
        let (before, label) = seen[&at];
        labels.push(label);
        at = before;
    }
    labels.reverse();
    labels.join(", ")
}

fn wrong(Model { scenario, actors, .. }: &Model, world: &World, is_the_end: bool) -> Option<String> {
    let spent = scenario.faults - world.faults;
    let completes = world.invocations().any(|invocation| actors.actor(invocation.actor).effect == Effect::Complete);
    if completes && (1..world.cells.len()).any(|shard| world.status(actors, shard) != Some(Status::Done)) {
        return Some("on_complete runs before all shards are done".into());
    }
    if world.done > 1 {
        return Some("the run is done twice".into());
    }
    if world.status(actors, RUN) == Some(Status::Failed) && !scenario.errors {
        return Some("the run fails without an error".into());
    }
    if world.status(actors, RUN) == Some(Status::Done) && world.completed == 0 {
        return Some("the run is done without on_complete".into());
    }
    if world.executed.iter().any(|executed| *executed > 1 + spent) {
        return Some(format!("batches are executed {:?} times with {spent} faults", world.executed));
    }
    (is_the_end && !world.is_over(actors, RUN)).then(|| "the run is never continued".into())
}
