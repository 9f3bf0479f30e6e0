//! `run --report FILE.html`: the run as one page that needs no network. It shows what a person asks first: was it smooth, where was
//! time lost, which invocation died, what was repeated.
//!
//! The page is made from a [`Recording`] and some facts, and nothing else: no clock, no file. All text goes through maud, which
//! escapes it; keys and messages are foreign. The page is complete without its script.

mod columns;
mod crowd;
mod draw;
pub(crate) mod file;
mod lanes;
mod marks;
mod merge;
mod recorded;
mod recording;
mod scale;
mod sentences;
mod strips;
mod table;
mod troubles;
mod words;
mod work;

use draw::{count, own, percent};
use indicatif::{HumanBytes, HumanCount};
use marks::Mark;
use maud::{DOCTYPE, Markup, html};
use recorded::Invocation;
use recording::Recording;
use recursive_lambda_core::excerpt;
use scale::{Scale, time};
use std::time::Duration;
use table::Row;
use work::{Fate, Judged, Use};

const STYLE: &str = include_str!("report/page.css");
const SCRIPT: &str = include_str!("report/page.js");
/// Only the page's own script runs. Its hash changes with the script; the test in Chromium says so.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
                      script-src 'sha256-Sg8UnM480UJwRgQ1/gl9Q277az5etMfI6Dlp1QLnxpc='";
/// How much of a key or of a line of an error is shown, in characters.
const LONGEST: usize = 1_100;

/// How the run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Done,
    Failed,
    Stopped,
}

/// What the journal does not say.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) file: String,
    pub(crate) verdict: Verdict,
    /// Why it failed, or how far it got; several lines.
    pub(crate) reason: String,
    /// Of the last checkpoint.
    pub(crate) position: Option<u64>,
    pub(crate) batches: Option<u64>,
    pub(crate) skipped: u64,
    pub(crate) size: u64,
    pub(crate) timeout: Duration,
    pub(crate) chaos: Option<u64>,
    /// When the page was made, in UTC.
    pub(crate) made: String,
}

/// Everything that the parts of the page draw from.
struct Story<'a> {
    facts: &'a Facts,
    recording: &'a Recording,
    judged: Vec<Judged>,
    /// The marks of the invocations that ended badly.
    ends: Vec<Mark>,
    uses: [(Use, Duration); 6],
    /// From the first event to the end of the run.
    took: Duration,
    scale: Scale,
    rows: Vec<Row>,
}

impl Story<'_> {
    fn invocations(&self) -> impl Iterator<Item = (usize, &Invocation, &Judged)> {
        let pairs = self.recording.invocations.iter().zip(&self.judged).enumerate();
        pairs.map(|(index, (invocation, judged))| (index, invocation, judged))
    }

    fn invocation(&self, index: usize) -> Option<(&Invocation, &Judged)> {
        self.recording.invocations.get(index).zip(self.judged.get(index))
    }

    /// The number of the table's row that shows this invocation, or stands for it.
    fn row_of(&self, index: usize) -> usize {
        let first = |row: &Row| match row {
            Row::One(index) | Row::Several(index, _) => *index,
        };
        let after = self.rows.partition_point(|row| first(row) <= index);
        after.checked_sub(1).and_then(|row| self.rows.get(row)).map_or(0, first) + 1
    }

    /// The number of records that the picture shows.
    fn records(&self) -> u64 {
        let batches = self.recording.invocations.iter().flat_map(|invocation| &invocation.batches);
        let begun = batches.map(|batch| batch.record.saturating_add(batch.records)).max().unwrap_or(0);
        begun.max(self.facts.position.unwrap_or(0))
    }
}

/// The whole page.
pub(crate) fn page(facts: &Facts, recording: &Recording) -> String {
    let judged = work::judge(recording, facts.position);
    let notable = |index: usize| {
        let pair = recording.invocations.get(index).zip(judged.get(index));
        pair.is_some_and(|(invocation, judged)| table::is_notable(invocation, judged))
    };
    let rows = table::rows(recording.invocations.len(), notable);
    let uses = work::uses(recording, &judged);
    let scale = Scale::new(recording.span());
    let took = match facts.verdict {
        Verdict::Done => scale.since(work::over(recording, &judged)),
        Verdict::Failed | Verdict::Stopped => scale.length(),
    };
    let ends = lanes::ends(recording, &judged);
    let story = Story { facts, recording, judged, ends, uses, took, scale, rows };
    let name = excerpt::short(&facts.file, LONGEST);
    let verdict = verdict(&story);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (name) ": " (verdict) }
                style { (own(STYLE)) }
            }
            body {
                a.skip href="#invocations" { "Skip the picture, to the table of invocations" }
                (draw::definitions())
                main {
                    (head(&story, &name, &verdict))
                    (where_time_went(&story))
                    (picture(&story))
                    section #invocations {
                        h2 { "Invocations" }
                        @if recording.invocations.is_empty() { p { "The function was never invoked." } }
                        @else { (table::table(&story)) }
                    }
                    (troubles::troubles(&story))
                    (foot(facts))
                }
                script { (own(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

fn verdict(story: &Story<'_>) -> String {
    let took = time(story.took);
    match story.facts.verdict {
        Verdict::Done => format!("done in {took}"),
        Verdict::Failed => format!("failed after {took}"),
        Verdict::Stopped => format!("stopped after {took}"),
    }
}

fn head(story: &Story<'_>, name: &str, verdict: &str) -> Markup {
    let class = match story.facts.verdict {
        Verdict::Done => "verdict done",
        Verdict::Failed => "verdict failed",
        Verdict::Stopped => "verdict stopped",
    };
    html! {
        header {
            p.kicker { "A run of recursive-lambda" }
            h1 { bdi { (name) } }
            p class=(class) { (verdict) }
            @if !story.facts.reason.is_empty() {
                pre.reason { bdi { @for line in story.facts.reason.lines() { (excerpt::short(line, LONGEST)) "\n" } } }
            }
            dl.totals {
                @for (value, name, note) in totals(story) {
                    div { dd { strong { (value) } } dt { (name) } @if !note.is_empty() { dd.more { (note) } } }
                }
            }
            ul.said { @for sentence in sentences::sentences(story) { li { (sentence) } } }
        }
    }
}

/// Each total with its name, and a note.
fn totals(story: &Story<'_>) -> Vec<(String, &'static str, String)> {
    let (facts, recording) = (story.facts, story.recording);
    let number = |number: u64| HumanCount(number).to_string();
    let seconds = story.took.as_secs_f64();
    let again: usize = story.judged.iter().map(|judged| judged.count(Fate::Again)).sum();
    let retries = recording.invocations.iter().filter(|invocation| matches!(invocation.cause, recorded::Cause::Retry(_))).count();
    let read: u64 = recording.reads.iter().map(|read| read.bytes).sum();
    let saves: u64 = recording.invocations.iter().map(|invocation| u64::from(invocation.saves)).sum();
    let containers: std::collections::BTreeSet<_> = recording.invocations.iter().map(|invocation| invocation.container).collect();
    let times = if facts.size > 0 { format!("{:.2} times the object", read as f64 / facts.size as f64) } else { String::new() };
    let mut totals = Vec::new();
    if let Some(position) = facts.position {
        let rate = if seconds > 0.1 { format!("{} a second", number((position as f64 / seconds) as u64)) } else { String::new() };
        totals.push((number(position), "records", rate));
    }
    if let Some(batches) = facts.batches {
        totals.push((number(batches), "batches", if again > 0 { format!("and {again} again") } else { String::new() }));
    }
    if facts.skipped > 0 {
        totals.push((number(facts.skipped), "skipped records", String::new()));
    }
    let tried = if retries > 0 { count(retries as u64, "retry") } else { String::new() };
    totals.push((number(recording.invocations.len() as u64), "invocations", tried));
    totals.push((number(containers.len() as u64), "containers", String::new()));
    totals.push((number(saves), "saves", String::new()));
    totals.push((HumanBytes(read).to_string(), "read", times));
    totals
}

fn where_time_went(story: &Story<'_>) -> Markup {
    let length = story.scale.length().as_secs_f64();
    let used: Vec<_> = story.uses.iter().filter(|(_, time)| time.as_millis() > 0).collect();
    let share = |time: &Duration| time.as_secs_f64() / length * 100.0;
    let class = |of: &Use| match of {
        Use::Work => "worked",
        Use::Lost => "lost",
        Use::Starting => "starting",
        Use::Retry => "waiting",
        Use::Between => "between",
        Use::After => "after",
    };
    html! {
        @if !used.is_empty() {
            section {
                h2 { "Where the time went" }
                svg.uses height="18" aria-hidden="true" {
                    @for (number, (of, time)) in used.iter().enumerate() {
                        @let before: f64 = used.iter().take(number).map(|(_, time)| share(time)).sum();
                        rect class=(class(of)) x=(percent(before)) width=(percent(share(time))) height="18" {}
                    }
                }
                ul.legend.shares {
                    @for (of, used) in &used {
                        li { (draw::swatch(class(of))) b { (time(*used)) } (of.name()) }
                    }
                }
            }
        }
    }
}

fn picture(story: &Story<'_>) -> Markup {
    html! {
        section {
            h2 { "What happened, when" }
            figure #picture {
                (draw::axis(story.scale))
                (strips::queue(story))
                (lanes::lanes(story))
                (strips::store(story))
                (strips::position(story))
                (strips::reads(story))
                (draw::axis(story.scale))
                p #details role="status" hidden {}
            }
            p.note {
                "Time runs from left to right, from the first event to the last. A number above a bar is the invocation's number in "
                "the table; a bar leads there. Marks that are too close to be told apart are drawn as one, or as columns, and their "
                "hint has the number."
            }
        }
    }
}

fn foot(facts: &Facts) -> Markup {
    html! {
        footer {
            p {
                "Made by cargo-recursive-lambda " (env!("CARGO_PKG_VERSION")) " on " (facts.made) ". The run was on this machine, "
                "with a time-out of " (time(facts.timeout)) @if let Some(seed) = facts.chaos { ", under the faults of " code { "--chaos " (seed) } }
                ". Here an event is retried after 4 and 8 seconds; Lambda waits one minute, then two."
            }
        }
    }
}

#[cfg(test)]
mod tests;
