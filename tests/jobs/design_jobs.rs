//! The other examples of the design, unchanged except that `..` is filled in.
//!
//! `DESIGN_JOB` selects one. Each prints what it does as JSON lines.

use recursive_lambda::{Batch, Error, FileBatch, Progress, Summary, Terminal, recursive_lambda};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::Path;

#[derive(Deserialize)]
struct Order {
    id: u64,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Totals {
    rows: u64,
}

/// Stands in for a connection pool.
struct Db;

impl Db {
    async fn insert(&self, key: impl std::fmt::Display, orders: &[Order]) -> Result<(), std::io::Error> {
        print(json!({ "insert": key.to_string(), "orders": orders.len(), "first": orders.first().map(|order| order.id) }));
        Ok(())
    }
}

fn print(line: Value) {
    println!("{line}");
}

mod typed {
    use super::*;

    #[rustfmt::skip]
    #[recursive_lambda(batch = 400, format = csv)]                       // 2. typed records: Order: serde::Deserialize
    async fn import(batch: Batch<Order>) -> Result<(), Error> {
        let last = batch.last().map(|order| order.id).ok_or("a batch is never empty").terminal()?;
        print(json!({ "position": batch.position(), "last": last }));
        Ok(())
    }

    pub(super) async fn main() -> Result<(), Error> {
        recursive_lambda::run::<import>().await
    }
}

mod state {
    use super::*;

    #[rustfmt::skip]
    #[recursive_lambda(batch = 400, format = jsonl, reserve = "20s", is_complete = enough, on_complete = report)]
    async fn import(batch: Batch<Order>, totals: &mut Totals, db: &Db) -> Result<(), Error> {
        totals.rows += batch.len() as u64;                               // 3. state and shared resources
        db.insert(batch.idempotency_key(), &batch).await?;               // `?`: retry; `.terminal()?`: stop the run
        Ok(())
    }
    #[rustfmt::skip]
    #[allow(unused_variables, reason = "written so in the design")]
    fn enough(progress: &Progress, totals: &Totals) -> bool { totals.rows >= 1_000_000 }
    async fn report(summary: &Summary, totals: &Totals, db: &Db) -> Result<(), Error> {
        db.insert(format!("report of {}", summary.run_id()), &[]).await?;
        print(json!({ "report": totals.rows, "position": summary.progress().position(), "at_end": summary.progress().at_end() }));
        Ok(())
    }

    pub(super) async fn main() -> Result<(), Error> {
        let db = Db;
        recursive_lambda::run_with::<import>(db).await
    }

    /// Runs in the test program that includes this file.
    #[cfg(test)]
    #[tokio::test]
    #[allow(clippy::unwrap_used, reason = "a test may")]
    async fn a_unit_test_calls_the_job() {
        let (order, mut totals, db) = (Order { id: 7 }, Totals::default(), Db);
        import(Batch::of([order]), &mut totals, &db).await.unwrap();
        assert_eq!(totals.rows, 1);
    }
}

mod film {
    use super::*;

    #[rustfmt::skip]
    #[recursive_lambda(batch = 400, is_complete = done)]                 // 4. the file itself, in /tmp: any format, your own position
    async fn frames(batch: FileBatch) -> Result<(), Error> { decode(batch.path(), batch.position(), batch.limit()) }
    #[rustfmt::skip]
    fn done(progress: &Progress) -> bool { progress.position() >= 10_000 }

    pub(super) async fn main() -> Result<(), Error> {
        recursive_lambda::run::<frames>().await
    }

    /// Frames have 16 bytes.
    fn decode(path: &Path, position: u64, limit: usize) -> Result<(), Error> {
        let film = std::fs::read(path)?;
        let frames = film.chunks_exact(16).skip(usize::try_from(position)?).take(limit);
        let sum: u64 = frames.flatten().map(|byte| u64::from(*byte)).sum();
        print(json!({ "position": position, "sum": sum }));
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    match std::env::var("DESIGN_JOB")?.as_str() {
        "typed" => typed::main().await,
        "state" => state::main().await,
        _ => film::main().await,
    }
}
