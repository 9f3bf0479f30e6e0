//! The jobs of these tests, in one program: `PIECES_JOB` names the job. Each adds up the bytes that it is given, and writes what it did to the
//! file `PIECES_LOG`, one JSON line in one write, so that many processes can share it.
//!
//! `PIECES_UNIT` is how many bytes a file batch's position counts, `PIECES_PAUSE` how many milliseconds each call waits.

use recursive_lambda::{Advance, Batch, Error, FileBatch, Progress, Summary, recursive_lambda};
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::time::Duration;

/// The whole object, by the file batch's own step.
#[recursive_lambda(batch = 64, is_complete = at_the_end, on_complete = report)]
async fn whole(batch: FileBatch, sum: &mut u64, site: &Deployment) -> Result<(), Error> {
    *sum += site.read(&batch, batch.limit() as u64)?;
    site.works().await
}

/// By 5 units at a time until nothing is left, which only the call finds that has nothing to do.
#[recursive_lambda(batch = 64, is_complete = never, on_complete = report)]
async fn strides(batch: FileBatch, sum: &mut u64, site: &Deployment) -> Result<Advance, Error> {
    *sum += site.read(&batch, 5)?;
    site.works().await?;
    if batch.position() * unit() < batch.object().size() {
        return Ok(Advance::by(5));
    }
    *sum += 1;
    Ok(Advance::by(0).and_complete())
}

/// Never gets on.
#[recursive_lambda(batch = 64, is_complete = never)]
async fn stuck(batch: FileBatch, _: &mut u64, site: &Deployment) -> Result<Advance, Error> {
    site.read(&batch, 1)?;
    Ok(Advance::by(0))
}

/// Lines of numbers, from the file.
#[recursive_lambda(batch = 100, source = tmp, on_complete = report)]
async fn lines(batch: Batch<String>, sum: &mut u64, site: &Deployment) -> Result<(), Error> {
    for line in &batch {
        *sum += line.trim().parse::<u64>()?;
    }
    site.write(&json!({ "what": "call", "key": batch.object().key(), "position": batch.position() }))?;
    site.works().await
}

fn at_the_end(progress: &Progress, _: &u64) -> bool {
    progress.position() * unit() >= progress.size()
}

fn never(_: &Progress, _: &u64) -> bool {
    false
}

async fn report(summary: &Summary, sum: &u64, site: &Deployment) -> Result<(), Error> {
    site.write(&json!({
        "what": "complete",
        "sum": sum,
        "position": summary.progress().position(),
        "offset": summary.progress().offset(),
        "batches": summary.progress().batches(),
        "invocations": summary.progress().invocations(),
    }))
}

struct Deployment {
    log: File,
    pause: Duration,
}

impl Deployment {
    /// Adds up the bytes from the file batch's position on.
    fn read(&self, batch: &FileBatch, units: u64) -> Result<u64, Error> {
        let mut file = File::open(batch.path())?;
        file.seek(SeekFrom::Start(batch.position() * unit()))?;
        let mut bytes = Vec::new();
        file.take(units * unit()).read_to_end(&mut bytes)?;
        self.write(&json!({
            "what": "call",
            "key": batch.object().key(),
            "position": batch.position(),
            "path": batch.path(),
            "batch": batch.idempotency_key().to_string(),
            "run": batch.run_id(),
            "epoch": batch.epoch(),
            "attempt": batch.attempt(),
            "time_left_ms": batch.time_left().as_millis() as u64,
        }))?;
        Ok(bytes.iter().map(|byte| u64::from(*byte)).sum())
    }

    async fn works(&self) -> Result<(), Error> {
        if !self.pause.is_zero() {
            tokio::time::sleep(self.pause).await;
        }
        Ok(())
    }

    fn write(&self, line: &Value) -> Result<(), Error> {
        Ok((&self.log).write_all(format!("{line}\n").as_bytes())?)
    }
}

fn unit() -> u64 {
    variable("PIECES_UNIT").parse().unwrap_or(1)
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let log = OpenOptions::new().append(true).create(true).open(variable("PIECES_LOG"))?;
    let site = Deployment { log, pause: Duration::from_millis(variable("PIECES_PAUSE").parse().unwrap_or(0)) };
    match variable("PIECES_JOB").as_str() {
        "whole" => recursive_lambda::run_with::<whole>(site).await,
        "strides" => recursive_lambda::run_with::<strides>(site).await,
        "stuck" => recursive_lambda::run_with::<stuck>(site).await,
        "lines" => recursive_lambda::run_with::<lines>(site).await,
        other => Err(Error::terminal(format!("there is no job `{other}`"))),
    }
}
