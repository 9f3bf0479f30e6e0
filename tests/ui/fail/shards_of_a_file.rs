use recursive_lambda::{Advance, Error, FileBatch, recursive_lambda};

#[recursive_lambda(batch = 10, shards = 16)]
async fn count(file: FileBatch) -> Result<Advance, Error> {
    println!("{}", file.path().display());
    Ok(Advance::by(10).and_complete())
}

fn main() {
    let _ = recursive_lambda::run::<count>();
}
