use recursive_lambda::{Batch, Error, recursive_lambda};

type Carried<'a> = &'a mut u64;

#[recursive_lambda(batch = 400)]
async fn job(_: Batch<String>, _: Carried<'_>) -> Result<(), Error> {
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    recursive_lambda::run::<job>().await
}
