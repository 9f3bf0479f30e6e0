//! Concurrent batches and skipped records. A job with state may set a concurrency of one.

use recursive_lambda::{Batch, Error, recursive_lambda};

struct Db;

#[recursive_lambda(batch = 10, concurrency = 8, on_error = skip(100))]
async fn import(batch: Batch<String>, db: &Db) -> Result<(), Error> {
    let Db = db;
    drop(batch);
    Ok(())
}

#[recursive_lambda(batch = 10, concurrency = 1, on_error = stop)]
async fn count(batch: Batch<String>, rows: &mut u64) -> Result<(), Error> {
    *rows += batch.len() as u64;
    Ok(())
}

fn main() {
    let _ = recursive_lambda::run_with::<import>(Db);
    let _ = recursive_lambda::run::<count>();
}
