//! Every channel with every kind of key. The job sees the key as it was uploaded.

use super::stage::Stage;
use recursive_lambda_local::Channel;
use std::collections::BTreeMap;

fn keys() -> Vec<String> {
    let odd = [
        "a b.csv",
        "a+b.csv",
        "dir/file",
        "/leading//double/",
        "../../etc/passwd",
        "ünïcödé 🦀.csv",
        "a%20b",
        "%2B++ %20.mp3",
        "line\nfeed\r\ttab\u{1}\u{1b}[31m\u{7f}.csv",
        "quotes\"'`$(id)&<>;\\{}.csv",
    ];
    odd.map(String::from).into_iter().chain(["k".repeat(1024), "🦀".repeat(256)]).collect()
}

#[tokio::test]
async fn the_job_sees_the_uploaded_key() {
    let stage = Stage::new("lines", |platform| platform.max_concurrency(3)).await;
    let channels = Channel::NOTIFICATIONS.into_iter().chain([Channel::Manual("by-hand".into())]);
    let channels: Vec<_> = channels.enumerate().map(|(index, channel)| (format!("uploads-{index}"), channel)).collect();
    let keys = keys();
    for (bucket, channel) in &channels {
        stage.platform.s3().create_bucket(bucket).unwrap();
        let texts: Vec<&str> = keys.iter().map(String::as_str).collect();
        for key in &texts {
            stage.platform.s3().put(bucket, key, format!("{bucket} {key:?}")).unwrap();
        }
        stage.platform.notify_all(channel, bucket, &texts).unwrap();
    }
    stage.settle().await;

    let mut seen = BTreeMap::new();
    for execution in stage.executions() {
        assert_eq!(execution.first, Some(format!("{} {:?}", execution.bucket, execution.key)), "bytes of another object");
        *seen.entry((execution.bucket, execution.key)).or_insert(0) += 1;
    }
    for (bucket, channel) in &channels {
        for key in &keys {
            assert_eq!(seen.get(&(bucket.clone(), key.clone())), Some(&1), "{channel:?} {key:?}\n{}", stage.logged().join("\n"));
        }
    }
    let checkpoints = stage.checkpoints();
    assert_eq!(checkpoints.len(), channels.len() * keys.len());
    assert!(checkpoints.iter().all(|checkpoint| checkpoint["status"] == "Done"), "{checkpoints:#?}");
    assert!(stage.dead_letters().is_empty(), "{:?}", stage.dead_letters());
    let raw = |line: &String| line.chars().any(|character| character.is_control() && character != '\t');
    assert!(!stage.logged().iter().any(raw), "a key is in the log without escapes");
}
