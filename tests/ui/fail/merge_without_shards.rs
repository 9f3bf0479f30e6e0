use recursive_lambda::{Batch, Error, recursive_lambda};

#[recursive_lambda(batch = 10, merge = add)]
async fn count(batch: Batch<String>, rows: &mut u64) -> Result<(), Error> {
    *rows += batch.len() as u64;
    Ok(())
}

fn add(rows: &mut u64, later: u64) {
    *rows += later;
}

fn main() {
    let _ = recursive_lambda::run::<count>();
}
