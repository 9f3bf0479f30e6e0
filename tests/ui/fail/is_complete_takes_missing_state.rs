use recursive_lambda::{Batch, Error, recursive_lambda};

#[recursive_lambda(batch = 400, is_complete = enough)]
async fn job(_: Batch<String>) -> Result<(), Error> {
    Ok(())
}

fn enough(_: &recursive_lambda::Progress, _: &u64) -> bool {
    true
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    recursive_lambda::run::<job>().await
}
