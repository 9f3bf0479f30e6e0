use recursive_lambda::{Error, recursive_lambda};

#[recursive_lambda(reserve = "soon", format = jsn)]
fn job(self_made: &[String], totals: &mut u64, more: &mut u64) {
    let _ = (self_made, totals, more);
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    recursive_lambda::run::<job>().await
}
