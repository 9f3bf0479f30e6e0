//! Wire faults: refused requests, lost responses, cut bodies. No process crashes, so every batch is executed once.

use super::stage::{KEY, PAST_THE_LEASE, Stage, UPLOADS};
use futures_util::future::join_all;
use recursive_lambda_local::{ApiCall, Fault, Operation};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

type Choose = fn(&ApiCall) -> Option<Fault>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wire_faults_execute_no_batch_twice() {
    use Operation::{GetObject, Invoke, PutObject};
    let cases: [(&str, Choose); 9] = [
        ("a checkpoint is written and the response is lost", |call| {
            (call.operation == PutObject && call.nth % 3 == 1).then_some(Fault::LoseResponse)
        }),
        ("the write of a checkpoint is refused", |call| {
            (call.operation == PutObject && call.nth % 3 == 1).then_some(Fault::Unavailable)
        }),
        ("the write of a checkpoint conflicts with another", |call| {
            (call.operation == PutObject && call.nth % 3 == 1).then_some(Fault::Refuse(409, "ConditionalRequestConflict"))
        }),
        ("the connection closes before a checkpoint is written", |call| {
            (call.operation == PutObject && call.nth % 3 == 1).then_some(Fault::Hangup)
        }),
        ("the first read of a checkpoint fails", |call| {
            (call.operation == GetObject && call.key != KEY && call.nth % 3 == 1).then_some(Fault::Unavailable)
        }),
        ("the first read of the object fails", |call| {
            (call.operation == GetObject && call.key == KEY && call.nth == 1).then_some(Fault::Unavailable)
        }),
        ("bodies are cut", |call| {
            (call.operation == GetObject && call.key == KEY && call.nth % 2 == 1).then_some(Fault::CutBody(20_000))
        }),
        ("a signal is accepted and the response is lost", |call| {
            (call.operation == Invoke && call.nth % 2 == 1).then_some(Fault::LoseResponse)
        }),
        ("a signal is refused", |call| (call.operation == Invoke && call.nth % 2 == 1).then_some(Fault::Unavailable)),
    ];
    join_all(cases.map(|(name, choose)| async move {
        let set = |platform: recursive_lambda_local::Builder| {
            platform
                .retry_delays(PAST_THE_LEASE)
                .env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "5")
                .env("RECURSIVE_LAMBDA_CHECKPOINT", "batch")
        };
        let stage = Stage::new("rows", set).await;
        let faults = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&faults);
        stage.platform.set_faults(move |call| choose(call).inspect(|_| _ = counter.fetch_add(1, Ordering::Relaxed)));
        stage.run_birdstrikes().await;
        let faults = faults.load(Ordering::Relaxed);
        assert!(faults >= 1, "{name}: the fault did not happen");
        assert_eq!(stage.assert_all_done(name), 0, "{name}: {:#?}", stage.executions());
        assert_eq!(stage.completions().len(), 1, "{name}");
        let size = stage.platform.s3().head(UPLOADS, KEY).unwrap().size;
        let ratio = stage.platform.s3().counts_of(UPLOADS, KEY).bytes_read as f64 / size as f64;
        assert!(ratio < 1.01, "{name}: read {ratio:.3} times the object");
        eprintln!("{name}: {faults} faults, read {ratio:.4} times the object");
    }))
    .await;
}
