//! Jobs whose objects are processed in shards.

use recursive_lambda::format::{Cut, Decode, Format, Split};
use recursive_lambda::{Batch, BoxError, Error, Summary, recursive_lambda};

#[derive(Clone, Default, serde::Serialize, serde::Deserialize)]
struct Totals {
    rows: u64,
}

#[derive(serde::Deserialize)]
struct Row {
    id: u64,
}

#[recursive_lambda(batch = 10, format = csv, shards = 1_000, merge = add, on_complete = report)]
async fn rows(batch: Batch<Row>, totals: &mut Totals) -> Result<(), Error> {
    totals.rows += batch.iter().map(|row| row.id).max().unwrap_or_default();
    println!("{:?} {}", batch.shard(), batch.idempotency_key());
    Ok(())
}

fn add(totals: &mut Totals, later: Totals) {
    totals.rows += later.rows;
}

async fn report(summary: &Summary, totals: &Totals) -> Result<(), Error> {
    println!("{} {}", summary.progress().position(), totals.rows);
    Ok(())
}

#[recursive_lambda(batch = 10, format = csv(delimiter = ';', multiline = no), shards = auto)]
async fn promised(_batch: Batch<Row>) -> Result<(), Error> {
    Ok(())
}

#[recursive_lambda(batch = 10, shards = auto, concurrency = 4)]
async fn several(_batch: Batch<String>) -> Result<(), Error> {
    Ok(())
}

#[derive(Default)]
struct Samples;

impl Format for Samples {
    const NAME: &'static str = "samples";
    const CUT: Cut = Cut::every_bytes(4);

    fn split(&mut self, bytes: &[u8], _: bool) -> Split {
        if bytes.len() < 4 { Split::More } else { Split::Record { content: 4, next: 4 } }
    }
}

impl Decode<u32> for Samples {
    fn decode(&mut self, record: &[u8]) -> Result<u32, BoxError> {
        Ok(u32::from_be_bytes(record.try_into()?))
    }
}

#[recursive_lambda(batch = 10, format = Samples, shards = 2)]
async fn sums(_batch: Batch<u32>) -> Result<(), Error> {
    Ok(())
}

fn main() {
    let _ = recursive_lambda::run::<rows>().shards(recursive_lambda::Shards::Auto);
    let _ = (recursive_lambda::run::<promised>(), recursive_lambda::run::<several>(), recursive_lambda::run::<sums>());
}
