use recursive_lambda::{Error, Progress, Window, recursive_lambda};

#[recursive_lambda(batch = 10, concurrency = 8, is_complete = done)]
async fn frames(window: Window) -> Result<(), Error> {
    drop(window);
    Ok(())
}

fn done(progress: &Progress) -> bool {
    progress.position() > 10
}

fn main() {
    let _ = recursive_lambda::run::<frames>();
}
