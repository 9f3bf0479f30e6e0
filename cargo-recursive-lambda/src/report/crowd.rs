//! The containers of a run with too many invocations for a lane each: how many were busy in each part of the time, and with what.

use super::Story;
use super::columns::{COLUMNS, WIDTH, column_of, cover, time_of};
use super::draw::{count, height, keys, percent, strip, swatch, symbols};
use super::marks::{Kind, Strip};
use super::scale::time;
use super::work::{Fate, Role};
use maud::{Markup, html};

const PLOT: u32 = 84;

/// The classes of a column's parts, from the bottom, with their meaning.
const PARTS: [(&str, &str); 5] = [
    ("worked", "containers at work"),
    ("again", "with records that were processed before"),
    ("lost", "with work that was lost"),
    ("starting", "starting"),
    ("quiet", "with an event that was of no use"),
];

pub(crate) fn crowd(story: &Story<'_>) -> Markup {
    let ends = [Kind::Died, Kind::Error];
    let top = height(&story.ends, Strip::Containers, &ends);
    let parts = parts(story);
    let sum = |column: usize| parts.iter().filter_map(|part| part.get(column)).sum::<f64>();
    let most = (0..COLUMNS).map(sum).fold(0.0, f64::max);
    let pixels = |cover: f64| if most > 0.0 { cover / most * f64::from(PLOT - 4) } else { 0.0 };
    let mut invocations: Vec<Vec<usize>> = vec![Vec::new(); COLUMNS];
    for (index, invocation, _) in story.invocations() {
        if let Some(column) = invocations.get_mut(column_of(story.scale.x(invocation.from))) {
            column.push(index);
        }
    }
    let drawing = html! {
        (symbols(&story.ends, Strip::Containers, &ends, story.scale, 0))
        @for (column, here) in invocations.iter().enumerate() {
            @let rects = stack(&parts, column, pixels, f64::from(top + PLOT));
            @match here.first() {
                Some(first) => {
                    a.invocation href=(format!("#i{}", story.row_of(*first))) {
                        title { (hint(story, column, here)) }
                        (rects)
                    }
                }
                None => { (rects) }
            }
        }
    };
    let mut legend: Vec<_> = keys(&story.ends, Strip::Containers, &ends);
    let used = parts.iter().zip(PARTS).filter(|(part, _)| part.iter().any(|cover| *cover > 0.0));
    legend.extend(used.map(|(_, (class, meaning))| (swatch(class), meaning)));
    strip(&format!("Busy containers, up to {most:.1} on average"), &legend, top + PLOT, story.scale, &drawing)
}

/// For each of the parts, how much of each column it covers.
fn parts(story: &Story<'_>) -> [[f64; COLUMNS]; 5] {
    let (scale, end) = (story.scale, story.recording.span().1);
    let worked = |fate: Fate| {
        let judged = story.judged.iter().filter(|judged| judged.role == Role::Worked).flat_map(|judged| &judged.parts);
        cover(judged.filter(move |part| part.fate == fate).map(|part| (scale.x(part.from), scale.x(part.to))))
    };
    let starting = story.recording.processes.iter().map(|process| {
        let ready = process.ready.or(process.to).unwrap_or(end);
        (scale.x(process.from), scale.x(ready))
    });
    let quiet = story.invocations().filter(|(.., judged)| judged.role != Role::Worked);
    let quiet = quiet.map(|(_, invocation, _)| (scale.x(invocation.from), scale.x(story.recording.end_of(invocation))));
    [worked(Fate::Counted), worked(Fate::Again), worked(Fate::Lost), cover(starting), cover(quiet)]
}

fn stack(parts: &[[f64; COLUMNS]; 5], column: usize, pixels: impl Fn(f64) -> f64, bottom: f64) -> Markup {
    let covers: Vec<f64> = parts.iter().map(|part| part.get(column).copied().unwrap_or(0.0)).collect();
    html! {
        @for (number, (cover, (class, _))) in covers.iter().zip(PARTS).enumerate().filter(|(_, (cover, _))| **cover > 0.0) {
            @let below: f64 = covers.iter().take(number).sum();
            rect class=(class) x=(percent(WIDTH * column as f64)) width=(percent(WIDTH * 0.9))
                y=(format!("{:.1}", bottom - pixels(below + cover))) height=(format!("{:.1}", pixels(*cover))) {}
        }
    }
}

fn hint(story: &Story<'_>, column: usize, here: &[usize]) -> String {
    let (at, length) = time_of(column, story.scale);
    let range = match (here.first(), here.last()) {
        (Some(first), Some(last)) if first != last => format!(", numbers {} to {}", first + 1, last + 1),
        (Some(first), _) => format!(", number {}", first + 1),
        _ => String::new(),
    };
    format!("{}, for {}: {} began{range}", time(at), time(length), count(here.len() as u64, "invocation"))
}
