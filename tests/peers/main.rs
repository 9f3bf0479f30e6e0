//! Tests against tools of others: moto's S3, SNS, SQS, EventBridge and CloudFormation, AWS's Runtime Interface Emulator, cfn-lint,
//! sam, and Chromium. They are ignored by default; `cargo xtask test` installs the tools and runs the ignored tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "a test may"
)]

mod chromium;
mod deliveries;
mod doctor;
mod emulator;
mod front;
mod intrinsics;
mod module;
mod peer;
mod queue;
mod steering;
mod template;
mod terraform;
mod timeouts;
