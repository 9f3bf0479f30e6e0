//! The bundled example: counts bird strikes against aircraft in the United States and adds up their cost, from a CSV upload.
//!
//! Run it with `cargo demo`.

use recursive_lambda::{Batch, Error, Summary, recursive_lambda};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// One row. Other columns are ignored.
#[derive(Deserialize)]
struct Strike {
    #[serde(rename = "Wildlife Species")]
    species: String,
    #[serde(rename = "Effect Amount of damage")]
    damage: String,
    #[serde(rename = "Cost Total $")]
    dollars: u64,
}

/// The job's state, passed from batch to batch and from invocation to invocation.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Totals {
    strikes: u64,
    damaged: u64,
    dollars: u64,
    dollars_by_species: BTreeMap<String, u64>,
}

#[recursive_lambda(batch = 150, format = csv, on_complete = report)]
async fn import(batch: Batch<Strike>, totals: &mut Totals) -> Result<(), Error> {
    for strike in &batch {
        totals.strikes += 1;
        totals.damaged += u64::from(strike.damage != "None");
        totals.dollars += strike.dollars;
        if strike.dollars > 0 {
            *totals.dollars_by_species.entry(strike.species.clone()).or_default() += strike.dollars;
        }
    }
    // A real job writes to its database here. Store `batch.idempotency_key()` with the rows: a batch is repeated if its invocation dies
    // while the batch is in progress.
    tokio::time::sleep(Duration::from_millis(100)).await;
    println!("{:>6} strikes, {:>4} with damage, ${}", totals.strikes, totals.damaged, totals.dollars);
    Ok(())
}

async fn report(summary: &Summary, totals: &Totals) -> Result<(), Error> {
    println!("{} strikes in {} invocations cost ${}", totals.strikes, summary.progress().invocations(), totals.dollars);
    let mut by_cost: Vec<_> = totals.dollars_by_species.iter().collect();
    by_cost.sort_by_key(|(_, dollars)| std::cmp::Reverse(**dollars));
    for (species, dollars) in by_cost.into_iter().take(5) {
        println!("  ${dollars:>10}  {species}");
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    recursive_lambda::run::<import>().await
}
