//! The jobs of the tests on the local platform, in one program: `TALLY_JOB` names the job, and each writes what it did to the file
//! `TALLY_LOG`, one JSON line in one write, so that many processes can share it.
//!
//! | variable | meaning |
//! |---|---|
//! | `TALLY_PAUSE` | milliseconds each batch waits |
//! | `TALLY_SPIN` | milliseconds each batch computes without ever letting go of its thread |
//! | `TALLY_AT`, `TALLY_DO` | what the batch at this position does: `error`, `error-once`, `terminal`, `panic`, `complete`, `allocate` and `allocate-once` (far more than there is) |

use recursive_lambda::{Batch, Error, Flow, Progress, Summary, recursive_lambda};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::time::{Duration, Instant};

/// A row of `birdstrikes.csv`; the other columns are left unread.
#[derive(Deserialize)]
struct Row {
    #[serde(rename = "Flight Date")]
    date: String,
    #[serde(rename = "Cost Total $")]
    dollars: u64,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Totals {
    rows: u64,
    dollars: u64,
}

#[recursive_lambda(batch = 400, format = csv, on_complete = report)]
async fn rows(batch: Batch<Row>, totals: &mut Totals, site: &Site) -> Result<Flow, Error> {
    site.begins(&batch, batch.first().map(|row| row.date.as_str()), batch.last().map(|row| row.date.as_str()))?;
    totals.rows += batch.len() as u64;
    totals.dollars += batch.iter().map(|row| row.dollars).sum::<u64>();
    site.works(&batch).await
}

#[recursive_lambda(batch = 400, format = csv, is_complete = enough, on_complete = report)]
async fn some(batch: Batch<Row>, totals: &mut Totals, site: &Site) -> Result<(), Error> {
    site.begins(&batch, None, None)?;
    totals.rows += batch.len() as u64;
    Ok(())
}

fn enough(progress: &Progress, totals: &Totals) -> bool {
    progress.position() >= 1_000 && totals.rows >= 1_000
}

async fn report(summary: &Summary, totals: &Totals, site: &Site) -> Result<(), Error> {
    site.write(&json!({
        "what": "complete",
        "rows": totals.rows,
        "dollars": totals.dollars,
        "position": summary.position(),
        "batches": summary.batches(),
        "invocations": summary.invocations(),
    }))
}

#[recursive_lambda(batch = 10)]
async fn lines(batch: Batch<String>, site: &Site) -> Result<Flow, Error> {
    site.begins(&batch, batch.first().map(String::as_str), batch.last().map(String::as_str))?;
    site.works(&batch).await
}

/// Each line an amount.
#[recursive_lambda(batch = 10, on_complete = report)]
async fn amounts(batch: Batch<String>, totals: &mut Totals, site: &Site) -> Result<Flow, Error> {
    site.begins(&batch, batch.first().map(String::as_str), batch.last().map(String::as_str))?;
    for amount in &batch {
        totals.rows += 1;
        totals.dollars += amount.parse::<u64>()?;
    }
    site.works(&batch).await
}

/// What the environment asks for, and where to write.
struct Site {
    log: File,
    pause: Duration,
    spin: Duration,
    at: Option<u64>,
    act: String,
}

impl Site {
    fn new() -> Result<Self, Error> {
        let log = OpenOptions::new().append(true).create(true).open(variable("TALLY_LOG"))?;
        let millis = |name| Duration::from_millis(variable(name).parse().unwrap_or(0));
        let (pause, spin) = (millis("TALLY_PAUSE"), millis("TALLY_SPIN"));
        Ok(Self { log, pause, spin, at: variable("TALLY_AT").parse().ok(), act: variable("TALLY_DO") })
    }

    fn write(&self, line: &Value) -> Result<(), Error> {
        Ok((&self.log).write_all(format!("{line}\n").as_bytes())?)
    }

    fn begins<T>(&self, batch: &Batch<T>, first: Option<&str>, last: Option<&str>) -> Result<(), Error> {
        self.write(&json!({
            "what": "batch",
            "bucket": batch.object().bucket(),
            "key": batch.object().key(),
            "batch": batch.idempotency_key().to_string(),
            "position": batch.position(),
            "len": batch.len(),
            "first": first,
            "last": last,
            "epoch": batch.epoch(),
            "attempt": batch.attempt(),
        }))
    }

    async fn works<T>(&self, batch: &Batch<T>) -> Result<Flow, Error> {
        let begun = Instant::now();
        while begun.elapsed() < self.spin {
            std::hint::spin_loop();
        }
        if !self.pause.is_zero() {
            tokio::time::sleep(self.pause).await;
        }
        if self.at == Some(batch.position()) {
            match self.act.as_str() {
                "error" => return Err("the sink is full".into()),
                "error-once" if batch.attempt() == 1 => return Err("the sink is full".into()),
                "terminal" => return Err(Error::terminal("the sink is closed")),
                #[allow(clippy::panic, reason = "what a job's panic becomes is tested")]
                "panic" => panic!("the sink is on fire"),
                "complete" => return Ok(Flow::Complete),
                "allocate" => allocate(),
                "allocate-once" if batch.attempt() == 1 => allocate(),
                _ => {}
            }
        }
        Ok(Flow::Continue)
    }
}

/// What a memory limit must not allow. Nothing of it is touched: without a limit it costs nothing.
fn allocate() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(64 << 30)));
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// One thread only: what must happen beside a job that computes cannot happen on it.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    match variable("TALLY_JOB").as_str() {
        "" | "rows" => recursive_lambda::run_with::<rows>(Site::new()?).await,
        "some" => recursive_lambda::run_with::<some>(Site::new()?).await,
        "lines" => recursive_lambda::run_with::<lines>(Site::new()?).await,
        "amounts" => recursive_lambda::run_with::<amounts>(Site::new()?).await,
        other => Err(Error::terminal(format!("there is no job `{other}`"))),
    }
}
