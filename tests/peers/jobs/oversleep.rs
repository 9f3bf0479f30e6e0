//! A job that times out once: the first attempt at the batch after `ASLEEP_AT` lines sleeps past the time-out.

use recursive_lambda::{Batch, Error, recursive_lambda};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The position at which the job falls asleep.
const ASLEEP_AT: u64 = 40;

#[derive(Clone, Default, Serialize, Deserialize)]
struct Counted {
    lines: u64,
    /// The attempt that got past `ASLEEP_AT`.
    awake_at_attempt: u32,
}

#[recursive_lambda(batch = 10)]
async fn oversleep(batch: Batch<String>, counted: &mut Counted) -> Result<(), Error> {
    if batch.position() == ASLEEP_AT {
        if batch.attempt() == 1 {
            println!("falling asleep");
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        counted.awake_at_attempt = batch.attempt();
    }
    counted.lines += batch.len() as u64;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    recursive_lambda::run::<oversleep>().await
}
