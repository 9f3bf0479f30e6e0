//! Counts the words in lines of text: `cargo recursive-lambda run --package lines FILE`.

use recursive_lambda::{Batch, Error, recursive_lambda};

#[recursive_lambda(batch = 400)]
async fn count(batch: Batch<String>, words: &mut u64) -> Result<(), Error> {
    *words += batch.iter().map(|line| line.split_whitespace().count() as u64).sum::<u64>();
    println!("{} lines, {words} words", batch.position() + batch.len() as u64);
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    recursive_lambda::run::<count>().await
}
