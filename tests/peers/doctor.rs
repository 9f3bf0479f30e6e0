//! `cargo recursive-lambda doctor` on deployments in moto: each fault is planted, and found by the command as a person types it.

use crate::front::{Answers, Denial, Front};
use crate::peer::{Moto, client_variables, program, script};
use serde_json::{Value, json};
use std::process::Output;
use tokio::process::Command;

/// A function's name, what is changed in a sound deployment of it, and the finding: the check and words of it.
const PLANTED: [(&str, &str, &str, &str); 29] = [
    ("terminates", "{}", "recursion", "`RecursiveLoop` is `Terminate`"),
    (
        "reserve",
        r#"{"timeout":30,"lines":[{"message":"worked","slowest_batch_ms":1,"reserve_ms":10000}]}"#,
        "time-out",
        "7s 500ms",
    ),
    (
        "slow",
        r#"{"lines":[{"message":"worked","span":{"job":"rows"},"slowest_batch_ms":40000,"reserve_ms":10000}]}"#,
        "time-out",
        "a batch of job `rows` took 40s of the time-out of 1m",
    ),
    (
        "killed",
        r#"{"lines":[{"message":"a batch is still running 1.0s before"}]}"#,
        "time-out",
        "1 invocations were still at work",
    ),
    ("halted", r#"{"concurrency":0}"#, "concurrency", "concurrency is 0"),
    (
        "full",
        r#"{"lines":[{"message":"worked","span":{"job":"file"},"slowest_batch_ms":1,"reserve_ms":10000,"in_tmp":1073741824}]}"#,
        "tmp",
        "job `file` keeps objects of 1.00 GiB in a /tmp of 512 MB",
    ),
    ("once", r#"{"retries":0}"#, "retries", "0 more times, not 2"),
    ("hasty", r#"{"age":60}"#, "retries", "gives an event up after 1m"),
    ("lost", r#"{"destination":null}"#, "destination", "are lost"),
    ("circle", r#"{"destination":"uploads"}"#, "destination", "go to `circle-uploads`, which starts the function again"),
    ("whole", r#"{"reports":false}"#, "queue", "does not report partial failures"),
    ("unmapped", r#"{"enabled":false}"#, "queue", "its mapping is disabled"),
    ("visible", r#"{"visibility":60}"#, "queue", "`visible-uploads`: a message is delivered again after 1m"),
    ("undead", r#"{"receives":null}"#, "queue", "no dead-letter queue"),
    ("impatient", r#"{"receives":1}"#, "queue", "given up after 1 deliveries"),
    ("none", r#"{"state":"none"}"#, "store", "RECURSIVE_LAMBDA_STATE is `none`"),
    ("direct", r#"{"announces":{"to":"function","prefix":""}}"#, "triggers", "notification to `direct` invokes the function"),
    ("queued", r#"{"announces":{"to":"queue","prefix":"runs/"}}"#, "triggers", "notification to `queued-uploads`"),
    ("topical", r#"{"announces":{"to":"topic","prefix":"run"}}"#, "triggers", "notification to `topical-uploads`"),
    ("ruled", r#"{"rule":"{name}-state"}"#, "triggers", "rule `ruled-uploads` invokes the function"),
    ("forgetful", r#"{"expires":7}"#, "lifecycle", "rule `old` of bucket `forgetful-state` deletes checkpoints after 7 days"),
    (
        "forbidden",
        "{}",
        "permissions",
        "role `forbidden` may not `s3:PutObject` on `arn:aws:s3:::forbidden-state/runs/forbidden/job/00000000000000000000000000000000.json`",
    ),
    ("guarded", "{}", "permissions", "guarded`: policy `guard`, line 7, denies it"),
    ("unswept", r#"{"sweep":null}"#, "sweep", "there is no schedule of sweeps"),
    ("asleep", r#"{"sweep":"DISABLED"}"#, "sweep", "schedule `asleep-sweep` is disabled"),
    ("misled", r#"{"input":"{}"}"#, "sweep", "`misled-sweep` sends another event"),
    ("barred", r#"{"permission":false}"#, "sweep", "rule `barred-sweep` may not invoke the function"),
    (
        "stale:live",
        r#"{"alias":"live","timeout":30,"lines":[{"message":"worked","slowest_batch_ms":1,"reserve_ms":10000}]}"#,
        "time-out",
        "7s 500ms",
    ),
    (
        "misaimed:live",
        r#"{"alias":"live","sweeps_alias":false}"#,
        "sweep",
        "invokes `arn:aws:lambda:us-east-1:123456789012:function:misaimed`, not `arn:aws:lambda:us-east-1:123456789012:function:misaimed:live`",
    ),
];

/// As above, about logs and alarms.
const WATCHED: [(&str, &str, &str, &str); 5] = [
    ("unwatched", r#"{"alarm":null}"#, "alarms", "no alarm watches the ERROR lines"),
    ("silent", r#"{"alarm":"silent"}"#, "alarms", "alarm `silent-runs` has no action"),
    ("muted", r#"{"alarm":"disabled"}"#, "alarms", "`muted-runs` has actions, but they are disabled"),
    ("texts", "{}", "log", "the log is text"),
    ("hoards", r#"{"retention":null}"#, "log", "`/aws/lambda/hoards` keeps its lines for ever"),
];

/// As above, but what cannot be checked. Nothing else is said.
const UNSURE: [(&str, &str, &str, &str); 2] = [
    (
        "repaired",
        r#"{"lines_age":3600,"lines":[{"message":"a batch is still running 1.0s before"}]}"#,
        "time-out tmp",
        "or since the function was changed",
    ),
    ("conditional", "{}", "permissions", "may `s3:PutObject` on"),
];

/// Deployments in which nothing is wrong.
const SOUND: [(&str, &str); 5] = [
    ("sound", "{}"),
    ("scheduled", r#"{"sweeper":"scheduler","permission":false}"#),
    ("apart", r#"{"rule":"{name}-uploads","announces":null}"#),
    ("aliased:live", r#"{"alias":"live"}"#),
    ("listed", "{}"),
];

const WORKED: &str = r#"{"message":"worked","span":{"job":"rows"},"slowest_batch_ms":1000,"reserve_ms":10000}"#;

async fn doctor(front: &Front, arguments: &[&str]) -> Output {
    let mut command = Command::new(program("cargo-recursive-lambda"));
    client_variables(&mut command);
    command.env("AWS_ENDPOINT_URL", &front.url).args(["recursive-lambda", "doctor"]).args(arguments);
    command.output().await.unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The deployments. Each has logged its work unless its change says otherwise.
fn functions() -> Vec<Value> {
    let planted = PLANTED.iter().chain(&WATCHED).chain(&UNSURE).map(|(name, changed, ..)| (name, changed));
    let all = planted.chain(SOUND.iter().map(|(name, changed)| (name, changed)));
    let with_name = |(name, changed): (&&str, &&str)| {
        let mut function: Value = serde_json::from_str(changed).unwrap();
        function["name"] = json!(name.split(':').next());
        if function.get("lines").is_none() {
            function["lines"] = json!([serde_json::from_str::<Value>(WORKED).unwrap()]);
        }
        function
    };
    all.map(with_name).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: cargo xtask test"]
async fn the_doctor_finds_what_is_planted() {
    let moto = Moto::start().await;
    script("doctor.py", &json!({ "endpoint": moto.url, "functions": functions() })).await;
    let answers = Answers {
        terminating: vec!["terminates".into()],
        text: vec!["texts".into()],
        event_bridge: vec!["ruled-state".into(), "apart-state".into()],
        denied: vec![
            ("forbidden", "s3:PutObject", Denial::NotAllowed),
            ("guarded", "lambda:InvokeFunction", Denial::By("guard")),
            ("conditional", "s3:PutObject", Denial::Without("aws:SourceVpce")),
            ("listed", "s3:PutObject", Denial::Without("lambda:SourceFunctionArn")),
        ],
        ..Answers::default()
    };
    let front = Front::start(&moto.url, answers).await;
    for (name, _, check, words) in PLANTED.iter().chain(&WATCHED) {
        let output = doctor(&front, &[name, "--json"]).await;
        let (found, unchecked): (Vec<Value>, Vec<Value>) =
            lines(&output).into_iter().partition(|line| line.get("not_checked").is_none());
        assert_eq!((output.status.code(), found.len()), (Some(1), 1), "{name}: {}", text(&output));
        let said = (&found[0]["check"], found[0]["what"].as_str().unwrap());
        assert!(said.0 == check && said.1.contains(words), "{name}: {said:?}");
        if name.starts_with("stale") {
            assert!(
                found[0]["command"].as_str().unwrap().contains("update-alias --function-name stale --name live"),
                "{found:?}"
            );
        }
        // A log that is text says nothing about the work.
        assert_eq!(unchecked.len(), if *name == "texts" { 2 } else { 0 }, "{name}: {unchecked:?}");
    }
    for (name, _, checks, words) in UNSURE {
        let output = doctor(&front, &[name, "--json"]).await;
        let lines = lines(&output);
        let checked: Vec<_> = lines.iter().map(|line| line["check"].as_str().unwrap()).collect();
        assert_eq!((output.status.code(), checked.join(" ")), (Some(0), checks.into()), "{name}: {}", text(&output));
        assert!(lines.iter().all(|line| line["not_checked"].as_str().unwrap().contains(words)), "{name}: {lines:?}");
    }
    for (name, _) in SOUND {
        let output = doctor(&front, &[name]).await;
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        assert_eq!(text(&output), format!("function `{name}`: nothing is wrong\n"));
    }
}

/// A service that refuses, and the checks that cannot be made without it.
const REFUSED: [(&str, &[&str]); 8] = [
    ("lambda", &["recursion", "concurrency", "retries", "destination", "queue", "triggers", "sweep"]),
    ("sqs", &["queue"]),
    ("s3", &["triggers", "lifecycle", "permissions"]),
    ("events", &["triggers", "sweep"]),
    ("scheduler", &["sweep"]),
    ("logs", &["time-out", "tmp", "alarms", "log"]),
    ("monitoring", &["alarms"]),
    ("iam", &["permissions"]),
];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: cargo xtask test"]
async fn what_is_refused_is_not_checked() {
    let moto = Moto::start().await;
    script("doctor.py", &json!({ "endpoint": moto.url, "functions": functions() })).await;
    for (service, checks) in REFUSED {
        let front = Front::start(&moto.url, Answers { refused: vec![service.into()], ..Answers::default() }).await;
        let output = doctor(&front, &["sound", "--json"]).await;
        let lines = lines(&output);
        assert_eq!(output.status.code(), Some(2), "{service}: {}", text(&output));
        let unchecked: Vec<_> = lines.iter().map(|line| line["check"].as_str().unwrap()).collect();
        assert_eq!(unchecked, checks, "{service}: {}", text(&output));
        for line in &lines {
            assert!(line["not_checked"].as_str().unwrap().contains("these credentials may not do that"), "{service}: {line}");
        }
    }
    let front = Front::start(&moto.url, Answers::default()).await;
    let absent = doctor(&front, &["absent"]).await;
    assert_eq!(absent.status.code(), Some(2));
    assert!(text(&absent).contains("there is no such function in this account and region"), "{}", text(&absent));
}
