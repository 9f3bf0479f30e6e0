//! The pattern as published in 2018, as a plain handler without `recursive-lambda`: download the object to /tmp unless a file with its
//! name exists, skip to `position`, process one batch, and invoke itself with the next position. What it loses or repeats must come from
//! that design, so the rest is done well: keys are decoded, slashes in a key are safe, errors are returned, the SDK's retries are on,
//! and the file is removed at the end.
//!
//! It writes the same log as `tally` to the file `TALLY_LOG`, and waits `TALLY_PAUSE` milliseconds in each batch.

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::time::Duration;

const BATCH: usize = 10;

#[derive(Deserialize, Serialize)]
struct Task {
    bucket: String,
    key: String,
    position: u64,
}

struct Deployment {
    s3: aws_sdk_s3::Client,
    lambda: aws_sdk_lambda::Client,
    log: File,
    pause: Duration,
}

impl Deployment {
    async fn new() -> Result<Self, Error> {
        let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
        let s3 = aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build();
        let log = OpenOptions::new().append(true).create(true).open(std::env::var("TALLY_LOG")?)?;
        let pause = std::env::var("TALLY_PAUSE").unwrap_or_default().parse().unwrap_or(0);
        Ok(Self {
            s3: aws_sdk_s3::Client::from_conf(s3),
            lambda: aws_sdk_lambda::Client::new(&config),
            log,
            pause: Duration::from_millis(pause),
        })
    }

    async fn handle(&self, event: LambdaEvent<Value>) -> Result<(), Error> {
        let mut task = task(event.payload)?;
        let path = path_of(&task.key);
        if !path.exists() {
            let object = self.s3.get_object().bucket(&task.bucket).key(&task.key).send().await?;
            std::fs::write(&path, object.body.collect().await?.into_bytes())?;
        }
        let skipped = usize::try_from(task.position)?;
        let lines = BufReader::new(File::open(&path)?).lines().skip(skipped).take(BATCH).collect::<Result<Vec<_>, _>>()?;
        if !lines.is_empty() {
            self.process(&task, &lines).await?;
        }
        if lines.len() < BATCH {
            std::fs::remove_file(&path)?;
            return self.write(&json!({ "what": "complete", "key": task.key, "position": skipped + lines.len() }));
        }
        task.position += u64::try_from(BATCH)?;
        let payload = Blob::new(serde_json::to_vec(&task)?);
        let function = &event.context.invoked_function_arn;
        self.lambda.invoke().function_name(function).invocation_type(InvocationType::Event).payload(payload).send().await?;
        Ok(())
    }

    async fn process(&self, task: &Task, lines: &[String]) -> Result<(), Error> {
        self.write(&json!({
            "what": "batch",
            "bucket": task.bucket,
            "key": task.key,
            "batch": format!("{}:{}+{}", task.key, task.position, lines.len()),
            "position": task.position,
            "len": lines.len(),
            "first": lines.first(),
            "last": lines.last(),
            "epoch": 0,
            "attempt": 1,
        }))?;
        tokio::time::sleep(self.pause).await;
        Ok(())
    }

    fn write(&self, line: &Value) -> Result<(), Error> {
        Ok((&self.log).write_all(format!("{line}\n").as_bytes())?)
    }
}

/// Reads the task from S3's event or from the program's own event.
fn task(event: Value) -> Result<Task, Error> {
    let Some(object) = event.pointer("/Records/0/s3") else { return Ok(serde_json::from_value(event)?) };
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let key = text("/object/key").replace('+', " ");
    let key = percent_encoding::percent_decode_str(&key).decode_utf8()?.into_owned();
    Ok(Task { bucket: text("/bucket/name").to_owned(), key, position: 0 })
}

fn path_of(key: &str) -> PathBuf {
    let name: String = key.bytes().map(|byte| format!("{byte:02x}")).collect();
    std::env::temp_dir().join(name)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let deployment = Deployment::new().await?;
    lambda_runtime::run(service_fn(|event| deployment.handle(event))).await
}
