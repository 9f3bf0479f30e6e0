//! Tests of the platform through its public API and the AWS SDK, with a real program as the function.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod bodies;
mod containers;
mod lambda;
mod queue;
mod requests;
mod s3;
mod shared_container;
mod support;
mod triggers;
