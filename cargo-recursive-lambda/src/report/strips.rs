//! The parts of the picture below and above the containers, on the same time axis: the queue, the store, the position, the bytes.

use super::Story;
use super::columns::{WIDTH, sums, time_of};
use super::draw::{ROW, height, keys, percent, strip, swatch, symbols};
use super::marks::{Kind, Strip};
use super::merge::{bars, rows};
use super::recorded::Wait;
use super::scale::time;
use super::work::Fate;
use indicatif::{HumanBytes, HumanCount};
use maud::{Markup, html};
use std::fmt::Write;

/// More events that wait at once share rows.
const ROWS: usize = 3;
const PLOT: u32 = 72;
/// The units of the position's drawing, which is stretched to the width of the page.
const UNITS: f64 = 1_000.0;

pub(crate) fn queue(story: &Story<'_>) -> Markup {
    const KINDS: [Kind; 8] =
        [Kind::Start, Kind::Signal, Kind::Twice, Kind::Throttled, Kind::AnswerLost, Kind::Refused, Kind::Lost, Kind::GivenUp];
    let (scale, marks) = (story.scale, &story.recording.marks);
    // The start and the signals share a row: they never meet.
    let (first, others) = KINDS.split_at(2);
    let top = ROW + height(marks, Strip::Queue, others);
    let end = story.recording.span().1;
    let retries: Vec<&Wait> = story.recording.waits.iter().filter(|wait| wait.attempt > 1).collect();
    let spans = || retries.iter().map(|wait| (scale.x(wait.from), scale.x(wait.to.unwrap_or(end))));
    let row_of = rows(spans(), ROWS);
    let used = row_of.iter().max().map_or(0, |last| last + 1);
    let mut legend = keys(marks, Strip::Queue, &KINDS);
    if !retries.is_empty() {
        legend.push((
            html! { svg.key width="16" height="14" { line.retry x1="1" x2="15" y1="7" y2="7" {} } },
            "an event waits for its retry",
        ));
    }
    let drawing = html! {
        @for kind in first { (symbols(marks, Strip::Queue, &[*kind], scale, 0)) }
        (symbols(marks, Strip::Queue, others, scale, ROW))
        @for row in 0..used {
            @let y = top + ROW / 2 + ROW * u32::try_from(row).unwrap_or(0);
            @let here = spans().zip(&row_of).enumerate().filter(|(_, (_, of))| **of == row);
            @for bar in bars(here.map(|(index, ((from, to), _))| (from, to, index))) {
                @if let Some(wait) = retries.get(bar.first) {
                    line.retry x1=(percent(bar.from)) x2=(percent(bar.to.max(bar.from + 0.2))) y1=(y) y2=(y) {
                        title { (waiting(story, wait, bar.count)) }
                    }
                }
            }
        }
    };
    strip("Queue", &legend, top + ROW * u32::try_from(used).unwrap_or(0), scale, &drawing)
}

fn waiting(story: &Story<'_>, wait: &Wait, count: usize) -> String {
    let from = time(story.scale.since(wait.from));
    if count > 1 {
        return format!("{from}: {count} events, one after another, wait for a retry");
    }
    let waited = time(wait.to.unwrap_or(story.recording.span().1).saturating_sub(wait.from));
    format!("{from}: an event waits for attempt {}, for {waited}", wait.attempt)
}

pub(crate) fn store(story: &Story<'_>) -> Markup {
    const KINDS: [Kind; 5] = [Kind::Saved, Kind::AnswerLost, Kind::Conflict, Kind::Refused, Kind::Throttled];
    let marks = &story.recording.marks;
    let drawing = symbols(marks, Strip::Store, &KINDS, story.scale, 0);
    strip("Saves to the store", &keys(marks, Strip::Store, &KINDS), height(marks, Strip::Store, &KINDS), story.scale, &drawing)
}

/// The record that the run has reached. The line is flat while nothing is done.
pub(crate) fn position(story: &Story<'_>) -> Markup {
    let most = story.records();
    let place = |record: u64| f64::from(PLOT) - 2.0 - record as f64 / most.max(1) as f64 * f64::from(PLOT - 6);
    let [counted, lost] = paths(story, place);
    let mut legend = vec![(swatch("counted"), "the record that the run has reached")];
    if !lost.is_empty() {
        legend.push((swatch("lost-line"), "lost, and done again"));
    }
    let drawing = html! {
        svg width="100%" height=(PLOT) viewBox=(format!("0 0 {UNITS} {PLOT}")) preserveAspectRatio="none" {
            path.counted d=(counted) {}
            @if !lost.is_empty() { path.lost-line d=(lost) {} }
        }
    };
    strip(&format!("Position, up to record {}", HumanCount(most)), &legend, PLOT, story.scale, &drawing)
}

/// The line of the work that counted, and the pieces of the work that was lost.
fn paths(story: &Story<'_>, place: impl Fn(u64) -> f64) -> [String; 2] {
    let [mut counted, mut lost] = [Line::default(), Line::default()];
    counted.to(0.0, place(0), true);
    for (_, invocation, judged) in story.invocations() {
        let end = story.recording.end_of(invocation);
        for (number, (batch, fate)) in invocation.batches.iter().zip(&judged.fates).enumerate() {
            let next = invocation.batches.get(number + 1).map_or(end, |next| next.at.max(batch.at));
            let is_lost = *fate == Fate::Lost;
            let line = if is_lost { &mut lost } else { &mut counted };
            let starts = is_lost && number.checked_sub(1).and_then(|before| judged.fates.get(before)) != Some(&Fate::Lost);
            line.to(story.scale.x(batch.at), place(batch.record), starts);
            line.to(story.scale.x(next), place(batch.record.saturating_add(batch.records)), false);
        }
    }
    [counted.path, lost.path]
}

/// A path that leaves out points which are too close to be seen.
#[derive(Default)]
struct Line {
    path: String,
    at: f64,
}

impl Line {
    fn to(&mut self, percent: f64, y: f64, starts: bool) {
        let x = percent * UNITS / 100.0;
        // A step of one unit is a pixel.
        if self.path.is_empty() || starts || x - self.at >= 0.8 {
            let command = if self.path.is_empty() || starts { 'M' } else { 'L' };
            // Writing to a String cannot fail.
            let _ = write!(self.path, "{command}{x:.1} {y:.1}");
            self.at = x;
        }
    }
}

pub(crate) fn reads(story: &Story<'_>) -> Markup {
    const KINDS: [Kind; 3] = [Kind::AnswerLost, Kind::Refused, Kind::Throttled];
    let (scale, marks) = (story.scale, &story.recording.marks);
    let top = height(marks, Strip::Object, &KINDS);
    let columns = sums(story.recording.reads.iter().map(|read| (scale.x(read.at), read.bytes)));
    let most = columns.iter().copied().max().unwrap_or(0);
    let mut legend = vec![(swatch("bytes"), "bytes of the object")];
    legend.extend(keys(marks, Strip::Object, &KINDS));
    let drawing = html! {
        (symbols(marks, Strip::Object, &KINDS, scale, 0))
        @for (column, bytes) in columns.iter().enumerate().filter(|(_, bytes)| **bytes > 0) {
            @let height = (*bytes as f64 / most as f64 * f64::from(PLOT - 8)).max(1.5);
            @let (at, length) = time_of(column, scale);
            @let y = f64::from(PLOT + top) - height;
            rect.bytes x=(percent(WIDTH * column as f64)) width=(percent(WIDTH * 0.86)) y=(format!("{y:.1}"))
                height=(format!("{height:.1}")) {
                title { (time(at)) ", for " (time(length)) ": " (HumanBytes(*bytes)) }
            }
        }
    };
    let name = format!("Reads, up to {} in {}", HumanBytes(most), time(time_of(0, scale).1));
    strip(&name, &legend, PLOT + top, scale, &drawing)
}
