//! Everything at once: containers killed at random, events delivered twice, responses lost, calls throttled, containers thrown away.
//!
//! `RL_KILLS=10000` for more kills than the 500 of every day, `RL_SEED` for others than those from seed 1.

use super::stage::{Execution, STATE, Stage};
use super::storm_faults::{Operator, begin, failed_invocations, told, weathered};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

const LINES: u64 = 120;
const BATCH: u64 = 10;

/// Runs in flight: while one waits for the lease of a killed owner to expire, the others go on.
const AT_ONCE: usize = 96;

/// Kills under one seed.
const ROUND: u32 = 500;

const TOO_LONG: Duration = Duration::from_secs(400);

fn amount(object: usize, line: u64) -> u64 {
    object as u64 * 1_000 + line
}

fn number(name: &str, otherwise: u32) -> u32 {
    std::env::var(name).map_or(otherwise, |value| value.parse().unwrap())
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
    let stage = Stage::new("amounts", |platform| weathered(platform, seed)).await;
    let struck = begin(&stage, seed, kills);
    let mut operator = Operator::default();
    let mut uploaded = 0;
    let ended = tokio::time::timeout(TOO_LONG, async {
        loop {
            // No two objects have the same sum.
            let completed: BTreeSet<u64> = stage.completions().iter().map(|end| end["dollars"].as_u64().unwrap()).collect();
            let more = stage.platform.counters().kills < u64::from(kills);
            while more && uploaded < completed.len() + AT_ONCE {
                let text: String = (0..LINES).map(|line| format!("{}\n", amount(uploaded, line))).collect();
                let object = stage.upload_as(&format!("{uploaded}.txt"), text);
                stage.tell(&object);
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
    let story = format!("seed {seed}, {kills} kills: {}, {} redriven", told(&stage, &struck), operator.redriven);
    assert!(ended.is_ok(), "{story}: still at it after {TOO_LONG:?}");
    let counted = assert_exact(&stage, uploaded, &story);
    eprintln!("{story}; {uploaded} runs, {counted}; {:.0?}", begun.elapsed());
    stage.platform.shutdown().await;
}

/// Asserts what is promised of every run, and says how much was done twice.
fn assert_exact(stage: &Stage, objects: usize, story: &str) -> String {
    let s3 = stage.platform.s3();
    let listed = s3.list(STATE, "runs/tally/").unwrap();
    let run_of_path = |path: &str| path.rsplit('/').next().unwrap().trim_end_matches(".json").to_owned();
    let records: BTreeMap<String, (String, Value)> = listed
        .iter()
        .map(|object| {
            let record: Value = serde_json::from_slice(&s3.get(STATE, &object.key).unwrap()).unwrap();
            (record["object"]["key"].as_str().unwrap().to_owned(), (run_of_path(&object.key), record))
        })
        .collect();
    assert_eq!((records.len(), listed.len()), (objects, objects), "{story}: one run for each object");
    let failed = failed_invocations(stage, |payload| {
        let event: Value = serde_json::from_str(payload).unwrap();
        match event.pointer("/Records/0/s3/object/key").and_then(Value::as_str) {
            Some(key) => records[key].0.clone(),
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
        let (run, record) = &records[&key];
        let faults = failed.get(run).copied().unwrap_or_default();
        let story = format!("{story}; {key} with {faults} failed invocations: {record}");
        let sum: u64 = (0..LINES).map(|line| amount(object, line)).sum();
        assert_eq!(record["status"], "Done", "{story}");
        assert_eq!(record["state"], json!({ "rows": LINES, "dollars": sum }), "{story}: the carried state is exact");
        assert_eq!((&record["position"], &record["batches"]), (&LINES.into(), &(LINES / BATCH).into()), "{story}");

        // A sink that keeps one entry a key has every line once.
        let ours = &executions[&key];
        let mut sink = BTreeMap::new();
        for execution in ours {
            let (position, len) = (execution.position, execution.len);
            assert_eq!((position % BATCH, len), (0, BATCH), "{story}: {execution:?}");
            assert_eq!(execution.first, Some(amount(object, position).to_string()), "{story}: {execution:?}");
            assert_eq!(execution.last, Some(amount(object, position + len - 1).to_string()), "{story}: {execution:?}");
            assert_eq!(*sink.entry(&execution.batch).or_insert(position), position, "{story}: one key, one batch");
        }
        let positions: Vec<u64> = sink.values().copied().collect::<BTreeSet<_>>().into_iter().collect();
        assert_eq!(positions, (0..LINES).step_by(BATCH as usize).collect::<Vec<_>>(), "{story}: no batch is lost");
        assert_eq!(sink.len(), positions.len(), "{story}: one batch, one key");

        // Every save is of one batch, so a fault costs at most one execution; and a run is acquired only after a hand-over or a fault.
        let (epochs, handed_over) = (record["epoch"].as_u64().unwrap() as usize, record["seq"].as_u64().unwrap() as usize);
        assert!(ours.len() - sink.len() <= faults, "{story}: {} executions of {} batches", ours.len(), sink.len());
        assert!(epochs <= handed_over + 1 + faults, "{story}: acquired {epochs} times");
        overtaken += ours.windows(2).filter(|two| two[1].epoch < two[0].epoch).count();
        (all, extra, acquired) = (all + ours.len(), extra + ours.len() - sink.len(), acquired + epochs);
        most_extra = most_extra.max(ours.len() - sink.len());
    }
    assert_eq!(overtaken, 0, "{story}: an owner went on after another had taken over");
    format!(
        "{all} executions of {} batches ({extra} too many, at most {most_extra} in one run), {acquired} acquisitions, {} failed invocations",
        all - extra,
        failed.values().sum::<usize>(),
    )
}
