use recursive_lambda::{Batch, Error, recursive_lambda};

#[recursive_lambda(batch = 10, shards = 16, encoding = "latin1")]
async fn count(batch: Batch<String>) -> Result<(), Error> {
    println!("{} lines", batch.len());
    Ok(())
}

fn main() {
    let _ = recursive_lambda::run::<count>();
}
