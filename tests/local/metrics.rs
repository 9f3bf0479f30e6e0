//! The metrics that a job prints, read as CloudWatch reads them: by the rules of the embedded metric format.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use super::stage::{BATCHES, ROWS, STATE, Stage, birdstrikes};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// CloudWatch's units.
const UNITS: [&str; 27] = [
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];

/// A metric: namespace, dimensions, name and unit.
type Metric = (String, BTreeMap<String, String>, String, String);

/// The values of each metric in a line.
fn metrics(line: &str) -> Vec<(Metric, f64)> {
    assert!(line.len() <= 1 << 20, "a log event has at most 1 MiB");
    let root: Map<String, Value> = serde_json::from_str(line).unwrap();
    let metadata = root["_aws"].as_object().unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let at = Duration::from_millis(metadata["Timestamp"].as_u64().unwrap());
    assert!(at <= now && now - at < Duration::from_secs(600), "milliseconds since 1970: {at:?}");
    let mut metrics = Vec::new();
    for directive in metadata["CloudWatchMetrics"].as_array().unwrap() {
        let namespace = directive["Namespace"].as_str().unwrap();
        assert!((1..=255).contains(&namespace.len()) && !namespace.contains(':'), "{namespace}");
        let definitions = directive["Metrics"].as_array().unwrap();
        assert!((1..=100).contains(&definitions.len()));
        let sets = directive["Dimensions"].as_array().unwrap();
        assert!(!sets.is_empty());
        for set in sets {
            let dimensions = dimensions(set.as_array().unwrap(), &root);
            for definition in definitions {
                let (name, unit) = (definition["Name"].as_str().unwrap(), definition["Unit"].as_str().unwrap());
                assert!((1..=1_024).contains(&name.len()) && UNITS.contains(&unit), "{definition}");
                let resolution = definition.get("StorageResolution");
                assert!(resolution.is_none_or(|seconds| [json!(1), json!(60)].contains(seconds)), "{definition}");
                // The target is at the root.
                let Some(value) = root.get(name) else { continue };
                metrics.push(((namespace.into(), dimensions.clone(), name.into(), unit.into()), value.as_f64().unwrap()));
            }
        }
    }
    metrics
}

/// The set's names with their values, which are texts at the root.
fn dimensions(names: &[Value], root: &Map<String, Value>) -> BTreeMap<String, String> {
    assert!(names.len() <= 30);
    let value = |name: &Value| {
        let name = name.as_str().unwrap();
        let value = root[name].as_str().unwrap();
        assert!((1..=250).contains(&name.len()) && (1..=1_024).contains(&value.len()) && value.is_ascii(), "{name}: {value}");
        (name.to_owned(), value.to_owned())
    };
    names.iter().map(value).collect()
}

/// The sum of each metric, with its unit, over all lines of this job.
fn sums(stage: &Stage, job: &str) -> BTreeMap<(String, String), f64> {
    let expected = BTreeMap::from([("FunctionName".into(), "tally".into()), ("Job".into(), job.into())]);
    let mut sums = BTreeMap::new();
    for line in stage.logged().iter().filter(|line| line.starts_with("{\"_aws\"")) {
        for ((namespace, dimensions, name, unit), value) in metrics(line) {
            assert_eq!((namespace.as_str(), &dimensions), ("RecursiveLambda", &expected), "{line}");
            *sums.entry((name, unit)).or_default() += value;
        }
    }
    sums
}

/// Checks the sums of these metrics. `SecondsLeft` is not a sum.
fn assert_sums(stage: &Stage, job: &str, expected: [(&str, &str, u64); 8]) {
    let mut sums = sums(stage, job);
    sums.remove(&("SecondsLeft".into(), "Seconds".into()));
    let expected = expected.map(|(name, unit, value)| ((name.to_owned(), unit.to_owned()), value as f64));
    assert_eq!(sums, BTreeMap::from(expected), "{}", stage.logged().join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_add_up_to_the_run() {
    let size = std::fs::metadata(birdstrikes()).unwrap().len();
    let stage = Stage::new("rows", |platform| {
        platform
            .env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "10")
            .env("AWS_LAMBDA_LOG_FORMAT", "JSON")
            .env("TALLY_AT", "800")
            .env("TALLY_DO", "error-once")
    })
    .await;
    stage.run_birdstrikes().await;
    let checkpoint = stage.checkpoint();
    assert_eq!(checkpoint["status"], "Done");
    let left = sums(&stage, "rows").remove(&("SecondsLeft".into(), "Seconds".into()));
    assert!(left.is_some(), "only before the last record");
    assert_sums(
        &stage,
        "rows",
        [
            ("Invocations", "Count", checkpoint["invocations"].as_u64().unwrap()),
            ("Retries", "Count", 1),
            ("Records", "Count", ROWS),
            ("Batches", "Count", BATCHES as u64),
            ("Bytes", "Bytes", size),
            ("Skipped", "Count", 0),
            ("RunsDone", "Count", 1),
            ("RunsFailed", "Count", 0),
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_and_skipped_are_counted() {
    let stage = Stage::new("sieve", |platform| platform).await;
    // Every record is bad, so the run fails.
    for (body, done, failed, skipped) in
        [("id,cents,does\n0,1,\n1,many,\n2,4,\n", 1.0, 0.0, 1.0), ("id,cents,does\n1,many,\n", 1.0, 1.0, 2.0)]
    {
        let object = stage.upload(body);
        stage.notify(&object);
        stage.settle().await;
        let sums = sums(&stage, "sieve");
        let found = ["RunsDone", "RunsFailed", "Skipped"].map(|name| sums[&(name.to_owned(), "Count".to_owned())]);
        assert_eq!(found, [done, failed, skipped], "{body}: {sums:?}\n{}", stage.logged().join("\n"));
    }
    assert_eq!(stage.platform.s3().list(STATE, "runs/").unwrap().iter().filter(|file| !file.key.contains("skipped")).count(), 2);
}
