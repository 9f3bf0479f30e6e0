//! The bundled example's template: it is valid, connects uploads to the function and the function to itself, and its role allows only
//! what a run needs. The program processes the messages of its queue, with the environment that the template sets.

use crate::peer::{Moto, program, script, tool, workspace};
use recursive_lambda_local::{Outcome, Platform, RecursiveLoop, What};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::process::Command;

const KEY: &str = "2026/bird strikes+ü.csv";
const ROWS: usize = 1_000;
/// The longest time-out of the function, in seconds.
const LONGEST: u64 = 1_800;
const ALARMS: &str = "arn:aws:sns:us-east-1:123456789012:alarms";

fn template() -> String {
    workspace().join("examples/s3-upload/template.yaml").to_str().unwrap().to_owned()
}

#[tokio::test]
#[ignore = "needs cfn-lint and sam: cargo xtask test"]
async fn cfn_lint_and_sam_accept_it() {
    let cases: [(&str, &[&str]); 2] = [("cfn-lint", &["--template"]), ("sam", &["validate", "--lint", "--template-file"])];
    for (name, arguments) in cases {
        let mut command: Command = tool(name);
        let output = command.args(arguments).arg(template()).output().await.unwrap();
        let printed = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{name}: {printed}");
    }
}

/// The example's file, cut after this many rows.
fn birds() -> String {
    let file = std::fs::read_to_string(workspace().join("examples/s3-upload/birdstrikes.csv")).unwrap();
    file.split_inclusive('\n').take(1 + ROWS).collect()
}

/// The stack that moto created from the template, and the messages of one upload in its queue.
struct Stack(Value);

impl Stack {
    async fn create(moto: &Moto) -> Self {
        let upload = json!({ "key": KEY, "body": birds() });
        let input = json!({ "endpoint": moto.url, "template": template(), "stack": "birds", "parameters": { "AlarmTopic": ALARMS }, "upload": upload });
        Self(script("deploy.py", &input).await)
    }

    /// The name or address of a resource, as `Ref` returns it.
    fn reference(&self, name: &str) -> &str {
        self.0["resources"][name]["Ref"].as_str().unwrap_or_else(|| panic!("moto did not create {name}"))
    }

    fn properties(&self, name: &str) -> &Value {
        &self.0["resources"][name]["Properties"]
    }

    /// The ARN of a queue. moto returns its URL.
    fn queue(&self, name: &str) -> String {
        format!("arn:aws:sqs:us-east-1:123456789012:{}", self.reference(name).rsplit('/').next().unwrap())
    }

    /// All statements of all policies.
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

/// A text or several, as in policies.
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
    assert_wiring(&stack);
    assert_least_privilege(&stack);
    assert_views(&stack);
    assert_messages_are_processed(&stack).await;
}

fn assert_wiring(stack: &Stack) {
    let (uploads, topic, queue) = (stack.reference("Uploads"), stack.reference("Topic"), stack.queue("Queue"));
    let function = &stack.0["function"];
    let arn = format!("arn:aws:lambda:us-east-1:123456789012:function:{}", stack.reference("Import"));
    let environment = json!({
        "RECURSIVE_LAMBDA_STATE": format!("s3://{}/runs", stack.reference("State")),
        "RECURSIVE_LAMBDA_BUCKETS": format!("{uploads},{}", stack.reference("State")),
    });
    let notification = json!([{ "Event": "s3:ObjectCreated:*", "Topic": topic }]);
    let redrive = stack.queue("UndeliveredUploads");
    let (mapping, invoke, import) = (&stack.0["mapping"], &stack.0["invoke"], stack.properties("Import"));
    assert!(function["Timeout"].as_u64().unwrap() <= LONGEST);
    let (attention, in_log) = (stack.properties("RunsNeedAttention"), stack.properties("AttentionInLog"));
    let (rule, permission) = (stack.properties("ImportSweep"), stack.properties("ImportSweepPermission"));
    let swept = &stack.0["swept"];
    let rule_arn = format!("arn:aws:events:us-east-1:123456789012:rule/{}", stack.reference("ImportSweep"));
    let metric = &in_log["MetricTransformations"][0];
    let cases: [(&str, &Value, Value); 30] = [
        ("bucket", &stack.properties("Uploads")["NotificationConfiguration"]["TopicConfigurations"], notification),
        ("topic", &stack.properties("Subscription")["TopicArn"], json!(topic)),
        ("subscription", &stack.properties("Subscription")["Endpoint"], json!(queue)),
        ("protocol", &stack.properties("Subscription")["Protocol"], json!("sqs")),
        ("visibility time-out of six function time-outs", &stack.properties("Queue")["VisibilityTimeout"], json!(6 * LONGEST)),
        ("dead letter queue", &stack.properties("Queue")["RedrivePolicy"]["deadLetterTargetArn"], json!(redrive)),
        ("mapping from", &mapping["EventSourceArn"], json!(queue)),
        ("mapping to", &mapping["FunctionArn"], json!(arn)),
        ("partial failures", &mapping["FunctionResponseTypes"], json!(["ReportBatchItemFailures"])),
        ("mapping", &mapping["State"], json!("Enabled")),
        ("environment", &function["Environment"]["Variables"], environment),
        ("architecture", &import["Architectures"], json!(["arm64"])),
        ("recursion", &import["RecursiveLoop"], json!("Allow")),
        ("role", &import["Role"], json!(format!("arn:aws:iam::123456789012:role/{}", stack.reference("ImportRole")))),
        ("failure destination", &invoke["DestinationConfig"]["OnFailure"]["Destination"], json!(stack.queue("FailedSignals"))),
        ("retries", &invoke["MaximumRetryAttempts"], json!(2)),
        ("rule", &rule["ScheduleExpression"], json!("rate(15 minutes)")),
        ("deployed rule", &swept["rule"]["ScheduleExpression"], json!("rate(15 minutes)")),
        ("rule state", &swept["rule"]["State"], json!("ENABLED")),
        ("rule target", &swept["target"]["Arn"], json!(arn)),
        ("sweep principal", &permission["Principal"], json!("events.amazonaws.com")),
        ("sweep source", &permission["SourceArn"], json!(rule_arn)),
        ("sweep action", &permission["Action"], json!("lambda:InvokeFunction")),
        ("log", &import["LoggingConfig"]["LogGroup"], json!(format!("/aws/lambda/{}", stack.reference("Import")))),
        ("log as JSON", &import["LoggingConfig"]["LogFormat"], json!("JSON")),
        ("alarm log group", &in_log["LogGroupName"], import["LoggingConfig"]["LogGroup"].clone()),
        ("alarm namespace", &attention["Namespace"], metric["MetricNamespace"].clone()),
        ("alarm metric", &attention["MetricName"], metric["MetricName"].clone()),
        ("run alarm action", &attention["AlarmActions"]["Fn::If"][1], json!([ALARMS])),
        ("upload alarm action", &stack.properties("UploadsNeedAttention")["AlarmActions"]["Fn::If"][1], json!([ALARMS])),
    ];
    for (what, found, expected) in cases {
        assert_eq!(*found, expected, "{what}");
    }
    // The function's failures must not go to the queue that feeds the function.
    assert_ne!(stack.queue("FailedSignals"), queue);
}

/// The dashboard and the queries read this stack's log, function and queues.
fn assert_views(stack: &Stack) {
    let log = format!("/aws/lambda/{}", stack.reference("Import"));
    let queue = |name: &str| stack.queue(name).rsplit(':').next().unwrap().to_owned();
    let known = [stack.reference("Import").to_owned(), queue("Queue"), queue("UndeliveredUploads"), queue("FailedSignals")];
    let widgets = stack.0["dashboard"]["widgets"].as_array().unwrap();
    assert_eq!(widgets.len(), 6, "{widgets:?}");
    let mut named = BTreeSet::new();
    for Widget { region, metrics, query } in widgets.iter().map(widget) {
        assert_eq!(region, "us-east-1");
        for metric in metrics {
            match metric {
                [namespace, name] => assert_eq!((namespace, name), (&json!("birds"), &json!("NeedsAttention"))),
                [_, _, _, about, ..] => named.extend(about.as_str()),
                _ => panic!("{metric:?}"),
            }
        }
        assert!(query.is_none_or(|query| query.starts_with(&format!("SOURCE '{log}' | "))), "{query:?}");
    }
    assert_eq!(named, known.iter().map(String::as_str).collect());

    let queries = ["CourseOfRuns", "Errors", "SlowestBatches"].map(|name| stack.properties(name));
    for query in queries {
        assert_eq!(query["LogGroupNames"], json!([log]), "{query}");
        assert!(query["QueryString"].as_str().unwrap().starts_with("filter "), "{query}");
    }
}

struct Widget<'a> {
    region: &'a str,
    metrics: Vec<&'a [Value]>,
    query: Option<&'a str>,
}

fn widget(widget: &Value) -> Widget<'_> {
    let properties = &widget["properties"];
    let metrics = properties["metrics"].as_array().into_iter().flatten();
    Widget {
        region: properties["region"].as_str().unwrap(),
        metrics: metrics.map(|metric| metric.as_array().unwrap().as_slice()).collect(),
        query: properties["query"].as_str(),
    }
}

fn assert_least_privilege(stack: &Stack) {
    let (topic, queue, function) = (stack.reference("Topic"), stack.queue("Queue"), stack.reference("Import"));
    let bucket = |name: &str| format!("arn:aws:s3:::{}", stack.reference(name));
    let uploads = bucket("Uploads");
    let function_arn = format!("arn:aws:lambda:us-east-1:123456789012:function:{function}");
    let logs = format!("arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/{function}:*");
    let role: [(&[&str], &[&str]); 7] = [
        (&["s3:GetObject", "s3:GetObjectVersion"], &[&format!("{uploads}/*")]),
        (&["s3:GetObject", "s3:PutObject"], &[&format!("{}/runs/*", bucket("State"))]),
        (&["s3:ListBucket"], &[&bucket("State"), &uploads]),
        (&["lambda:InvokeFunction"], &[&function_arn]),
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

    let resource_policies = [
        ("TopicTakesUploads", "s3.amazonaws.com", "sns:Publish", topic, uploads.as_str()),
        ("QueueTakesTopic", "sns.amazonaws.com", "sqs:SendMessage", &queue, topic),
    ];
    for (policy, service, action, resource, source) in resource_policies {
        let statements = stack.properties(policy)["PolicyDocument"]["Statement"].as_array().unwrap();
        assert_eq!(statements.len(), 1, "{policy}");
        let statement = &statements[0];
        let found = (&statement["Principal"]["Service"], &statement["Action"], &statement["Resource"]);
        assert_eq!(found, (&json!(service), &json!(action), &json!(resource)), "{policy}");
        assert_eq!(statement["Condition"]["ArnEquals"]["aws:SourceArn"], source, "{policy}");
    }

    let statements = stack.statements();
    assert_eq!(statements.len(), 10, "seven of the role, two resource policies, and one for assuming the role");
    for statement in statements {
        for action in texts(&statement["Action"]) {
            assert!(!action.contains('*') && !action.starts_with("s3:Delete"), "{statement}");
        }
    }
}

async fn assert_messages_are_processed(stack: &Stack) {
    let function = &stack.0["function"];
    let mut builder = Platform::builder()
        .binary(program("s3-upload"))
        .function_name(stack.reference("Import"))
        .timeout(Duration::from_secs(function["Timeout"].as_u64().unwrap()))
        .init_timeout(Duration::from_secs(120))
        .recursive_loop(RecursiveLoop::Allow);
    for (name, value) in function["Environment"]["Variables"].as_object().unwrap() {
        builder = builder.env(name, value.as_str().unwrap());
    }
    let platform = builder.start().await.unwrap();
    let (uploads, state) = (stack.reference("Uploads"), stack.reference("State"));
    for bucket in [uploads, state] {
        platform.s3().create_bucket(bucket).unwrap();
    }
    platform.s3().put(uploads, KEY, birds()).unwrap();

    let sweep = stack.0["swept"]["target"]["Input"].as_str().unwrap().to_owned();
    let messages: Vec<String> = serde_json::from_value(stack.0["messages"].clone()).unwrap();
    assert_eq!(messages.len(), 2, "s3:TestEvent and the upload: {messages:?}");
    platform.send_messages(messages);
    let idle = tokio::time::timeout(Duration::from_secs(300), platform.idle()).await;
    assert!(idle.is_ok(), "not idle: {:?}", platform.counters());

    assert!(platform.dead_letters().is_empty(), "{:?}", platform.dead_letters());
    let checkpoints = platform.s3().list(state, "runs/").unwrap();
    assert_eq!(checkpoints.len(), 1, "{checkpoints:?}");
    let checkpoint: Value = serde_json::from_slice(&platform.s3().get(state, &checkpoints[0].key).unwrap()).unwrap();
    let outcome = (&checkpoint["status"], &checkpoint["position"], &checkpoint["state"]["strikes"], &checkpoint["object"]["key"]);
    assert_eq!(outcome, (&json!("Done"), &json!(ROWS), &json!(ROWS), &json!(KEY)), "{checkpoint}");

    // The function understands the event of the template's schedule.
    let request = platform.send(sweep);
    assert!(tokio::time::timeout(Duration::from_secs(300), platform.idle()).await.is_ok());
    let answer = platform.journal().into_iter().find_map(|entry| match entry.what {
        What::InvocationEnded { request_id, outcome: Outcome::Ok(answer), .. } if request_id == request => Some(answer),
        _ => None,
    });
    let answer: Value = serde_json::from_slice(&answer.unwrap()).unwrap();
    assert_eq!((&answer["complete"], &answer["stuck"]), (&json!(true), &json!(0)), "{answer}");
    platform.shutdown().await;
}
