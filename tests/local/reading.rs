//! A run of many invocations reads hardly more than the object.

use super::stage::{BATCHES, DOLLARS, KEY, ROWS, Stage, UPLOADS, birdstrikes};
use recursive_lambda_local::{Builder, Platform};
use std::io::Write;
use std::time::{Duration, Instant};

const REPEATS: u64 = 100;

/// The bundled example's rows, repeated under one header.
fn rows(repeats: u64) -> String {
    let text = std::fs::read_to_string(birdstrikes()).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    format!("{header}\n{}", format!("{}\n", rows.trim_end_matches('\n')).repeat(repeats as usize))
}

/// Bytes read from S3, divided by the size of the object.
fn ratio(platform: &Platform) -> f64 {
    let size = platform.s3().head(UPLOADS, KEY).unwrap().size;
    platform.s3().counts_of(UPLOADS, KEY).bytes_read as f64 / size as f64
}

async fn run_over_a_million_rows(context: &str, set: impl FnOnce(Builder) -> Builder) -> Stage {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(rows(REPEATS).as_bytes()).unwrap();

    let begun = Instant::now();
    let stage = Stage::new("rows", set).await;
    let object = stage.platform.s3().put_file(UPLOADS, KEY, file.path()).await.unwrap();
    stage.notify(&object);
    stage.settle().await;

    let checkpoint = stage.checkpoint();
    assert_eq!(checkpoint["status"], "Done", "{context}: {checkpoint}\n{}", stage.logged().join("\n"));
    assert_eq!(checkpoint["state"], serde_json::json!({ "rows": REPEATS * ROWS, "dollars": REPEATS * DOLLARS }), "{context}");
    assert_eq!(stage.extra_executions(REPEATS * ROWS, context), 0);
    let read = ratio(&stage.platform);
    eprintln!(
        "{context}: {:.1?}, {} invocations, {} requests, read {read:.4} times the object",
        begun.elapsed(),
        checkpoint["invocations"],
        stage.platform.s3().counts_of(UPLOADS, KEY).gets
    );
    assert!(read <= 1.05, "{context}: read {read:.3} times the object");
    stage
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_rows_in_few_invocations() {
    let short_time_out = |platform: Builder| {
        platform.timeout(Duration::from_secs(8)).env("RECURSIVE_LAMBDA_RESERVE", "2s").env("TALLY_PAUSE", "4").max_concurrency(2)
    };
    let stage = run_over_a_million_rows("limited by time", short_time_out).await;
    assert!(stage.checkpoint()["invocations"].as_u64() >= Some(2), "{}", stage.checkpoint());
    assert_eq!(stage.platform.counters().timed_out, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_rows_in_many_invocations() {
    let few_batches = |platform: Builder| platform.env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "12").max_concurrency(2);
    let stage = run_over_a_million_rows("12 batches at a time", few_batches).await;
    assert_eq!(stage.checkpoint()["invocations"], 209);
}

#[tokio::test]
async fn each_byte_is_read_about_once() {
    for (batches, invocations) in [("1", 25), ("5", 5), ("25", 1)] {
        let stage = Stage::new("rows", |platform| platform.env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", batches)).await;
        stage.run_birdstrikes().await;
        assert_eq!(stage.assert_all_done(batches), 0);
        assert_eq!((&stage.checkpoint()["invocations"], stage.executions().len()), (&invocations.into(), BATCHES));
        let read = ratio(&stage.platform);
        eprintln!("{batches} batches at a time: read {read:.4} times the object");
        assert!(read <= 1.05, "{batches} at a time: read {read:.3} times the object");
    }
}

/// A gzip object of one member. Each resume reads the data since the last resume point again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gzip_object_is_resumed_inside() {
    const TIMES: u64 = 20;
    let text = rows(TIMES);
    let mut object = b"\x1f\x8b\x08\0\0\0\0\0\0\xff".to_vec();
    object.extend(miniz_oxide::deflate::compress_to_vec(text.as_bytes(), 6));
    object.extend(crc32fast::hash(text.as_bytes()).to_le_bytes());
    object.extend((text.len() as u32).to_le_bytes());
    let few = |platform: Builder| platform.env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "100").max_concurrency(2);
    let stage = Stage::new("rows", few).await;
    let uploaded = stage.upload(&object);
    stage.notify(&uploaded);
    stage.settle().await;
    let checkpoint = stage.checkpoint();
    assert_eq!(checkpoint["status"], "Done", "{checkpoint}\n{}", stage.logged().join("\n"));
    assert_eq!(checkpoint["state"], serde_json::json!({ "rows": TIMES * ROWS, "dollars": TIMES * DOLLARS }));
    assert_eq!(stage.extra_executions(TIMES * ROWS, "gzip"), 0);
    let (invocations, read) = (checkpoint["invocations"].as_u64().unwrap(), ratio(&stage.platform));
    eprintln!("gzip of {} bytes: {invocations} invocations, read {read:.4} times the object", object.len());
    assert!(invocations == 6 && checkpoint["offset"] == object.len(), "{checkpoint}");
    let reread = (read - 1.0) * object.len() as f64 / (invocations - 1) as f64;
    assert!(reread <= f64::from(256 << 10), "each invocation reads {reread} bytes again");
}
