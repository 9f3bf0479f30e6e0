//! Invocations and processes in words: the hints of the picture, and cells of the tables. Foreign text is cut and escaped here.

use super::draw::{HINT, count};
use super::merge::Bar;
use super::recorded::{Cause, Ending, Process};
use super::scale::time;
use super::work::Fate;
use super::{Story, table};
use recursive_lambda_core::excerpt;
use std::time::Duration;

/// All about an invocation, or about several, in one line.
pub(crate) fn invocations(story: &Story<'_>, bar: &Bar) -> String {
    let scale = story.scale;
    let Some((invocation, judged)) = story.invocation(bar.first) else { return String::new() };
    let index = bar.first;
    let end = |index: usize| story.recording.invocations.get(index).map_or(Duration::ZERO, |last| story.recording.end_of(last));
    if bar.count > 1 {
        let (from, to) = (time(scale.since(invocation.from)), time(scale.since(end(bar.last))));
        return format!(
            "{}, numbers {} to {}, from {from} to {to}",
            count(bar.count as u64, "invocation"),
            bar.first + 1,
            bar.last + 1
        );
    }
    let took = time(end(index).saturating_sub(invocation.from));
    let mut said = vec![format!(
        "Invocation {}, {}, at {} for {took}",
        index + 1,
        cause(invocation.cause),
        time(scale.since(invocation.from))
    )];
    if let Some((from, to)) = table::records(invocation) {
        said.push(format!("records {from} to {to}"));
    }
    if !invocation.batches.is_empty() {
        said.push(count(invocation.batches.len() as u64, "batch"));
    }
    for (fate, words) in [(Fate::Again, "done again"), (Fate::Lost, "lost")] {
        if judged.count(fate) > 0 {
            said.push(format!("{} of them {words}", judged.count(fate)));
        }
    }
    if invocation.saves > 0 {
        said.push(count(invocation.saves.into(), "save"));
    }
    said.push(ended(&invocation.ending));
    said.join("; ")
}

pub(crate) fn cause(cause: Cause) -> String {
    match cause {
        Cause::Start => "the start".into(),
        Cause::Signal => "a signal".into(),
        Cause::Duplicate => "a duplicate".into(),
        Cause::Retry(attempt) => format!("attempt {attempt}"),
    }
}

pub(crate) fn ended(ending: &Ending) -> String {
    match ending {
        Ending::Open => "it had not ended".into(),
        Ending::Answered => "answered".into(),
        Ending::Died(how) => format!("died: {}", excerpt::short(how, HINT)),
        Ending::Error(kind, message) => format!("{}: {}", excerpt::short(kind, HINT), excerpt::short(message, HINT)),
    }
}

/// A process, or several, in words.
pub(crate) fn process(story: &Story<'_>, process: &Process, processes: usize) -> String {
    let since = |at: Duration| time(story.scale.since(at));
    let until = match process.to {
        Some(at) if process.evicted => format!("{}, when the container was thrown away", since(at)),
        Some(at) => since(at),
        None => "the end".into(),
    };
    match processes {
        1 => format!("{}: a process from {} to {until}", process.container, since(process.from)),
        several => count(several as u64, "container"),
    }
}
