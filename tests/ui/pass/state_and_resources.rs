use recursive_lambda::{Batch, Error, Progress, Summary, Terminal, recursive_lambda};

#[derive(serde::Deserialize)]
struct Order {
    id: u64,
}

#[derive(Clone, Default, serde::Serialize, serde::Deserialize)]
struct Totals {
    rows: u64,
}

struct Db;

impl Db {
    async fn insert(&self, key: impl std::fmt::Display, rows: &[Order]) -> std::io::Result<()> {
        println!("{key}: {:?}", rows.iter().map(|order| order.id).collect::<Vec<_>>());
        Ok(())
    }
}

#[recursive_lambda(batch = 400, format = jsonl, reserve = "20s", is_complete = enough, on_complete = report)]
async fn import(batch: Batch<Order>, totals: &mut Totals, db: &Db) -> Result<(), Error> {
    totals.rows += batch.len() as u64;
    db.insert(batch.idempotency_key(), &batch).await.terminal()?;
    Ok(())
}

fn enough(_: &Progress, totals: &Totals) -> bool {
    totals.rows >= 1_000_000
}

async fn report(summary: &Summary, totals: &Totals, _: &Db) -> Result<(), Error> {
    println!("{} of {}", totals.rows, summary.progress().position());
    Ok(())
}

fn main() {
    let _ = recursive_lambda::run_with::<import>(Db);
}
