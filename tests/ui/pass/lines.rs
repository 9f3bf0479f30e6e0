use recursive_lambda::{Batch, Error, recursive_lambda};

#[recursive_lambda(batch = 400)]
async fn count(batch: Batch<String>) -> Result<(), Error> {
    println!("{} lines from {}", batch.len(), batch.position());
    Ok(())
}

fn main() {
    let _ = recursive_lambda::run::<count>();
}
