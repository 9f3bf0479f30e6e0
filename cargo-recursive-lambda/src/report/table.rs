//! The invocations as a table, for readers without a pointer or a picture. A long run shows those at its ends and those that had
//! trouble; a line stands for the others.

use super::Story;
use super::draw::count;
use super::recorded::{Ending, Invocation};
use super::scale::time;
use super::words::{cause, ended};
use super::work::{Fate, Judged, Role};
use indicatif::{HumanBytes, HumanCount};
use maud::{Markup, html};

/// The most rows, apart from the lines that stand for others.
pub(crate) const ROWS: usize = 100;
/// The rows that are always shown at each end.
const ENDS: usize = 10;

/// A row: one invocation, or those from the first to the last index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    One(usize),
    Several(usize, usize),
}

/// Chooses the rows. `is_notable` says which invocations had trouble.
pub(crate) fn rows(invocations: usize, is_notable: impl Fn(usize) -> bool) -> Vec<Row> {
    let mut left = ROWS - 2 * ENDS;
    let mut rows = Vec::new();
    for index in 0..invocations {
        let is_at_an_end = index < ENDS || index + ENDS >= invocations;
        let is_shown = invocations <= ROWS || is_at_an_end || (left > 0 && is_notable(index));
        match rows.last_mut() {
            _ if is_shown => {
                left = left.saturating_sub(usize::from(!is_at_an_end));
                rows.push(Row::One(index));
            }
            Some(Row::Several(_, last)) => *last = index,
            _ => rows.push(Row::Several(index, index)),
        }
    }
    rows
}

/// Whether a person looks for it.
pub(crate) fn is_notable(invocation: &Invocation, judged: &Judged) -> bool {
    let is_trouble = !matches!(invocation.ending, Ending::Answered) && judged.role == Role::Worked;
    is_trouble || judged.count(Fate::Lost) > 0 || judged.count(Fate::Again) > 0
}

/// The first record, and the one after the last.
pub(crate) fn records(invocation: &Invocation) -> Option<(HumanCount, HumanCount)> {
    let from = invocation.batches.iter().map(|batch| batch.record).min()?;
    let to = invocation.batches.iter().map(|batch| batch.record.saturating_add(batch.records)).max()?;
    Some((HumanCount(from), HumanCount(to)))
}

const COLUMNS: [&str; 9] = ["no.", "at", "took", "event", "container", "records", "batches", "read", "ended"];

pub(crate) fn table(story: &Story<'_>) -> Markup {
    html! {
        table {
            thead { tr { @for name in COLUMNS { th scope="col" { (name) } } } }
            tbody {
                @for row in &story.rows {
                    @match row {
                        Row::One(index) => { (one(story, *index)) }
                        Row::Several(first, last) => { (several(story, *first, *last)) }
                    }
                }
            }
        }
    }
}

fn one(story: &Story<'_>, index: usize) -> Markup {
    let Some((invocation, judged)) = story.invocation(index) else { return html! {} };
    let took = story.recording.end_of(invocation).saturating_sub(invocation.from);
    let [lost, again] = [Fate::Lost, Fate::Again].map(|fate| judged.count(fate));
    let class = match (&invocation.ending, judged.role) {
        (Ending::Died(_), _) => "died",
        (Ending::Error(..), Role::Worked) => "failed",
        (_, Role::Idle | Role::TurnedAway) => "no-use",
        _ => "plain",
    };
    let cell = |name: &'static str, content: Markup| html! { td data-name=(name) { (content) } };
    html! {
        tr id=(format!("i{}", index + 1)) class=(class) {
            th scope="row" { (index + 1) }
            (cell("at", html! { (time(story.scale.since(invocation.from))) }))
            (cell("took", html! { (time(took)) }))
            (cell("event", html! { (cause(invocation.cause)) }))
            (cell("container", html! { (invocation.container.to_string().replace("container-", "")) }))
            (cell("records", html! { @if let Some((from, to)) = records(invocation) { (from) "–" (to) } }))
            (cell("batches", html! {
                @if !invocation.batches.is_empty() { (HumanCount(invocation.batches.len() as u64)) }
                @if lost > 0 { ", " (lost) " lost" }
                @if again > 0 { ", " (again) " again" }
            }))
            (cell("read", html! { @if invocation.bytes > 0 { (HumanBytes(invocation.bytes)) } }))
            (cell("ended", html! { bdi { (ended(&invocation.ending)) } }))
        }
    }
}

fn several(story: &Story<'_>, first: usize, last: usize) -> Markup {
    let these = || story.invocations().skip(first).take(last - first + 1);
    let ended = |wanted: fn(&Ending) -> bool| these().filter(|(_, invocation, _)| wanted(&invocation.ending)).count() as u64;
    let died = ended(|ending| matches!(ending, Ending::Died(_)));
    let errors = ended(|ending| matches!(ending, Ending::Error(..)));
    html! {
        tr.several id=(format!("i{}", first + 1)) {
            th scope="row" { "…" }
            td colspan=(COLUMNS.len() - 1) {
                (count((last - first + 1) as u64, "more invocation")) ", " (first + 1) " to " (last + 1)
                @if errors > 0 { "; " (HumanCount(errors)) " answered with an error" }
                @if died > 0 { "; " (HumanCount(died)) " died" }
            }
        }
    }
}
