//! What all parts of the picture share: places in percent, symbols with their counts, the grid, the legend.
//!
//! Places are percentages and sizes are pixels, so the picture fits any width without a script and its text keeps its size.

use super::columns::{WIDTH, sums, time_of};
use super::marks::{Kind, Mark, Strip};
use super::merge::{Bar, points};
use super::scale::{Scale, time};
use indicatif::HumanCount;
use maud::{Markup, PreEscaped, html};
use recursive_lambda_core::excerpt;

/// The height of a row of symbols.
pub(crate) const ROW: u32 = 16;
/// More symbols than these in a row are drawn as columns.
const MOST: usize = 60;
/// The most labels on the time axis.
const LABELS: u64 = 10;
/// How much of a foreign text a hint shows, in characters.
pub(crate) const HINT: usize = 200;

pub(crate) fn percent(place: f64) -> String {
    format!("{place:.2}%")
}

/// "1 invocation", "2 invocations".
pub(crate) fn count(number: u64, one: &str) -> String {
    // "write to the store": the first word is the one that changes.
    let (first, rest) = one.split_at(one.find(" to ").unwrap_or(one.len()));
    let name = match first.strip_suffix('y') {
        _ if number == 1 => one.to_owned(),
        Some(stem) => format!("{stem}ies{rest}"),
        None if first.ends_with('h') => format!("{first}es{rest}"),
        None => format!("{first}s{rest}"),
    };
    format!("{} {name}", HumanCount(number))
}

/// The time axis: each label at its place.
pub(crate) fn axis(scale: Scale) -> Markup {
    let ticks = scale.ticks(LABELS);
    html! {
        svg.axis aria-hidden="true" height="18" {
            @for (number, (place, label)) in ticks.iter().enumerate() {
                // On a narrow page every second label is left out.
                text class=(if number % 2 == 0 { "even" } else { "odd" }) x=(percent(*place)) y="13"
                    text-anchor=(anchor(*place)) { (label) }
            }
        }
    }
}

fn anchor(place: f64) -> &'static str {
    match place {
        ..4.0 => "start",
        96.0.. => "end",
        _ => "middle",
    }
}

/// The lines of the time axis.
pub(crate) fn grid(scale: Scale) -> Markup {
    html! {
        g.grid {
            @for (place, _) in scale.ticks(LABELS) {
                line x1=(percent(place)) x2=(percent(place)) y1="0" y2="100%" {}
            }
        }
    }
}

/// The marks of one kind that a strip has.
fn marks(all: &[Mark], strip: Strip, kind: Kind) -> Vec<&Mark> {
    all.iter().filter(|mark| mark.strip == strip && mark.kind == kind).collect()
}

/// The height of the rows that these kinds of marks need.
pub(crate) fn height(all: &[Mark], strip: Strip, kinds: &[Kind]) -> u32 {
    kinds.iter().filter(|kind| !marks(all, strip, **kind).is_empty()).map(|_| ROW).sum()
}

/// The symbols of these kinds of marks, one row for each kind that the strip has. Where there are too many, columns stand for them.
pub(crate) fn symbols(all: &[Mark], strip: Strip, kinds: &[Kind], scale: Scale, top: u32) -> Markup {
    let rows = kinds.iter().map(|kind| (*kind, marks(all, strip, *kind))).filter(|(_, marks)| !marks.is_empty());
    html! {
        @for ((kind, marks), top) in rows.zip((top..).step_by(ROW as usize)) {
            @if marks.len() > MOST { (density(kind, &marks, scale, top)) }
            @else {
                @for bar in points(marks.iter().enumerate().map(|(index, mark)| (scale.x(mark.at), index))) {
                    (symbol(kind, &bar, top + ROW / 2, &hint(&marks, &bar, scale)))
                }
            }
        }
    }
}

fn density(kind: Kind, marks: &[&Mark], scale: Scale, top: u32) -> Markup {
    let sums = sums(marks.iter().map(|mark| (scale.x(mark.at), 1)));
    let most = sums.iter().copied().max().unwrap_or(1) as f64;
    let strip = marks.first().map_or(Strip::Queue, |mark| mark.strip);
    html! {
        // In the margin, so that the row can be told from the others.
        use class=(kind.symbol()) href=(format!("#{}", kind.symbol())) x="-10" y=(top + ROW / 2) {}
        @for (column, sum) in sums.iter().enumerate().filter(|(_, sum)| **sum > 0) {
            @let height = 2.0 + (*sum as f64 / most) * f64::from(ROW - 4);
            @let (at, length) = time_of(column, scale);
            rect class={ "many " (kind.symbol()) } x=(percent(WIDTH * column as f64)) width=(percent(WIDTH * 0.86))
                y=(format!("{:.1}", f64::from(top + ROW - 1) - height)) height=(format!("{height:.1}")) {
                title { (time(at)) ", for " (time(length)) ": " (HumanCount(*sum)) " times " (kind.meaning(strip)) }
            }
        }
    }
}

pub(crate) fn symbol(kind: Kind, bar: &Bar, y: u32, hint: &str) -> Markup {
    html! {
        use class=(kind.symbol()) href=(format!("#{}", kind.symbol())) x=(percent((bar.from + bar.to) / 2.0)) y=(y) {
            title { (hint) }
        }
    }
}

fn hint(marks: &[&Mark], bar: &Bar, scale: Scale) -> String {
    let Some(first) = marks.get(bar.first) else { return String::new() };
    let when = time(scale.since(first.at));
    let what = first.kind.meaning(first.strip);
    match (bar.count, marks.get(bar.last)) {
        (1, _) | (_, None) if first.detail.is_empty() => format!("{when}: {what}"),
        (1, _) | (_, None) => format!("{when}: {what} ({})", excerpt::short(&first.detail, HINT)),
        (count, Some(last)) => format!("{when} to {}: {count} times {what}", time(scale.since(last.at))),
    }
}

/// The symbols, once for the whole page.
pub(crate) fn definitions() -> Markup {
    html! {
        svg.hidden width="0" height="0" aria-hidden="true" {
            defs {
                @for kind in Kind::ALL { path id=(kind.symbol()) d=(kind.path()) {} }
                pattern #lost width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                    rect.lost-ground width="5" height="5" {}
                    rect.lost-stripe width="2.5" height="5" {}
                }
                pattern #waiting width="6" height="6" patternUnits="userSpaceOnUse" {
                    rect.waiting-ground width="6" height="6" {}
                    rect.waiting-stripe y="2" width="4" height="2" {}
                }
                pattern #again width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)" {
                    rect.again-ground width="5" height="5" {}
                    rect.again-stripe width="2" height="5" {}
                }
            }
        }
    }
}

/// The legend's line for a kind of mark.
pub(crate) fn key(kind: Kind, strip: Strip) -> (Markup, &'static str) {
    let symbol = kind.symbol();
    let drawn = html! { svg.key width="16" height="14" { use class=(symbol) href=(format!("#{symbol}")) x="8" y="7" {} } };
    (drawn, kind.meaning(strip))
}

/// A strip: its name, its legend, and its drawing with the grid.
pub(crate) fn strip(name: &str, legend: &[(Markup, &str)], height: u32, scale: Scale, drawing: &Markup) -> Markup {
    html! {
        div.strip {
            div.about {
                h3 { (name) }
                ul.legend { @for (drawn, meaning) in legend { li { (drawn) (meaning) } } }
            }
            svg.plot height=(height) role="group" aria-label=(name) { (grid(scale)) (drawing) }
        }
    }
}

/// The legend's lines for the kinds that a strip has.
pub(crate) fn keys(all: &[Mark], strip: Strip, kinds: &[Kind]) -> Vec<(Markup, &'static str)> {
    let has = |kind: &Kind| all.iter().any(|mark| mark.strip == strip && mark.kind == *kind);
    kinds.iter().filter(|kind| has(kind)).map(|kind| key(*kind, strip)).collect()
}

/// A bar in the legend, with the class that colours it.
pub(crate) fn swatch(class: &str) -> Markup {
    html! { svg.key width="16" height="14" { rect class=(class) x="1" y="2" width="14" height="10" rx="2" {} } }
}

/// Text that is already markup: the page's own style and script.
pub(crate) fn own(text: &'static str) -> PreEscaped<&'static str> {
    PreEscaped(text)
}
