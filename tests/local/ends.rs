//! How runs end: at the end of the object, when the job says so, or with an error of the job or a record.

use super::stage::{BATCHES, DOLLARS, ROWS, Stage, birdstrikes};
use serde_json::{Value, json};

#[tokio::test]
async fn state_outlives_invocations() {
    let stage = Stage::new("rows", |platform| platform.env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "5")).await;
    stage.run_birdstrikes().await;

    assert_eq!(stage.assert_all_done("state"), 0);
    let completions = stage.completions();
    assert_eq!(completions.len(), 1, "{completions:?}");
    let want = json!({ "what": "complete", "rows": ROWS, "dollars": DOLLARS, "position": ROWS, "skipped": 0, "batches": BATCHES, "invocations": 5 });
    assert_eq!(completions[0], want);
    for execution in stage.executions() {
        // Epochs count acquisitions. Here each invocation acquires the run once.
        assert_eq!(execution.epoch, execution.position / 2_000 + 1, "{execution:?}");
        assert_eq!((execution.attempt, execution.len), (1, 400));
    }
}

/// Name, job, environment and object. Expected: status, position, executions, completions.
type Case = (&'static str, &'static str, &'static [(&'static str, &'static str)], Vec<u8>, (&'static str, u64, usize, usize));

#[tokio::test]
async fn the_object_or_the_job_ends_the_run() {
    let file = || std::fs::read(birdstrikes()).unwrap();
    let rows =
        |count: usize| file().split_inclusive(|byte| *byte == b'\n').take(count + 1).flatten().copied().collect::<Vec<_>>();
    let without_newline = |mut bytes: Vec<u8>| {
        assert_eq!(bytes.pop(), Some(b'\n'));
        bytes
    };
    let cases: [Case; 6] = [
        ("one row", "rows", &[], rows(1), ("Done", 1, 1, 1)),
        ("one row, without its newline", "rows", &[], without_newline(rows(1)), ("Done", 1, 1, 1)),
        ("only full batches", "rows", &[], rows(800), ("Done", 800, 2, 1)),
        ("is_complete", "some", &[], file(), ("Done", 1_200, 3, 1)),
        ("end of the object, is_complete returns false", "some", &[], rows(500), ("Done", 500, 2, 1)),
        ("Flow::Complete", "rows", &[("TALLY_AT", "800"), ("TALLY_DO", "complete")], file(), ("Done", 1_200, 3, 1)),
    ];
    for (name, job, variables, bytes, want) in cases {
        let set = |platform| {
            variables
                .iter()
                .fold(platform, |platform: recursive_lambda_local::Builder, (name, value)| platform.env(*name, *value))
        };
        let stage = Stage::new(job, set).await;
        let object = stage.upload(bytes);
        stage.notify(&object);
        stage.settle().await;
        let checkpoint = stage.checkpoint();
        let got = (
            checkpoint["status"].as_str().unwrap(),
            checkpoint["position"].as_u64().unwrap(),
            stage.executions().len(),
            stage.completions().len(),
        );
        assert_eq!(got, want, "{name}: {checkpoint}\n{}", stage.logged().join("\n"));
        assert!(stage.dead_letters().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn is_complete_sees_every_batch() {
    let text = std::fs::read_to_string(birdstrikes()).unwrap();
    let until = |row: usize| text.split_inclusive('\n').take(row + 1).map(str::len).sum::<usize>();
    let call = |size: usize, row: usize, batches: usize, invocations: usize| json!({ "asked": [row, until(row), size, batches, invocations], "at_end": until(row) == size });
    let cases = [(10_000, vec![(400, 1, 1), (800, 2, 1), (1_200, 3, 2)]), (900, vec![(400, 1, 1), (800, 2, 1), (900, 3, 2)])];
    for (rows, want) in cases {
        let stage = Stage::new("some", |platform| platform.env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "2")).await;
        let object = stage.upload(&text[..until(rows)]);
        stage.notify(&object);
        stage.settle().await;
        let asked: Vec<Value> = stage
            .logged()
            .iter()
            .filter(|line| line.starts_with("{\"asked\""))
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let want: Vec<_> =
            want.into_iter().map(|(row, batches, invocations)| call(until(rows), row, batches, invocations)).collect();
        assert_eq!(asked, want, "{rows} rows");
        assert_eq!(stage.status(), "Done");
    }
}

/// Cases: what the job does at position 800, the status, the executions of that batch, and the error.
#[tokio::test]
async fn errors_are_retried_then_fail_the_run() {
    let place = |error: &Value| [error["record"].as_u64(), error["line"].as_u64(), error["offset"].as_u64()].map(Option::unwrap);
    let text = std::fs::read_to_string(birdstrikes()).unwrap();
    let offset: usize = text.split_inclusive('\n').take(801).map(str::len).sum();
    let cases = [
        ("error", "Failed", 3, "the sink is full"),
        ("terminal", "Failed", 1, "the sink is closed"),
        ("panic", "Failed", 3, "the job panicked: the sink is on fire"),
    ];
    for (act, status, executions, message) in cases {
        let stage = Stage::new("rows", |platform| platform.env("TALLY_AT", "800").env("TALLY_DO", act)).await;
        stage.run_birdstrikes().await;
        let checkpoint = stage.checkpoint();
        let error = &checkpoint["last_error"];
        assert_eq!((&checkpoint["status"], &checkpoint["position"]), (&status.into(), &800.into()), "{act}: {checkpoint}");
        assert_eq!((&error["kind"], &error["message"]), (&"Job".into(), &message.into()), "{act}");
        assert_eq!(place(error), [800, 802, offset as u64], "{act}");
        assert_eq!(checkpoint["state"]["rows"], 800, "{act}: the state is as before the failed batch");
        let failing: Vec<_> = stage.executions().into_iter().filter(|execution| execution.position == 800).collect();
        assert_eq!(
            failing.iter().map(|execution| execution.attempt).collect::<Vec<_>>(),
            (1..=executions).collect::<Vec<_>>(),
            "{act}"
        );
        assert!(failing.windows(2).all(|two| two[0].batch == two[1].batch), "{act}: the idempotency key stays the same");
        assert_eq!(stage.extra_executions(1_200, act), executions as usize - 1);
        assert!(stage.completions().is_empty(), "{act}");

        let letters = stage.dead_letters();
        assert_eq!(letters.len(), 1, "{act}");
        assert!(letters[0].error_message.contains(message), "{act}: {}", letters[0].error_message);
        assert_eq!(stage.platform.counters().containers_started, 1, "{act}: the process keeps running");
    }
}

#[tokio::test]
async fn a_passing_error_leaves_no_trace() {
    let stage = Stage::new("rows", |platform| platform.env("TALLY_AT", "800").env("TALLY_DO", "error-once")).await;
    stage.run_birdstrikes().await;
    assert_eq!(stage.assert_all_done("error-once"), 1);
    assert_eq!(stage.checkpoint()["last_error"], Value::Null);
    assert_eq!(stage.completions().len(), 1);
}

#[tokio::test]
async fn a_bad_row_is_named_by_its_place() {
    let text = std::fs::read_to_string(birdstrikes()).unwrap();
    let good: Vec<&str> = text.split_inclusive('\n').take(1_001).collect();
    let offset: u64 = good.iter().map(|line| line.len() as u64).sum();
    let cases = [
        ("A,B,None,1990-01-08,C,D,E,F,G,Day,0,0,many,300\n", "invalid digit"),
        ("A,B,None,1990-01-08,C,D,E,F,G,Day,0,0,\u{1}\u{1}\u{1}\n", "fields"),
    ];
    for (row, words) in cases {
        let stage = Stage::new("rows", |platform| platform).await;
        let object = stage.upload(good.concat() + row + good[1]);
        stage.notify(&object);
        stage.settle().await;
        let checkpoint = stage.checkpoint();
        let error = &checkpoint["last_error"];
        assert_eq!(
            (&checkpoint["status"], &checkpoint["position"]),
            (&"Failed".into(), &1_000.into()),
            "rows before it are processed: {row:?}: {checkpoint}"
        );
        assert_eq!(error["kind"], "Record", "{row:?}: {error}");
        let place = [&error["record"], &error["line"], &error["offset"]].map(|number| number.as_u64().unwrap());
        assert_eq!(place, [1_000, 1_002, offset], "{row:?}");
        assert!(error["message"].as_str().unwrap().contains(words), "{row:?}: {error}");
        assert_eq!(stage.executions().len(), 3, "{row:?}: the batch is not retried");
        let letters = stage.dead_letters();
        assert_eq!(letters.len(), 1, "{row:?}");
    }
}
