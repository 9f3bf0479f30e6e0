use recursive_lambda::Error;

struct job;

#[tokio::main]
async fn main() -> Result<(), Error> {
    recursive_lambda::run::<job>().await
}
