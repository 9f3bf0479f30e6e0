use recursive_lambda::{Error, FileBatch, recursive_lambda};

#[recursive_lambda(batch = 10)]
async fn frames(file: FileBatch) -> Result<(), Error> {
    drop(file);
    Ok(())
}

fn main() {
    let _ = recursive_lambda::run::<frames>();
}
