use recursive_lambda::{FileBatch, Error, recursive_lambda};

#[recursive_lambda(batch = 10, shards = 16, is_complete = enough)]
async fn count(file: FileBatch) -> Result<(), Error> {
    println!("{}", file.path().display());
    Ok(())
}

fn enough(_: &recursive_lambda::Progress) -> bool {
    true
}

fn main() {
    let _ = recursive_lambda::run::<count>();
}
