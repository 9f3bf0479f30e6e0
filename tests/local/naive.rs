//! Compares the pattern of 2018 with ours: the same object and the same fault, once in `naive` and once in `tally`. Both process one batch
//! for each invocation. The results are also printed; RELIABILITY.md has them as a table.

use super::stage::{Execution, PAST_THE_LEASE, STATE, Stage, UPLOADS};
use super::storm_faults::{Operator, fault_report, start_storm, stormy};
use super::sweep::{SWEEP, SWEPT_AFTER};
use futures_util::future::{BoxFuture, join_all};
use recursive_lambda_local::{Builder, Fault, ObjectInfo, Operation, QueueFaults, RecursiveLoop, What};
use std::collections::BTreeMap;
use std::time::Duration;

const KEY: &str = "in/amounts of may.txt";

/// Batches in an object, unless a test uses another number.
const BATCHES: u64 = 12;

#[derive(Clone, Copy, PartialEq)]
enum Program {
    Naive,
    Ours,
}

impl Program {
    fn name(self) -> &'static str {
        if self == Self::Naive { "naive" } else { "ours" }
    }

    async fn stage(self, set: impl FnOnce(Builder) -> Builder) -> Stage {
        Stage::new("amounts", |platform| {
            let platform = set(platform.env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "1"));
            if self == Self::Naive { platform.binary(env!("CARGO_BIN_EXE_naive")) } else { platform }
        })
        .await
    }
}

/// Lines of 1,000 bytes.
fn text(from: u64, batches: u64) -> String {
    (0..batches * 10).map(|line| format!("{:0>999}\n", from + line)).collect()
}

/// What happened to the batches of one object.
#[derive(Debug, PartialEq)]
struct Fate {
    executions: usize,
    /// Batches that were never executed.
    lost: usize,
    /// Batches that were executed more than once.
    repeated: usize,
    /// Executions of the last batch: the number of chains of invocations at the end.
    chains: usize,
    letters: usize,
}

fn fate(stage: &Stage, batches: u64, which: impl Fn(&Execution) -> bool) -> Fate {
    let mut times = BTreeMap::new();
    for execution in stage.executions().iter().filter(|execution| which(execution)) {
        *times.entry(execution.position).or_insert(0_usize) += 1;
    }
    Fate {
        executions: times.values().sum(),
        lost: batches as usize - times.len(),
        repeated: times.values().filter(|times| **times > 1).count(),
        chains: times.get(&(batches * 10 - 10)).copied().unwrap_or_default(),
        letters: stage.dead_letters().len(),
    }
}

/// Name, setting, and fault. Expected of naive and of ours: executions, lost, repeated, chains, dead letters.
type Case = (&'static str, fn(Builder) -> Builder, for<'a> fn(&'a Stage, ObjectInfo) -> BoxFuture<'a, ()>, [[usize; 5]; 2]);

fn plain(platform: Builder) -> Builder {
    platform
}

fn start(stage: &Stage, object: ObjectInfo) -> BoxFuture<'_, ()> {
    stage.notify(&object);
    Box::pin(async {})
}

/// Starts a run, and waits until it is in the fourth batch.
async fn reach_the_fourth(stage: &Stage, object: &ObjectInfo) {
    stage.notify(object);
    stage.batches_begun(4).await;
}

async fn lose_the_fifth(stage: &Stage, object: &ObjectInfo) {
    reach_the_fourth(stage, object).await;
    stage.platform.set_queue_faults(QueueFaults { lose_next: 1, ..QueueFaults::default() });
}

const CASES: [Case; 9] = [
    ("nothing goes wrong", plain, start, [[12, 0, 0, 1, 0], [12, 0, 0, 1, 0]]),
    (
        "the upload's event is delivered twice",
        |platform| platform.queue_faults(QueueFaults { duplicate_next: 1, ..QueueFaults::default() }),
        start,
        [[24, 0, 12, 2, 0], [12, 0, 0, 1, 0]],
    ),
    (
        "the event of the fifth invocation is delivered twice",
        plain,
        |stage, object| {
            Box::pin(async move {
                reach_the_fourth(stage, &object).await;
                stage.platform.set_queue_faults(QueueFaults { duplicate_next: 1, ..QueueFaults::default() });
            })
        },
        [[20, 0, 8, 2, 0], [12, 0, 0, 1, 0]],
    ),
    (
        "the response to the fourth Invoke is lost",
        plain,
        |stage, object| {
            stage
                .platform
                .set_faults(|call| (call.operation == Operation::Invoke && call.nth == 4).then_some(Fault::LoseResponse));
            start(stage, object)
        },
        [[20, 0, 8, 2, 0], [12, 0, 0, 1, 0]],
    ),
    (
        "killed in the fourth batch",
        plain,
        |stage, object| {
            Box::pin(async move {
                reach_the_fourth(stage, &object).await;
                // Kills the newest, because the third may not have answered yet.
                let begun = stage.platform.journal().into_iter().rev().find_map(|entry| match entry.what {
                    What::InvocationStarted { request_id, .. } => Some(request_id),
                    _ => None,
                });
                stage.platform.kill_request(&begun.unwrap()).unwrap();
            })
        },
        [[13, 0, 1, 1, 0], [13, 0, 1, 1, 0]],
    ),
    (
        "killed after the fourth Invoke, before it responds to Lambda",
        plain,
        |stage, object| {
            stage.platform.set_faults(|call| {
                let fourth = call.operation == Operation::Invoke && call.nth == 4;
                fourth.then_some(Fault::DelayResponse(Duration::from_secs(4)))
            });
            Box::pin(async move {
                stage.notify(&object);
                stage.batches_begun(5).await;
                // Kills the oldest, which waits for its response.
                stage.platform.kill_one().unwrap();
            })
        },
        [[21, 0, 9, 2, 0], [12, 0, 0, 1, 0]],
    ),
    (
        "Lambda loses the event of the fifth invocation",
        plain,
        |stage, object| Box::pin(async move { lose_the_fifth(stage, &object).await }),
        [[4, 8, 0, 0, 0], [4, 8, 0, 0, 0]],
    ),
    (
        "the same, and S3 sends the upload's event again",
        plain,
        |stage, object| {
            Box::pin(async move {
                lose_the_fifth(stage, &object).await;
                stage.settle().await;
                stage.notify(&object);
            })
        },
        [[16, 0, 4, 1, 0], [12, 0, 0, 1, 0]],
    ),
    (
        "the same, followed by a sweep, which naive does not understand",
        plain,
        |stage, object| {
            Box::pin(async move {
                lose_the_fifth(stage, &object).await;
                stage.settle().await;
                tokio::time::sleep(SWEPT_AFTER).await;
                stage.platform.send(SWEEP);
            })
        },
        [[4, 8, 0, 0, 1], [12, 0, 0, 1, 0]],
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn naive_one_fault_costs_batches() {
    let cases = CASES.iter().flat_map(|case| [Program::Naive, Program::Ours].map(|program| (case, program)));
    join_all(cases.map(|((name, set, act, expected), program)| async move {
        let slow = |platform: Builder| set(platform.retry_delays(PAST_THE_LEASE).env("TALLY_PAUSE", "1500"));
        let stage = program.stage(slow).await;
        let object = stage.upload_as(KEY, text(0, BATCHES));
        act(&stage, object).await;
        stage.settle().await;
        let fate = fate(&stage, BATCHES, |_| true);
        let [executions, lost, repeated, chains, letters] = expected[usize::from(program == Program::Ours)];
        let context = format!("{name}, {}", program.name());
        assert_eq!(fate, Fate { executions, lost, repeated, chains, letters }, "{context}: {}", stage.logged().join("\n"));
        eprintln!("{context}: {fate:?}");
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn naive_an_overwrite_mixes_versions() {
    join_all([Program::Naive, Program::Ours].map(|program| async move {
        let cold = |platform: Builder| platform.eviction(1.0).env("TALLY_PAUSE", "1500");
        let stage = program.stage(cold).await;
        let older = stage.upload_as(KEY, text(0, BATCHES));
        reach_the_fourth(&stage, &older).await;
        let newer = stage.upload_as(KEY, text(1_000, BATCHES));
        stage.settle().await;
        let is_newer = |execution: &Execution| execution.first.as_ref().unwrap().trim_start_matches('0').len() == 4;
        let mixed = fate(&stage, BATCHES, is_newer).executions;
        stage.notify(&newer);
        stage.settle().await;
        let (old, new) = (fate(&stage, BATCHES, |execution| !is_newer(execution)), fate(&stage, BATCHES, is_newer));
        let context = format!(
            "overwritten in the fourth batch, {}: {mixed} batches of the newer object in the older object's run; {old:?}, {new:?}",
            program.name()
        );
        let letters = usize::from(program == Program::Ours);
        assert_eq!((old.executions, old.letters), (4, letters), "{context}");
        assert_eq!((mixed, new.executions), if program == Program::Naive { (8, 20) } else { (0, 12) }, "{context}");
        assert_eq!((new.lost, new.chains), (0, if program == Program::Naive { 2 } else { 1 }), "{context}");
        eprintln!("{context}");
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn naive_recursion_detection_is_silent() {
    for program in [Program::Naive, Program::Ours] {
        // As each is used: an invocation of ours processes as many batches as fit.
        let set = |platform: Builder| {
            platform.recursive_loop(RecursiveLoop::Terminate).env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "1000")
        };
        let stage = program.stage(set).await;
        let object = stage.upload_as(KEY, text(0, 24));
        stage.notify(&object);
        stage.settle().await;
        let (fate, counters) = (fate(&stage, 24, |_| true), stage.platform.counters());
        let context = format!("recursion detection, 24 batches, {}: {fate:?}, {counters:?}", program.name());
        assert_eq!((fate.lost, fate.repeated), (if program == Program::Naive { 8 } else { 0 }, 0), "{context}");
        assert_eq!(counters.failed + counters.crashed + counters.timed_out, 0, "{context}: no invocation fails");
        eprintln!("{context}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn naive_cold_containers_refetch_all() {
    for program in [Program::Naive, Program::Ours] {
        let stage = program.stage(|platform| platform.eviction(1.0)).await;
        let object = stage.upload_as(KEY, text(0, 24));
        stage.notify(&object);
        stage.settle().await;
        let ratio = stage.platform.s3().counts_of(UPLOADS, KEY).bytes_read as f64 / object.size as f64;
        let fate = fate(&stage, 24, |_| true);
        let context = format!("24 batches in cold containers, {}: read {ratio:.2} times the object, {fate:?}", program.name());
        assert_eq!((fate.lost, fate.repeated), (0, 0), "{context}");
        // The last naive invocation finds nothing left to do.
        assert!(if program == Program::Naive { ratio == 25.0 } else { ratio < 1.5 }, "{context}");
        eprintln!("{context}");
    }
}

/// Executions after which the test stops the forks of the naive pattern, which would take all day.
const ENOUGH: usize = 1_500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn naive_a_storm_forks_the_run() {
    const SEED: u64 = 1;
    const OBJECTS: usize = 4;
    const KILLS: u32 = 20;
    // Not more, because the forks of the naive pattern grow with each batch.
    const BATCHES: u64 = 8;
    for program in [Program::Naive, Program::Ours] {
        let stage = program.stage(|platform| stormy(platform, SEED).env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "1")).await;
        let counts = start_storm(&stage, SEED, KILLS);
        let keys: Vec<String> = (0..OBJECTS).map(|object| format!("{object}.txt")).collect();
        for (number, key) in keys.iter().enumerate() {
            let object = stage.upload_as(key, text(number as u64 * 1_000, BATCHES));
            stage.notify(&object);
        }
        let mut operator = Operator::default();
        let stopped = loop {
            let idle = tokio::time::timeout(Duration::from_millis(200), stage.platform.idle()).await;
            if operator.redrive(&stage) == 0 && idle.is_ok() {
                break "";
            }
            if stage.executions().len() >= ENOUGH {
                break ", stopped by the test";
            }
        };
        let fates: Vec<Fate> = keys.iter().map(|key| fate(&stage, BATCHES, |execution| execution.key == *key)).collect();
        let all = |number: fn(&Fate) -> usize| fates.iter().map(number).sum::<usize>();
        let read: u64 = keys.iter().map(|key| stage.platform.s3().counts_of(UPLOADS, key).bytes_read).sum();
        let context = format!(
            "seed {SEED}, {}: {}, {} redriven; {OBJECTS} objects of {BATCHES} batches: {} executions, {} batches lost, {} repeated, {} chains at the \
             end{stopped}; read {:.2} times the objects",
            program.name(),
            fault_report(&stage, &counts),
            operator.redriven,
            all(|fate| fate.executions),
            all(|fate| fate.lost),
            all(|fate| fate.repeated),
            all(|fate| fate.chains),
            read as f64 / (OBJECTS as f64 * text(0, BATCHES).len() as f64)
        );
        eprintln!("{context}");
        let counters = stage.platform.counters();
        let (executions, batches) = (all(|fate| fate.executions), OBJECTS * BATCHES as usize);
        match program {
            Program::Naive => {
                assert!(executions > 2 * batches && all(|fate| fate.repeated) > batches / 2, "{context}");
            }
            Program::Ours => {
                assert!(stage.checkpoints().iter().all(|checkpoint| checkpoint["status"] == "Done"), "{context}");
                let faults = counters.crashed + counters.timed_out + counters.failed;
                assert!(all(|fate| fate.lost) == 0 && executions <= batches + faults as usize, "{context}");
                assert_eq!(stage.platform.s3().list(STATE, "runs/").unwrap().len(), OBJECTS, "{context}");
            }
        }
        stage.platform.shutdown().await;
    }
}
