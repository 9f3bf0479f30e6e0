//! One object in several shards, each a chain of invocations of its own, in real processes.

use super::crashes::kill_one_by_one;
use super::stage::{PAST_THE_LEASE, Stage};
use super::storm_faults::{Operator, fault_report, start_storm, stormy};
use futures_util::future::{Either, select};
use recursive_lambda_local::{Builder, QueueFaults};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Rows with line breaks and doubled quotes in their notes, so that a newline says nothing about where a row begins.
fn table(rows: u64) -> String {
    let mut table = String::from("id,cents,note\n");
    for id in 0..rows {
        let note = match id % 4 {
            0 => format!("\"two\nlines, \"\"of\"\" {id}\""),
            1 => "\"\n0,0,\"\"not a row\"\"\n\"".into(),
            _ => "plain".into(),
        };
        writeln!(table, "{id},{},{note}", cents(id)).unwrap();
    }
    table
}

fn cents(id: u64) -> u64 {
    id * 7 % 1_000
}

fn in_shards(platform: Builder, shards: u32) -> Builder {
    platform.env("RECURSIVE_LAMBDA_SHARDS", shards.to_string()).max_concurrency(shards as usize)
}

/// The run is done, each row was in one batch of one shard, and `on_complete` was told all of them once. Returns the number of
/// repeated executions.
fn assert_exact(stage: &Stage, rows: u64, context: &str) -> usize {
    let checkpoint = stage.checkpoint();
    assert_eq!(checkpoint["status"], "Done", "{context}: {checkpoint}\n{}", stage.logged().join("\n"));
    let totals = json!({ "rows": rows, "dollars": (0..rows).map(cents).sum::<u64>() });
    assert_eq!((&checkpoint["state"], &checkpoint["position"]), (&totals, &json!(rows)), "{context}");
    let executions = stage.executions();
    let row = |text: &Option<String>| text.as_deref().unwrap().parse::<u64>().unwrap();
    let mut batches = BTreeMap::new();
    for execution in &executions {
        let rows = (row(&execution.first), row(&execution.last));
        assert_eq!(rows.1 - rows.0 + 1, execution.len, "{context}: {execution:?}");
        let before = batches.insert(execution.batch.as_str(), rows);
        assert!(before.is_none_or(|before| before == rows), "{context}: another batch had the key of {execution:?}");
    }
    let covered: BTreeSet<_> = batches.values().collect();
    let end = covered.iter().fold(0, |next, (first, last)| {
        assert_eq!(*first, next, "{context}: a gap or an overlap");
        last + 1
    });
    assert_eq!((end, covered.len()), (rows, batches.len()), "{context}");
    let told = |completion: &Value| json!({ "rows": completion["rows"], "dollars": completion["dollars"] });
    assert!(stage.completions().iter().all(|completion| told(completion) == totals), "{context}: {:?}", stage.completions());
    executions.len() - batches.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shards_process_each_row_once() {
    let rows = 12_000;
    let stage = Stage::new("parts", |platform| in_shards(platform, 5)).await;
    let object = stage.upload(table(rows));
    stage.notify(&object);
    stage.settle().await;
    assert_eq!(assert_exact(&stage, rows, "five shards"), 0);
    assert_eq!((stage.completions().len(), stage.dead_letters().len()), (1, 0));
    let run = stage.run();
    let shards: BTreeSet<_> =
        stage.executions().iter().map(|execution| execution.batch.split(':').next().unwrap().to_owned()).collect();
    assert_eq!(shards, (0..5).map(|shard| format!("{run}/{shard}")).collect());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_in_shards_lose_and_double_nothing() {
    let (rows, kills) = (8_000, 6);
    let twice = QueueFaults { duplicate: 0.2, delay: Duration::from_millis(300), ..QueueFaults::default() };
    let stage = Stage::new("parts", |platform| {
        in_shards(platform, 4)
            .seed(1)
            .queue_faults(twice)
            .retry_delays(PAST_THE_LEASE)
            .env("TALLY_PAUSE", "100")
            .env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "3")
            .env("RECURSIVE_LAMBDA_CHECKPOINT", "batch")
            // Kills do not count against the job, even if many strike at one position.
            .env("RECURSIVE_LAMBDA_MAX_ATTEMPTS", "1000")
    })
    .await;
    let object = stage.upload(table(rows));
    stage.notify(&object);
    let moment = Duration::from_millis(40)..=Duration::from_millis(200);
    let settled = std::pin::pin!(stage.settle());
    let killing = std::pin::pin!(kill_one_by_one(&stage, kills, moment));
    if let Either::Right((_, settled)) = select(settled, killing).await {
        settled.await;
    }
    // Three kills in a row are possible at one event, but not forever.
    let mut operator = Operator::default();
    for _ in 0..10 {
        if operator.redrive(&stage) == 0 {
            break;
        }
        stage.settle().await;
    }
    let extra = assert_exact(&stage, rows, "four shards");
    let counters = stage.platform.counters();
    assert!(extra <= counters.kills as usize, "{extra} repeated executions, {counters:?}");
    eprintln!("{extra} repeated, {counters:?}");
}

/// One shard fails for good. The others end, and the run fails with its place. Once resumed, only that shard goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_shard_goes_on_when_its_run_is_resumed() {
    let rows = 8_000;
    let stage = Stage::new("parts", |platform| {
        let only_that_row = u64::MAX.to_string();
        in_shards(platform, 4).env("TALLY_ROW", "5000").env("TALLY_OUT_OF_SERVICE_FROM", only_that_row)
    })
    .await;
    stage.sink_goes_out_of_service();
    let object = stage.upload(table(rows));
    stage.notify(&object);
    stage.settle().await;
    let checkpoint = stage.checkpoint();
    let run = stage.run();
    assert_eq!(checkpoint["status"], "Failed", "{checkpoint}");
    let message = checkpoint["last_error"]["message"].as_str().unwrap();
    assert!(message.starts_with(&format!("shard {run}.2: the sink is out of service")), "{message}");
    assert!(checkpoint["last_error"]["offset"].as_u64().unwrap() > 0, "{checkpoint}");
    assert!(stage.completions().is_empty());

    stage.sink_is_back();
    let before = stage.executions().len();
    stage.platform.send(json!({ "recursive_lambda_resume": { "v": 1, "run": run } }).to_string());
    stage.settle().await;
    let again: BTreeSet<_> =
        stage.executions()[before..].iter().map(|execution| execution.batch.split(':').next().unwrap().to_owned()).collect();
    assert_eq!(again, BTreeSet::from([format!("{run}/2")]));
    let checkpoint = stage.checkpoint();
    assert_eq!((&checkpoint["status"], &checkpoint["position"]), (&json!("Done"), &json!(rows)), "{checkpoint}");
    assert_eq!(stage.completions().len(), 1);
}

/// Where rows begin after a row with wrong quotes depends on how it is read. It costs its shard, and no other row.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_with_an_open_quote_costs_its_shard() {
    let rows = 8_000;
    let (bad, line) = (3_000, "3000,5,\"open\n");
    let whole = table(rows);
    let at = whole.find("\n3000,").unwrap() + 1;
    let object = format!("{}{line}{}", &whole[..at], &whole[whole.find("\n3002,").unwrap() + 1..]);
    let stage = Stage::new("parts", |platform| in_shards(platform, 4)).await;
    let uploaded = stage.upload(object);
    stage.notify(&uploaded);
    stage.settle().await;
    let (checkpoint, run) = (stage.checkpoint(), stage.run());
    assert_eq!((&checkpoint["status"], &checkpoint["last_error"]["offset"]), (&json!("Failed"), &json!(at)), "{checkpoint}");
    let message = checkpoint["last_error"]["message"].as_str().unwrap();
    assert!(message.starts_with(&format!("shard {run}.1: ")) && message.contains("a quote opens a field here"), "{message}");
    let ids = stage
        .executions()
        .iter()
        .flat_map(|execution| [execution.first.clone(), execution.last.clone()])
        .collect::<BTreeSet<_>>();
    assert!(!ids.contains(&Some(bad.to_string())) && ids.contains(&Some((rows - 1).to_string())), "the other shards are done");
    assert!(stage.completions().is_empty());
}

/// An object that cannot be cut fails at once, and says why.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_that_cannot_be_cut_says_so() {
    let gzip = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &[0; 40]].concat();
    let bad_rows = String::from("id,cents,note\n") + &"1,2,\"open\n".repeat(30);
    for (object, words) in
        [(gzip, "compressed"), (bad_rows.into_bytes(), "depends on how it is read, because its quotes are wrong")]
    {
        let stage = Stage::new("parts", |platform| in_shards(platform, 4)).await;
        let object = stage.upload(object);
        stage.notify(&object);
        stage.settle().await;
        let checkpoint = stage.checkpoint();
        assert_eq!(checkpoint["status"], "Failed", "{checkpoint}");
        let message = checkpoint["last_error"]["message"].as_str().unwrap();
        assert!(message.contains(words), "{message}");
        assert!(stage.executions().is_empty());
    }
}

/// 1,000,000 rows in 16 shards: with 200 kills, duplicates and lost responses exact, and without them how fast.
/// `cargo test --release --workspace --all-features --test all -- --ignored local::shards::a_million`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes"]
async fn a_million_rows_in_sixteen_shards() {
    const SHARDS: u32 = 16;
    const KILLS: u32 = 200;
    let rows = 1_000_000;
    let object = table(rows);
    let quiet = |platform: Builder| platform.env("TALLY_PAUSE", "50").timeout(Duration::from_secs(300));

    let stage = Stage::new("parts", |platform| quiet(in_shards(platform, SHARDS))).await;
    let uploaded = stage.upload(&object);
    let begun = Instant::now();
    stage.notify(&uploaded);
    stage.settle().await;
    let took = begun.elapsed();
    assert_eq!(assert_exact(&stage, rows, "no faults"), 0);
    println!("{rows} rows, {} bytes, {SHARDS} shards: {took:?}, {:?}", object.len(), stage.platform.counters());
    drop(stage);

    let seed = 1;
    let stage = Stage::new("parts", |platform| in_shards(stormy(platform, seed).env("TALLY_PAUSE", "50"), SHARDS)).await;
    let uploaded = stage.upload(&object);
    stage.notify(&uploaded);
    let counts = start_storm(&stage, seed, KILLS);
    let mut operator = Operator::default();
    let ended = tokio::time::timeout(Duration::from_secs(900), async {
        loop {
            stage.platform.idle().await;
            if operator.redrive(&stage) == 0 {
                return;
            }
        }
    });
    assert!(ended.await.is_ok(), "{:?}", stage.platform.counters());
    let extra = assert_exact(&stage, rows, "a storm");
    println!("{extra} of {} executions repeated, {}", stage.executions().len(), fault_report(&stage, &counts));
    assert_eq!(stage.platform.counters().kills, u64::from(KILLS), "{:?}", stage.platform.counters());
}
