//! The driver: asks the engine what to do about an event, and does it through the ports.
//!
//! It decides nothing about a run. One call handles one trigger: a start, a signal, or a sweep.

mod answer;
mod calls;
mod check;
mod deliver;
mod failed;
mod feed;
mod reader;
mod session;
mod site;
mod source;
mod stands;
mod start;
mod state;
mod sweep;
#[cfg(test)]
mod tests;
mod travelling;
mod writer;

pub(crate) use answer::Answer;
pub(crate) use check::check;
pub(crate) use deliver::handle;
pub(crate) use site::Site;
pub(crate) use travelling::Travelling;
