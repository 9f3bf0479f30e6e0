//! The first example of the contract, as it is written there: `..` is filled in, and nothing else changed.

use recursive_lambda::{Batch, Error, recursive_lambda};

#[rustfmt::skip]
#[recursive_lambda(batch = 400)]                                     // 1. lines of text
async fn count(batch: Batch<String>) -> Result<(), Error> { println!("{} lines from {}", batch.len(), batch.position()); Ok(()) }

#[rustfmt::skip]
#[tokio::main]
async fn main() -> Result<(), Error> { recursive_lambda::run::<count>().await } // or run_with::<import>(db).await
