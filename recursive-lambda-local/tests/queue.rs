//! Asynchronous invocation: attempts, retries, dead letters, recursion detection, faults.

use std::time::Duration;

use aws_sdk_lambda::types::InvocationType;
use recursive_lambda_local::{QueueFaults, Reason, RecursiveLoop, What};
use serde_json::json;

use crate::support::{LONG, blob, lambda_client, name, outcomes, platform};

#[tokio::test]
async fn an_event_is_tried_three_times() {
    let cases = [
        (json!({"do": "echo"}), vec!["ok"], None),
        (json!({"do": "fail"}), vec!["error"; 3], Some(("as asked", 3))),
        (json!({"do": "panic"}), vec!["error"; 3], Some(("as asked", 3))),
        (json!({"do": "exit"}), vec!["crashed"; 3], Some(("exit status: 1", 3))),
        (json!({"do": "sleep", "ms": 60_000}), vec!["timed out"; 3], Some(("timed out", 3))),
        // The first attempt dies and leaves a file; /tmp survives it, so the second finds the file and succeeds.
        (json!({"do": "once"}), vec!["crashed", "ok"], None),
    ];
    for (payload, expected, letter) in cases {
        let hangs = payload["do"] == "sleep";
        let platform = platform().timeout(if hangs { Duration::from_millis(600) } else { LONG }).start().await.unwrap();
        let sent = lambda_client(&platform)
            .invoke()
            .function_name(platform.function_name())
            .invocation_type(InvocationType::Event)
            .payload(blob(&payload))
            .send()
            .await
            .unwrap();
        assert_eq!(sent.status_code(), 202, "{payload}");
        platform.idle().await;
        assert_eq!(outcomes(&platform).iter().map(name).collect::<Vec<_>>(), expected, "{payload}");
        let letters = platform.dead_letters();
        match letter {
            None => assert!(letters.is_empty(), "{payload}"),
            Some((message, attempts)) => {
                assert_eq!((letters.len(), letters[0].reason, letters[0].attempts), (1, Reason::AttemptsExhausted, attempts));
                assert!(letters[0].error_message.contains(message), "{:?}", letters[0]);
                assert_eq!(letters[0].payload, payload.to_string());
            }
        }
        let ids = platform.journal().into_iter().filter_map(|entry| match entry.what {
            What::InvocationStarted { request_id, .. } => Some(request_id),
            _ => None,
        });
        let ids: std::collections::HashSet<String> = ids.collect();
        assert_eq!(ids.len(), 1, "retries keep the request id");
        let counters = platform.counters();
        assert_eq!((counters.accepted, counters.retries), (1, expected.len() as u64 - 1), "{payload}");
        platform.shutdown().await;
    }
}

#[tokio::test]
async fn recursion_stops_at_invocation_17() {
    // The invocations that the chain makes and the setting; then the invocations that run and those dropped.
    let cases = [(16, RecursiveLoop::Terminate, 16, 0), (20, RecursiveLoop::Terminate, 16, 1), (20, RecursiveLoop::Allow, 20, 0)];
    for (length, setting, invocations, dropped) in cases {
        let platform = platform().recursive_loop(setting).start().await.unwrap();
        platform.send(json!({"do": "recurse", "left": length - 1}).to_string());
        platform.idle().await;
        let counters = platform.counters();
        assert_eq!((counters.invocations, counters.dropped), (invocations, dropped), "{length} {setting:?}");
        let reasons: Vec<Reason> = platform.dead_letters().iter().map(|letter| letter.reason).collect();
        assert_eq!(reasons, vec![Reason::RecursiveLoop; usize::try_from(dropped).unwrap()]);
        assert_eq!(counters.failed, 0);
    }
}

#[tokio::test]
async fn waiting_does_not_cost_an_attempt() {
    let platform = platform().max_concurrency(2).start().await.unwrap();
    for _ in 0..6 {
        platform.send(json!({"do": "sleep", "ms": 50}).to_string());
    }
    platform.idle().await;
    let (mut running, mut most) = (0, 0);
    for entry in platform.journal() {
        match entry.what {
            What::InvocationStarted { attempt, .. } => {
                assert_eq!(attempt, 1);
                running += 1;
                most = most.max(running);
            }
            What::InvocationEnded { .. } => running -= 1,
            _ => {}
        }
    }
    let counters = platform.counters();
    assert_eq!((most, counters.succeeded, counters.containers_started, counters.throttled), (2, 6, 2, 4));
}

#[tokio::test]
async fn old_events_are_given_up() {
    let builder = platform().max_concurrency(1).retry_delays([]);
    let platform = builder.max_event_age(Duration::from_millis(150)).start().await.unwrap();
    let mut entries = platform.subscribe();
    let first = platform.send(json!({"do": "sleep", "ms": 600_000}).to_string());
    let late = platform.send(json!({"do": "echo"}).to_string());
    while !matches!(entries.recv().await.unwrap().what, What::DeadLettered { .. }) {}
    platform.kill_request(&first).unwrap();
    platform.idle().await;
    let letters = platform.dead_letters();
    assert_eq!((&letters[0].id, letters[0].reason, letters[0].attempts), (&late, Reason::TooOld, 0));
    assert_eq!((letters.len(), &letters[1].id), (2, &first), "the killed event is given up as well");
}

#[tokio::test]
async fn queue_faults_repeat_by_seed() {
    let run = async |faults, seed| {
        let platform = platform().queue_faults(faults).seed(seed).start().await.unwrap();
        for n in 0..20 {
            platform.send(json!({ "n": n }).to_string());
        }
        platform.idle().await;
        let touched = platform.journal().into_iter().filter_map(|entry| match entry.what {
            What::Duplicated { request_id } | What::Lost { request_id } => Some(request_id),
            _ => None,
        });
        let ids: Vec<String> = touched.collect();
        let accepted = platform.journal().into_iter().filter_map(|entry| match entry.what {
            What::Accepted { request_id, .. } => Some(request_id),
            _ => None,
        });
        let accepted: Vec<String> = accepted.collect();
        let which: Vec<usize> = ids.iter().map(|id| accepted.iter().position(|known| known == id).unwrap()).collect();
        (platform.counters(), which)
    };
    let certain = QueueFaults { duplicate_next: 2, lose_next: 1, ..QueueFaults::default() };
    let (counters, which) = run(certain, 1).await;
    assert_eq!((counters.lost, counters.duplicated, counters.invocations), (1, 2, 21));
    assert_eq!(which, [0, 1, 2]);

    let random = QueueFaults { duplicate: 0.3, lose: 0.2, delay: Duration::from_millis(5), ..QueueFaults::default() };
    let (first, which) = run(random, 7).await;
    assert_eq!(first.invocations, 20 - first.lost + first.duplicated);
    assert!(first.lost > 0 && first.duplicated > 0, "{first:?}");
    assert_eq!(run(random, 7).await.1, which, "the same seed must give the same faults");
    assert_ne!(run(random, 8).await.1, which, "another seed must give other faults");
}

#[tokio::test]
async fn armed_kills_hit_running_invocations() {
    let platform = platform().seed(3).start().await.unwrap();
    platform.arm_kills(3, Duration::from_millis(10)..=Duration::from_millis(60));
    for _ in 0..4 {
        platform.send(json!({"do": "sleep", "ms": 3000}).to_string());
    }
    platform.idle().await;
    let counters = platform.counters();
    assert_eq!((counters.kills, counters.crashed, counters.retries, counters.succeeded), (3, 3, 3, 4));
    assert!(outcomes(&platform).iter().filter(|outcome| name(outcome) == "crashed").all(|outcome| {
        outcome.error().is_some_and(|(kind, message)| kind == "Runtime.ExitError" && message.contains("SIGKILL"))
    }));
}

#[tokio::test]
async fn a_missed_kill_is_armed_again() {
    let platform = platform().retry_delays([]).start().await.unwrap();
    platform.arm_kills(1, Duration::from_secs(5)..=Duration::from_secs(5));
    platform.send(json!({"do": "echo"}).to_string());
    platform.idle().await;
    assert_eq!(platform.counters().kills, 0);
    platform.send(json!({"do": "sleep", "ms": 600_000}).to_string());
    platform.idle().await;
    assert_eq!((platform.counters().kills, platform.counters().succeeded), (1, 1));
}

#[tokio::test]
async fn kill_one_kills_one_invocation() {
    let platform = platform().retry_delays([]).start().await.unwrap();
    assert_eq!(platform.kill_one(), None);
    let mut entries = platform.subscribe();
    let id = platform.send(json!({"do": "sleep", "ms": 600_000}).to_string());
    while !matches!(entries.recv().await.unwrap().what, What::InvocationStarted { .. }) {}
    assert_eq!(platform.kill_request("no such request"), None);
    assert_eq!(platform.kill_one().map(|(_, request_id)| request_id), Some(id));
    assert_eq!(platform.kill_one(), None, "an invocation must not be killed twice");
    platform.idle().await;
    assert_eq!(outcomes(&platform).iter().map(name).collect::<Vec<_>>(), ["crashed"]);
}
