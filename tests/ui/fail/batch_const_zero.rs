use recursive_lambda::{Batch, Error, recursive_lambda};

#[recursive_lambda(batch = NONE)]
async fn job(_: Batch<String>) -> Result<(), Error> {
    Ok(())
}

const NONE: usize = 0;

#[tokio::main]
async fn main() -> Result<(), Error> {
    recursive_lambda::run::<job>().await
}
