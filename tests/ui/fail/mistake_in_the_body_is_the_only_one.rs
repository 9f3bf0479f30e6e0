use recursive_lambda::{Batch, Error, recursive_lambda};

#[recursive_lambda(batch = 400)]
async fn job(batch: Batch<String>) -> Result<(), Error> {
    let lines: u8 = batch.len();
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    recursive_lambda::run::<job>().await
}
