//! The containers with their invocations on the time axis. Containers that do not overlap share a lane.

use super::crowd::crowd;
use super::draw::{key, percent, strip, swatch, symbol};
use super::marks::{Kind, Mark, Strip};
use super::merge::{Bar, bars, points, rows};
use super::recorded::{Ending, Invocation, Process};
use super::recording::Recording;
use super::work::{Fate, Judged, Role};
use super::{Story, words};
use maud::{Markup, html};
use recursive_lambda_local::ContainerId;
use std::collections::BTreeMap;
use std::time::Duration;

/// More invocations than this are drawn as columns: see [`crowd`].
pub(crate) const MOST: usize = 150;
/// More containers at once than this share lanes.
const LANES: usize = 8;
const HEIGHT: usize = 42;
/// Where a lane's bars begin and how high they are. The numbers are above, the container's name is below.
const TOP: usize = 13;
const BAR: usize = 16;
/// The narrowest bars that have room for a number, for a range, and for their number on a narrow page.
const NUMBER: f64 = 2.2;
const RANGE: f64 = 7.0;
const WIDE: f64 = 7.0;
/// A bar is at least as wide as this, so that it can be seen.
const NARROWEST: f64 = 0.12;
/// The distance at which the lines of batches can be told apart.
const APART: f64 = 0.45;

pub(crate) fn lanes(story: &Story<'_>) -> Markup {
    if story.recording.invocations.len() > MOST {
        return crowd(story);
    }
    let lane_of = lanes_of(story);
    let count = lane_of.values().max().map_or(1, |last| last + 1);
    let drawing = html! {
        @for lane in 0..count {
            (processes(story, lane, &|container| lane_of.get(&container) == Some(&lane)))
        }
        (links(story, &lane_of))
        @for lane in 0..count {
            @let is_here = |container: ContainerId| lane_of.get(&container) == Some(&lane);
            (fates(story, lane, &is_here))
            (numbers(story, lane, &is_here))
        }
    };
    strip(
        "Containers and their invocations",
        &legend(story),
        u32::try_from(count * HEIGHT).unwrap_or(u32::MAX),
        story.scale,
        &drawing,
    )
}

/// The lane of each container: from its first process to its eviction.
fn lanes_of(story: &Story<'_>) -> BTreeMap<ContainerId, usize> {
    let end = story.recording.span().1;
    let mut lives: BTreeMap<ContainerId, (Duration, Duration)> = BTreeMap::new();
    for process in &story.recording.processes {
        let to = if process.evicted { process.to.unwrap_or(end) } else { end };
        let life = lives.entry(process.container).or_insert((process.from, to));
        life.1 = to;
    }
    for invocation in &story.recording.invocations {
        lives.entry(invocation.container).or_insert((invocation.from, story.recording.end_of(invocation)));
    }
    let mut lives: Vec<_> = lives.into_iter().collect();
    lives.sort_by_key(|(_, life)| *life);
    let rows = rows(lives.iter().map(|(_, (from, to))| (from.as_secs_f64(), to.as_secs_f64())), LANES);
    lives.iter().map(|(container, _)| *container).zip(rows).collect()
}

fn processes(story: &Story<'_>, lane: usize, is_here: &dyn Fn(ContainerId) -> bool) -> Markup {
    let (scale, end) = (story.scale, story.recording.span().1);
    let here: Vec<&Process> = story.recording.processes.iter().filter(|process| is_here(process.container)).collect();
    let until = |process: &Process| process.to.unwrap_or(end);
    let lives = bars(here.iter().enumerate().map(|(index, process)| (scale.x(process.from), scale.x(until(process)), index)));
    let starts = here
        .iter()
        .enumerate()
        .map(|(index, process)| (scale.x(process.from), scale.x(process.ready.unwrap_or(until(process))), index));
    html! {
        @for bar in lives {
            @if let Some(process) = here.get(bar.first) {
                (rect("alive", &bar, lane, 0, &words::process(story, process, bar.count)))
                @if bar.count == 1 && bar.width() >= NUMBER {
                    @let (place, anchor) = if bar.to > 97.0 { (bar.to, "end") } else { (bar.from, "start") };
                    @let (class, name) = if bar.width() >= WIDE { ("wide", "container-") } else { ("slim", "c") };
                    text class=(class) x=(percent(place)) y=(lane * HEIGHT + TOP + BAR + 10) text-anchor=(anchor) {
                        (process.container.to_string().replace("container-", name))
                    }
                }
            }
        }
        @for bar in bars(starts).into_iter().filter(|bar| bar.width() > 0.05) {
            (rect("starting", &bar, lane, 5, "a container starts: its program loads"))
        }
    }
}

/// The bars of the invocations, in the order of time: the tab key follows it from lane to lane.
fn links(story: &Story<'_>, lane_of: &BTreeMap<ContainerId, usize>) -> Markup {
    let mut all: BTreeMap<(usize, Role), Vec<_>> = BTreeMap::new();
    for (index, invocation, judged) in story.invocations() {
        let lane = lane_of.get(&invocation.container).copied().unwrap_or(0);
        let place = (story.scale.x(invocation.from), story.scale.x(story.recording.end_of(invocation)), index);
        all.entry((lane, judged.role)).or_default().push(place);
    }
    let drawn = all.into_iter().flat_map(|((lane, role), places)| bars(places).into_iter().map(move |bar| (bar, lane, role)));
    let mut drawn: Vec<_> = drawn.collect();
    drawn.sort_by_key(|(bar, ..)| bar.first);
    html! {
        @for (bar, lane, role) in drawn {
            a.invocation href=(format!("#i{}", story.row_of(bar.first))) {
                title { (words::invocations(story, &bar)) }
                (rect(class(role), &bar, lane, 0, ""))
            }
        }
    }
}

/// What came of the work, the batches, and the bad ends, over the bars.
fn fates(story: &Story<'_>, lane: usize, is_here: &dyn Fn(ContainerId) -> bool) -> Markup {
    let scale = story.scale;
    let here: Vec<(usize, &Invocation, &Judged)> =
        story.invocations().filter(|(_, invocation, _)| is_here(invocation.container)).collect();
    let of_fate = |fate: Fate| {
        let parts = here.iter().filter(|(.., judged)| judged.role == Role::Worked).flat_map(|(index, _, judged)| {
            judged.parts.iter().filter(move |part| part.fate == fate).map(|part| (scale.x(part.from), scale.x(part.to), *index))
        });
        bars(parts)
    };
    let mut last = f64::MIN;
    let mut begins: Vec<f64> =
        here.iter().flat_map(|(_, invocation, _)| &invocation.batches).map(|batch| scale.x(batch.at)).collect();
    begins.retain(|at| {
        let is_apart = *at - last >= APART;
        last = if is_apart { *at } else { last };
        is_apart
    });
    let ended = |wanted: Kind| {
        let these = here.iter().filter(move |(_, invocation, judged)| end_mark(invocation, judged.role) == Some(wanted));
        points(these.map(|(index, invocation, _)| (scale.x(story.recording.end_of(invocation)), *index)))
    };
    html! {
        g.over {
            @for bar in of_fate(Fate::Again) { (rect("again", &bar, lane, 0, "")) }
            @for bar in of_fate(Fate::Lost) { (rect("lost", &bar, lane, 0, "")) }
            @for at in begins {
                line.batch x1=(percent(at)) x2=(percent(at)) y1=(lane * HEIGHT + TOP) y2=(lane * HEIGHT + TOP + BAR) {}
            }
        }
        @for kind in [Kind::Error, Kind::Died] {
            @for bar in ended(kind) {
                (symbol(kind, &bar, u32::try_from(lane * HEIGHT + TOP + BAR / 2).unwrap_or(0), &words::invocations(story, &bar)))
            }
        }
    }
}

/// The marks of the invocations that ended badly. One that was turned away has a colour of its own.
pub(crate) fn ends(recording: &Recording, judged: &[Judged]) -> Vec<Mark> {
    let pairs = recording.invocations.iter().zip(judged);
    let marks = pairs.filter_map(|(invocation, judged)| {
        let kind = end_mark(invocation, judged.role)?;
        Some(Mark { at: recording.end_of(invocation), strip: Strip::Containers, kind, detail: String::new() })
    });
    let mut marks: Vec<_> = marks.collect();
    marks.sort_by_key(|mark| mark.at);
    marks
}

fn end_mark(invocation: &Invocation, role: Role) -> Option<Kind> {
    match &invocation.ending {
        Ending::Died(_) => Some(Kind::Died),
        Ending::Error(..) if role == Role::Worked => Some(Kind::Error),
        _ => None,
    }
}

fn numbers(story: &Story<'_>, lane: usize, is_here: &dyn Fn(ContainerId) -> bool) -> Markup {
    let here = story.invocations().filter(|(_, invocation, _)| is_here(invocation.container));
    let all = bars(here.map(|(index, invocation, _)| {
        (story.scale.x(invocation.from), story.scale.x(story.recording.end_of(invocation)), index)
    }));
    html! {
        @for bar in all {
            @let label = match bar.count {
                1 if bar.width() >= NUMBER => Some((bar.first + 1).to_string()),
                2.. if bar.width() >= RANGE => Some(format!("{}–{}", bar.first + 1, bar.last + 1)),
                _ => None,
            };
            @if let Some(label) = label {
                @let class = if bar.width() >= WIDE { "number wide" } else { "number slim" };
                text class=(class) x=(percent(bar.from)) y=(lane * HEIGHT + TOP - 3) { (label) }
            }
        }
    }
}

fn rect(class: &str, bar: &Bar, lane: usize, inset: usize, hint: &str) -> Markup {
    let (width, y) = (percent(bar.width().max(NARROWEST)), lane * HEIGHT + TOP + inset);
    html! {
        rect class=(class) x=(percent(bar.from)) width=(width) y=(y) height=(BAR - 2 * inset) {
            @if !hint.is_empty() { title { (hint) } }
        }
    }
}

fn class(role: Role) -> &'static str {
    match role {
        Role::Worked => "worked",
        Role::Idle => "idle",
        Role::TurnedAway => "turned-away",
    }
}

fn legend(story: &Story<'_>) -> Vec<(Markup, &'static str)> {
    let judged = || story.invocations().map(|(_, invocation, judged)| (invocation, judged));
    let has_role = |role| judged().any(|(_, judged)| judged.role == role);
    let has_fate =
        |fate| judged().any(|(_, judged)| judged.role == Role::Worked && judged.parts.iter().any(|part| part.fate == fate));
    let has_end = |kind| judged().any(|(invocation, judged)| end_mark(invocation, judged.role) == Some(kind));
    let begins = html! {
        svg.key width="16" height="14" {
            rect.worked x="1" y="2" width="14" height="10" {}
            line.batch x1="8" x2="8" y1="2" y2="12" {}
        }
    };
    let lines = [
        (has_role(Role::Worked), swatch("worked"), "an invocation at work"),
        (judged().any(|(invocation, _)| !invocation.batches.is_empty()), begins, "a batch begins, where there is room"),
        (has_fate(Fate::Lost), swatch("lost"), "work that was lost"),
        (has_fate(Fate::Again), swatch("again"), "the same records, done again"),
        (has_role(Role::Idle), swatch("idle"), "an invocation with nothing to do"),
        (has_role(Role::TurnedAway), swatch("turned-away"), "an invocation that is turned away"),
        (has_end(Kind::Error), key(Kind::Error, Strip::Containers).0, Kind::Error.meaning(Strip::Containers)),
        (has_end(Kind::Died), key(Kind::Died, Strip::Containers).0, Kind::Died.meaning(Strip::Containers)),
        (!story.recording.processes.is_empty(), swatch("starting"), "a container starts"),
        (!story.recording.processes.is_empty(), swatch("alive"), "a container waits"),
    ];
    lines.into_iter().filter(|(used, ..)| *used).map(|(_, drawn, meaning)| (drawn, meaning)).collect()
}
