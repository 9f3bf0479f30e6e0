use recursive_lambda::{Batch, Error, recursive_lambda};

#[recursive_lambda(batch = 10, shards = 16, merge = add)]
async fn count(batch: Batch<String>) -> Result<(), Error> {
    println!("{} lines", batch.len());
    Ok(())
}

fn add(rows: &mut u64, later: u64) {
    *rows += later;
}

fn main() {
    let _ = recursive_lambda::run::<count>();
}
