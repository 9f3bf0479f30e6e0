use recursive_lambda::{Batch, Error, recursive_lambda};

#[recursive_lambda(batch = 10, shards = auto, is_complete = enough)]
async fn count(batch: Batch<String>) -> Result<(), Error> {
    println!("{} lines", batch.len());
    Ok(())
}

fn enough(progress: &recursive_lambda::Progress) -> bool {
    progress.position() > 10
}

fn main() {
    let _ = recursive_lambda::run::<count>();
}
