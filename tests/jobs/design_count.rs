//! The first example of the design, unchanged except that `..` is filled in.

use recursive_lambda::{Batch, Error, recursive_lambda};

#[rustfmt::skip]
#[recursive_lambda(batch = 400)]                                     // 1. lines of text
async fn count(batch: Batch<String>) -> Result<(), Error> { println!("{} lines from {}", batch.len(), batch.position()); Ok(()) }

#[rustfmt::skip]
#[tokio::main]
async fn main() -> Result<(), Error> { recursive_lambda::run::<count>().await } // or run_with::<import>(db).await
