use recursive_lambda::{Advance, Batch, Error, recursive_lambda};

#[recursive_lambda(batch = 10)]
async fn import(batch: Batch<String>) -> Result<Advance, Error> {
    Ok(Advance::by(batch.len() as u64))
}

fn main() {
    let _ = recursive_lambda::run::<import>();
}
