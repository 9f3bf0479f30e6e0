use recursive_lambda::{Error, Progress, FileBatch, recursive_lambda};

#[recursive_lambda(batch = 10, format = csv, is_complete = done)]
async fn frames(window: FileBatch) -> Result<(), Error> {
    drop(window);
    Ok(())
}

fn done(progress: &Progress) -> bool {
    progress.position() > 10
}

fn main() {
    let _ = recursive_lambda::run::<frames>();
}
