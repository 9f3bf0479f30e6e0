//! Breadth-first through every world, then back from the ends: no world breaks an invariant, and an end can be reached from every
//! world.
//!
//! `docs/protocol.md` has the invariants.

use super::coverage::Rows;
use super::transitions::{Model, Next, Scenario};
use super::world::World;
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

pub(super) struct Report {
    pub(super) states: usize,
    pub(super) transitions: usize,
    depth: u32,
    situations: usize,
    took: Duration,
    pub(super) coverage: Rows,
    /// What is wrong, and how the world got there.
    pub(super) wrong: Option<(String, Vec<String>)>,
}

impl std::fmt::Display for Report {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { states, transitions, depth, situations, took, .. } = self;
        let found = if self.wrong.is_some() { "wrong" } else { "holds" };
        write!(
            out,
            "{found}: {states} states, {transitions} transitions, depth {depth}, {situations} situations of the engine, {took:.1?}"
        )?;
        if let Some((wrong, trace)) = &self.wrong {
            write!(out, "\n{wrong}, after {} transitions\n  {}", trace.len(), trace.join("\n  "))?;
        }
        Ok(())
    }
}

struct Search {
    model: Model,
    numbers: HashMap<u64, u32>,
    parents: Vec<u32>,
    goals: Vec<u32>,
    edges: Vec<(u32, u32)>,
    buffer: Vec<u8>,
}

/// Explores a scenario to its end, or to the first thing that is wrong.
pub(super) fn explore(scenario: Scenario) -> Report {
    let begun = Instant::now();
    let mut search = Search {
        model: Model::new(scenario),
        numbers: HashMap::new(),
        parents: Vec::new(),
        goals: Vec::new(),
        edges: Vec::new(),
        buffer: Vec::new(),
    };
    let (wrong, depth) = search.run();
    Report {
        states: search.parents.len(),
        transitions: search.edges.len(),
        depth,
        situations: search.model.interner.len(),
        took: begun.elapsed(),
        coverage: search.model.coverage,
        wrong: wrong.map(|(wrong, state)| (wrong, search.trace(state))),
    }
}

impl Search {
    fn first(&self) -> World {
        let mut world = World::new(self.model.scenario.starts, self.model.scenario.faults, self.model.scenario.commands);
        world.normalise();
        world
    }

    fn run(&mut self) -> (Option<(String, u32)>, u32) {
        let mut queue = VecDeque::new();
        let first = self.first();
        let number = self.number(&first, 0).0;
        queue.push_back((number, 0, first));
        let (mut out, mut deepest) = (Vec::new(), 0);
        while let Some((number, depth, world)) = queue.pop_front() {
            deepest = depth;
            if let Some(wrong) = self.model.wrong(&world) {
                return (Some((wrong.into(), number)), depth);
            }
            if self.model.is_goal(&world) {
                self.goals.push(number);
            }
            self.model.next(&world, &mut out);
            for (_, mut next) in out.drain(..) {
                next.normalise();
                assert!(next.events.len() < 16, "the world does not end");
                let (next_number, new) = self.number(&next, number);
                self.edges.push((number, next_number));
                if new {
                    queue.push_back((next_number, depth + 1, next));
                }
            }
            if let Some(wrong) = self.model.broken.take() {
                return (Some((wrong, number)), depth);
            }
        }
        (self.stuck().map(|state| ("I5: no end can be reached".into(), state)), deepest)
    }

    fn number(&mut self, world: &World, parent: u32) -> (u32, bool) {
        let fingerprint = world.fingerprint(&mut self.buffer);
        let number = self.parents.len() as u32;
        match self.numbers.entry(fingerprint) {
            std::collections::hash_map::Entry::Occupied(known) => (*known.get(), false),
            std::collections::hash_map::Entry::Vacant(vacant) => {
                vacant.insert(number);
                self.parents.push(parent);
                (number, true)
            }
        }
    }

    /// The first state from which no goal can be reached.
    fn stuck(&self) -> Option<u32> {
        let mut begins = vec![0_usize; self.parents.len() + 2];
        self.edges.iter().for_each(|(_, to)| begins[*to as usize + 2] += 1);
        (2..begins.len()).for_each(|at| begins[at] += begins[at - 1]);
        let mut sources = vec![0; self.edges.len()];
        for (from, to) in &self.edges {
            let at = &mut begins[*to as usize + 1];
            sources[*at] = *from;
            *at += 1;
        }
        let mut reaches = vec![false; self.parents.len()];
        let mut open = self.goals.clone();
        open.iter().for_each(|goal| reaches[*goal as usize] = true);
        while let Some(state) = open.pop() {
            for from in &sources[begins[state as usize]..begins[state as usize + 1]] {
                if !std::mem::replace(&mut reaches[*from as usize], true) {
                    open.push(*from);
                }
            }
        }
        reaches.iter().position(|reaches| !reaches).map(|state| state as u32)
    }

    /// Repeats the way to a state, to say what happened on it.
    fn trace(&mut self, mut state: u32) -> Vec<String> {
        let mut way = vec![state];
        while state != 0 {
            state = self.parents[state as usize];
            way.push(state);
        }
        let mut world = self.first();
        let mut told = Vec::new();
        for to in way.iter().rev().skip(1) {
            let mut out: Vec<Next> = Vec::new();
            self.model.next(&world, &mut out);
            let step = out.into_iter().find_map(|(label, mut next)| {
                next.normalise();
                (self.numbers.get(&next.fingerprint(&mut self.buffer)) == Some(to)).then_some((label, next))
            });
            let Some((label, next)) = step else { break };
            let cell = next.cell.map(|cell| (self.model.interner.facts(cell.checkpoint), cell.expired));
            let checkpoint = cell.map_or("no checkpoint".into(), |(facts, expired)| {
                let owner = if facts.owned { " owned" } else { "" };
                let expired = if expired { " expired" } else { "" };
                format!("{:?}({})@{}{owner}{expired}", facts.status, facts.seq, facts.position)
            });
            told.push(format!("{label:45} {checkpoint}"));
            world = next;
        }
        told
    }
}
