//! The pattern of 2018 compared with ours: the same object, the same fault at the same place, once in `naive` and once in `tally`, both with
//! every batch an invocation. What is asserted is printed, too, as the table that RELIABILITY.md shows.

use super::stage::{Execution, PAST_THE_LEASE, STATE, Stage, UPLOADS};
use super::storm_faults::{Operator, begin, told, weathered};
use super::sweep::{SWEEP, SWEPT_AFTER};
use futures_util::future::{BoxFuture, join_all};
use recursive_lambda_local::{Builder, Fault, ObjectInfo, Operation, QueueFaults, RecursiveLoop, What};
use std::collections::BTreeMap;
use std::time::Duration;

const KEY: &str = "in/amounts of may.txt";

/// With this many batches in an object, but where a story says otherwise.
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

/// What became of one object's batches.
#[derive(Debug, PartialEq)]
struct Fate {
    executions: usize,
    /// Never executed; executed more than once; executions of the last one, which is how many chains there were in the end.
    lost: usize,
    repeated: usize,
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

/// A name, the setting, the fault; and executions, lost, repeated, chains and dead letters of naive, and of ours.
type Story = (&'static str, fn(Builder) -> Builder, for<'a> fn(&'a Stage, ObjectInfo) -> BoxFuture<'a, ()>, [[usize; 5]; 2]);

fn plain(platform: Builder) -> Builder {
    platform
}

fn tells(stage: &Stage, object: ObjectInfo) -> BoxFuture<'_, ()> {
    stage.tell(&object);
    Box::pin(async {})
}

/// In the fourth batch.
async fn in_the_middle(stage: &Stage, object: &ObjectInfo) {
    stage.tell(object);
    stage.batches_begun(4).await;
}

async fn lose_the_fifth(stage: &Stage, object: &ObjectInfo) {
    in_the_middle(stage, object).await;
    stage.platform.set_queue_faults(QueueFaults { lose_next: 1, ..QueueFaults::default() });
}

const STORIES: [Story; 9] = [
    ("nothing goes wrong", plain, tells, [[12, 0, 0, 1, 0], [12, 0, 0, 1, 0]]),
    (
        "the upload's event comes twice",
        |platform| platform.queue_faults(QueueFaults { duplicate_next: 1, ..QueueFaults::default() }),
        tells,
        [[24, 0, 12, 2, 0], [12, 0, 0, 1, 0]],
    ),
    (
        "the event of the fifth invocation comes twice",
        plain,
        |stage, object| {
            Box::pin(async move {
                in_the_middle(stage, &object).await;
                stage.platform.set_queue_faults(QueueFaults { duplicate_next: 1, ..QueueFaults::default() });
            })
        },
        [[20, 0, 8, 2, 0], [12, 0, 0, 1, 0]],
    ),
    (
        "the answer to the fourth Invoke is lost",
        plain,
        |stage, object| {
            stage
                .platform
                .set_faults(|call| (call.operation == Operation::Invoke && call.nth == 4).then_some(Fault::LoseResponse));
            tells(stage, object)
        },
        [[20, 0, 8, 2, 0], [12, 0, 0, 1, 0]],
    ),
    (
        "killed in the fourth batch",
        plain,
        |stage, object| {
            Box::pin(async move {
                in_the_middle(stage, &object).await;
                // The third may still be about to answer.
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
        "killed after the fourth Invoke, before it answers Lambda",
        plain,
        |stage, object| {
            stage.platform.set_faults(|call| {
                let fourth = call.operation == Operation::Invoke && call.nth == 4;
                fourth.then_some(Fault::DelayResponse(Duration::from_secs(4)))
            });
            Box::pin(async move {
                stage.tell(&object);
                stage.batches_begun(5).await;
                // The oldest is the one that waits for its answer.
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
        "the same, and S3 tells of the object once more",
        plain,
        |stage, object| {
            Box::pin(async move {
                lose_the_fifth(stage, &object).await;
                stage.settle().await;
                stage.tell(&object);
            })
        },
        [[16, 0, 4, 1, 0], [12, 0, 0, 1, 0]],
    ),
    (
        "the same, and the next sweep comes, which naive cannot read",
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
    let stories = STORIES.iter().flat_map(|story| [Program::Naive, Program::Ours].map(|program| (story, program)));
    join_all(stories.map(|((name, set, act, expected), program)| async move {
        let slowly = |platform: Builder| set(platform.retry_delays(PAST_THE_LEASE).env("TALLY_PAUSE", "1500"));
        let stage = program.stage(slowly).await;
        let object = stage.upload_as(KEY, text(0, BATCHES));
        act(&stage, object).await;
        stage.settle().await;
        let fate = fate(&stage, BATCHES, |_| true);
        let [executions, lost, repeated, chains, letters] = expected[usize::from(program == Program::Ours)];
        let story = format!("{name}, {}", program.name());
        assert_eq!(fate, Fate { executions, lost, repeated, chains, letters }, "{story}: {}", stage.said().join("\n"));
        eprintln!("{story}: {fate:?}");
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn naive_an_overwrite_mixes_versions() {
    join_all([Program::Naive, Program::Ours].map(|program| async move {
        let cold = |platform: Builder| platform.eviction(1.0).env("TALLY_PAUSE", "1500");
        let stage = program.stage(cold).await;
        let older = stage.upload_as(KEY, text(0, BATCHES));
        in_the_middle(&stage, &older).await;
        let newer = stage.upload_as(KEY, text(1_000, BATCHES));
        stage.settle().await;
        let of_the_newer = |execution: &Execution| execution.first.as_ref().unwrap().trim_start_matches('0').len() == 4;
        let mixed = fate(&stage, BATCHES, of_the_newer).executions;
        stage.tell(&newer);
        stage.settle().await;
        let (old, new) = (fate(&stage, BATCHES, |execution| !of_the_newer(execution)), fate(&stage, BATCHES, of_the_newer));
        let story = format!(
            "overwritten in the fourth batch, {}: {mixed} batches of the newer in the older's run; {old:?}, {new:?}",
            program.name()
        );
        let letters = usize::from(program == Program::Ours);
        assert_eq!((old.executions, old.letters), (4, letters), "{story}");
        assert_eq!((mixed, new.executions), if program == Program::Naive { (8, 20) } else { (0, 12) }, "{story}");
        assert_eq!((new.lost, new.chains), (0, if program == Program::Naive { 2 } else { 1 }), "{story}");
        eprintln!("{story}");
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn naive_recursion_detection_is_silent() {
    for program in [Program::Naive, Program::Ours] {
        // As each is used: ours does as many batches as fit.
        let set = |platform: Builder| {
            platform.recursive_loop(RecursiveLoop::Terminate).env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "1000")
        };
        let stage = program.stage(set).await;
        let object = stage.upload_as(KEY, text(0, 24));
        stage.tell(&object);
        stage.settle().await;
        let (fate, counters) = (fate(&stage, 24, |_| true), stage.platform.counters());
        let story = format!("recursion detection, 24 batches, {}: {fate:?}, {counters:?}", program.name());
        assert_eq!((fate.lost, fate.repeated), (if program == Program::Naive { 8 } else { 0 }, 0), "{story}");
        assert_eq!(counters.failed + counters.crashed + counters.timed_out, 0, "{story}: no invocation says anything");
        eprintln!("{story}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn naive_cold_containers_read_it_all() {
    for program in [Program::Naive, Program::Ours] {
        let stage = program.stage(|platform| platform.eviction(1.0)).await;
        let object = stage.upload_as(KEY, text(0, 24));
        stage.tell(&object);
        stage.settle().await;
        let ratio = stage.platform.s3().counts_of(UPLOADS, KEY).bytes_read as f64 / object.size as f64;
        let fate = fate(&stage, 24, |_| true);
        let story = format!("24 batches in cold containers, {}: read {ratio:.2} times the object, {fate:?}", program.name());
        assert_eq!((fate.lost, fate.repeated), (0, 0), "{story}");
        // The last of the naive invocations finds that nothing is left.
        assert!(if program == Program::Naive { ratio == 25.0 } else { ratio < 1.5 }, "{story}");
        eprintln!("{story}");
    }
}

/// Where the forks of the naive pattern are stopped, lest the test takes all day.
const ENOUGH: usize = 1_500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn naive_a_storm_forks_the_run() {
    const SEED: u64 = 1;
    const OBJECTS: usize = 4;
    const KILLS: u32 = 20;
    // Not more: the forks of the naive pattern grow with every one.
    const BATCHES: u64 = 8;
    for program in [Program::Naive, Program::Ours] {
        let stage = program.stage(|platform| weathered(platform, SEED).env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "1")).await;
        let struck = begin(&stage, SEED, KILLS);
        let keys: Vec<String> = (0..OBJECTS).map(|object| format!("{object}.txt")).collect();
        for (number, key) in keys.iter().enumerate() {
            let object = stage.upload_as(key, text(number as u64 * 1_000, BATCHES));
            stage.tell(&object);
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
        let story = format!(
            "seed {SEED}, {}: {}, {} redriven; {OBJECTS} objects of {BATCHES} batches: {} executions, {} batches lost, {} repeated, {} chains at the \
             end{stopped}; read {:.2} times the objects",
            program.name(),
            told(&stage, &struck),
            operator.redriven,
            all(|fate| fate.executions),
            all(|fate| fate.lost),
            all(|fate| fate.repeated),
            all(|fate| fate.chains),
            read as f64 / (OBJECTS as f64 * text(0, BATCHES).len() as f64)
        );
        eprintln!("{story}");
        let counters = stage.platform.counters();
        let (executions, batches) = (all(|fate| fate.executions), OBJECTS * BATCHES as usize);
        match program {
            Program::Naive => {
                assert!(executions > 2 * batches && all(|fate| fate.repeated) > batches / 2, "{story}");
            }
            Program::Ours => {
                assert!(stage.records().iter().all(|record| record["status"] == "Done"), "{story}");
                let faults = counters.crashed + counters.timed_out + counters.failed;
                assert!(all(|fate| fate.lost) == 0 && executions <= batches + faults as usize, "{story}");
                assert_eq!(stage.platform.s3().list(STATE, "runs/").unwrap().len(), OBJECTS, "{story}");
            }
        }
        stage.platform.shutdown().await;
    }
}
