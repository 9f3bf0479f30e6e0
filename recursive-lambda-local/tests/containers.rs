//! Containers: warm starts, cold starts, and cleanup. Nothing outlives the platform.

use std::path::Path;
use std::time::{Duration, Instant};

use recursive_lambda_local::{Builder, Platform, What};
use serde_json::json;

use crate::support::{LONG, json as value, name, platform};

fn pids(platform: &Platform) -> Vec<u32> {
    let entries = platform.journal().into_iter();
    entries.filter_map(|entry| if let What::ContainerStarted { pid, .. } = entry.what { Some(pid) } else { None }).collect()
}

/// Whether the process runs. A zombie no longer runs; it only waits for its parent.
fn is_running(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let Some((_, fields)) = stat.rsplit_once(')') else { return false };
    let fields: Vec<&str> = fields.split_whitespace().collect();
    // The first thread can be a zombie while other threads still exit. The process has ended when its last thread has.
    let (state, threads) = (fields[0], fields[17]);
    !(state == "Z" && matches!(threads, "0" | "1"))
}

/// A platform with one idle container and one that is processing an event.
async fn busy_platform() -> (Platform, Vec<u32>, std::path::PathBuf) {
    let platform = platform().start().await.unwrap();
    let mut entries = platform.subscribe();
    platform.send(json!({"do": "sleep", "ms": 150}).to_string());
    platform.send(json!({"do": "sleep", "ms": 600_000}).to_string());
    let (mut started, mut ended) = (0, 0);
    while (started, ended) != (2, 1) {
        match entries.recv().await.unwrap().what {
            What::InvocationStarted { .. } => started += 1,
            What::InvocationEnded { .. } => ended += 1,
            _ => {}
        }
    }
    let pids = pids(&platform);
    assert_eq!(pids.len(), 2);
    assert!(pids.iter().all(|pid| is_running(*pid)));
    let tmp = platform.idle_containers()[0].tmp.clone();
    assert!(tmp.is_dir());
    (platform, pids, tmp)
}

fn assert_gone(pids: &[u32], tmp: &Path) {
    let started = Instant::now();
    while pids.iter().any(|pid| is_running(*pid)) {
        assert!(started.elapsed() < LONG, "{pids:?} are still running");
        std::thread::sleep(Duration::from_millis(5));
    }
    let folder = tmp.parent().unwrap().parent().unwrap();
    assert!(folder.file_name().unwrap().to_str().unwrap().starts_with("recursive-lambda-local-"));
    assert!(!folder.exists(), "{}", folder.display());
}

#[tokio::test]
async fn shutdown_cleans_up() {
    let (platform, pids, tmp) = busy_platform().await;
    platform.shutdown().await;
    assert!(!pids.iter().any(|pid| is_running(*pid)));
    assert_gone(&pids, &tmp);
}

#[tokio::test]
async fn dropping_the_platform_cleans_up() {
    let (platform, pids, tmp) = busy_platform().await;
    drop(platform);
    assert_gone(&pids, &tmp);
}

#[test]
fn dropping_the_runtime_cleans_up() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (platform, pids, tmp) = runtime.block_on(busy_platform());
    drop(runtime);
    drop(platform);
    assert_gone(&pids, &tmp);
}

#[tokio::test]
async fn tmp_survives_a_crash_of_the_process() {
    let platform = platform().retry_delays([]).start().await.unwrap();
    let found = async || value(&platform.invoke(json!({"do": "read_tmp"}).to_string()).await.unwrap());
    assert_eq!(found().await, false);
    platform.send(json!({"do": "write_tmp"}).to_string());
    platform.idle().await;
    assert_eq!(found().await, true, "the folder must survive the process");
    let containers = platform.idle_containers();
    assert_eq!((containers.len(), platform.counters().containers_started), (1, 2));
    platform.retire_idle_containers().await;
    assert!(!containers[0].tmp.exists());
    assert_eq!(found().await, false);
    assert_eq!(platform.counters().containers_started, 3);
}

#[tokio::test]
async fn an_evicted_container_loses_its_tmp() {
    for (chance, seed, evicted) in [(1.0, 1, 10..=10), (0.0, 1, 0..=0), (0.5, 1, 2..=8), (0.5, 2, 2..=8)] {
        let tmp = tempfile::tempdir().unwrap();
        let platform = platform().eviction(chance).seed(seed).tmp_folder(tmp.path()).start().await.unwrap();
        let folders = || std::fs::read_dir(tmp.path()).unwrap().count();
        for _ in 0..10 {
            platform.invoke(json!({"do": "echo"}).to_string()).await.unwrap();
        }
        let counters = platform.counters();
        assert!(evicted.contains(&counters.evicted), "{chance}: {counters:?}");
        let evicted_last = matches!(platform.journal()[platform.journal().len() - 2].what, What::Evicted { .. });
        assert_eq!(
            counters.containers_started,
            counters.evicted + u64::from(!evicted_last),
            "{chance}: each eviction must cost a cold start"
        );
        assert_eq!((platform.idle_containers().len(), folders()), (usize::from(!evicted_last), usize::from(!evicted_last)));
        platform.shutdown().await;
        assert_eq!(folders(), 0, "only the contents of the given folder are removed");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_memory_limit_kills_a_process() {
    let cases = [(None, 4 << 30, "ok"), (Some(2048), 16 << 20, "ok"), (Some(2048), 4_u64 << 30, "crashed")];
    for (limit, bytes, expected) in cases {
        let platform = limit.into_iter().fold(platform(), Builder::memory_limit_mb).start().await.unwrap();
        let outcome = platform.invoke(json!({"do": "allocate", "bytes": bytes}).to_string()).await.unwrap();
        assert_eq!(name(&outcome), expected, "{limit:?}, {bytes}: {outcome:?}");
        let aborted = outcome.error().is_some_and(|(_, message)| message.contains("SIGABRT"));
        assert_eq!(aborted, expected == "crashed", "{outcome:?}");
    }
}

#[tokio::test]
async fn child_processes_end_with_the_program() {
    let platform = platform().start().await.unwrap();
    let spawned = value(&platform.invoke(json!({"do": "spawn"}).to_string()).await.unwrap());
    let pid = u32::try_from(spawned.as_u64().unwrap()).unwrap();
    assert!(is_running(pid));
    platform.retire_idle_containers().await;
    let started = Instant::now();
    while is_running(pid) {
        assert!(started.elapsed() < LONG, "{pid} is still running");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn an_idle_crash_costs_no_attempt() {
    let platform = platform().start().await.unwrap();
    platform.invoke("1").await.unwrap();
    let pid = platform.idle_containers()[0].pid.unwrap();
    assert!(std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success());
    while is_running(pid) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    platform.send("2");
    platform.idle().await;
    assert_eq!((platform.counters().invocations, platform.counters().succeeded), (2, 2));
}

#[tokio::test]
async fn a_state_folder_keeps_its_objects() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..3u8 {
        let platform = platform().state_folder(folder.path()).start().await.unwrap();
        let s3 = platform.s3();
        s3.create_bucket("kept").unwrap();
        let before = s3.list("kept", "").unwrap();
        assert_eq!(before.len(), usize::from(round));
        s3.put("kept", "../same", [round]).unwrap();
        s3.put("kept", &format!("own {round}"), [round]).unwrap();
        s3.delete("kept", "own 0").unwrap();
        if round > 0 {
            assert!(s3.head("kept", "../same").unwrap().sequencer > before[0].sequencer);
        }
        assert_eq!(s3.get("kept", "../same").unwrap(), vec![round]);
    }
    let extension = |entry: &std::fs::DirEntry| entry.path().extension().unwrap().to_str().unwrap().to_owned();
    let mut files: Vec<String> = std::fs::read_dir(&folder).unwrap().map(|entry| extension(&entry.unwrap())).collect();
    files.sort();
    assert_eq!(files, ["bucket", "data", "data", "data", "json", "json", "json"]);
}

/// The next test runs this in a separate process.
#[tokio::test]
#[ignore = "waits for a signal"]
async fn wait_for_a_signal() {
    let platform = platform().handle_signals(true).start().await.unwrap();
    let mut entries = platform.subscribe();
    platform.send(json!({"do": "sleep", "ms": 600_000}).to_string());
    while !matches!(entries.recv().await.unwrap().what, What::InvocationStarted { .. }) {}
    println!("pid={}=", pids(&platform)[0]);
    // The first platform to notice the signal must end both.
    let second = self::platform().handle_signals(true).start().await.unwrap();
    platform.idle().await;
    drop(second);
}

#[test]
fn a_signal_ends_the_containers() {
    use std::io::{BufRead, BufReader};
    for (signal, status) in [("-INT", 130), ("-TERM", 143)] {
        let tmp = tempfile::tempdir().unwrap();
        let mut holder = std::process::Command::new(std::env::current_exe().unwrap())
            .env("TMPDIR", tmp.path())
            .args(["--exact", "containers::wait_for_a_signal", "--ignored", "--nocapture"])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(holder.stdout.take().unwrap()).lines().map_while(Result::ok);
        let pid = lines.filter_map(|line| line.split("pid=").nth(1)?.split('=').next()?.parse::<u32>().ok()).next().unwrap();
        assert!(is_running(pid) && std::fs::read_dir(tmp.path()).unwrap().count() > 0);
        let sent = std::process::Command::new("kill").args([signal, &holder.id().to_string()]).status().unwrap();
        assert!(sent.success());
        assert_eq!(holder.wait().unwrap().code(), Some(status));
        assert_eq!(std::fs::read_dir(tmp.path()).unwrap().count(), 0);
        let started = Instant::now();
        while is_running(pid) {
            assert!(started.elapsed() < LONG, "{pid} is still running");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
