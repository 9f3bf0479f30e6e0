use recursive_lambda::{Batch, Error, Handler, recursive_lambda};

#[recursive_lambda(batch = 400)]
async fn job(_: Batch<String>) -> Result<(), Error> {
    Ok(())
}

fn name<H: Handler>() -> &'static str {
    H::NAME
}

fn main() {
    println!("{}", name::<job>());
}
