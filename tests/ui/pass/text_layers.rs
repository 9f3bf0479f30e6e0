use recursive_lambda::{Batch, Error, recursive_lambda};

#[recursive_lambda(batch = 10, compression = zstd, encoding = "Windows-1252")]
async fn latin(batch: Batch<String>) -> Result<(), Error> {
    drop(batch);
    Ok(())
}

#[recursive_lambda(batch = 10, format = csv, compression = auto, encoding = replace("shift_jis"))]
async fn japanese(batch: Batch<(String, u64)>) -> Result<(), Error> {
    drop(batch);
    Ok(())
}

fn main() {
    let _ = recursive_lambda::run::<latin>();
    let _ = recursive_lambda::run::<japanese>();
}
