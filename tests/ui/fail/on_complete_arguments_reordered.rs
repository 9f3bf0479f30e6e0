use recursive_lambda::{Batch, Error, recursive_lambda};

#[recursive_lambda(batch = 400, on_complete = report)]
async fn job(_: Batch<String>, _: &mut u64) -> Result<(), Error> {
    Ok(())
}

async fn report(_: &u64, _: &recursive_lambda::Summary) -> Result<(), Error> {
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    recursive_lambda::run::<job>().await
}
