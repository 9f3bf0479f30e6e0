//! Promises about a deployment that the other files do not test: endpoints, qualifiers, buckets, deploys, and a readable checkpoint.

use super::stage::{KEY, PAST_THE_LEASE, STATE, Stage, UPLOADS, birdstrikes};
use aws_sdk_lambda::config::{BehaviorVersion, Credentials, Region};
use recursive_lambda_local::{Builder, Channel, Platform, Trigger, What};
use serde_json::Value;

/// Each case starts the program through a shell that changes the endpoint variables. The host is a name,
/// because with an IP address the SDK never puts the bucket into the host name.
#[tokio::test]
async fn custom_endpoints_are_used() {
    let cases = [
        (
            "AWS_ENDPOINT_URL_S3 with the name of a host",
            r#"export AWS_ENDPOINT_URL_S3="http://localhost:${AWS_ENDPOINT_URL_S3##*:}""#,
        ),
        (
            "AWS_ENDPOINT_URL alone, for S3",
            r#"export AWS_ENDPOINT_URL="http://localhost:${AWS_ENDPOINT_URL_S3##*:}"; unset AWS_ENDPOINT_URL_S3"#,
        ),
        (
            "AWS_ENDPOINT_URL alone, for Lambda",
            r#"export AWS_ENDPOINT_URL="$AWS_ENDPOINT_URL_LAMBDA"; unset AWS_ENDPOINT_URL_LAMBDA"#,
        ),
    ];
    for (name, variables) in cases {
        let through_a_shell = |platform: Builder| {
            platform
                .binary("/bin/sh")
                .arg("-c")
                .arg(format!("{variables}; exec \"$0\""))
                .arg(env!("CARGO_BIN_EXE_tally"))
                .env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "10")
        };
        let stage = Stage::new("rows", through_a_shell).await;
        stage.run_birdstrikes().await;
        assert_eq!(stage.assert_all_done(name), 0);
        assert_eq!(stage.checkpoint()["invocations"], 3, "{name}");
    }
}

/// Not the function's account.
const PARTNER: &str = "210987654321";

#[tokio::test]
async fn only_own_buckets_are_read_by_default() {
    let cases = [
        ("", UPLOADS, true),
        ("", "more-uploads", true),
        ("", "partners", false),
        ("partners", "partners", false),
        ("partners@210987654321", "partners", true),
        ("partners@123456789012", "partners", false),
    ];
    for (list, bucket, is_read) in cases {
        let set = |platform: Builder| platform.retry_delays([]).env("RECURSIVE_LAMBDA_BUCKETS", list);
        let stage = Stage::new("lines", set).await;
        stage.platform.s3().create_bucket("more-uploads").unwrap();
        stage.platform.s3().create_bucket_of(PARTNER, "partners").unwrap();
        let object = stage.platform.s3().put(bucket, KEY, "line\n").unwrap();
        stage.notify(&object);
        stage.settle().await;
        let refused: Vec<_> = stage.dead_letters().into_iter().map(|letter| letter.error_type).collect();
        let want = if is_read { ("Done", 1, vec![]) } else { ("Ready", 0, vec!["Source".to_owned()]) };
        assert_eq!((stage.status().as_str(), stage.executions().len(), refused), want, "`{list}`: {bucket}");
    }
}

#[tokio::test]
async fn signals_keep_the_qualifier() {
    for qualifier in ["", ":live", ":$LATEST"] {
        let set = |platform: Builder| platform.qualifier("live").env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "5");
        let stage = Stage::new("rows", set).await;
        let object = stage.upload_birdstrikes().await;
        let Trigger::Events(events) = Channel::S3.trigger(&[object]) else { panic!("S3 has no queue") };
        let function = format!("{}{qualifier}", stage.platform.function_arn());
        let start = client(&stage.platform).invoke().function_name(&function).invocation_type("Event".into());
        start.payload(events[0].to_string().into_bytes().into()).send().await.unwrap();
        stage.settle().await;
        assert_eq!(stage.assert_all_done(qualifier), 0);
        let invoked = stage.platform.journal().into_iter().filter_map(|entry| match entry.what {
            What::Accepted { function_arn, .. } => Some(function_arn),
            _ => None,
        });
        assert_eq!(invoked.collect::<Vec<_>>(), vec![function; 5]);
    }
}

fn client(platform: &Platform) -> aws_sdk_lambda::Client {
    let variables = platform.env_for_clients();
    let variable = |name: &str| variables.iter().find(|(known, _)| known == name).unwrap().1.clone();
    let keys = Credentials::new(variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"), None, None, "test");
    let config = aws_sdk_lambda::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(variable("AWS_REGION")))
        .endpoint_url(platform.lambda_url())
        .credentials_provider(keys);
    aws_sdk_lambda::Client::from_conf(config.build())
}

/// A run whose batch at record 2,800 hangs in the second invocation. Everything before that batch is saved.
async fn hanging_run() -> Stage {
    let set = |platform: Builder| {
        platform
            .env("RECURSIVE_LAMBDA_CHECKPOINT", "batch")
            .env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "5")
            .env("TALLY_AT", "2800")
            .env("TALLY_DO", "hang-once")
    };
    let stage = Stage::new("rows", set).await;
    let object = stage.upload_birdstrikes().await;
    stage.notify(&object);
    stage.batches_begun(8).await;
    stage
}

#[tokio::test]
async fn keys_survive_a_deploy() {
    let mut stage = hanging_run().await;
    let accepted = stage.platform.journal().into_iter().filter_map(|entry| match entry.what {
        What::Accepted { payload, .. } => Some(payload),
        _ => None,
    });
    let (run, signal) = (stage.run(), accepted.last().unwrap());
    stage = stage.redeployed("rows", |platform| platform.retry_delays(PAST_THE_LEASE)).await;
    // Lambda retries the event, because it got no response.
    stage.platform.send(signal);
    stage.settle().await;
    assert_eq!(stage.assert_all_done("redeployed"), 1);
    let executions = stage.executions();
    let at_2800: Vec<_> = executions.iter().filter(|execution| execution.position == 2_800).collect();
    assert_eq!((at_2800.len(), at_2800[0].epoch, at_2800[1].epoch), (2, 2, 3), "before the deploy and after it");
    for execution in &executions {
        assert_eq!(execution.batch, format!("{run}:{}+400", execution.position));
    }
}

#[tokio::test]
async fn a_person_can_read_the_checkpoint() {
    let stage = hanging_run().await;
    let object = stage.platform.s3().head(UPLOADS, KEY).unwrap();
    let checkpoint = stage.platform.s3().get(STATE, &format!("runs/tally/rows/{}.json", stage.run())).unwrap();
    let checkpoint = String::from_utf8(checkpoint.to_vec()).unwrap();
    let file = std::fs::read_to_string(birdstrikes()).unwrap();
    let rows: Vec<_> = file.split_inclusive('\n').take(2_801).collect();
    let (offset, header) = (rows.concat().len(), rows[0].trim_end());
    let dollars: u64 = rows[1..].iter().map(|row| row.rsplit(',').nth(1).unwrap().parse::<u64>().unwrap()).sum();

    // These fields differ from run to run.
    let read: Value = serde_json::from_str(&checkpoint).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (request, nonce, w) = (text(&read["owner"]["request_id"]), text(&read["owner"]["nonce"]), text(&read["w"]));
    let (started, updated, hash) = (text(&read["started"]), text(&read["updated"]), text(&read["plan"]["hash"]));
    assert!(
        w.starts_with(&nonce) && started < updated && [&started, &updated].iter().all(|time| time.ends_with('Z')),
        "{checkpoint}"
    );
    let (etag, size) = (object.etag, object.size);
    let want = format!(
        r#"{{"v":1,"status":"Running","position":2800,"offset":{offset},"line":2801,"size":{size},"batches":7,"seq":1,"epoch":2,"#
    ) + &format!(
        r#""owner":{{"request_id":"{request}","nonce":"{nonce}"}},"attempts":1,"invocations":2,"skipped":0,"#
    ) + &format!(
        r#""plan":{{"batch":400,"format":"csv","hash":"{hash}"}},"object":{{"bucket":"{UPLOADS}","key":"{KEY}","#
    ) + &format!(r#""etag":"{etag}","size":{size},"region":"us-east-1"}},"header":"{header}","#)
        + &format!(r#""state":{{"rows":2800,"dollars":{dollars}}},"started":"{started}","updated":"{updated}","#)
        + &format!(r#""last_error":null,"w":"{w}"}}"#);
    assert_eq!(checkpoint, want);
}
