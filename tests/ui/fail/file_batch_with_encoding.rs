use recursive_lambda::{Error, FileBatch, Progress, recursive_lambda};

#[recursive_lambda(batch = 10, encoding = "utf-16le", is_complete = done)]
async fn frames(file: FileBatch) -> Result<(), Error> {
    drop(file);
    Ok(())
}

fn done(_: &Progress) -> bool {
    true
}

fn main() {}
