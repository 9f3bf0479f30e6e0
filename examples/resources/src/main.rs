//! Resources built once in `main`, a sink that knows what it has seen, and an error that stops the run:
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

/// Stands for a table with the idempotency key as its unique column.
#[derive(Default)]
struct Table {
    keys: Mutex<HashSet<String>>,
}

impl Table {
    /// Whether the rows are new to the table.
    fn insert(&self, key: String) -> bool {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).insert(key)
    }
}

#[recursive_lambda(batch = 500, format = csv, reserve = "2s")]
async fn load(batch: Batch<Strike>, years: &mut HashSet<u16>, table: &Table) -> Result<(), Error> {
    for strike in &batch {
        let year = strike.date.get(..4).unwrap_or_default();
        // `.terminal()`: a date without a year has none tomorrow either, so the run stops here; a plain `?` would try again.
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
