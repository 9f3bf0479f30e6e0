use recursive_lambda::{Error, recursive_lambda};

#[recursive_lambda(batch = 400)]
#[tokio::main]
async fn main() -> Result<(), Error> {
    Ok(())
}

