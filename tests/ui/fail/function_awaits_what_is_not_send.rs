use recursive_lambda::{Batch, Error, recursive_lambda};

#[recursive_lambda(batch = 400)]
async fn job(_: Batch<String>) -> Result<(), Error> {
    let seen = std::rc::Rc::new(1);
    tokio::task::yield_now().await;
    drop(seen);
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    recursive_lambda::run::<job>().await
}
