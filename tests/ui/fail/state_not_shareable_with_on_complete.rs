use recursive_lambda::{Batch, Error, Summary, recursive_lambda};
use std::cell::Cell;

#[recursive_lambda(batch = 400, on_complete = report)]
async fn job(_: Batch<String>, _: &mut Cell<u64>) -> Result<(), Error> {
    Ok(())
}

async fn report(_: &Summary, _: &Cell<u64>) -> Result<(), Error> {
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    recursive_lambda::run::<job>().await
}
