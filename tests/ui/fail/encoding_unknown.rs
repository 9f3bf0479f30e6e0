use recursive_lambda::{Batch, Error, recursive_lambda};

#[recursive_lambda(batch = 10, encoding = replace("klingon"))]
async fn rows(batch: Batch<String>) -> Result<(), Error> {
    drop(batch);
    Ok(())
}

fn main() {
    let _ = recursive_lambda::run::<rows>();
}
