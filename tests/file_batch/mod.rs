//! Jobs that read the object as a file in /tmp: how often it is fetched, when it is deleted, and that no other file is read instead.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may")]

mod full_disk;
mod stage;

use recursive_lambda_local::Builder;
use stage::{Stage, UPLOADS, bytes, sum};
use std::time::{Duration, Instant};

/// The bytes that a position counts. A step is 64 units.
const UNIT: u64 = 4096;

const MB: usize = 1 << 20;

#[tokio::test]
async fn a_large_file_is_fetched_once() {
    let stage = Stage::new("whole", UNIT, |builder| builder).await;
    let body = bytes(1, 50 * MB + 123);
    stage.upload("film", &body);
    stage.settle().await;
    assert_eq!(stage.sums(), [sum(&body)], "{}", stage.logged());
    assert_eq!(stage.positions(), (0..=200).map(|step| step * 64).collect::<Vec<_>>());
    assert_eq!((stage.invocations(), stage.containers()), (21, 1));
    // Each later invocation checks once that the object has not changed.
    assert_eq!(stage.requests(&["film"]), (body.len() as u64, 20));
    assert_eq!(stage.cached(), Vec::<std::path::PathBuf>::new(), "the run is over and its file is deleted");
    let [end] = &stage.completions()[..] else { panic!("completed more than once") };
    assert_eq!((&end["position"], &end["offset"], &end["batches"]), (&(201 * 64).into(), &0.into(), &201.into()));
    let calls = stage.calls();
    let key = calls[1]["batch"].as_str().unwrap();
    assert!(key.ends_with(":64+64") && key.len() == 32 + 6, "{key}");
    stage.platform.shutdown().await;
}

#[tokio::test]
async fn a_file_batch_knows_its_run() {
    let stage = Stage::new("whole", UNIT, |builder| builder.env("PIECES_PAUSE", "20")).await;
    stage.upload("film", &bytes(9, 25 * 64 * UNIT as usize));
    stage.settle().await;
    let (calls, run) = (stage.calls(), stage.run());
    assert_eq!(calls.len(), 25, "{}", stage.logged());
    let mut before = None;
    for (index, call) in (0..).zip(&calls) {
        // Each invocation has ten calls.
        let epoch = index / 10 + 1;
        let key = format!("{run}:{}+64", index * 64);
        let got = (&call["run"], &call["epoch"], &call["attempt"], &call["batch"]);
        assert_eq!(got, (&run.as_str().into(), &epoch.into(), &1.into(), &key.into()));
        let left = call["time_left_ms"].as_u64().unwrap();
        assert!((30_000..=60_000).contains(&left), "{left} ms of a minute are left");
        if let Some((_, more)) = before.filter(|(same, _)| *same == epoch) {
            assert!(left + 20 <= more, "call {index}: {left} ms are left, and {more} ms were left before");
        }
        before = Some((epoch, left));
    }
    stage.platform.shutdown().await;
}

#[tokio::test]
async fn temporary_files_go_to_tmpdir() {
    let folder = tempfile::tempdir().unwrap();
    let tmp = folder.path().to_str().unwrap().to_owned();
    let stage = Stage::new("whole", UNIT, |builder| builder.env("TMPDIR", &tmp)).await;
    stage.upload("film", &bytes(10, 3 * 64 * UNIT as usize));
    stage.settle().await;
    assert_eq!(stage.completions().len(), 1, "{}", stage.logged());
    let inside = folder.path().join("recursive-lambda");
    let paths: Vec<_> = stage.calls().iter().map(|call| std::path::PathBuf::from(call["path"].as_str().unwrap())).collect();
    assert!(paths.len() == 3 && paths.iter().all(|path| path.parent() == Some(&inside)), "{paths:?} are not in {inside:?}");
    assert!(inside.is_dir());
    stage.platform.shutdown().await;
}

#[tokio::test]
async fn every_cold_container_fetches_the_file() {
    fetch_in_each_container(20 * MB, UNIT, 10).await;
}

async fn fetch_in_each_container(size: usize, unit: u64, steps: u64) {
    let steps = steps.to_string();
    let set = |builder: Builder| builder.eviction(1.0).env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", steps);
    let stage = Stage::new("whole", unit, set).await;
    let body = bytes(2, size);
    stage.upload("film", &body);
    stage.settle().await;
    assert_eq!(stage.sums(), [sum(&body)], "{}", stage.logged());
    let (containers, invocations) = (stage.containers(), stage.invocations());
    assert!(invocations > 5 && containers == invocations, "{containers} containers for {invocations} invocations");
    assert_eq!(stage.requests(&["film"]).0, containers * size as u64);
    stage.platform.shutdown().await;
}

#[tokio::test]
async fn several_objects_share_one_tmp() {
    share_one_tmp(|builder| builder).await;
}

#[tokio::test]
async fn runs_in_one_process_share_one_tmp() {
    share_one_tmp(|builder| builder.max_concurrency(4).concurrency_per_container(4)).await;
}

async fn share_one_tmp(set: impl FnOnce(Builder) -> Builder) {
    let stage = Stage::new("whole", UNIT, |builder| set(builder.env("PIECES_PAUSE", "5"))).await;
    let keys = ["../../../etc/passwd", "/tmp/film", "a b+c/ü\u{202e}%2F.mov", "film"];
    let bodies: Vec<_> = (0..keys.len()).map(|index| bytes(10 + index as u64, (6 + index) * MB)).collect();
    for (key, body) in keys.iter().zip(&bodies) {
        stage.upload(key, body);
    }
    stage.settle().await;
    assert_eq!(stage.sums(), bodies.iter().map(|body| sum(body)).collect::<Vec<_>>(), "{}", stage.logged());
    assert_eq!(stage.containers(), 1);
    let begun: Vec<_> = stage.calls().iter().map(|call| call["key"].as_str().unwrap().to_owned()).collect();
    let last = begun.iter().rposition(|key| key == keys[0]).unwrap();
    assert!(begun[..last].iter().any(|key| key == keys[3]), "the runs did not overlap");
    assert_eq!(stage.requests(&keys).0, bodies.iter().map(|body| body.len() as u64).sum::<u64>());
    for call in stage.calls() {
        let path = std::path::Path::new(call["path"].as_str().unwrap());
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(path.parent().unwrap().ends_with("recursive-lambda"), "{path:?}");
        assert!(name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit()), "{path:?}");
    }
    assert_eq!(stage.cached(), Vec::<std::path::PathBuf>::new());
    stage.platform.shutdown().await;
}

#[tokio::test]
async fn an_overwritten_object_ends_its_run() {
    let stage = Stage::new("whole", UNIT, |builder| builder.env("PIECES_PAUSE", "25")).await;
    let (first, second) = (bytes(3, 20 * MB), bytes(4, 20 * MB));
    stage.upload("film", &first);
    stage.called(15).await;
    stage.platform.s3().put(UPLOADS, "film", &second).unwrap();
    stage.settle().await;
    let checkpoints = stage.checkpoints();
    assert_eq!(checkpoints.len(), 1);
    assert_eq!((&checkpoints[0]["status"], &checkpoints[0]["last_error"]["kind"]), (&"Failed".into(), &"SourceChanged".into()));
    let letters = stage.platform.dead_letters();
    assert!(letters.len() == 1 && letters[0].error_message.contains("overwritten"), "{letters:?}");
    assert!(stage.sums().is_empty() && stage.calls().len() < 80, "{} calls", stage.calls().len());
    assert_eq!(stage.cached(), Vec::<std::path::PathBuf>::new());

    stage.upload("film", &second);
    stage.settle().await;
    assert_eq!(stage.sums(), [sum(&second)], "{}", stage.logged());
    stage.platform.shutdown().await;
}

#[tokio::test]
async fn dead_containers_leave_no_object() {
    let stage = Stage::new("whole", UNIT, |builder| builder.env("PIECES_PAUSE", "10").seed(5)).await;
    let body = bytes(5, 20 * MB);
    // One kill during the fetch, one during the batches.
    stage.platform.arm_kills(2, Duration::from_millis(20)..=Duration::from_millis(120));
    stage.upload("film", &body);
    stage.settle().await;
    assert_eq!(stage.sums(), [sum(&body)], "{}", stage.logged());
    assert_eq!(stage.platform.counters().kills, 2);
    assert!(stage.platform.dead_letters().is_empty());
    assert_eq!(stage.cached(), Vec::<std::path::PathBuf>::new());
    stage.platform.shutdown().await;
}

#[tokio::test]
async fn a_job_chooses_its_step_and_end() {
    let stage = Stage::new("strides", UNIT, |builder| builder).await;
    let body = bytes(6, 33 * UNIT as usize);
    stage.upload("film", &body);
    stage.settle().await;
    assert_eq!(stage.positions(), [0, 5, 10, 15, 20, 25, 30, 35]);
    assert_eq!(stage.sums(), [sum(&body) + 1], "the state of the last call counts, too");
    let checkpoint = &stage.checkpoints()[0];
    assert_eq!(
        (&checkpoint["status"], &checkpoint["position"], &checkpoint["state"]),
        (&"Done".into(), &35.into(), &(sum(&body) + 1).into())
    );
    stage.platform.shutdown().await;
}

#[tokio::test]
async fn a_job_without_progress_fails() {
    let stage = Stage::new("stuck", UNIT, |builder| builder).await;
    stage.upload("film", &bytes(7, 100));
    stage.settle().await;
    let checkpoint = &stage.checkpoints()[0];
    assert_eq!(
        (&checkpoint["status"], &checkpoint["last_error"]["kind"]),
        (&"Failed".into(), &"Runaway".into()),
        "{}",
        stage.logged()
    );
    assert_eq!(stage.positions(), [0]);
    assert_eq!(stage.cached(), Vec::<std::path::PathBuf>::new());
    stage.platform.shutdown().await;
}

#[tokio::test]
async fn an_empty_object_needs_no_call() {
    let stage = Stage::new("whole", UNIT, |builder| builder).await;
    stage.upload("film", &[]);
    stage.settle().await;
    assert_eq!((stage.sums(), stage.positions()), (vec![0], vec![]), "{}", stage.logged());
    assert_eq!(stage.requests(&["film"]), (0, 0));
    stage.platform.shutdown().await;
}

#[tokio::test]
async fn batches_are_read_from_the_file_too() {
    let stage = Stage::new("lines", UNIT, |builder| builder).await;
    let numbers: Vec<u64> = (0..4321).collect();
    let body: String = numbers.iter().map(|number| format!("{number}{}\n", " ".repeat(1000))).collect();
    stage.upload("numbers", body.as_bytes());
    stage.settle().await;
    assert_eq!(stage.sums(), [numbers.iter().sum::<u64>()], "{}", stage.logged());
    assert_eq!(stage.positions(), (0..44).map(|batch| batch * 100).collect::<Vec<_>>());
    assert_eq!((stage.invocations(), stage.containers()), (5, 1));
    assert_eq!(stage.requests(&["numbers"]), (body.len() as u64, 4));
    assert_eq!(stage.completions()[0]["offset"], body.len());
    assert_eq!(stage.cached(), Vec::<std::path::PathBuf>::new());
    stage.platform.shutdown().await;
}

/// A gibibyte in 1,000 steps. Tested only with `FILE_BATCH_LARGE=1`.
const LARGE: usize = 1 << 30;
const LARGE_UNIT: u64 = (LARGE as u64).div_ceil(1_000 * 64);

fn large() -> bool {
    std::env::var_os("FILE_BATCH_LARGE").is_some()
}

#[tokio::test]
async fn a_gigabyte_is_fetched_once() {
    if !large() {
        return;
    }
    let set = |builder: Builder| builder.env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "20");
    let stage = Stage::new("whole", LARGE_UNIT, set).await;
    let body = bytes(8, LARGE);
    let begun = Instant::now();
    stage.upload("film", &body);
    stage.settle().await;
    println!("1 GiB in {} invocations: {:?}", stage.invocations(), begun.elapsed());
    assert_eq!(stage.sums(), [sum(&body)], "{}", stage.logged());
    assert_eq!((stage.positions().len(), stage.containers()), (LARGE / (LARGE_UNIT as usize * 64) + 1, 1));
    assert_eq!(stage.requests(&["film"]).0, LARGE as u64);
    stage.platform.shutdown().await;
}

#[tokio::test]
async fn a_gigabyte_without_warm_containers() {
    if large() {
        fetch_in_each_container(LARGE, LARGE_UNIT, 125).await;
    }
}
