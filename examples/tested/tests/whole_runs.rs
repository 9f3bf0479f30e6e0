//! Runs the job's real program on the Lambda and S3 of `recursive-lambda-local`.

use recursive_lambda_local::{Builder, Fault, Operation, Platform, QueueFaults};
use std::time::Duration;

#[derive(Debug, PartialEq, serde::Deserialize)]
struct Totals {
    orders: u64,
    cents: u64,
}

fn job() -> Builder {
    Platform::for_job(env!("CARGO_BIN_EXE_tested")).env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "3")
}

fn orders(count: u64) -> String {
    (1..=count).map(|cents| format!("{{\"cents\":\"{cents}\"}}\n")).collect()
}

#[tokio::test]
async fn a_run_reports_once() {
    let platform = job().start().await.unwrap();
    let run = platform.run_over(orders(1_000)).await.unwrap();
    assert_eq!((run.status.as_str(), run.position, run.invocations), ("Done", 1_000, 4));
    assert_eq!(run.state::<Totals>().unwrap(), Totals { orders: 1_000, cents: 500_500 });
    assert_eq!(platform.log().iter().filter(|line| *line == "1000 orders, 500500 cents").count(), 1);
}

#[tokio::test]
async fn faults_change_no_total() {
    let platform = job().start().await.unwrap();
    // One container is killed during an invocation, three events are delivered twice, and every fifth write gets no response.
    platform.arm_kills(1, Duration::from_millis(10)..=Duration::from_millis(40));
    platform.set_queue_faults(QueueFaults { duplicate_next: 3, ..QueueFaults::default() });
    platform.set_faults(|call| (call.operation == Operation::PutObject && call.nth % 5 == 0).then_some(Fault::LoseResponse));
    let run = platform.run_over(orders(1_000)).await.unwrap();
    assert_eq!((run.status.as_str(), run.batches), ("Done", 10));
    assert_eq!(run.state::<Totals>().unwrap(), Totals { orders: 1_000, cents: 500_500 });
    assert_eq!(platform.counters().kills, 1);
}

#[tokio::test]
async fn a_bad_price_fails_the_run() {
    // Without retries, which would fail in the same way.
    let platform = job().retry_delays([]).start().await.unwrap();
    let run = platform.run_over(orders(250) + "{\"cents\":\"free\"}\n").await.unwrap();
    assert_eq!((run.status.as_str(), run.position), ("Failed", 200), "the failed batch does not count");
    assert_eq!(run.error.unwrap(), "invalid digit found in string");
    assert_eq!(platform.dead_letters().len(), 1, "alarms and destinations are notified");
}
