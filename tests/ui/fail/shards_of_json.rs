use recursive_lambda::{Batch, Error, recursive_lambda};

#[recursive_lambda(batch = 10, format = json, shards = 16)]
async fn count(batch: Batch<u64>) -> Result<(), Error> {
    println!("{} lines", batch.len());
    Ok(())
}

fn main() {
    let _ = recursive_lambda::run::<count>();
}
