use recursive_lambda::{Batch, Error, Progress, recursive_lambda};
use std::cell::Cell;

#[recursive_lambda(batch = 400, is_complete = enough)]
async fn job(batch: Batch<String>, rows: &mut Cell<u64>) -> Result<(), Error> {
    rows.set(rows.get() + batch.len() as u64);
    Ok(())
}

fn enough(_: &Progress, rows: &Cell<u64>) -> bool {
    rows.get() >= 1_000
}

fn main() {
    let _ = recursive_lambda::run::<job>();
}
