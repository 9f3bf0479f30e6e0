//! Typed records from JSON lines: `cargo recursive-lambda run --package jsonl examples/jsonl/orders.jsonl`.

use recursive_lambda::{Batch, Error, Summary, recursive_lambda};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Order {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    quantity: u64,
    cents: u64,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Totals {
    orders: u64,
    cents: u64,
}

#[recursive_lambda(batch = 50, format = jsonl, batches_per_invocation = 4, on_complete = report)]
async fn sum(batch: Batch<Order>, totals: &mut Totals) -> Result<(), Error> {
    totals.orders += batch.len() as u64;
    totals.cents += batch.iter().flat_map(|order| &order.items).map(|item| item.quantity * item.cents).sum::<u64>();
    println!("{} orders, {} cents", totals.orders, totals.cents);
    Ok(())
}

async fn report(summary: &Summary, totals: &Totals) -> Result<(), Error> {
    println!("all {} orders: {} cents, in {} invocations", totals.orders, totals.cents, summary.progress().invocations());
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    recursive_lambda::run::<sum>().await
}
