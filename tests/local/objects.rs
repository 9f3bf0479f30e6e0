//! Objects that change. Those that vanish or never were are in the table of deployments.

use super::stage::{KEY, Stage, UPLOADS, birdstrikes};
use recursive_lambda_local::{Builder, Channel};

/// The file with every date in another century: a row of it cannot be taken for one of the original.
fn other_birdstrikes() -> String {
    std::fs::read_to_string(birdstrikes()).unwrap().replace(",199", ",299").replace(",200", ",300")
}

fn of_the_original(date: &Option<String>) -> bool {
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
    stage.tell(&object);
    stage.batches_begun(3).await;
    let newer = stage.upload(other_birdstrikes());
    stage.settle().await;

    let record = stage.record();
    let done = record["position"].as_u64().unwrap();
    assert!((400..10_000).contains(&done) && record["status"] == "Failed", "{record}");
    assert!(stage.executions().iter().all(|batch| of_the_original(&batch.first) && of_the_original(&batch.last)));

    stage.tell(&newer);
    stage.settle().await;
    let records = stage.records();
    assert_eq!(records.len(), 2, "the newer upload has a run of its own");
    let newer = records.iter().find(|record| record["status"] == "Done").unwrap();
    assert_eq!(newer["state"]["rows"], 10_000);
}

#[tokio::test]
async fn an_unread_replaced_object_is_left() {
    let stage = Stage::new("rows", |platform| platform).await;
    let older = stage.upload_birdstrikes().await;
    let newer = stage.upload(other_birdstrikes());
    stage.tell(&older);
    stage.settle().await;
    assert_eq!(stage.status(), "Superseded");
    assert!(stage.dead_letters().is_empty() && stage.executions().is_empty());
    stage.tell(&newer);
    stage.settle().await;
    let mut statuses: Vec<_> = stage.records().iter().map(|record| record["status"].as_str().unwrap().to_owned()).collect();
    statuses.sort();
    assert_eq!(statuses, ["Done", "Superseded"]);
    assert!(stage.executions().iter().all(|batch| !of_the_original(&batch.first)));
}

/// The event of a start by hand names no version: what the object is at that moment, a request for its head says.
#[tokio::test]
async fn a_manual_start_pins_the_object() {
    let stage = Stage::new("rows", slow).await;
    let object = stage.upload_birdstrikes().await;
    stage.platform.notify(&Channel::Manual("by-hand".into()), UPLOADS, KEY).unwrap();
    stage.batches_begun(3).await;
    assert_eq!(stage.platform.s3().counts_of(UPLOADS, KEY).heads, 1);
    let record = stage.record();
    assert_eq!((&record["object"]["etag"], &record["size"]), (&object.etag.into(), &object.size.into()), "{record}");
    stage.upload(other_birdstrikes());
    stage.settle().await;

    let record = stage.record();
    assert_eq!((&record["status"], &record["last_error"]["kind"]), (&"Failed".into(), &"SourceChanged".into()), "{record}");
    assert!((400..10_000).contains(&record["position"].as_u64().unwrap()), "{record}");
    assert!(stage.executions().iter().all(|batch| of_the_original(&batch.first) && of_the_original(&batch.last)));
}
