use recursive_lambda::{Error, FileBatch, Progress, recursive_lambda};

#[recursive_lambda(batch = 10, compression = gzip, is_complete = done)]
async fn frames(file: FileBatch) -> Result<(), Error> {
    drop(file);
    Ok(())
}

fn done(_: &Progress) -> bool {
    true
}

fn main() {}
