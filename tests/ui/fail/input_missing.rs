use recursive_lambda::{Error, recursive_lambda};

#[recursive_lambda(batch = 400)]
async fn job(_: &mut u64, _: &String) -> Result<(), Error> {
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    recursive_lambda::run::<job>().await
}
