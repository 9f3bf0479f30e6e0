//! The function that the platform's tests run. The payload's `do` says what it does.
//!
//! `echo` | `fail` | `panic` | `exit` | `once` (exits, unless a file in /tmp shows that it did so before) | `sleep` (`ms`) | `log` (`line`) |
//! `meet` (waits until `count` such events are in the process at once, then for `ms`) | `big` (`bytes`) | `allocate` (`bytes`, touching
//! none) | `environment` | `spawn` (a process that outlives the invocation) | `write_tmp` | `read_tmp` | `recurse` (invokes itself
//! asynchronously until `left` is 0).
//!
//! SQS messages whose body contains `bad` are reported as failed.
#![allow(clippy::panic, clippy::indexing_slicing, reason = "the tests expect this program to fail")]

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};
use tokio::sync::Barrier;

static MEETING: OnceLock<Barrier> = OnceLock::new();

#[tokio::main]
async fn main() -> Result<(), Error> {
    if std::env::var_os("EXIT_AT_INIT").is_some() {
        std::process::exit(3);
    }
    if std::env::var_os("HANG_AT_INIT").is_some() {
        std::future::pending::<()>().await;
    }
    lambda_runtime::run_concurrent(service_fn(handle)).await
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let payload = event.payload;
    if let Some(messages) = payload["Records"].as_array().filter(|messages| messages.iter().any(|m| m["messageId"].is_string())) {
        let bad = messages.iter().filter(|message| message["body"].as_str().is_some_and(|body| body.contains("bad")));
        let failures: Vec<Value> = bad.map(|message| json!({"itemIdentifier": message["messageId"]})).collect();
        return Ok(json!({ "batchItemFailures": failures }));
    }
    let tmp = std::env::temp_dir().join("mark");
    match payload["do"].as_str().unwrap_or("echo") {
        "fail" => Err("as asked".into()),
        "sleep" => {
            tokio::time::sleep(Duration::from_millis(payload["ms"].as_u64().unwrap_or(0))).await;
            Ok(json!("slept"))
        }
        "meet" => {
            let count = usize::try_from(payload["count"].as_u64().unwrap_or(1))?;
            MEETING.get_or_init(|| Barrier::new(count)).wait().await;
            tokio::time::sleep(Duration::from_millis(payload["ms"].as_u64().unwrap_or(0))).await;
            Ok(json!("met"))
        }
        "exit" => std::process::exit(1),
        "once" if tmp.exists() => Ok(Value::Null),
        "once" => {
            std::fs::write(tmp, b"x")?;
            std::process::exit(1)
        }
        "panic" => panic!("as asked"),
        "log" => {
            println!("{}", payload["line"].as_str().unwrap_or_default());
            eprintln!("to stderr");
            Ok(Value::Null)
        }
        "spawn" => Ok(json!(std::process::Command::new("sleep").arg("60").spawn()?.id())),
        "write_tmp" => {
            std::fs::write(tmp, b"x")?;
            std::process::exit(1)
        }
        "read_tmp" => Ok(json!(tmp.exists())),
        "big" => Ok(json!("x".repeat(usize::try_from(payload["bytes"].as_u64().unwrap_or(0))?))),
        "allocate" => {
            let memory = Vec::<u8>::with_capacity(usize::try_from(payload["bytes"].as_u64().unwrap_or(0))?);
            Ok(json!(std::hint::black_box(memory).capacity()))
        }
        "environment" => {
            let all: BTreeMap<String, String> = std::env::vars().collect();
            Ok(json!({
                "environment": all,
                "arn": event.context.invoked_function_arn,
                "trace": event.context.xray_trace_id,
                "deadline": event.context.deadline,
                "request_id": event.context.request_id,
                "tenant": event.context.tenant_id,
            }))
        }
        "recurse" => {
            let left = payload["left"].as_u64().unwrap_or(0);
            if left > 0 {
                let next = json!({"do": "recurse", "left": left - 1}).to_string();
                let sent = lambda()
                    .invoke()
                    .function_name(&event.context.invoked_function_arn)
                    .invocation_type(InvocationType::Event)
                    .payload(Blob::new(next))
                    .send()
                    .await?;
                assert_eq!(sent.status_code(), 202);
            }
            Ok(json!(left))
        }
        _ => Ok(payload),
    }
}

fn lambda() -> aws_sdk_lambda::Client {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let credentials = aws_sdk_lambda::config::Credentials::new(
        variable("AWS_ACCESS_KEY_ID"),
        variable("AWS_SECRET_ACCESS_KEY"),
        std::env::var("AWS_SESSION_TOKEN").ok(),
        None,
        "environment",
    );
    let config = aws_sdk_lambda::Config::builder()
        .behavior_version(aws_sdk_lambda::config::BehaviorVersion::latest())
        .region(aws_sdk_lambda::config::Region::new(variable("AWS_REGION")))
        .endpoint_url(variable("AWS_ENDPOINT_URL_LAMBDA"))
        .credentials_provider(credentials)
        .build();
    aws_sdk_lambda::Client::from_conf(config)
}
