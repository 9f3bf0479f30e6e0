use recursive_lambda::{Batch, Error, recursive_lambda};

#[recursive_lambda(batch = 400)]
async fn job(_: Batch<Row<'_>>) -> Result<(), Error> {
    Ok(())
}

struct Row<'a>(&'a str);

#[tokio::main]
async fn main() -> Result<(), Error> {
    recursive_lambda::run::<job>().await
}
