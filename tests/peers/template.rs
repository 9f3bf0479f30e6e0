//! The bundled example's template: free of faults, wired from the upload to the function and to itself, with a role that can do no
//! more than a run needs; and what comes out of its queue is processed by the program with the environment it sets.

use crate::peer::{Moto, program, script, tool, workspace};
use recursive_lambda_local::{Outcome, Platform, RecursiveLoop, What};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::process::Command;

const KEY: &str = "2026/bird strikes+ü.csv";
const ROWS: usize = 1_000;
/// The longest time-out of a function, in seconds.
const LONGEST: u64 = 1_800;
const ALARMS: &str = "arn:aws:sns:us-east-1:123456789012:alarms";

fn template() -> String {
    workspace().join("examples/s3-upload/template.yaml").to_str().unwrap().to_owned()
}

#[tokio::test]
#[ignore = "needs cfn-lint and sam: cargo xtask test"]
async fn cfn_lint_and_sam_find_no_fault() {
    let cases: [(&str, &[&str]); 2] = [("cfn-lint", &["--template"]), ("sam", &["validate", "--lint", "--template-file"])];
    for (name, arguments) in cases {
        let mut command: Command = tool(name);
        let output = command.args(arguments).arg(template()).output().await.unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{name}: {said}");
    }
}

/// The example's file, cut after this many rows.
fn birds() -> String {
    let file = std::fs::read_to_string(workspace().join("examples/s3-upload/birdstrikes.csv")).unwrap();
    file.split_inclusive('\n').take(1 + ROWS).collect()
}

/// The stack as moto made it of the template, and what its queue received of one upload.
struct Stack(Value);

impl Stack {
    async fn create(moto: &Moto) -> Self {
        let upload = json!({ "key": KEY, "body": birds() });
        let asked = json!({ "endpoint": moto.url, "template": template(), "stack": "birds", "parameters": { "AlarmTopic": ALARMS }, "upload": upload });
        Self(script("deploy.py", &asked).await)
    }

    /// Name or address of a resource, as `Ref` gives it.
    fn is(&self, name: &str) -> &str {
        self.0["resources"][name]["Is"].as_str().unwrap_or_else(|| panic!("moto did not create {name}"))
    }

    fn properties(&self, name: &str) -> &Value {
        &self.0["resources"][name]["Properties"]
    }

    /// A queue's ARN; moto gives its URL.
    fn queue(&self, name: &str) -> String {
        format!("arn:aws:sqs:us-east-1:123456789012:{}", self.is(name).rsplit('/').next().unwrap())
    }

    /// Every statement of every policy.
    fn statements(&self) -> Vec<&Value> {
        fn of(value: &Value) -> Vec<&Value> {
            match value {
                Value::Object(fields) if fields.contains_key("Effect") => vec![value],
                Value::Object(fields) => fields.values().flat_map(of).collect(),
                Value::Array(parts) => parts.iter().flat_map(of).collect(),
                _ => Vec::new(),
            }
        }
        of(&self.0["resources"])
    }
}

/// One or several, as policies have it.
fn texts(value: &Value) -> BTreeSet<&str> {
    match value {
        Value::Array(all) => all.iter().map(|each| each.as_str().unwrap()).collect(),
        one => BTreeSet::from([one.as_str().unwrap()]),
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto: cargo xtask test"]
async fn an_upload_to_the_stack_starts_a_run() {
    let moto = Moto::start().await;
    let stack = Stack::create(&moto).await;
    the_wiring_is_whole(&stack);
    nobody_can_do_more_than_needed(&stack);
    what_arrives_is_processed(&stack).await;
}

fn the_wiring_is_whole(stack: &Stack) {
    let (uploads, topic, queue) = (stack.is("Uploads"), stack.is("Topic"), stack.queue("Queue"));
    let function = &stack.0["function"];
    let arn = format!("arn:aws:lambda:us-east-1:123456789012:function:{}", stack.is("Import"));
    let environment = json!({
        "RECURSIVE_LAMBDA_STATE": format!("s3://{}/runs", stack.is("State")),
        "RECURSIVE_LAMBDA_BUCKETS": uploads,
    });
    let told = json!([{ "Event": "s3:ObjectCreated:*", "Topic": topic }]);
    let redrive = stack.queue("UndeliveredUploads");
    let (mapping, invoke, import) = (&stack.0["mapping"], &stack.0["invoke"], stack.properties("Import"));
    assert!(function["Timeout"].as_u64().unwrap() <= LONGEST);
    let (attention, in_log) = (stack.properties("RunsNeedAttention"), stack.properties("AttentionInLog"));
    let (rule, permission) = (stack.properties("ImportSweep"), stack.properties("ImportSweepPermission"));
    let swept = &stack.0["swept"];
    let sweeps = format!("arn:aws:events:us-east-1:123456789012:rule/{}", stack.is("ImportSweep"));
    let metric = &in_log["MetricTransformations"][0];
    let cases: [(&str, &Value, Value); 30] = [
        ("bucket", &stack.properties("Uploads")["NotificationConfiguration"]["TopicConfigurations"], told),
        ("topic", &stack.properties("Subscription")["TopicArn"], json!(topic)),
        ("subscription", &stack.properties("Subscription")["Endpoint"], json!(queue)),
        ("protocol", &stack.properties("Subscription")["Protocol"], json!("sqs")),
        ("hidden for six of the longest time-outs", &stack.properties("Queue")["VisibilityTimeout"], json!(6 * LONGEST)),
        ("undelivered", &stack.properties("Queue")["RedrivePolicy"]["deadLetterTargetArn"], json!(redrive)),
        ("mapping from", &mapping["EventSourceArn"], json!(queue)),
        ("mapping to", &mapping["FunctionArn"], json!(arn)),
        ("partial failures", &mapping["FunctionResponseTypes"], json!(["ReportBatchItemFailures"])),
        ("mapping", &mapping["State"], json!("Enabled")),
        ("environment", &function["Environment"]["Variables"], environment),
        ("architecture", &import["Architectures"], json!(["arm64"])),
        ("recursion", &import["RecursiveLoop"], json!("Allow")),
        ("role", &import["Role"], json!(format!("arn:aws:iam::123456789012:role/{}", stack.is("ImportRole")))),
        ("given up", &invoke["DestinationConfig"]["OnFailure"]["Destination"], json!(stack.queue("FailedSignals"))),
        ("retries", &invoke["MaximumRetryAttempts"], json!(2)),
        ("sweeps", &rule["ScheduleExpression"], json!("rate(15 minutes)")),
        ("the rule as it stands", &swept["rule"]["ScheduleExpression"], json!("rate(15 minutes)")),
        ("sweeping", &swept["rule"]["State"], json!("ENABLED")),
        ("sweep of", &swept["target"]["Arn"], json!(arn)),
        ("sweep by", &permission["Principal"], json!("events.amazonaws.com")),
        ("sweep from", &permission["SourceArn"], json!(sweeps)),
        ("sweep with", &permission["Action"], json!("lambda:InvokeFunction")),
        ("log", &import["LoggingConfig"]["LogGroup"], json!(format!("/aws/lambda/{}", stack.is("Import")))),
        ("log as JSON", &import["LoggingConfig"]["LogFormat"], json!("JSON")),
        ("alarm on the log", &in_log["LogGroupName"], import["LoggingConfig"]["LogGroup"].clone()),
        ("alarm in", &attention["Namespace"], metric["MetricNamespace"].clone()),
        ("alarm on", &attention["MetricName"], metric["MetricName"].clone()),
        ("alarm of runs to", &attention["AlarmActions"]["Fn::If"][1], json!([ALARMS])),
        ("alarm of uploads to", &stack.properties("UploadsNeedAttention")["AlarmActions"]["Fn::If"][1], json!([ALARMS])),
    ];
    for (what, found, expected) in cases {
        assert_eq!(*found, expected, "{what}");
    }
    // A queue that feeds the function must not take what the function failed at.
    assert_ne!(stack.queue("FailedSignals"), queue);
}

fn nobody_can_do_more_than_needed(stack: &Stack) {
    let (topic, queue, function) = (stack.is("Topic"), stack.queue("Queue"), stack.is("Import"));
    let bucket = |name: &str| format!("arn:aws:s3:::{}", stack.is(name));
    let uploads = bucket("Uploads");
    let itself = format!("arn:aws:lambda:us-east-1:123456789012:function:{function}");
    let logs = format!("arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/{function}:*");
    let role: [(&[&str], &[&str]); 7] = [
        (&["s3:GetObject", "s3:GetObjectVersion"], &[&format!("{uploads}/*")]),
        (&["s3:GetObject", "s3:PutObject"], &[&format!("{}/runs/*", bucket("State"))]),
        (&["s3:ListBucket"], &[&bucket("State"), &uploads]),
        (&["lambda:InvokeFunction"], &[&itself]),
        (&["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"], &[&queue]),
        (&["sqs:SendMessage"], &[&stack.queue("FailedSignals")]),
        (&["logs:CreateLogStream", "logs:PutLogEvents"], &[&logs]),
    ];
    let policies = stack.properties("ImportRole")["Policies"].as_array().unwrap();
    let statements = policies.iter().flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap());
    let granted: Vec<_> = statements.map(|each| (texts(&each["Action"]), texts(&each["Resource"]))).collect();
    let needed: Vec<(BTreeSet<&str>, BTreeSet<&str>)> = role
        .iter()
        .map(|(actions, resources)| (actions.iter().copied().collect(), resources.iter().copied().collect()))
        .collect();
    assert_eq!(granted, needed);
    assert!(stack.properties("ImportRole").get("ManagedPolicyArns").is_none());

    let doors = [
        ("TopicTakesUploads", "s3.amazonaws.com", "sns:Publish", topic, uploads.as_str()),
        ("QueueTakesTopic", "sns.amazonaws.com", "sqs:SendMessage", &queue, topic),
    ];
    for (policy, service, action, resource, source) in doors {
        let statements = stack.properties(policy)["PolicyDocument"]["Statement"].as_array().unwrap();
        assert_eq!(statements.len(), 1, "{policy}");
        let statement = &statements[0];
        let found = (&statement["Principal"]["Service"], &statement["Action"], &statement["Resource"]);
        assert_eq!(found, (&json!(service), &json!(action), &json!(resource)), "{policy}");
        assert_eq!(statement["Condition"]["ArnEquals"]["aws:SourceArn"], source, "{policy}");
    }

    let statements = stack.statements();
    assert_eq!(statements.len(), 10, "the role's seven, the two doors, and who may take the role");
    for statement in statements {
        for action in texts(&statement["Action"]) {
            assert!(!action.contains('*') && !action.starts_with("s3:Delete"), "{statement}");
        }
    }
}

async fn what_arrives_is_processed(stack: &Stack) {
    let function = &stack.0["function"];
    let mut builder = Platform::builder()
        .binary(program("s3-upload"))
        .function_name(stack.is("Import"))
        .timeout(Duration::from_secs(function["Timeout"].as_u64().unwrap()))
        .init_timeout(Duration::from_secs(120))
        .recursive_loop(RecursiveLoop::Allow);
    for (name, value) in function["Environment"]["Variables"].as_object().unwrap() {
        builder = builder.env(name, value.as_str().unwrap());
    }
    let platform = builder.start().await.unwrap();
    let (uploads, state) = (stack.is("Uploads"), stack.is("State"));
    for bucket in [uploads, state] {
        platform.s3().create_bucket(bucket).unwrap();
    }
    platform.s3().put(uploads, KEY, birds()).unwrap();

    let sweep = stack.0["swept"]["target"]["Input"].as_str().unwrap().to_owned();
    let messages: Vec<String> = serde_json::from_value(stack.0["messages"].clone()).unwrap();
    assert_eq!(messages.len(), 2, "s3:TestEvent and the upload: {messages:?}");
    platform.send_messages(messages);
    let idle = tokio::time::timeout(Duration::from_secs(300), platform.idle()).await;
    assert!(idle.is_ok(), "still at it: {:?}", platform.counters());

    assert!(platform.dead_letters().is_empty(), "{:?}", platform.dead_letters());
    let checkpoints = platform.s3().list(state, "runs/").unwrap();
    assert_eq!(checkpoints.len(), 1, "{checkpoints:?}");
    let checkpoint: Value = serde_json::from_slice(&platform.s3().get(state, &checkpoints[0].key).unwrap()).unwrap();
    let outcome = (&checkpoint["status"], &checkpoint["position"], &checkpoint["state"]["strikes"], &checkpoint["object"]["key"]);
    assert_eq!(outcome, (&json!("Done"), &json!(ROWS), &json!(ROWS), &json!(KEY)), "{checkpoint}");

    // The schedule's own words are understood, by the function with this environment.
    let request = platform.send(sweep);
    assert!(tokio::time::timeout(Duration::from_secs(300), platform.idle()).await.is_ok());
    let said = platform.journal().into_iter().find_map(|entry| match entry.what {
        What::InvocationEnded { request_id, outcome: Outcome::Ok(said), .. } if request_id == request => Some(said),
        _ => None,
    });
    let said: Value = serde_json::from_slice(&said.unwrap()).unwrap();
    assert_eq!((&said["complete"], &said["stuck"]), (&json!(true), &json!(0)), "{said}");
    platform.shutdown().await;
}
