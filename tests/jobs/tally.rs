//! The jobs of the tests on the local platform, in one program. `TALLY_JOB` names the job. Each job logs its batches to the file
//! `TALLY_LOG`. Each JSON line is one write, so several processes can share the file.
//!
//! | variable | meaning |
//! |---|---|
//! | `TALLY_PAUSE` | pause of each batch, in milliseconds |
//! | `TALLY_REPORT_PAUSE` | pause of each report after it is written, in milliseconds |
//! | `TALLY_SPIN` | milliseconds that each batch computes without yielding its thread |
//! | `TALLY_OUT_OF_SERVICE` | while this file exists, batches from position `TALLY_OUT_OF_SERVICE_FROM` onwards fail with a retryable error |
//! | `TALLY_ROW` | while that file exists, the batch of `parts` with this row fails for good |
//! | `TALLY_AT`, `TALLY_DO` | what the batch at this position does: `error`, `error-once`, `hang-once`, `terminal`, `panic`, `die`, `complete`, `allocate`, `allocate-once` (more memory than available) |

use recursive_lambda::{Batch, Error, Flow, Progress, Summary, Terminal, recursive_lambda};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A row of `birdstrikes.csv`. The other columns are ignored.
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
async fn rows(batch: Batch<Row>, totals: &mut Totals, deployment: &Deployment) -> Result<Flow, Error> {
    deployment.log_batch(&batch, batch.first().map(|row| row.date.as_str()), batch.last().map(|row| row.date.as_str()))?;
    totals.rows += batch.len() as u64;
    totals.dollars += batch.iter().map(|row| row.dollars).sum::<u64>();
    deployment.work(&batch).await
}

#[recursive_lambda(batch = 400, format = csv, is_complete = enough, on_complete = report)]
async fn some(batch: Batch<Row>, totals: &mut Totals, deployment: &Deployment) -> Result<(), Error> {
    deployment.log_batch(&batch, None, None)?;
    totals.rows += batch.len() as u64;
    Ok(())
}

/// Prints its arguments.
fn enough(progress: &Progress, totals: &Totals) -> bool {
    let values = [progress.position(), progress.offset(), progress.size(), progress.batches(), progress.invocations()];
    println!("{}", json!({ "asked": values, "at_end": progress.at_end() }));
    progress.position() >= 1_000 && totals.rows >= 1_000
}

async fn report(summary: &Summary, totals: &Totals, deployment: &Deployment) -> Result<(), Error> {
    deployment.write(&json!({
        "what": "complete",
        "rows": totals.rows,
        "dollars": totals.dollars,
        "position": summary.progress().position(),
        "skipped": summary.skipped(),
        "batches": summary.progress().batches(),
        "invocations": summary.progress().invocations(),
    }))?;
    tokio::time::sleep(deployment.report_pause).await;
    Ok(())
}

/// A row with an action for the job.
#[derive(Deserialize)]
struct Item {
    cents: u64,
    does: String,
}

#[recursive_lambda(batch = 4, format = csv, on_error = skip(5), on_complete = report)]
async fn sieve(batch: Batch<Item>, totals: &mut Totals, deployment: &Deployment) -> Result<(), Error> {
    deployment.log_batch(&batch, None, None)?;
    deployment.check_sink(batch.position())?;
    for item in &batch {
        totals.rows += 1;
        totals.dollars += item.cents;
        deployment.act(&item.does, batch.attempt())?;
    }
    Ok(())
}

#[recursive_lambda(batch = 400, format = csv, concurrency = 8)]
async fn wide(batch: Batch<Row>, deployment: &Deployment) -> Result<Flow, Error> {
    deployment.log_batch(&batch, batch.first().map(|row| row.date.as_str()), batch.last().map(|row| row.date.as_str()))?;
    deployment.work(&batch).await
}

#[recursive_lambda(batch = 10)]
async fn lines(batch: Batch<String>, deployment: &Deployment) -> Result<Flow, Error> {
    deployment.log_batch(&batch, batch.first().map(String::as_str), batch.last().map(String::as_str))?;
    deployment.work(&batch).await
}

/// Each line is an amount.
#[recursive_lambda(batch = 10, on_complete = report)]
async fn amounts(batch: Batch<String>, totals: &mut Totals, deployment: &Deployment) -> Result<Flow, Error> {
    deployment.log_batch(&batch, batch.first().map(String::as_str), batch.last().map(String::as_str))?;
    for amount in &batch {
        totals.rows += 1;
        totals.dollars += amount.parse::<u64>()?;
    }
    deployment.work(&batch).await
}

/// A row whose note may have line breaks.
#[derive(Deserialize)]
struct Part {
    id: u64,
    cents: u64,
    #[serde(rename = "note")]
    _note: String,
}

#[recursive_lambda(batch = 400, format = csv, shards = 16, merge = add, on_complete = report)]
async fn parts(batch: Batch<Part>, totals: &mut Totals, deployment: &Deployment) -> Result<Flow, Error> {
    let id = |part: Option<&Part>| part.map(|part| part.id.to_string());
    deployment.log_batch(&batch, id(batch.first()).as_deref(), id(batch.last()).as_deref())?;
    totals.rows += batch.len() as u64;
    totals.dollars += batch.iter().map(|part| part.cents).sum::<u64>();
    if batch.iter().any(|part| deployment.row == Some(part.id)) {
        deployment.check_sink(u64::MAX).terminal()?;
    }
    deployment.work(&batch).await
}

fn add(totals: &mut Totals, later: Totals) {
    totals.rows += later.rows;
    totals.dollars += later.dollars;
}

/// The settings from the environment, and the log.
struct Deployment {
    log: File,
    pause: Duration,
    report_pause: Duration,
    spin: Duration,
    at: Option<u64>,
    act: String,
    down: Option<PathBuf>,
    down_from: u64,
    row: Option<u64>,
    in_flight: AtomicU64,
}

impl Deployment {
    fn new() -> Result<Self, Error> {
        let log = OpenOptions::new().append(true).create(true).open(variable("TALLY_LOG"))?;
        let millis = |name| Duration::from_millis(variable(name).parse().unwrap_or(0));
        Ok(Self {
            log,
            pause: millis("TALLY_PAUSE"),
            report_pause: millis("TALLY_REPORT_PAUSE"),
            spin: millis("TALLY_SPIN"),
            at: variable("TALLY_AT").parse().ok(),
            act: variable("TALLY_DO"),
            down: std::env::var_os("TALLY_OUT_OF_SERVICE").map(PathBuf::from),
            down_from: variable("TALLY_OUT_OF_SERVICE_FROM").parse().unwrap_or(0),
            row: variable("TALLY_ROW").parse().ok(),
            in_flight: AtomicU64::new(0),
        })
    }

    fn write(&self, line: &Value) -> Result<(), Error> {
        Ok((&self.log).write_all(format!("{line}\n").as_bytes())?)
    }

    /// Logs a batch and the number of other batches in flight.
    fn log_batch<T>(&self, batch: &Batch<T>, first: Option<&str>, last: Option<&str>) -> Result<(), Error> {
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
            "others": self.in_flight.fetch_add(1, Ordering::Relaxed),
        }))
    }

    async fn work<T>(&self, batch: &Batch<T>) -> Result<Flow, Error> {
        let begun = Instant::now();
        while begun.elapsed() < self.spin {
            std::hint::spin_loop();
        }
        if !self.pause.is_zero() {
            tokio::time::sleep(self.pause).await;
        }
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.check_sink(batch.position())?;
        match self.act.as_str() {
            _ if self.at != Some(batch.position()) => Ok(Flow::Continue),
            "complete" => Ok(Flow::Complete),
            "hang-once" if batch.attempt() == 1 => std::future::pending().await,
            act => self.act(act, batch.attempt()).map(|()| Flow::Continue),
        }
    }

    fn check_sink(&self, position: u64) -> Result<(), Error> {
        let is_down = position >= self.down_from && self.down.as_deref().is_some_and(Path::exists);
        if is_down { Err("the sink is out of service".into()) } else { Ok(()) }
    }

    fn act(&self, act: &str, attempt: u32) -> Result<(), Error> {
        match act {
            "error" => Err("the sink is full".into()),
            "error-once" if attempt == 1 => Err("the sink is full".into()),
            "terminal" => Err(Error::terminal("the sink is closed")),
            #[allow(clippy::panic, reason = "tests what happens to a panic of a job")]
            "panic" => panic!("the sink is on fire"),
            #[allow(clippy::exit, reason = "an invocation that dies reports no error")]
            "die" => std::process::exit(1),
            "allocate" => {
                allocate();
                Ok(())
            }
            "allocate-once" if attempt == 1 => {
                allocate();
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Allocates more than a memory limit allows. The memory is never touched, so without a limit it costs nothing.
fn allocate() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(64 << 30)));
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// Uses one thread, so nothing else runs on it while a job computes.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    match variable("TALLY_JOB").as_str() {
        "" | "rows" => recursive_lambda::run_with::<rows>(Deployment::new()?).await,
        "some" => recursive_lambda::run_with::<some>(Deployment::new()?).await,
        "sieve" => recursive_lambda::run_with::<sieve>(Deployment::new()?).await,
        "wide" => recursive_lambda::run_with::<wide>(Deployment::new()?).await,
        "lines" => recursive_lambda::run_with::<lines>(Deployment::new()?).await,
        "parts" => recursive_lambda::run_with::<parts>(Deployment::new()?).await,
        "amounts" => recursive_lambda::run_with::<amounts>(Deployment::new()?).await,
        other => Err(Error::terminal(format!("there is no job `{other}`"))),
    }
}
