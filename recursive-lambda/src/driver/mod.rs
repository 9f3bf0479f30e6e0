//! The driver: asks the engine what to do about an event, and does it through the ports.
//!
//! It decides nothing about a run. One call handles one trigger: a start, a signal, or a sweep.

mod answer;
mod deliver;
mod feed;
mod reader;
mod session;
mod source;
mod start;
mod sweep;
mod travelling;
mod writer;

pub(crate) use answer::Answer;
pub(crate) use deliver::{Site, handle};
pub(crate) use travelling::Travelling;
