use recursive_lambda::{Batch, BoxError, Error, Flow, recursive_lambda};

/// Does not implement `std::error::Error`. Decides itself which errors are retried.
enum Own {
    Busy,
    Broken,
}

impl From<Own> for Error {
    fn from(own: Own) -> Self {
        match own {
            Own::Busy => Error::from("busy"),
            Own::Broken => Error::terminal("broken"),
        }
    }
}

#[recursive_lambda(batch = 1)]
async fn own(batch: Batch<String>) -> Result<Flow, Own> {
    if batch.is_empty() { Err(Own::Busy) } else { Err(Own::Broken) }
}

#[recursive_lambda(batch = 1)]
async fn boxed(_: Batch<String>) -> Result<(), BoxError> {
    Ok(())
}

#[recursive_lambda(batch = 1)]
async fn text(_: Batch<String>) -> Result<(), &'static str> {
    Ok(())
}

type Done = std::io::Result<()>;

#[recursive_lambda(batch = 1)]
async fn aliased(_: Batch<String>) -> Done {
    Ok(())
}

#[recursive_lambda(batch = 1)]
async fn never(_: Batch<String>) -> Result<(), std::convert::Infallible> {
    Ok(())
}

fn main() {
    let _ = recursive_lambda::run::<own>();
    let _ = recursive_lambda::run::<boxed>();
    let _ = recursive_lambda::run::<text>();
    let _ = recursive_lambda::run::<aliased>();
    let _ = recursive_lambda::run::<never>();
}
