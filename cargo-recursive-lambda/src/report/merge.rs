//! Marks that are too close to be told apart become one mark with a count. So the page has a limited number of marks, however
//! long the run was, and none of them hides another one. Everything is in percent of the width.

/// Narrower than this, a bar cannot be told from the next one. The page is about 1,000 pixels wide.
const NARROW: f64 = 0.5;
/// A symbol is about this wide.
const SYMBOL: f64 = 0.9;

/// One drawn bar: one item, or several that follow each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bar {
    pub(crate) from: f64,
    pub(crate) to: f64,
    /// The first and the last of its items, as the caller numbers them.
    pub(crate) first: usize,
    pub(crate) last: usize,
    pub(crate) count: usize,
}

impl Bar {
    pub(crate) fn width(&self) -> f64 {
        self.to - self.from
    }
}

/// Bars in the order of their starts. A narrow one joins the narrow ones before it, if the gap is narrow, too.
pub(crate) fn bars(items: impl IntoIterator<Item = (f64, f64, usize)>) -> Vec<Bar> {
    let mut bars: Vec<Bar> = Vec::new();
    let mut is_open = false;
    for (from, to, item) in items {
        let is_narrow = to - from < NARROW;
        match bars.last_mut().filter(|last| is_open && is_narrow && from - last.to < NARROW) {
            Some(last) => {
                last.to = last.to.max(to);
                last.last = item;
                last.count += 1;
            }
            None => bars.push(Bar { from, to, first: item, last: item, count: 1 }),
        }
        is_open = is_narrow;
    }
    bars
}

/// Points in their order. A point joins the mark before it if their symbols would overlap.
pub(crate) fn points(items: impl IntoIterator<Item = (f64, usize)>) -> Vec<Bar> {
    let mut marks: Vec<Bar> = Vec::new();
    for (at, item) in items {
        match marks.last_mut().filter(|last| at - last.from < SYMBOL) {
            Some(last) => (last.to, last.last, last.count) = (at, item, last.count + 1),
            None => marks.push(Bar { from: at, to: at, first: item, last: item, count: 1 }),
        }
    }
    marks
}

/// The rows in which spans, in the order of their starts, do not overlap. If there are more than `most`, the rest shares the row
/// that is free first. Returns the row of each span.
pub(crate) fn rows(spans: impl IntoIterator<Item = (f64, f64)>, most: usize) -> Vec<usize> {
    let mut ends: Vec<f64> = Vec::new();
    let place = |(from, to): (f64, f64)| {
        let free = ends.iter().position(|end| *end <= from);
        let first = || {
            let first = ends.iter().enumerate().min_by(|one, other| one.1.total_cmp(other.1));
            first.map_or(0, |(row, _)| row)
        };
        let row = match free {
            Some(row) => row,
            None if ends.len() < most => {
                ends.push(to);
                ends.len() - 1
            }
            None => first(),
        };
        if let Some(end) = ends.get_mut(row) {
            *end = end.max(to);
        }
        row
    };
    spans.into_iter().map(place).collect()
}
