//! Invoke through the SDK, and the environment of the function's program.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_lambda::error::ProvideErrorMetadata;
use aws_sdk_lambda::types::InvocationType;
use recursive_lambda_local::{Fault, What};
use serde_json::{Value, json};

use crate::support::{blob, json as value, lambda_client, platform};

#[tokio::test]
async fn synchronous_invocations_are_answered() {
    let (long, short) = (platform(), platform().timeout(Duration::from_secs(1)));
    let (long, short) = (long.start().await.unwrap(), short.start().await.unwrap());
    // The payload; then the function error's header, and the answer or the error's message.
    let cases = [
        (json!({"x": [1, "ü"]}), None, json!({"x": [1, "ü"]})),
        (json!({"do": "fail"}), Some("Unhandled"), json!("as asked")),
        (json!({"do": "sleep", "ms": 600_000}), Some("Unhandled"), json!("Error: Task timed out")),
        (json!({"do": "exit"}), Some("Unhandled"), json!("Error: Runtime exited with error: exit status: 1")),
        (
            json!({"do": "big", "bytes": 6_300_000}),
            Some("Unhandled"),
            json!("Response payload size exceeded maximum allowed payload size (6291556 bytes)."),
        ),
        (json!({"do": "echo"}), None, json!({"do": "echo"})),
    ];
    for (payload, function_error, expected) in cases {
        let platform = if payload["do"] == "sleep" { &short } else { &long };
        let output =
            lambda_client(platform).invoke().function_name(platform.function_arn()).payload(blob(&payload)).send().await.unwrap();
        let answer: Value = serde_json::from_slice(output.payload().unwrap().as_ref()).unwrap();
        assert_eq!((output.status_code(), output.function_error()), (200, function_error), "{payload}");
        let found = if function_error.is_some() { &answer["errorMessage"] } else { &answer };
        assert_eq!(found, &expected, "{payload}");
        assert_eq!(output.executed_version(), Some("$LATEST"));
    }
}

#[tokio::test]
async fn refusals_are_typed_sdk_errors() {
    let platform = platform().qualifier("live").start().await.unwrap();
    let client = lambda_client(&platform);
    let arn = platform.function_arn().to_owned();
    let big = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    let (event, wait) = (InvocationType::Event, InvocationType::RequestResponse);
    let mebi = 1 << 20;
    let cases = [
        ("function", None, &event, big(mebi), ""),
        ("function", None, &event, big(mebi + 1), "RequestTooLargeException"),
        ("function", None, &wait, big(mebi + 1), ""),
        ("function", None, &wait, big(6_291_557), "RequestTooLargeException"),
        ("function", None, &wait, "{".to_owned(), "InvalidRequestContentException"),
        ("other", None, &wait, "1".to_owned(), "ResourceNotFoundException"),
        ("functions", None, &wait, "1".to_owned(), "ResourceNotFoundException"),
        ("function", Some("live"), &wait, "1".to_owned(), ""),
        ("function", Some("$LATEST"), &wait, "1".to_owned(), ""),
        ("function:live", None, &wait, "1".to_owned(), ""),
        ("123456789012:function:function", None, &wait, "1".to_owned(), ""),
        (&format!("{arn}:live"), None, &wait, "1".to_owned(), ""),
        (&format!("{arn}:gone"), None, &wait, "1".to_owned(), "ResourceNotFoundException"),
        ("function", Some("gone"), &wait, "1".to_owned(), "ResourceNotFoundException"),
        ("function:live", Some("$LATEST"), &wait, "1".to_owned(), "InvalidParameterValueException"),
    ];
    for (name, qualifier, kind, payload, expected) in cases {
        let invoke = client.invoke().function_name(name).set_qualifier(qualifier.map(str::to_owned));
        let result = invoke.invocation_type(kind.clone()).payload(payload.into_bytes().into()).send().await;
        let code = result.err().map(|error| error.into_service_error().code().unwrap_or("?").to_owned());
        assert_eq!(code.unwrap_or_default(), expected, "{name} {qualifier:?} {kind}");
    }
    platform.idle().await;
}

#[tokio::test]
async fn synchronous_invocations_have_limits() {
    let platform = platform().max_concurrency(1).start().await.unwrap();
    let client = lambda_client(&platform);
    let mut entries = platform.subscribe();
    let id = platform.send(json!({"do": "sleep", "ms": 600_000}).to_string());
    while !matches!(entries.recv().await.unwrap().what, What::InvocationStarted { .. }) {}
    let error = client.invoke().function_name("function").send().await.unwrap_err().into_service_error();
    assert!(error.is_too_many_requests_exception(), "{error:?}");
    platform.kill_request(&id).unwrap();
    platform.kill_one();

    let hash = {
        let environment = loop {
            if let Some(outcome) = platform.invoke(json!({"do": "environment"}).to_string()).await {
                break value(&outcome);
            }
            platform.kill_one();
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        let trace = environment["trace"].as_str().unwrap().to_owned();
        trace.split_once("Lineage=").unwrap().1.split(':').next().unwrap().to_owned()
    };
    for (count, stopped) in [(15, false), (16, true)] {
        let trace = format!("Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=1:{hash}:{count}");
        let call = client.invoke().function_name("function").customize();
        let result = call
            .mutate_request(move |request| {
                request.headers_mut().insert("x-amzn-trace-id", trace.clone());
            })
            .send()
            .await;
        let recursive = result.is_err_and(|error| error.into_service_error().is_recursive_invocation_exception());
        assert_eq!(recursive, stopped, "{count}");
    }
}

#[tokio::test]
async fn the_program_gets_lambdas_environment() {
    let platform =
        platform().env("OWN", "1").memory_mb(512).timeout(Duration::from_secs(40)).qualifier("live").start().await.unwrap();
    let before = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let output = lambda_client(&platform)
        .invoke()
        .function_name("function")
        .qualifier("live")
        .tenant_id("blue")
        .payload(blob(&json!({"do": "environment"})))
        .send()
        .await
        .unwrap();
    let seen: Value = serde_json::from_slice(output.payload().unwrap().as_ref()).unwrap();
    let environment = &seen["environment"];
    for (name, expected) in [
        ("OWN", "1"),
        ("AWS_LAMBDA_FUNCTION_NAME", "function"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/function"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_SESSION_TOKEN", "container-1"),
        ("AWS_ENDPOINT_URL_S3", &platform.s3_url()),
        ("AWS_ENDPOINT_URL_LAMBDA", &platform.lambda_url()),
    ] {
        assert_eq!(environment[name], expected, "{name}");
    }
    let known = |name: &str| {
        name.starts_with("AWS_LAMBDA_")
            || ["AWS_EXECUTION_ENV", "AWS_SESSION_TOKEN"].contains(&name)
            || platform.env_for_clients().iter().any(|(n, _)| n == name)
    };
    for name in environment.as_object().unwrap().keys() {
        assert!(!name.starts_with("RECURSIVE_LAMBDA_") && (!name.starts_with("AWS_") || known(name)), "{name}");
    }
    assert_eq!(seen["arn"], format!("{}:live", platform.function_arn()));
    assert_eq!(seen["tenant"], "blue");
    let after = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let given = Duration::from_millis(seen["deadline"].as_u64().unwrap() + 1) - Duration::from_secs(40);
    assert!(
        given >= before && given <= after + Duration::from_millis(1),
        "the deadline must be 40 s after the delivery: {before:?} {given:?} {after:?}"
    );
    assert_eq!(seen["request_id"], aws_sdk_lambda::operation::RequestId::request_id(&output).unwrap());
}

/// Runs the previous test in a process that has such variables.
#[test]
fn the_program_inherits_no_aws_variables() {
    let rerun = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "lambda::the_program_gets_lambdas_environment"])
        .env("AWS_PROFILE", "production")
        .env("AWS_SESSION_TOKEN", "secret")
        .env("RECURSIVE_LAMBDA_STATE", "s3://production")
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&rerun.stdout).into_owned();
    assert!(rerun.status.success() && output.contains("1 passed"), "{output}");
}

#[tokio::test]
async fn an_exit_at_start_is_an_error() {
    let platform = platform().env("EXIT_AT_INIT", "1").start().await.unwrap();
    let outcome = platform.invoke("1").await.unwrap();
    let (kind, message) = outcome.error().unwrap();
    assert_eq!(kind, "Runtime.ExitError");
    assert!(message.contains("exit status: 3"), "{message}");
}

#[tokio::test]
async fn lines_are_logged_with_their_stream() {
    let platform = platform().start().await.unwrap();
    let mut entries = platform.subscribe();
    platform.send(json!({"do": "log", "line": "grüße\u{1b}[31m"}).to_string());
    let mut lines = Vec::new();
    while lines.len() < 2 {
        if let What::LogLine { stream, line, .. } = &entries.recv().await.unwrap().what {
            lines.push(format!("{stream:?} {line}"));
        }
    }
    lines.sort();
    assert_eq!(lines, ["Stderr to stderr", "Stdout grüße\u{1b}[31m"]);
}

#[tokio::test]
async fn the_caller_sees_faults_of_invoke() {
    // The fault, and the number of events accepted.
    for (fault, accepted) in [(Fault::Unavailable, 0), (Fault::Hangup, 0), (Fault::LoseResponse, 1)] {
        let platform = platform().start().await.unwrap();
        platform.set_faults(move |call| (call.nth == 1).then_some(fault));
        let send = || {
            let invoke = lambda_client(&platform).invoke().function_name("function");
            invoke.invocation_type(InvocationType::Event).send()
        };
        assert!(send().await.is_err(), "{fault:?}");
        assert_eq!(platform.counters().accepted, accepted, "{fault:?}");
        assert!(send().await.is_ok(), "{fault:?}");
        platform.idle().await;
    }
}
