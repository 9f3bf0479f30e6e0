//! The bundled example in four shards: each adds up the bird strikes of its part of the file, and the run adds up the shards.
//!
//! Run it with `cargo recursive-lambda run --package shards --shards 4 examples/s3-upload/birdstrikes.csv`.

use recursive_lambda::{Batch, Error, Summary, recursive_lambda};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One row. Other columns are ignored.
#[derive(Deserialize)]
struct Strike {
    #[serde(rename = "Effect Amount of damage")]
    damage: String,
    #[serde(rename = "Cost Total $")]
    dollars: u64,
}

/// The state of one shard and, in the end, of the run.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Totals {
    strikes: u64,
    damaged: u64,
    dollars: u64,
}

#[recursive_lambda(batch = 150, format = csv, shards = 4, merge = add, on_complete = report)]
async fn import(batch: Batch<Strike>, totals: &mut Totals) -> Result<(), Error> {
    for strike in &batch {
        totals.strikes += 1;
        totals.damaged += u64::from(strike.damage != "None");
        totals.dollars += strike.dollars;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    Ok(())
}

/// Called with the state of each shard but the first, in the order of their parts of the file.
fn add(totals: &mut Totals, later: Totals) {
    totals.strikes += later.strikes;
    totals.damaged += later.damaged;
    totals.dollars += later.dollars;
}

/// Called once, after all shards.
async fn report(summary: &Summary, totals: &Totals) -> Result<(), Error> {
    let Totals { strikes, damaged, dollars } = totals;
    println!("{strikes} strikes, {damaged} with damage, cost ${dollars}, in {} batches", summary.progress().batches());
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    recursive_lambda::run::<import>().await
}
