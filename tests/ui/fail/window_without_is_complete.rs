use recursive_lambda::{Error, Window, recursive_lambda};

#[recursive_lambda(batch = 10)]
async fn frames(window: Window) -> Result<(), Error> {
    drop(window);
    Ok(())
}

fn main() {
    let _ = recursive_lambda::run::<frames>();
}
