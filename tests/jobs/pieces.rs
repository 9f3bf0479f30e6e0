//! The jobs of the file batch tests, in one program. `PIECES_JOB` names the job. Each job adds up the bytes it gets, and logs its calls to
//! the file `PIECES_LOG`. Each JSON line is one write, so several processes can share the file.
//!
//! `PIECES_UNIT` is the number of bytes that a file batch's position counts. `PIECES_PAUSE` is the pause of each call in milliseconds.

use recursive_lambda::{Advance, Batch, Error, FileBatch, Progress, Summary, recursive_lambda};
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::time::Duration;

/// Reads the whole object, in steps of the file batch's size.
#[recursive_lambda(batch = 64, is_complete = at_the_end, on_complete = report)]
async fn whole(batch: FileBatch, sum: &mut u64, deployment: &Deployment) -> Result<(), Error> {
    *sum += deployment.read(&batch, batch.limit() as u64)?;
    deployment.pause().await
}

/// Reads 5 units at a time. Only a call that finds nothing left ends the run.
#[recursive_lambda(batch = 64, is_complete = never, on_complete = report)]
async fn strides(batch: FileBatch, sum: &mut u64, deployment: &Deployment) -> Result<Advance, Error> {
    *sum += deployment.read(&batch, 5)?;
    deployment.pause().await?;
    if batch.position() * unit() < batch.object().size() {
        return Ok(Advance::by(5));
    }
    *sum += 1;
    Ok(Advance::by(0).and_complete())
}

/// Never advances.
#[recursive_lambda(batch = 64, is_complete = never)]
async fn stuck(batch: FileBatch, _: &mut u64, deployment: &Deployment) -> Result<Advance, Error> {
    deployment.read(&batch, 1)?;
    Ok(Advance::by(0))
}

/// Reads lines of numbers from the file.
#[recursive_lambda(batch = 100, source = tmp, on_complete = report)]
async fn lines(batch: Batch<String>, sum: &mut u64, deployment: &Deployment) -> Result<(), Error> {
    for line in &batch {
        *sum += line.trim().parse::<u64>()?;
    }
    deployment.write(&json!({ "what": "call", "key": batch.object().key(), "position": batch.position() }))?;
    deployment.pause().await
}

fn at_the_end(progress: &Progress, _: &u64) -> bool {
    progress.position() * unit() >= progress.size()
}

fn never(_: &Progress, _: &u64) -> bool {
    false
}

async fn report(summary: &Summary, sum: &u64, deployment: &Deployment) -> Result<(), Error> {
    deployment.write(&json!({
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
    /// Adds up the bytes from the file batch's position onwards.
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

    async fn pause(&self) -> Result<(), Error> {
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
    let deployment = Deployment { log, pause: Duration::from_millis(variable("PIECES_PAUSE").parse().unwrap_or(0)) };
    match variable("PIECES_JOB").as_str() {
        "whole" => recursive_lambda::run_with::<whole>(deployment).await,
        "strides" => recursive_lambda::run_with::<strides>(deployment).await,
        "stuck" => recursive_lambda::run_with::<stuck>(deployment).await,
        "lines" => recursive_lambda::run_with::<lines>(deployment).await,
        other => Err(Error::terminal(format!("there is no job `{other}`"))),
    }
}
