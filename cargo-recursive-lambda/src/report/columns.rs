//! Columns on the time axis, for what is too much to be drawn one by one: how many things happened in each part of the time,
//! and how much of it was spent. Draws nothing.

use super::scale::Scale;
use std::time::Duration;

/// The number of columns. On a narrow page each has three pixels.
pub(crate) const COLUMNS: usize = 120;

/// The width of a column, in percent.
pub(crate) const WIDTH: f64 = 100.0 / COLUMNS as f64;

pub(crate) fn column_of(place: f64) -> usize {
    ((place / WIDTH) as usize).min(COLUMNS - 1)
}

/// The sum of the amounts in each column, each at its place.
pub(crate) fn sums(items: impl IntoIterator<Item = (f64, u64)>) -> [u64; COLUMNS] {
    let mut sums = [0; COLUMNS];
    for (place, amount) in items {
        if let Some(sum) = sums.get_mut(column_of(place)) {
            *sum += amount;
        }
    }
    sums
}

/// How much of each column the spans cover: 1 is all of it, more if they overlap.
pub(crate) fn cover(spans: impl IntoIterator<Item = (f64, f64)>) -> [f64; COLUMNS] {
    let mut covers = [0.0; COLUMNS];
    for (from, to) in spans {
        for (index, cover) in covers.iter_mut().enumerate().take(column_of(to) + 1).skip(column_of(from)) {
            let start = index as f64 * WIDTH;
            *cover += (to.min(start + WIDTH) - from.max(start)).max(0.0) / WIDTH;
        }
    }
    covers
}

/// When the column begins, since the start of the run, and how long it is.
pub(crate) fn time_of(index: usize, scale: Scale) -> (Duration, Duration) {
    let length = scale.length() / u32::try_from(COLUMNS).unwrap_or(1);
    (length * u32::try_from(index).unwrap_or(0), length)
}
