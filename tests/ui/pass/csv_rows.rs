use recursive_lambda::{Batch, Error, recursive_lambda};

#[derive(serde::Deserialize)]
struct Order {
    id: u64,
}

#[recursive_lambda(batch = 400, format = csv)]
async fn import(batch: Batch<Order>) -> Result<(), Error> {
    let total: u64 = batch.iter().map(|order| order.id).sum();
    println!("{total}");
    Ok(())
}

fn main() {
    let _ = recursive_lambda::run::<import>();
}
