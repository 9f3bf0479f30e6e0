use recursive_lambda::{Batch, Error, recursive_lambda};

#[recursive_lambda(batch = 400, batches_per_invocation = MANY)]
async fn job(_: Batch<String>) -> Result<(), Error> {
    Ok(())
}

const MANY: u64 = 5;

#[tokio::main]
async fn main() -> Result<(), Error> {
    recursive_lambda::run::<job>().await
}
