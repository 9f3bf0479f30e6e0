use recursive_lambda::{Error, Progress, FileBatch, recursive_lambda};

#[recursive_lambda(batch = 10, source = stream, is_complete = done)]
async fn frames(file: FileBatch) -> Result<(), Error> {
    drop(file);
    Ok(())
}

fn done(progress: &Progress) -> bool {
    progress.position() > 10
}

fn main() {
    let _ = recursive_lambda::run::<frames>();
}
