//! A job with all its tests. `docs/testing.md` explains them.

use recursive_lambda::{Batch, Error, Summary, Terminal, recursive_lambda};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

#[derive(Deserialize)]
struct Order {
    cents: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Totals {
    orders: u64,
    cents: u64,
}

/// Stands in for a database: the number of orders stored under each key.
#[derive(Default)]
struct Db {
    stored: Mutex<BTreeMap<String, usize>>,
    is_down: bool,
}

impl Db {
    async fn store(&self, key: String, orders: usize) -> Result<(), std::io::Error> {
        tokio::time::sleep(Duration::from_millis(20)).await;
        if self.is_down {
            return Err(std::io::Error::other("the database is down"));
        }
        self.stored.lock().unwrap_or_else(PoisonError::into_inner).insert(key, orders);
        Ok(())
    }
}

#[recursive_lambda(batch = 100, format = jsonl, on_complete = report)]
async fn import(batch: Batch<Order>, totals: &mut Totals, db: &Db) -> Result<(), Error> {
    for order in &batch {
        totals.cents += order.cents.parse::<u64>().terminal()?;
    }
    totals.orders += batch.len() as u64;
    db.store(batch.idempotency_key().to_string(), batch.len()).await?;
    Ok(())
}

async fn report(summary: &Summary, totals: &Totals, db: &Db) -> Result<(), Error> {
    db.store(format!("report of {}", summary.run_id()), 0).await?;
    println!("{} orders, {} cents", totals.orders, totals.cents);
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    recursive_lambda::run_with::<import>(Db::default()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(cents: &str) -> Order {
        Order { cents: cents.into() }
    }

    #[tokio::test]
    async fn orders_are_added_up_and_stored() {
        let (mut totals, db) = (Totals::default(), Db::default());
        import(Batch::of([order("250"), order("50")]), &mut totals, &db).await.unwrap();
        assert_eq!(totals, Totals { orders: 2, cents: 300 });
        // The key is `run:position+len`. A batch made by hand is at position 0 of the run `test`.
        assert_eq!(db.stored.lock().unwrap()["test:0+2"], 2);
    }

    #[tokio::test]
    async fn a_bad_price_is_not_retried() {
        let (mut totals, down) = (Totals::default(), Db { is_down: true, ..Db::default() });
        let error = import(Batch::of([order("250")]), &mut totals, &down).await.unwrap_err();
        assert!(!error.is_terminal(), "{error}");
        let error = import(Batch::of([order("free")]), &mut totals, &Db::default()).await.unwrap_err();
        assert!(error.is_terminal(), "{error}");
    }

    #[tokio::test]
    async fn the_report_is_stored_under_its_run() {
        let (totals, db) = (Totals { orders: 2, cents: 300 }, Db::default());
        report(&Summary::of(2), &totals, &db).await.unwrap();
        assert!(db.stored.lock().unwrap().contains_key("report of test"));
    }
}
