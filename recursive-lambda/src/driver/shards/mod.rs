//! One object in many shards: where each begins and ends, and the scan that finds it out for CSV.
//!
//! It decides nothing: the engine does, and `family` does what that asks for.

mod by_scan;
mod family;
mod places;
mod scanning;

pub(super) use family::{Family, owned_object};
pub(super) use scanning::Scanning;

use super::input::format_of;
use crate::format::{Cut, Format as _};
use crate::job::Handler;

/// Whether where a record begins depends on everything before it.
pub(super) fn is_scanned<H: Handler>() -> bool {
    matches!(format_of::<H>().cut(), Cut::ByScan(_))
}

/// Requests in flight at once: for bounds, checkpoints and signals of shards.
const AT_ONCE: usize = 32;
