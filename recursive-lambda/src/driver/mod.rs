//! The driver: asks the engine what to do about an event, and does it through the ports.
//!
//! It decides nothing about a run. One call handles one trigger: a start or a signal.

mod calls;
mod check;
mod deliver;
mod failed;
mod feed;
mod reader;
mod session;
mod source;
mod start;
mod writer;

pub(crate) use check::check;
pub(crate) use deliver::{Answer, Site, Travelling, handle};
