use recursive_lambda::{Batch, Error, recursive_lambda};

#[recursive_lambda(batch = 400)]
async fn job(_: Batch<String>, _: &mut Totals) -> Result<(), Error> {
    Ok(())
}

#[derive(Default, Clone)]
struct Totals;

#[tokio::main]
async fn main() -> Result<(), Error> {
    recursive_lambda::run::<job>().await
}
