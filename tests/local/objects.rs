//! Objects that change, vanish or never were.

use super::stage::{KEY, STATE, Stage, UPLOADS, birdstrikes};
use serde_json::Value;

/// The file with every date in another century: a row of it cannot be taken for one of the original.
fn other_birdstrikes() -> String {
    std::fs::read_to_string(birdstrikes()).unwrap().replace(",199", ",299").replace(",200", ",300")
}

fn of_the_original(date: &Option<String>) -> bool {
    let date = date.as_deref().unwrap();
    date.starts_with("199") || date.starts_with("200")
}

#[tokio::test]
async fn a_run_never_mixes_two_versions_of_an_object() {
    let slow = |platform: recursive_lambda_local::Builder| {
        platform.env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "1").env("TALLY_PAUSE", "100")
    };
    for replaced in [true, false] {
        let stage = Stage::new("rows", slow).await;
        let object = stage.upload_birdstrikes().await;
        stage.tell(&object);
        stage.batches_begun(3).await;
        let newer = replaced.then(|| stage.upload(other_birdstrikes()));
        if !replaced {
            stage.platform.s3().delete(UPLOADS, KEY).unwrap();
        }
        stage.settle().await;

        let record = stage.record();
        assert_eq!(record["status"], "Failed", "{record}");
        assert_eq!(record["last_error"]["kind"], "SourceChanged");
        let done = record["position"].as_u64().unwrap();
        assert!((400..10_000).contains(&done), "{record}");
        assert!(stage.executions().iter().all(|batch| of_the_original(&batch.first) && of_the_original(&batch.last)));
        assert_eq!(stage.dead_letters().len(), 1);

        let Some(newer) = newer else { continue };
        stage.tell(&newer);
        stage.settle().await;
        let records = stage.records();
        assert_eq!(records.len(), 2, "the newer upload has a run of its own");
        let newer = records.iter().find(|record| record["status"] == "Done").unwrap();
        assert_eq!(newer["state"]["rows"], 10_000);
    }
}

#[tokio::test]
async fn what_is_replaced_before_its_first_record_was_read_is_left_to_the_newer_event() {
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

#[tokio::test]
async fn what_does_not_exist_fails_at_once_by_its_name() {
    let cases =
        [("deleted", "s3://uploads/birdstrikes.csv does not exist"), ("no bucket", "there is no bucket `no-such-bucket`")];
    for (name, words) in cases {
        let stage = Stage::new("rows", |platform| platform).await;
        let mut object = stage.upload_birdstrikes().await;
        if name == "deleted" {
            stage.platform.s3().delete(UPLOADS, KEY).unwrap();
        } else {
            object.bucket = "no-such-bucket".into();
        }
        stage.tell(&object);
        stage.settle().await;
        let record = stage.record();
        assert_eq!(
            (&record["status"], &record["last_error"]["kind"]),
            (&"Failed".into(), &"SourceGone".into()),
            "{name}: {record}"
        );
        assert!(record["last_error"]["message"].as_str().unwrap().contains(words), "{name}: {record}");
        assert_eq!(record["invocations"], 1, "{name}: it is not tried again");
        assert_eq!(stage.dead_letters().len(), 1, "{name}: alarms and destinations hear of it");
    }
}

#[tokio::test]
async fn events_that_are_no_uploads_do_nothing_or_say_so() {
    let stage = Stage::new("rows", |platform| platform.retry_delays([])).await;
    stage.platform.send(r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2014-10-13T15:57:02.089Z","Bucket":"uploads"}"#);
    stage.settle().await;
    assert_eq!((stage.platform.counters().succeeded, stage.dead_letters().len()), (1, 0));
    let not_ours = [
        (r#"{"hello":"world"}"#, "UnknownEvent"),
        ("[]", "UnknownEvent"),
        (
            r#"{"recursive_lambda":{"v":1,"job":"rows","run":"00000000000000000000000000000000","seq":1},"position":0}"#,
            "UnknownRun",
        ),
        (
            r#"{"recursive_lambda":{"v":1,"job":"other","run":"00000000000000000000000000000000","seq":1},"position":0}"#,
            "UnknownRun",
        ),
    ];
    for (event, _) in not_ours {
        stage.platform.send(event);
        stage.settle().await;
    }
    let letters = stage.dead_letters();
    assert_eq!(letters.iter().map(|letter| letter.error_type.as_str()).collect::<Vec<_>>(), not_ours.map(|(_, kind)| kind));
    assert!(stage.records().is_empty() && stage.executions().is_empty());
}

#[tokio::test]
async fn records_of_runs_in_the_bucket_that_triggers_start_nothing() {
    let stage = Stage::new("rows", |platform| platform).await;
    stage.run_birdstrikes().await;
    let record = stage.platform.s3().list(STATE, "runs/").unwrap().pop().unwrap();
    stage.tell(&record);
    stage.settle().await;
    assert_eq!(stage.records().len(), 1);
    assert!(stage.said().iter().any(|line| line.contains("every record starts it again")));
    assert_eq!(stage.record()["status"], Value::from("Done"));
}
