//! The driver: asks the engine what to do about an event, and does it through the ports.
//!
//! It decides nothing about a run. One call handles one trigger: a start, a signal, or a sweep.

mod answer;
mod calls;
mod check;
#[cfg(test)]
mod costs;
mod deployment;
mod dispatch;
mod execution;
mod failed;
mod inline_checkpoints;
mod input;
mod pace;
mod pipeline;
mod reader;
mod run_status;
mod session;
mod shards;
mod source_error;
mod start;
mod state;
mod sweep;
#[cfg(test)]
mod tests;
mod writer;

pub(crate) use answer::Answer;
pub(crate) use check::check;
pub(crate) use deployment::Deployment;
pub(crate) use dispatch::handle;
pub(crate) use inline_checkpoints::InlineCheckpoints;
