//! The platform as its users see it: through the AWS SDK, and with a real program as the function.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod bodies;
mod lambda;
mod life;
mod queue;
mod s3;
mod shared_container;
mod support;
mod triggers;
