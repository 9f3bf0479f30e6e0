//! What happened, in sentences: each trouble with its number and what became of it, or that there was none.

use super::Story;
use super::draw::count;
use super::marks::{Kind, Strip};
use super::recorded::{Cause, Ending, Invocation};
use super::scale::time;
use super::work::{Fate, Judged, Role, Use};
use indicatif::HumanCount;

/// The most invocations that a sentence names.
const NAMED: usize = 6;

pub(crate) fn sentences(story: &Story<'_>) -> Vec<String> {
    let mut said: Vec<String> = [deaths(story), losses(story), faults(story), events(story)].concat();
    if said.is_empty() && !story.recording.invocations.is_empty() {
        said.push("Nothing went wrong: no retry, no repeated batch, no lost answer.".into());
    }
    if story.recording.missing > 0 {
        let missing = count(story.recording.missing, "entry");
        said.push(format!("The journal had dropped {missing} before they were read, so this page is not complete."));
    }
    said
}

fn deaths(story: &Story<'_>) -> Vec<String> {
    let died = |how: fn(&str) -> bool| which(story, |invocation, _| matches!(&invocation.ending, Ending::Died(by) if how(by)));
    let failed = which(story, |invocation, judged| judged.role == Role::Worked && matches!(invocation.ending, Ending::Error(..)));
    let crashed = died(|how| how != "timed out" && how != "killed");
    [
        say(&died(|how| how == "killed"), |n| format!("{} killed during an invocation", was(n, "container"))),
        say(&died(|how| how == "timed out"), |n| format!("{} timed out", count(n, "invocation"))),
        say(&crashed, |n| format!("{} crashed", count(n, "invocation"))),
        say(&failed, |n| format!("{} answered with an error", count(n, "invocation"))),
    ]
    .concat()
}

fn losses(story: &Story<'_>) -> Vec<String> {
    let batches = |fate| story.judged.iter().map(|judged| judged.count(fate) as u64).sum::<u64>();
    let begun: u64 = story.judged.iter().map(|judged| judged.fates.len() as u64).sum();
    let mut said = Vec::new();
    let lost = batches(Fate::Lost);
    if lost > 0 {
        let verb = if lost == 1 { "was" } else { "were" };
        said.push(format!(
            "{} of {} {verb} lost before a save; {} done again.",
            HumanCount(lost),
            count(begun, "batch"),
            HumanCount(batches(Fate::Again))
        ));
    }
    let waited = story.uses.iter().find(|(of, _)| *of == Use::Retry).map(|(_, time)| *time).filter(|time| time.as_millis() > 0);
    said.extend(waited.map(|waited| format!("{} passed while nothing ran and an event waited for its retry.", time(waited))));
    let after = story.scale.length().saturating_sub(story.took);
    if after.as_millis() >= 500 {
        said.push(format!("The last event was answered {} after the run was over.", time(after)));
    }
    said
}

fn faults(story: &Story<'_>) -> Vec<String> {
    let marked = |strip: Option<Strip>, kind: Kind| {
        let these =
            story.recording.marks.iter().filter(|mark| mark.kind == kind && strip.is_none_or(|strip| mark.strip == strip));
        these.count() as u64
    };
    let mut said = Vec::new();
    let lost = [(Strip::Queue, "from Lambda"), (Strip::Store, "from the store"), (Strip::Object, "with bytes of the object")];
    let lost: Vec<_> =
        lost.iter().map(|(strip, whose)| (marked(Some(*strip), Kind::AnswerLost), whose)).filter(|(n, _)| *n > 0).collect();
    if !lost.is_empty() {
        let total = lost.iter().map(|(number, _)| number).sum();
        let each: Vec<_> = lost.iter().map(|(number, whose)| format!("{} {whose}", HumanCount(*number))).collect();
        said.push(format!("{} lost on the way: {}.", was(total, "answer"), each.join(", ")));
    }
    let evicted = story.recording.processes.iter().filter(|process| process.evicted).count() as u64;
    for (number, one, what) in [
        (marked(None, Kind::Throttled), "request", "throttled"),
        (marked(None, Kind::Conflict), "write to the store", "refused, because another one had come first"),
        (marked(None, Kind::Refused), "request", "refused"),
        (evicted, "container", "thrown away after an invocation"),
        (marked(None, Kind::Lost), "event", "lost by the queue"),
        (marked(None, Kind::GivenUp), "event", "given up"),
    ] {
        if number > 0 {
            said.push(format!("{} {what}.", was(number, one)));
        }
    }
    said
}

fn events(story: &Story<'_>) -> Vec<String> {
    let twice = story.recording.marks.iter().filter(|mark| mark.kind == Kind::Twice).count() as u64;
    let worked = which(story, |invocation, judged| invocation.cause == Cause::Duplicate && judged.role == Role::Worked);
    let mut said = Vec::new();
    if twice > 0 {
        let effect = if worked.is_empty() { "no duplicate did any work" } else { "the run went on with one of them" };
        said.push(format!("{} delivered twice; {effect}.", was(twice, "event")));
    }
    let away = which(story, |_, judged| judged.role == Role::TurnedAway);
    said.extend(say(&away, |n| {
        format!("{} turned away: another one had the run, or the event was of no use", was(n, "invocation"))
    }));
    said
}

/// The numbers of the invocations of which this is true.
fn which(story: &Story<'_>, wanted: impl Fn(&Invocation, &Judged) -> bool) -> Vec<usize> {
    let these = story.invocations().filter(|(_, invocation, judged)| wanted(invocation, judged));
    these.map(|(index, ..)| index + 1).collect()
}

/// A sentence with the numbers of its invocations.
fn say(numbers: &[usize], words: impl Fn(u64) -> String) -> Vec<String> {
    if numbers.is_empty() {
        return Vec::new();
    }
    let mut named: Vec<_> = numbers.iter().take(NAMED).map(|number| format!("no. {number}")).collect();
    if numbers.len() > NAMED {
        named.push("…".into());
    }
    vec![format!("{} ({}).", words(numbers.len() as u64), named.join(", "))]
}

/// "1 container was", "2 containers were".
fn was(number: u64, one: &str) -> String {
    format!("{} {}", count(number, one), if number == 1 { "was" } else { "were" })
}
