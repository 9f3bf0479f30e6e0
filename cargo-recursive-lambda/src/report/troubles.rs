//! The troubles in the order of time, in words: for readers without a pointer, and for a search in the page.

use super::Story;
use super::draw::HINT;
use super::recorded::Ending;
use super::scale::time;
use super::words::ended;
use super::work::Role;
use indicatif::HumanCount;
use maud::{Markup, html};
use recursive_lambda_core::excerpt;
use std::time::Duration;

/// The most lines.
pub(super) const LINES: usize = 200;

/// The place, what happened, and the invocation that it happened to.
type Line = (Duration, String, Option<usize>);

pub(super) fn troubles(story: &Story<'_>) -> Markup {
    let all = lines(story);
    html! {
        @if !all.is_empty() {
            section {
                h2 { "Troubles, in order" }
                details open[all.len() <= 12] {
                    summary { (HumanCount(all.len() as u64)) " errors, deaths, retries, lost answers and other faults" }
                    ol.troubles {
                        @for (at, what, invocation) in all.iter().take(LINES) {
                            li {
                                span.at { (time(story.scale.since(*at))) } " " bdi { (what) }
                                @if let Some(index) = invocation {
                                    " " a href=(format!("#i{}", story.row_of(*index))) { "invocation " (index + 1) }
                                }
                            }
                        }
                    }
                    @if all.len() > LINES { p { "and " (HumanCount((all.len() - LINES) as u64)) " more" } }
                }
            }
        }
    }
}

fn lines(story: &Story<'_>) -> Vec<Line> {
    let recording = story.recording;
    let marks = recording.marks.iter().filter(|mark| mark.kind.is_trouble()).map(|mark| {
        let detail = if mark.detail.is_empty() { String::new() } else { format!(": {}", excerpt::short(&mark.detail, HINT)) };
        (mark.at, format!("{}, {}{detail}", mark.strip.name(), mark.kind.meaning(mark.strip)), None)
    });
    let ends = story.invocations().filter(|(_, invocation, _)| !matches!(invocation.ending, Ending::Answered | Ending::Open));
    let ends = ends.map(|(index, invocation, judged)| {
        let what = if judged.role == Role::TurnedAway { "turned away, " } else { "" };
        (recording.end_of(invocation), format!("{what}{}", ended(&invocation.ending)), Some(index))
    });
    let retries = recording.waits.iter().filter(|wait| wait.attempt > 1);
    let retries = retries.map(|wait| (wait.from, format!("an event waits for attempt {}", wait.attempt), None));
    let mut lines: Vec<Line> = marks.chain(ends).chain(retries).collect();
    lines.sort_by_key(|(at, ..)| *at);
    lines
}
