//! Decides what happens to a run. Pure.
pub(crate) mod record;
