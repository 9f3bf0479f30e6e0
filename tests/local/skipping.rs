//! `on_error = skip(5)`: skips only records that cannot be processed.

use super::stage::{PAST_THE_LEASE, Stage};
use serde_json::{Value, json};

/// Rows, in batches of four. Each has an action for the job; `?` stands for text instead of a number.
fn rows(actions: &[&str]) -> String {
    let row = |(index, action): (usize, &&str)| match *action {
        "?" => format!("{index},many,\n"),
        action => format!("{index},{},{action}\n", 1 << index),
    };
    std::iter::once("id,cents,does\n".to_string()).chain(actions.iter().enumerate().map(row)).collect()
}

async fn run(actions: &[&str]) -> Stage {
    let stage = Stage::new("sieve", |platform| platform.retry_delays(PAST_THE_LEASE)).await;
    let object = stage.upload(rows(actions));
    stage.notify(&object);
    stage.settle().await;
    stage
}

/// The rows' actions, the skipped rows, and the kinds of their errors.
type Case = (&'static [&'static str], &'static [(u64, &'static str)]);

const CASES: [Case; 6] = [
    (&["", "", "", "", "?", "", ""], &[(4, "Record")]),
    (&["?", "?", "", "", "", "", "?"], &[(0, "Record"), (1, "Record"), (6, "Record")]),
    (&["", "", "terminal", "", "", ""], &[(2, "Job")]),
    (&["terminal", "", "", "terminal", "", "terminal"], &[(0, "Job"), (3, "Job"), (5, "Job")]),
    (&["", "panic", "", "", "error", ""], &[(1, "Job"), (4, "Job")]),
    (&["", "", "", "", "", "die", ""], &[(5, "Runaway")]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_records_are_skipped_and_written() {
    futures_util::future::join_all(CASES.map(|(actions, skipped)| async move {
        let stage = run(actions).await;
        let checkpoint = stage.checkpoint();
        assert_eq!(checkpoint["status"], "Done", "{actions:?}: {checkpoint}\n{}", stage.logged().join("\n"));
        assert_eq!(checkpoint["skipped"], skipped.len(), "{actions:?}");
        let counted = (0..actions.len() as u64).filter(|index| skipped.iter().all(|(skipped, _)| skipped != index));
        let cents = counted.map(|index| 1 << index).sum::<u64>();
        assert_eq!(checkpoint["state"], json!({ "rows": actions.len() - skipped.len(), "dollars": cents }), "{actions:?}");
        let found: Vec<_> =
            stage.skipped().iter().map(|record| (record["record"].as_u64(), record["error"]["kind"].clone())).collect();
        let want: Vec<_> = skipped.iter().map(|(index, kind)| (Some(*index), Value::from(*kind))).collect();
        assert_eq!(found, want, "{actions:?}");
        let completion = stage.completions().pop().unwrap();
        assert_eq!(
            (&completion["skipped"], &completion["position"]),
            (&skipped.len().into(), &actions.len().into()),
            "{actions:?}"
        );
        assert!(stage.dead_letters().is_empty(), "{actions:?}: {:?}", stage.dead_letters());
    }))
    .await;
}

#[tokio::test]
async fn skipped_records_can_be_processed_later() {
    let stage = run(&["", "?", ""]).await;
    let skipped = stage.skipped().pop().unwrap();
    let place = json!([skipped["record"], skipped["line"], skipped["offset"]]);
    assert_eq!((place, &skipped["header"], &skipped["data"]), (json!([1, 3, 19]), &json!("id,cents,does"), &json!("1,many,")));
    assert_eq!(skipped["object"]["bucket"], "uploads");
    assert!(skipped["error"]["message"].as_str().unwrap().contains("cents"), "{skipped}");
    let logged = stage.logged().join("\n");
    assert!(
        logged.contains("skipped") && !logged.contains("1,many"),
        "the log has the record's place, but not its data: {logged}"
    );
}

#[tokio::test]
async fn one_skip_too_many_fails_the_run() {
    let stage = run(&["?", "?", "", "?", "?", "?", "", "?", ""]).await;
    let checkpoint = stage.checkpoint();
    assert_eq!(
        (&checkpoint["status"], &checkpoint["position"], &checkpoint["skipped"]),
        (&json!("Failed"), &json!(7), &json!(5))
    );
    assert_eq!(checkpoint["last_error"]["kind"], "TooManySkipped", "{checkpoint}");
    assert_eq!(checkpoint["last_error"]["line"], 9, "the line of the last record: {checkpoint}");
    assert_eq!(stage.skipped().len(), 5);
    assert!(stage.logged().join("\n").contains("TooManySkipped"));
}

#[tokio::test]
async fn an_open_quote_skips_one_line() {
    let object = rows(&["", "", "", "", "", "", "", "", ""]).replace("4,16,", "4,\"16,");
    let stage = Stage::new("sieve", |platform| platform.retry_delays(PAST_THE_LEASE)).await;
    let uploaded = stage.upload(object);
    stage.notify(&uploaded);
    stage.settle().await;
    let checkpoint = stage.checkpoint();
    assert_eq!((&checkpoint["status"], &checkpoint["skipped"]), (&json!("Done"), &json!(1)), "{checkpoint}");
    assert_eq!(checkpoint["state"], json!({ "rows": 8, "dollars": (1 << 9) - 1 - (1 << 4) }));
    let skipped = stage.skipped().pop().unwrap();
    assert_eq!((&skipped["record"], &skipped["line"], &skipped["data"]), (&json!(4), &json!(6), &json!("4,\"16,")));
    assert!(skipped["error"]["message"].as_str().unwrap().contains("is not closed"), "{skipped}");
}

#[tokio::test]
async fn other_formats_are_refused_not_skipped() {
    for (object, words) in
        [(b"PK\x03\x04\x14\0\0\0\x08\0".to_vec(), "compressed (zip"), (b"a;b\n1;2\n".to_vec(), "write `csv(delimiter = ';')`")]
    {
        let stage = Stage::new("sieve", |platform| platform.retry_delays(PAST_THE_LEASE)).await;
        let uploaded = stage.upload(object);
        stage.notify(&uploaded);
        stage.settle().await;
        let checkpoint = stage.checkpoint();
        assert_eq!((&checkpoint["status"], &checkpoint["position"]), (&json!("Failed"), &json!(0)), "{checkpoint}");
        assert!(checkpoint["last_error"]["message"].as_str().unwrap().contains(words), "{checkpoint}");
        assert!(stage.skipped().is_empty());
    }
}
