use recursive_lambda::{Batch, Error, recursive_lambda};

#[recursive_lambda(batch = 10, on_error = skips(10))]
async fn count(batch: Batch<String>) -> Result<(), Error> {
    drop(batch);
    Ok(())
}

fn main() {
    let _ = recursive_lambda::run::<count>();
}
