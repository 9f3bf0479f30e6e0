use recursive_lambda::{Batch, Error, recursive_lambda};

#[derive(serde::Deserialize)]
struct Order {
    id: u64,
    city: Option<String>,
}

#[recursive_lambda(
    batch = 400,
    format = csv(delimiter = ';', quote = '\'', escape = '\\', comment = '#', header = ["id", "city"], trim, flexible),
)]
async fn import(batch: Batch<Order>) -> Result<(), Error> {
    for order in &batch {
        println!("{} {:?}", order.id, order.city);
    }
    Ok(())
}

#[recursive_lambda(batch = 400, format = tsv(header = none, quote = none))]
async fn columns(batch: Batch<(u64, String)>) -> Result<(), Error> {
    println!("{}", batch.len());
    Ok(())
}

#[recursive_lambda(batch = 400, format = tsv)]
async fn rows(batch: Batch<Vec<String>>) -> Result<(), Error> {
    println!("{}", batch.len());
    Ok(())
}

fn main() {
    let _ = recursive_lambda::run::<import>();
    let _ = recursive_lambda::run::<columns>();
    let _ = recursive_lambda::run::<rows>();
}
