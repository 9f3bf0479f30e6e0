//! A run that ends before the end of its object: `cargo recursive-lambda run --package early-stop FILE`.
//!
//! It looks for the first line that contains `Rock pigeon` and reads at most 5,000 lines.

use recursive_lambda::{Batch, Error, Flow, Progress, recursive_lambda};

#[recursive_lambda(batch = 100, is_complete = far_enough)]
async fn find(batch: Batch<String>) -> Result<Flow, Error> {
    let found = batch.iter().position(|line| line.contains("Rock pigeon"));
    Ok(match found {
        Some(at) => {
            println!("found in line {}", batch.position() + at as u64 + 1);
            Flow::Complete
        }
        None => Flow::Continue,
    })
}

fn far_enough(progress: &Progress) -> bool {
    progress.position() >= 5_000
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    recursive_lambda::run::<find>().await
}
