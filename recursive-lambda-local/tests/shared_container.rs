//! One process that handles several events at once, as on Lambda Managed Instances.

use std::time::Duration;

use recursive_lambda_local::{Builder, Outcome, Platform, What};
use serde_json::{Value, json};

use crate::support::{LONG, name, outcomes, platform};

fn four_at_once() -> Builder {
    platform().max_concurrency(4).concurrency_per_container(4).retry_delays([])
}

async fn invoke_all(platform: &Platform, payloads: &[Value]) -> Vec<&'static str> {
    let invoked = payloads.iter().map(|payload| platform.invoke(payload.to_string()));
    let outcomes = futures_util::future::join_all(invoked).await;
    outcomes.iter().map(|outcome| name(outcome.as_ref().unwrap())).collect()
}

#[tokio::test]
async fn one_process_handles_several_events() {
    let platform = four_at_once().start().await.unwrap();
    // No invocation ends before all four have started.
    let meet = json!({"do": "meet", "count": 4});
    for _ in 0..2 {
        assert_eq!(invoke_all(&platform, &vec![meet.clone(); 4]).await, ["ok"; 4]);
    }
    assert_eq!(platform.counters().containers_started, 1);
    let seen = platform.invoke(json!({"do": "environment"}).to_string()).await.unwrap();
    let environment = &crate::support::json(&seen)["environment"];
    assert_eq!(environment["AWS_LAMBDA_MAX_CONCURRENCY"], "4");

    let idle = platform.idle_containers();
    assert!(idle.len() == 1 && idle[0].pid.is_some() && idle[0].tmp.is_dir(), "{idle:?}");
    platform.retire_idle_containers().await;
    assert!(platform.idle_containers().is_empty() && !idle[0].tmp.exists());
    assert_eq!(invoke_all(&platform, &[json!({"do": "echo"})]).await, ["ok"]);
    assert_eq!(platform.counters().containers_started, 2);
    platform.shutdown().await;
}

#[tokio::test]
async fn a_dead_process_fails_all_its_events() {
    let platform = four_at_once().start().await.unwrap();
    // The third ends when all have started. The others do not end.
    let slow = json!({"do": "meet", "count": 4, "ms": 600_000});
    let mut entries = platform.subscribe();
    let all = [slow.clone(), slow.clone(), json!({"do": "meet", "count": 4}), slow];
    let kill = async {
        let mut ended = 0;
        while ended == 0 {
            ended += usize::from(matches!(entries.recv().await.unwrap().what, What::InvocationEnded { .. }));
        }
        platform.kill_one().unwrap()
    };
    let (names, _) = tokio::join!(invoke_all(&platform, &all), kill);
    assert_eq!(names, ["crashed", "crashed", "ok", "crashed"]);
    assert_eq!(platform.counters().kills, 1);
    assert_eq!(invoke_all(&platform, &[json!({"do": "exit"}), json!({"do": "echo"})]).await.first(), Some(&"crashed"));
    assert_eq!(invoke_all(&platform, &[json!({"do": "echo"})]).await, ["ok"]);
    platform.shutdown().await;
}

#[tokio::test]
async fn a_late_answer_is_refused() {
    let platform = four_at_once().timeout(Duration::from_secs(5)).start().await.unwrap();
    let all = [json!({"do": "sleep", "ms": 6000}), json!({"do": "sleep", "ms": 400}), json!({"do": "echo"})];
    assert_eq!(invoke_all(&platform, &all).await, ["timed out", "ok", "ok"]);
    tokio::time::sleep(Duration::from_secs(2)).await;
    // The late answer was refused, and all four workers still ask for events.
    assert_eq!(invoke_all(&platform, &vec![json!({"do": "meet", "count": 4}); 4]).await, ["ok"; 4]);
    assert_eq!(platform.counters().containers_started, 1);
    let late = outcomes(&platform).iter().filter(|outcome| matches!(outcome, Outcome::TimedOut)).count();
    assert_eq!((late, platform.counters().crashed), (1, 0));
    platform.shutdown().await;
}

#[tokio::test]
async fn a_failed_start_fails_waiting_events() {
    for (variable, error, init_timeout) in
        [("EXIT_AT_INIT", "Runtime.ExitError", LONG), ("HANG_AT_INIT", "Sandbox.Timedout", Duration::from_secs(1))]
    {
        let platform = four_at_once().env(variable, "1").init_timeout(init_timeout).start().await.unwrap();
        let invoke = || platform.invoke("1");
        let (one, other) = tokio::join!(invoke(), invoke());
        for outcome in [one, other] {
            assert_eq!(outcome.unwrap().error().unwrap().0, error, "{variable}");
        }
        platform.shutdown().await;
    }
}
