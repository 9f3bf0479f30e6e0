use recursive_lambda::{Batch, Error, recursive_lambda};

#[recursive_lambda(batch = 400)]
async fn job(_: Batch<String>, _: &(dyn Db + Send + Sync)) -> Result<(), Error> {
    Ok(())
}

trait Db {}

#[tokio::main]
async fn main() -> Result<(), Error> {
    recursive_lambda::run::<job>().await
}
