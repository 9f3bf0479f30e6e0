//! All faults at once: containers killed at random, events delivered twice, responses lost, calls throttled, containers evicted.
//!
//! `RL_KILLS` sets the number of kills (default: 500), for example `RL_KILLS=10000`. `RL_SEED` sets the first seed (default: 1).

use super::stage::{Execution, STATE, Stage};
use super::storm_faults::{Operator, failed_invocations, fault_report, start_storm, stormy};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

const LINES: u64 = 120;
const BATCH: u64 = 10;

/// Runs in flight. While one waits for the lease of a killed owner to expire, the others continue.
const AT_ONCE: usize = 96;

/// Kills for each seed.
const ROUND: u32 = 500;

const TOO_LONG: Duration = Duration::from_secs(400);

fn amount(object: usize, line: u64) -> u64 {
    object as u64 * 1_000 + line
}

fn number(name: &str, default: u32) -> u32 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_kills_loses_nothing() {
    let (mut kills, mut seed) = (number("RL_KILLS", ROUND), u64::from(number("RL_SEED", 1)));
    while kills > 0 {
        let round = kills.min(ROUND);
        storm(seed, round).await;
        (kills, seed) = (kills - round, seed + 1);
    }
}

async fn storm(seed: u64, kills: u32) {
    let begun = Instant::now();
    let stage = Stage::new("amounts", |platform| stormy(platform, seed)).await;
    let counts = start_storm(&stage, seed, kills);
    let mut operator = Operator::default();
    let mut uploaded = 0;
    let ended = tokio::time::timeout(TOO_LONG, async {
        loop {
            // Each object has a different sum.
            let completed: BTreeSet<u64> = stage.completions().iter().map(|end| end["dollars"].as_u64().unwrap()).collect();
            let more = stage.platform.counters().kills < u64::from(kills);
            while more && uploaded < completed.len() + AT_ONCE {
                let text: String = (0..LINES).map(|line| format!("{}\n", amount(uploaded, line))).collect();
                let object = stage.upload_as(&format!("{uploaded}.txt"), text);
                stage.notify(&object);
                uploaded += 1;
            }
            if operator.redrive(&stage) == 0 && !more && completed.len() == uploaded {
                stage.platform.idle().await;
                if operator.redrive(&stage) == 0 {
                    return;
                }
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    })
    .await;
    let context = format!("seed {seed}, {kills} kills: {}, {} redriven", fault_report(&stage, &counts), operator.redriven);
    assert!(ended.is_ok(), "{context}: not idle after {TOO_LONG:?}");
    let totals = assert_exact(&stage, uploaded, &context);
    eprintln!("{context}; {uploaded} runs, {totals}; {:.0?}", begun.elapsed());
    stage.platform.shutdown().await;
}

/// Asserts what must hold for every run. Returns a text with the numbers of repeated executions.
fn assert_exact(stage: &Stage, objects: usize, context: &str) -> String {
    let s3 = stage.platform.s3();
    let listed = s3.list(STATE, "runs/tally/").unwrap();
    let run_of_path = |path: &str| path.rsplit('/').next().unwrap().trim_end_matches(".json").to_owned();
    let checkpoints: BTreeMap<String, (String, Value)> = listed
        .iter()
        .map(|object| {
            let checkpoint: Value = serde_json::from_slice(&s3.get(STATE, &object.key).unwrap()).unwrap();
            (checkpoint["object"]["key"].as_str().unwrap().to_owned(), (run_of_path(&object.key), checkpoint))
        })
        .collect();
    assert_eq!((checkpoints.len(), listed.len()), (objects, objects), "{context}: one run for each object");
    let failed = failed_invocations(stage, |payload| {
        let event: Value = serde_json::from_str(payload).unwrap();
        match event.pointer("/Records/0/s3/object/key").and_then(Value::as_str) {
            Some(key) => checkpoints[key].0.clone(),
            None => event["recursive_lambda"]["run"].as_str().unwrap().to_owned(),
        }
    });
    let mut executions: BTreeMap<String, Vec<Execution>> = BTreeMap::new();
    for execution in stage.executions() {
        executions.entry(execution.key.clone()).or_default().push(execution);
    }
    let (mut all, mut extra, mut most_extra, mut acquired, mut overtaken) = (0, 0, 0, 0, 0);
    for object in 0..objects {
        let key = format!("{object}.txt");
        let (run, checkpoint) = &checkpoints[&key];
        let faults = failed.get(run).copied().unwrap_or_default();
        let context = format!("{context}; {key} with {faults} failed invocations: {checkpoint}");
        let sum: u64 = (0..LINES).map(|line| amount(object, line)).sum();
        assert_eq!(checkpoint["status"], "Done", "{context}");
        assert_eq!(checkpoint["state"], json!({ "rows": LINES, "dollars": sum }), "{context}: the state is exact");
        assert_eq!((&checkpoint["position"], &checkpoint["batches"]), (&LINES.into(), &(LINES / BATCH).into()), "{context}");

        // A sink that stores one entry for each key has every line once.
        let ours = &executions[&key];
        let mut sink = BTreeMap::new();
        for execution in ours {
            let (position, len) = (execution.position, execution.len);
            assert_eq!((position % BATCH, len), (0, BATCH), "{context}: {execution:?}");
            assert_eq!(execution.first, Some(amount(object, position).to_string()), "{context}: {execution:?}");
            assert_eq!(execution.last, Some(amount(object, position + len - 1).to_string()), "{context}: {execution:?}");
            assert_eq!(*sink.entry(&execution.batch).or_insert(position), position, "{context}: one key, one batch");
        }
        let positions: Vec<u64> = sink.values().copied().collect::<BTreeSet<_>>().into_iter().collect();
        assert_eq!(positions, (0..LINES).step_by(BATCH as usize).collect::<Vec<_>>(), "{context}: no batch is lost");
        assert_eq!(sink.len(), positions.len(), "{context}: one batch, one key");

        // Every batch is saved, so a fault repeats at most one execution. A run is acquired only after a hand-over or a fault.
        let (epochs, handed_over) =
            (checkpoint["epoch"].as_u64().unwrap() as usize, checkpoint["seq"].as_u64().unwrap() as usize);
        assert!(ours.len() - sink.len() <= faults, "{context}: {} executions of {} batches", ours.len(), sink.len());
        assert!(epochs <= handed_over + 1 + faults, "{context}: acquired {epochs} times");
        overtaken += ours.windows(2).filter(|two| two[1].epoch < two[0].epoch).count();
        (all, extra, acquired) = (all + ours.len(), extra + ours.len() - sink.len(), acquired + epochs);
        most_extra = most_extra.max(ours.len() - sink.len());
    }
    assert_eq!(overtaken, 0, "{context}: an owner continued after another had taken over");
    format!(
        "{all} executions of {} batches ({extra} repeated, at most {most_extra} in one run), {acquired} acquisitions, {} failed invocations",
        all - extra,
        failed.values().sum::<usize>(),
    )
}
