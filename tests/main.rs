//! One binary for the tests that need more than one crate.

mod errors;
mod expansion;
mod file_batch;
mod files;
mod hygiene;
mod layers;
pub mod lints;
mod local;
mod plain_english;
