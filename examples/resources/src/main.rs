//! Resources built once in `main`, a sink that detects repeated batches, and an error that stops the run:
//! `cargo recursive-lambda run --package resources examples/s3-upload/birdstrikes.csv`.

use recursive_lambda::{Batch, Error, Terminal, recursive_lambda};
use serde::Deserialize;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

#[derive(Deserialize)]
struct Strike {
    #[serde(rename = "Flight Date")]
    date: String,
}

/// Stands in for a table whose unique column is the idempotency key.
#[derive(Default)]
struct Table {
    keys: Mutex<HashSet<String>>,
}

impl Table {
    /// Inserts the rows. Returns whether they are new.
    fn insert(&self, key: String) -> bool {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).insert(key)
    }
}

#[recursive_lambda(batch = 500, format = csv, reserve = "2s")]
async fn load(batch: Batch<Strike>, years: &mut HashSet<u16>, table: &Table) -> Result<(), Error> {
    for strike in &batch {
        let year = strike.date.get(..4).unwrap_or_default();
        // `.terminal()` stops the run: a date without a year stays wrong. A plain `?` would retry.
        years.insert(year.parse().terminal()?);
    }
    let key = batch.idempotency_key().to_string();
    println!("{key}: {}, {} years so far", if table.insert(key.clone()) { "stored" } else { "known" }, years.len());
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    recursive_lambda::run_with::<load>(Table::default()).await
}
