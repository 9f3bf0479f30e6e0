use recursive_lambda::{Batch, BoxError, Error, format::Decode, recursive_lambda};

struct Own;

impl Decode<String> for Own {
    fn decode(&mut self, _: &[u8]) -> Result<String, BoxError> {
        Ok(String::new())
    }
}

#[recursive_lambda(batch = 400, format = Own)]
async fn job(_: Batch<String>) -> Result<(), Error> {
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    recursive_lambda::run::<job>().await
}
