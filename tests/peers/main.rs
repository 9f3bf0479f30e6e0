//! The tests against what others made: moto's S3, SNS, SQS, EventBridge and CloudFormation, AWS's Runtime Interface Emulator, cfn-lint
//! and sam. Ignored without them; `cargo xtask test` installs them and asks for the ignored ones.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "a test says what is wrong by panicking"
)]

mod deliveries;
mod emulator;
mod peer;
mod queue;
mod template;
mod timeouts;
