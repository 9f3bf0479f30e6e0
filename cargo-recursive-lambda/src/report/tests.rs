//! Tests of the pure part: from a journal to the page.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may")]

mod drawing;
mod journal;
mod made_up;
mod pages;
