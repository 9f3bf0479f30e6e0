use recursive_lambda::{Batch, Error, recursive_lambda};

#[recursive_lambda(batch = 400)]
async fn job(_: Batch<Row>) -> Result<(), Error> {
    Ok(())
}

struct Row;

#[tokio::main]
async fn main() -> Result<(), Error> {
    recursive_lambda::run::<job>().await
}
