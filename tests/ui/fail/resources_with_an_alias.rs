use recursive_lambda::{Batch, Error, recursive_lambda};

type Shared<'a> = &'a u64;

#[recursive_lambda(batch = 400)]
async fn job(_: Batch<String>, _: Shared<'_>) -> Result<(), Error> {
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    recursive_lambda::run_with::<job>(7).await
}
