use recursive_lambda::{Batch, Error, recursive_lambda};

#[recursive_lambda(batch = 400, format = json(delimiter = ';'))]
async fn job(_: Batch<(u64, String)>) -> Result<(), Error> {
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    recursive_lambda::run::<job>().await
}
