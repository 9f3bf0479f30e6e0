//! The driver: asks the engine what to do about an event, and does it through the ports.
//!
//! It decides nothing about a run. One call handles one trigger: a start or a signal.

mod deliver;
mod feed;
mod reader;
mod session;
mod source;
mod start;
mod writer;

pub(crate) use deliver::{Answer, Site, Travelling, handle};
