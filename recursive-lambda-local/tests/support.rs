//! Helpers for several tests: the function's program, a platform with short delays, SDK clients.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use aws_sdk_lambda::primitives::Blob;
use recursive_lambda_local::{Builder, Outcome, Platform, What};
use serde_json::Value;

/// A time-out that no operation reaches.
pub(crate) const LONG: Duration = Duration::from_secs(120);

/// The binary of `examples/test_function.rs`, built once. `cargo test` has already built it, unless only this test was requested.
pub(crate) fn program() -> PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let path = test.parent().unwrap().parent().unwrap().join("examples/test_function");
        let arguments = ["build", "--quiet", "--package", "recursive-lambda-local", "--example", "test_function"];
        let built = Command::new(env!("CARGO")).args(arguments).status().unwrap();
        assert!(built.success() && path.is_file(), "no test function at {}", path.display());
        path
    });
    program.clone()
}

/// A platform that retries after 20 ms and 30 ms. No test reaches its time-outs, even on a busy machine. A test that needs a time-out sets its
/// own.
pub(crate) fn platform() -> Builder {
    Platform::builder()
        .binary(program())
        .timeout(LONG)
        .init_timeout(LONG)
        .retry_delays([Duration::from_millis(20), Duration::from_millis(30)])
        .visibility_timeout(Duration::from_millis(30))
        .handle_signals(false)
}

fn variable(platform: &Platform, name: &str) -> String {
    let variables = platform.env_for_clients();
    variables.into_iter().find(|(known, _)| known == name).unwrap().1
}

pub(crate) fn s3_client(platform: &Platform) -> aws_sdk_s3::Client {
    let keys = (variable(platform, "AWS_ACCESS_KEY_ID"), variable(platform, "AWS_SECRET_ACCESS_KEY"));
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
        .region(aws_sdk_s3::config::Region::new(variable(platform, "AWS_REGION")))
        .endpoint_url(platform.s3_url())
        .credentials_provider(aws_sdk_s3::config::Credentials::new(keys.0, keys.1, None, None, "test"))
        .retry_config(aws_sdk_s3::config::retry::RetryConfig::disabled())
        .force_path_style(true);
    aws_sdk_s3::Client::from_conf(config.build())
}

pub(crate) fn lambda_client(platform: &Platform) -> aws_sdk_lambda::Client {
    let keys = (variable(platform, "AWS_ACCESS_KEY_ID"), variable(platform, "AWS_SECRET_ACCESS_KEY"));
    let config = aws_sdk_lambda::Config::builder()
        .behavior_version(aws_sdk_lambda::config::BehaviorVersion::latest())
        .region(aws_sdk_lambda::config::Region::new(variable(platform, "AWS_REGION")))
        .endpoint_url(platform.lambda_url())
        .credentials_provider(aws_sdk_lambda::config::Credentials::new(keys.0, keys.1, None, None, "test"))
        .retry_config(aws_sdk_lambda::config::retry::RetryConfig::disabled());
    aws_sdk_lambda::Client::from_conf(config.build())
}

pub(crate) fn blob(value: &Value) -> Blob {
    Blob::new(value.to_string())
}

/// The outcomes of all invocations, in the order in which they ended.
pub(crate) fn outcomes(platform: &Platform) -> Vec<Outcome> {
    let entries = platform.journal().into_iter();
    entries
        .filter_map(|entry| if let What::InvocationEnded { outcome, .. } = entry.what { Some(outcome) } else { None })
        .collect()
}

/// The name of an outcome, for tables.
pub(crate) fn name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Ok(_) => "ok",
        Outcome::Error { .. } => "error",
        Outcome::TimedOut => "timed out",
        Outcome::Crashed { .. } => "crashed",
    }
}

pub(crate) fn json(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Ok(payload) => serde_json::from_slice(payload).unwrap(),
        failed => panic!("{failed:?}"),
    }
}
