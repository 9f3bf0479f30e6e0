//! Objects that change. Deleted and missing objects are cases in `deployments`.

use super::stage::{KEY, Stage, UPLOADS, birdstrikes};
use recursive_lambda_local::{Builder, Channel};

/// The file with every date in another century, so its rows cannot be confused with the original's.
fn other_birdstrikes() -> String {
    std::fs::read_to_string(birdstrikes()).unwrap().replace(",199", ",299").replace(",200", ",300")
}

fn is_original(date: &Option<String>) -> bool {
    let date = date.as_deref().unwrap();
    date.starts_with("199") || date.starts_with("200")
}

fn slow(platform: Builder) -> Builder {
    platform.env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "1").env("TALLY_PAUSE", "200")
}

#[tokio::test]
async fn a_run_reads_one_object_version() {
    let stage = Stage::new("rows", slow).await;
    let object = stage.upload_birdstrikes().await;
    stage.notify(&object);
    stage.batches_begun(3).await;
    let newer = stage.upload(other_birdstrikes());
    stage.settle().await;

    let checkpoint = stage.checkpoint();
    let done = checkpoint["position"].as_u64().unwrap();
    assert!((400..10_000).contains(&done) && checkpoint["status"] == "Failed", "{checkpoint}");
    assert!(stage.executions().iter().all(|batch| is_original(&batch.first) && is_original(&batch.last)));

    stage.notify(&newer);
    stage.settle().await;
    let checkpoints = stage.checkpoints();
    assert_eq!(checkpoints.len(), 2, "the newer upload has its own run");
    let newer = checkpoints.iter().find(|checkpoint| checkpoint["status"] == "Done").unwrap();
    assert_eq!(newer["state"]["rows"], 10_000);
}

#[tokio::test]
async fn a_replaced_object_is_superseded() {
    let stage = Stage::new("rows", |platform| platform).await;
    let older = stage.upload_birdstrikes().await;
    let newer = stage.upload(other_birdstrikes());
    stage.notify(&older);
    stage.settle().await;
    assert_eq!(stage.status(), "Superseded");
    assert!(stage.dead_letters().is_empty() && stage.executions().is_empty());
    stage.notify(&newer);
    stage.settle().await;
    let mut statuses: Vec<_> =
        stage.checkpoints().iter().map(|checkpoint| checkpoint["status"].as_str().unwrap().to_owned()).collect();
    statuses.sort();
    assert_eq!(statuses, ["Done", "Superseded"]);
    assert!(stage.executions().iter().all(|batch| !is_original(&batch.first)));
}

/// A manual start's event does not name a version, so the run pins what a `HEAD` request returns at that moment.
#[tokio::test]
async fn a_manual_start_pins_the_object() {
    let stage = Stage::new("rows", slow).await;
    let object = stage.upload_birdstrikes().await;
    stage.platform.notify(&Channel::Manual("by-hand".into()), UPLOADS, KEY).unwrap();
    stage.batches_begun(3).await;
    assert_eq!(stage.platform.s3().counts_of(UPLOADS, KEY).heads, 1);
    let checkpoint = stage.checkpoint();
    assert_eq!((&checkpoint["object"]["etag"], &checkpoint["size"]), (&object.etag.into(), &object.size.into()), "{checkpoint}");
    stage.upload(other_birdstrikes());
    stage.settle().await;

    let checkpoint = stage.checkpoint();
    assert_eq!(
        (&checkpoint["status"], &checkpoint["last_error"]["kind"]),
        (&"Failed".into(), &"SourceChanged".into()),
        "{checkpoint}"
    );
    assert!((400..10_000).contains(&checkpoint["position"].as_u64().unwrap()), "{checkpoint}");
    assert!(stage.executions().iter().all(|batch| is_original(&batch.first) && is_original(&batch.last)));
}
