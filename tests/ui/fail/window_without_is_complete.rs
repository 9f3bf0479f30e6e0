use recursive_lambda::{Error, FileBatch, recursive_lambda};

#[recursive_lambda(batch = 10)]
async fn frames(window: FileBatch) -> Result<(), Error> {
    drop(window);
    Ok(())
}

fn main() {
    let _ = recursive_lambda::run::<frames>();
}
