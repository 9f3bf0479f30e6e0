//! Concurrent invocations in one process, as on Lambda Managed Instances.

use super::stage::{BATCHES, DOLLARS, PAST_THE_LEASE, ROWS, Stage, UPLOADS, birdstrikes};
use recursive_lambda_local::{Builder, Channel, ContainerId, Outcome, QueueFaults, Trigger, What};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

const AT_ONCE: usize = 8;

fn eight_at_once(platform: Builder) -> Builder {
    platform
        .max_concurrency(AT_ONCE)
        .concurrency_per_container(AT_ONCE)
        .retry_delays(PAST_THE_LEASE)
        .env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "3")
        .env("RECURSIVE_LAMBDA_CHECKPOINT", "batch")
}

fn tenant(index: usize) -> String {
    format!("tenant-{index}")
}

/// Uploads the bundled example's file `count` times, each for its own tenant, and sends all events at once.
async fn upload(stage: &Stage, count: usize) {
    let mut events = Vec::new();
    for index in 0..count {
        let object = stage.platform.s3().put_file(UPLOADS, &format!("{index}.csv"), birdstrikes()).await.unwrap();
        let Trigger::Events(sent) = Channel::S3.trigger(&[object]) else { panic!("S3 has no queue") };
        events.push((index, sent[0].to_string()));
    }
    for (index, event) in events {
        stage.platform.send_for_tenant(tenant(index), event);
    }
}

/// The highest number of concurrent invocations in one container.
fn most_at_once(stage: &Stage) -> usize {
    let mut running: HashMap<ContainerId, usize> = HashMap::new();
    let mut most = 0;
    for entry in stage.platform.journal() {
        match entry.what {
            What::InvocationStarted { container, .. } => *running.entry(container).or_default() += 1,
            What::InvocationEnded { container, .. } => *running.get_mut(&container).unwrap() -= 1,
            _ => {}
        }
        most = most.max(running.values().copied().max().unwrap_or(0));
    }
    most
}

fn ended(stage: &Stage, is_counted: impl Fn(&Outcome) -> bool) -> usize {
    let entries = stage.platform.journal().into_iter();
    entries.filter(|entry| matches!(&entry.what, What::InvocationEnded { outcome, .. } if is_counted(outcome))).count()
}

/// Asserts that each run is done and counted everything once. Returns the number of repeated executions in all runs.
fn assert_each_done(stage: &Stage, count: usize, context: &str) -> usize {
    let checkpoints = stage.checkpoints();
    assert_eq!(checkpoints.len(), count, "{context}");
    for checkpoint in &checkpoints {
        assert_eq!(checkpoint["status"], "Done", "{context}: {checkpoint}\n{}", stage.logged().join("\n"));
        assert_eq!(checkpoint["state"], serde_json::json!({ "rows": ROWS, "dollars": DOLLARS }), "{context}: {checkpoint}");
        assert_eq!((&checkpoint["position"], &checkpoint["batches"]), (&ROWS.into(), &BATCHES.into()), "{context}");
    }
    assert!(stage.dead_letters().is_empty(), "{context}: {:?}", stage.dead_letters());
    assert_eq!(stage.completions().len(), count, "{context}");
    let executions = stage.executions();
    let batches: BTreeSet<_> = executions.iter().map(|one| (&one.key, one.position, one.len)).collect();
    assert_eq!(batches.len(), count * BATCHES, "{context}");
    executions.len() - batches.len()
}

/// The root of a trace header, and how often the function is in its chain.
fn chain(trace: &str) -> (String, u64) {
    let part = |name: &str| trace.split(';').find_map(|part| part.strip_prefix(name)).unwrap().to_owned();
    (part("Root="), part("Lineage=").rsplit(':').next().unwrap().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_in_a_process_keep_their_tenant() {
    let count = 10;
    let stage = Stage::new("rows", |platform| eight_at_once(platform).env("TALLY_PAUSE", "100")).await;
    upload(&stage, count).await;
    stage.settle().await;
    assert_eq!(assert_each_done(&stage, count, "shared process"), 0);
    assert_eq!((stage.platform.counters().containers_started, most_at_once(&stage)), (1, AT_ONCE));

    let (mut starts, mut signals) = (BTreeMap::new(), BTreeMap::<String, Vec<_>>::new());
    for entry in stage.platform.journal() {
        let What::Accepted { payload, trace, tenant_id, .. } = entry.what else { continue };
        let payload: Value = serde_json::from_slice(&payload).unwrap();
        let (root, count) = chain(&trace);
        match payload["recursive_lambda"]["run"].as_str() {
            Some(run) => signals.entry(run.to_owned()).or_default().push((root, count, tenant_id.unwrap())),
            None => {
                assert_eq!(count, 1);
                starts.insert(root, tenant_id.unwrap());
            }
        }
    }
    assert_eq!((starts.len(), signals.len()), (count, count), "each run has its own chain");
    let mut tenants = BTreeSet::new();
    for (run, signals) in signals {
        let (root, _, _) = &signals[0];
        let tenant = &starts[root];
        for (index, signal) in signals.iter().enumerate() {
            assert_eq!(signal, &(root.clone(), index as u64 + 2, tenant.clone()), "signal {index} of run {run}");
        }
        // Each invocation processes three batches.
        assert_eq!(signals.len(), BATCHES.div_ceil(3) - 1, "run {run}");
        tenants.insert(tenant.clone());
    }
    assert_eq!(tenants, (0..count).map(tenant).collect());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_duplicate_in_the_process_is_safe() {
    let twice = QueueFaults { duplicate: 1.0, ..QueueFaults::default() };
    let set = |platform| eight_at_once(platform).queue_faults(twice).env("TALLY_PAUSE", "100");
    let stage = Stage::new("rows", set).await;
    upload(&stage, 4).await;
    stage.settle().await;
    assert_eq!(assert_each_done(&stage, 4, "duplicates"), 0);
    assert_eq!((stage.platform.counters().containers_started, most_at_once(&stage)), (1, AT_ONCE));
    assert!(stage.platform.counters().duplicated >= 36, "{:?}", stage.platform.counters());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_a_shared_process_is_safe() {
    let stage = Stage::new("rows", |platform| eight_at_once(platform).seed(11).env("TALLY_PAUSE", "200")).await;
    stage.platform.arm_kills(1, Duration::from_millis(150)..=Duration::from_millis(250));
    upload(&stage, AT_ONCE).await;
    stage.settle().await;
    let extra = assert_each_done(&stage, AT_ONCE, "killed");
    let counters = stage.platform.counters();
    assert_eq!((counters.kills, counters.containers_started), (1, 2), "{counters:?}");
    assert!(counters.crashed as usize >= AT_ONCE / 2, "{counters:?}");
    assert!(extra <= counters.crashed as usize, "{extra} repeated executions, {counters:?}");
    eprintln!("{extra} repeated, {counters:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_timed_out_invocation_stops_alone() {
    let stage = Stage::new("rows", |platform| {
        let slow = eight_at_once(platform).timeout(Duration::from_secs(12)).env("TALLY_PAUSE", "20");
        slow.env("TALLY_AT", "2400").env("TALLY_DO", "hang-once")
    })
    .await;
    upload(&stage, 3).await;
    stage.settle().await;
    // One batch of each run hung.
    assert_eq!(assert_each_done(&stage, 3, "hangs"), 3);
    let counters = stage.platform.counters();
    assert_eq!((counters.containers_started, counters.crashed), (1, 0), "{counters:?}");
    let late = |outcome: &Outcome| {
        matches!(outcome, Outcome::TimedOut)
            || matches!(outcome, Outcome::Error { message, .. } if message.contains("time was up"))
    };
    assert_eq!(ended(&stage, late), 3, "{}", stage.logged().join("\n"));
    let logged = stage.logged().iter().filter(|line| line.contains("time was up before its batch was done")).count();
    assert_eq!(logged, 3, "each invocation ended by itself: {}", stage.logged().join("\n"));
}
