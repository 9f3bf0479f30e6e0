//! `cargo recursive-lambda new --terraform` writes a module that has the same as the template of SAM: the same resources, environment and
//! policy statements, every setting. Each setting of one must be in the other, or in a list of what only one of them needs.

use crate::intrinsics::Template;
use crate::module::{Given, Module};
use crate::peer::{program, script, workspace};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tokio::process::Command;

type Rows = &'static [(&'static str, &'static str)];

/// A setting of the template, and where the module has it. A row is for all settings below it.
const SAME: Rows = &[
    ("Uploads", "aws_s3_bucket.uploads"),
    ("Uploads/BucketName", "aws_s3_bucket.uploads/bucket"),
    ("Uploads/DependsOn", "aws_s3_bucket_notification.uploads/depends_on/0/id"),
    ("Uploads/NotificationConfiguration/TopicConfigurations/0/Event", "aws_s3_bucket_notification.uploads/topic/0/events/0"),
    ("Uploads/NotificationConfiguration/TopicConfigurations/0/Topic", "aws_s3_bucket_notification.uploads/topic/0/topic_arn"),
    ("Uploads/PublicAccessBlockConfiguration/BlockPublicAcls", "aws_s3_bucket_public_access_block.uploads/block_public_acls"),
    ("Uploads/PublicAccessBlockConfiguration/BlockPublicPolicy", "aws_s3_bucket_public_access_block.uploads/block_public_policy"),
    ("Uploads/PublicAccessBlockConfiguration/IgnorePublicAcls", "aws_s3_bucket_public_access_block.uploads/ignore_public_acls"),
    (
        "Uploads/PublicAccessBlockConfiguration/RestrictPublicBuckets",
        "aws_s3_bucket_public_access_block.uploads/restrict_public_buckets",
    ),
    ("Topic", "aws_sns_topic.topic"),
    ("TopicTakesUploads", "aws_sns_topic_policy.topic_takes_uploads"),
    ("TopicTakesUploads/Topics/0", "aws_sns_topic_policy.topic_takes_uploads/arn"),
    ("TopicTakesUploads/PolicyDocument", "aws_sns_topic_policy.topic_takes_uploads/policy"),
    ("Queue", "aws_sqs_queue.queue"),
    ("Queue/VisibilityTimeout", "aws_sqs_queue.queue/visibility_timeout_seconds"),
    ("Queue/RedrivePolicy", "aws_sqs_queue.queue/redrive_policy"),
    ("UndeliveredUploads", "aws_sqs_queue.undelivered_uploads"),
    ("UndeliveredUploads/MessageRetentionPeriod", "aws_sqs_queue.undelivered_uploads/message_retention_seconds"),
    ("QueueTakesTopic", "aws_sqs_queue_policy.queue_takes_topic"),
    ("QueueTakesTopic/Queues/0", "aws_sqs_queue_policy.queue_takes_topic/queue_url"),
    ("QueueTakesTopic/PolicyDocument", "aws_sqs_queue_policy.queue_takes_topic/policy"),
    ("Subscription", "aws_sns_topic_subscription.subscription"),
    ("Subscription/TopicArn", "aws_sns_topic_subscription.subscription/topic_arn"),
    ("Subscription/Protocol", "aws_sns_topic_subscription.subscription/protocol"),
    ("Subscription/Endpoint", "aws_sns_topic_subscription.subscription/endpoint"),
    ("Import", "aws_lambda_function.import"),
    ("Import/FunctionName", "aws_lambda_function.import/function_name"),
    ("Import/Handler", "aws_lambda_function.import/handler"),
    ("Import/MemorySize", "aws_lambda_function.import/memory_size"),
    ("Import/Role", "aws_lambda_function.import/role"),
    ("Import/Runtime", "aws_lambda_function.import/runtime"),
    ("Import/Timeout", "aws_lambda_function.import/timeout"),
    ("Import/Architectures", "aws_lambda_function.import/architectures"),
    ("Import/Environment/Variables", "aws_lambda_function.import/environment/0/variables"),
    ("Import/LoggingConfig/LogFormat", "aws_lambda_function.import/logging_config/0/log_format"),
    ("Import/LoggingConfig/LogGroup", "aws_lambda_function.import/logging_config/0/log_group"),
    ("Import/RecursiveLoop", "aws_lambda_function_recursion_config.import/recursive_loop"),
    ("ImportEventInvokeConfig", "aws_lambda_function_event_invoke_config.import"),
    ("ImportEventInvokeConfig/FunctionName", "aws_lambda_function_event_invoke_config.import/function_name"),
    ("ImportEventInvokeConfig/MaximumRetryAttempts", "aws_lambda_function_event_invoke_config.import/maximum_retry_attempts"),
    (
        "ImportEventInvokeConfig/MaximumEventAgeInSeconds",
        "aws_lambda_function_event_invoke_config.import/maximum_event_age_in_seconds",
    ),
    (
        "ImportEventInvokeConfig/DestinationConfig/OnFailure/Destination",
        "aws_lambda_function_event_invoke_config.import/destination_config/0/on_failure/0/destination",
    ),
    ("ImportQueue", "aws_lambda_event_source_mapping.import_queue"),
    ("ImportQueue/BatchSize", "aws_lambda_event_source_mapping.import_queue/batch_size"),
    ("ImportQueue/EventSourceArn", "aws_lambda_event_source_mapping.import_queue/event_source_arn"),
    ("ImportQueue/FunctionName", "aws_lambda_event_source_mapping.import_queue/function_name"),
    ("ImportQueue/FunctionResponseTypes", "aws_lambda_event_source_mapping.import_queue/function_response_types"),
    ("ImportSweep", "aws_cloudwatch_event_rule.import_sweep"),
    ("ImportSweep/ScheduleExpression", "aws_cloudwatch_event_rule.import_sweep/schedule_expression"),
    ("ImportSweep/Targets/0/Arn", "aws_cloudwatch_event_target.import_sweep/arn"),
    ("ImportSweep/Targets/0/Input", "aws_cloudwatch_event_target.import_sweep/input"),
    ("ImportSweepPermission", "aws_lambda_permission.import_sweep"),
    ("ImportSweepPermission/Action", "aws_lambda_permission.import_sweep/action"),
    ("ImportSweepPermission/FunctionName", "aws_lambda_permission.import_sweep/function_name"),
    ("ImportSweepPermission/Principal", "aws_lambda_permission.import_sweep/principal"),
    ("ImportSweepPermission/SourceArn", "aws_lambda_permission.import_sweep/source_arn"),
    ("FailedSignals", "aws_sqs_queue.failed_signals"),
    ("FailedSignals/MessageRetentionPeriod", "aws_sqs_queue.failed_signals/message_retention_seconds"),
    ("State", "aws_s3_bucket.state"),
    ("State/PublicAccessBlockConfiguration/BlockPublicAcls", "aws_s3_bucket_public_access_block.state/block_public_acls"),
    ("State/PublicAccessBlockConfiguration/BlockPublicPolicy", "aws_s3_bucket_public_access_block.state/block_public_policy"),
    ("State/PublicAccessBlockConfiguration/IgnorePublicAcls", "aws_s3_bucket_public_access_block.state/ignore_public_acls"),
    (
        "State/PublicAccessBlockConfiguration/RestrictPublicBuckets",
        "aws_s3_bucket_public_access_block.state/restrict_public_buckets",
    ),
    ("State/LifecycleConfiguration/Rules/0/Id", "aws_s3_bucket_lifecycle_configuration.state/rule/0/id"),
    ("State/LifecycleConfiguration/Rules/0/Status", "aws_s3_bucket_lifecycle_configuration.state/rule/0/status"),
    (
        "State/LifecycleConfiguration/Rules/0/ExpirationInDays",
        "aws_s3_bucket_lifecycle_configuration.state/rule/0/expiration/0/days",
    ),
    ("ImportRole", "aws_iam_role.import_role"),
    ("ImportRole/AssumeRolePolicyDocument", "aws_iam_role.import_role/assume_role_policy"),
    ("ImportRole/Policies/0/PolicyName", "aws_iam_role_policy.import_role/name"),
    ("ImportRole/Policies/0/PolicyDocument", "aws_iam_role_policy.import_role/policy"),
    ("Log", "aws_cloudwatch_log_group.log"),
    ("Log/LogGroupName", "aws_cloudwatch_log_group.log/name"),
    ("Log/RetentionInDays", "aws_cloudwatch_log_group.log/retention_in_days"),
    ("AttentionInLog", "aws_cloudwatch_log_metric_filter.attention_in_log"),
    ("AttentionInLog/LogGroupName", "aws_cloudwatch_log_metric_filter.attention_in_log/log_group_name"),
    ("AttentionInLog/FilterPattern", "aws_cloudwatch_log_metric_filter.attention_in_log/pattern"),
    (
        "AttentionInLog/MetricTransformations/0/MetricNamespace",
        "aws_cloudwatch_log_metric_filter.attention_in_log/metric_transformation/0/namespace",
    ),
    (
        "AttentionInLog/MetricTransformations/0/MetricName",
        "aws_cloudwatch_log_metric_filter.attention_in_log/metric_transformation/0/name",
    ),
    (
        "AttentionInLog/MetricTransformations/0/MetricValue",
        "aws_cloudwatch_log_metric_filter.attention_in_log/metric_transformation/0/value",
    ),
    (
        "AttentionInLog/MetricTransformations/0/DefaultValue",
        "aws_cloudwatch_log_metric_filter.attention_in_log/metric_transformation/0/default_value",
    ),
    ("Dashboard", "aws_cloudwatch_dashboard.dashboard"),
    ("Dashboard/DashboardName", "aws_cloudwatch_dashboard.dashboard/dashboard_name"),
    ("Dashboard/DashboardBody", "aws_cloudwatch_dashboard.dashboard/dashboard_body"),
];

/// Resources of one type, and their settings: those of the alarms and of the queries.
const ALIKE: &[(Rows, Rows)] = &[
    (
        &[
            ("RunsNeedAttention", "aws_cloudwatch_metric_alarm.runs_need_attention"),
            ("UploadsNeedAttention", "aws_cloudwatch_metric_alarm.uploads_need_attention"),
        ],
        &[
            ("", ""),
            ("/AlarmDescription", "/alarm_description"),
            ("/Namespace", "/namespace"),
            ("/MetricName", "/metric_name"),
            ("/Dimensions/0/Value", "/dimensions/QueueName"),
            ("/Statistic", "/statistic"),
            ("/Period", "/period"),
            ("/EvaluationPeriods", "/evaluation_periods"),
            ("/Threshold", "/threshold"),
            ("/ComparisonOperator", "/comparison_operator"),
            ("/TreatMissingData", "/treat_missing_data"),
            ("/AlarmActions", "/alarm_actions"),
        ],
    ),
    (
        &[
            ("CourseOfRuns", "aws_cloudwatch_query_definition.course_of_runs"),
            ("Errors", "aws_cloudwatch_query_definition.errors"),
            ("SlowestBatches", "aws_cloudwatch_query_definition.slowest_batches"),
        ],
        &[("", ""), ("/Name", "/name"), ("/LogGroupNames", "/log_group_names"), ("/QueryString", "/query_string")],
    ),
];

/// Settings that only the template needs.
const ONLY_TEMPLATE: &[&str] = &[
    // Terraform: `lifecycle { prevent_destroy }`.
    "State/DeletionPolicy",
    "State/UpdateReplacePolicy",
    // The program, by `sam package`.
    "Import/Code/S3Bucket",
    "Import/Code/S3Key",
    // SAM's own.
    "Import/Tags/0/Key",
    "Import/Tags/0/Value",
    "ImportEventInvokeConfig/Qualifier",
    "ImportSweep/Targets/0/Id",
    // In Terraform the key of a map.
    "UploadsNeedAttention/Dimensions/0/Name",
];

/// Settings that only the module needs: names that CloudFormation invents, parts of one resource that are resources of their own, and the
/// program.
const ONLY_MODULE: &[&str] = &[
    "aws_sns_topic.topic/name",
    "aws_sqs_queue.queue/name",
    "aws_sqs_queue.undelivered_uploads/name",
    "aws_sqs_queue.failed_signals/name",
    "aws_s3_bucket.state/bucket_prefix",
    "aws_s3_bucket.state/lifecycle/0/prevent_destroy",
    "aws_iam_role.import_role/name_prefix",
    "aws_cloudwatch_event_rule.import_sweep/name",
    "aws_cloudwatch_log_metric_filter.attention_in_log/name",
    "aws_cloudwatch_metric_alarm.runs_need_attention/alarm_name",
    "aws_cloudwatch_metric_alarm.uploads_need_attention/alarm_name",
    "aws_s3_bucket_public_access_block.uploads",
    "aws_s3_bucket_public_access_block.uploads/bucket",
    "aws_s3_bucket_public_access_block.state",
    "aws_s3_bucket_public_access_block.state/bucket",
    "aws_s3_bucket_notification.uploads",
    "aws_s3_bucket_notification.uploads/bucket",
    "aws_s3_bucket_lifecycle_configuration.state",
    "aws_s3_bucket_lifecycle_configuration.state/bucket",
    "aws_iam_role_policy.import_role",
    "aws_iam_role_policy.import_role/role",
    "aws_cloudwatch_event_target.import_sweep",
    "aws_cloudwatch_event_target.import_sweep/rule",
    "aws_lambda_function_recursion_config.import",
    "aws_lambda_function_recursion_config.import/function_name",
    "aws_lambda_function.import/filename",
    "aws_lambda_function.import/source_code_hash",
];

/// What the module's references are in the template.
const REFERENCES: &[(&str, &str, &str)] = &[
    ("aws_s3_bucket.uploads", "bucket", "Uploads.Ref"),
    ("aws_s3_bucket.state", "bucket", "State.Ref"),
    ("aws_s3_bucket.state", "arn", "State.Arn"),
    ("aws_sns_topic.topic", "arn", "Topic.Ref"),
    ("aws_sns_topic_policy.topic_takes_uploads", "id", "TopicTakesUploads"),
    ("aws_sqs_queue.queue", "arn", "Queue.Arn"),
    ("aws_sqs_queue.queue", "url", "Queue.Ref"),
    ("aws_sqs_queue.queue", "name", "Queue.QueueName"),
    ("aws_sqs_queue.undelivered_uploads", "arn", "UndeliveredUploads.Arn"),
    ("aws_sqs_queue.undelivered_uploads", "name", "UndeliveredUploads.QueueName"),
    ("aws_sqs_queue.failed_signals", "arn", "FailedSignals.Arn"),
    ("aws_sqs_queue.failed_signals", "name", "FailedSignals.QueueName"),
    ("aws_sqs_queue.failed_signals", "url", "FailedSignals.Ref"),
    ("aws_lambda_function.import", "function_name", "Import.Ref"),
    ("aws_lambda_function.import", "arn", "Import.Arn"),
    ("aws_iam_role.import_role", "arn", "ImportRole.Arn"),
    ("aws_iam_role.import_role", "name", "ImportRole.Ref"),
    ("aws_cloudwatch_event_rule.import_sweep", "arn", "ImportSweep.Arn"),
    ("aws_cloudwatch_event_rule.import_sweep", "name", "ImportSweep.Ref"),
    ("aws_cloudwatch_log_group.log", "name", "Log.Ref"),
];

/// Paths and values. A resource itself is a path, too.
type Settings = BTreeMap<String, String>;

fn settings(path: &str, value: &Value, into: &mut Settings) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                // Policies have one version.
                if name != "Version" {
                    let path = format!("{path}/{name}");
                    let value = if path.contains("olicy") { as_policies_write_it(name, value) } else { value.clone() };
                    settings(&path, &value, into);
                }
            }
        }
        Value::Array(parts) => parts.iter().enumerate().for_each(|(at, part)| settings(&format!("{path}/{at}"), part, into)),
        Value::String(text) => match serde_json::from_str::<Value>(text).ok().filter(|json| json.is_object()) {
            Some(json) => settings(path, &json, into),
            None => drop(into.insert(path.into(), text.trim_end().into())),
        },
        scalar => drop(into.insert(path.into(), scalar.to_string())),
    }
}

/// One value of a policy is a list with one value.
fn as_policies_write_it(name: &str, value: &Value) -> Value {
    let is_list = matches!(name, "Action" | "Resource" | "Service" | "aws:SourceArn" | "aws:SourceAccount");
    if is_list && value.is_string() { json!([value]) } else { value.clone() }
}

/// Where the module has a setting of the template.
fn place(path: &str) -> Option<String> {
    let alike = ALIKE.iter().flat_map(|(resources, rows)| {
        resources
            .iter()
            .flat_map(move |(one, other)| rows.iter().map(move |(from, to)| (format!("{one}{from}"), format!("{other}{to}"))))
    });
    let same = SAME.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned()));
    let below = |from: &str| path.strip_prefix(from).filter(|rest| rest.is_empty() || rest.starts_with('/')).map(String::from);
    let rows = alike.chain(same).filter_map(|(from, to)| Some((from.len(), below(&from)?, to, from.contains('/'))));
    // The row of a resource is only for the resource.
    let fitting = rows.filter(|(_, rest, _, is_setting)| *is_setting || rest.is_empty());
    fitting.max_by_key(|(length, ..)| *length).map(|(_, rest, to, _)| to + &rest)
}

/// The template's settings, where the module must have them.
fn of_template(template: &Value, topic: &str) -> Settings {
    let values = [
        ("AWS::StackName", "fresh-import"),
        ("AWS::AccountId", "123456789012"),
        ("AWS::Region", "eu-west-1"),
        ("AWS::Partition", "aws"),
        ("Timeout", "900"),
        ("AlarmTopic", topic),
    ];
    let holds: &[&str] = if topic.is_empty() { &[] } else { &["HasAlarmTopic"] };
    let applied = Template { values: &values, holds };
    let mut found = Settings::new();
    for (name, resource) in template["Resources"].as_object().unwrap() {
        found.insert(name.clone(), "exists".into());
        if let Some(properties) = resource.get("Properties") {
            settings(name, &applied.resolved(properties), &mut found);
        }
        for key in ["DependsOn", "DeletionPolicy", "UpdateReplacePolicy"] {
            found.extend(resource.get(key).map(|value| (format!("{name}/{key}"), value.as_str().unwrap().to_owned())));
        }
    }
    found.retain(|path, _| !ONLY_TEMPLATE.contains(&path.as_str()));
    found
        .into_iter()
        .map(|(path, value)| (place(&path).unwrap_or_else(|| panic!("the module has no {path}: {value}")), value))
        .collect()
}

fn given(topic: &str) -> Given<'static> {
    let data = json!({
        "aws_caller_identity": { "current": { "account_id": "123456789012" } },
        "aws_partition": { "current": { "partition": "aws" } },
        "aws_region": { "current": { "region": "eu-west-1" } },
    });
    let var = json!({ "name": "fresh-import", "timeout": 900, "alarm_topic": topic });
    Given { roots: json!({ "var": var, "data": data }), attributes: REFERENCES }
}

fn of_module(module: &Module, topic: &str) -> Settings {
    let mut found = Settings::new();
    for (address, arguments) in module.resources(&given(topic)) {
        found.insert(address.clone(), "exists".into());
        settings(&address, &arguments, &mut found);
    }
    for path in ONLY_MODULE {
        assert!(found.remove(*path).is_some(), "the module has no {path}");
    }
    found
}

#[tokio::test]
#[ignore = "needs AWS's translator of templates: cargo xtask test"]
async fn the_module_has_what_the_template_has() {
    let folder = tempfile::tempdir().unwrap();
    let mut new = Command::new(program("cargo-recursive-lambda"));
    let new = new.args(["recursive-lambda", "new", "fresh-import", "--terraform"]).current_dir(folder.path());
    assert!(new.status().await.unwrap().success());
    let package = folder.path().join("fresh-import");
    assert!(!package.join("template.yaml").exists());
    let module = Module::read(&package.join("terraform"));
    let template = workspace().join("examples/s3-upload/template.yaml");
    let template = script("translate.py", &json!({ "template": template })).await;

    for topic in ["", "arn:aws:sns:eu-west-1:123456789012:alarms"] {
        assert_eq!(of_module(&module, topic), of_template(&template, topic), "left is the module, right the template");
    }
    let default = |name: &str| template["Parameters"][name]["Default"].clone();
    let expected = [("alarm_topic", default("AlarmTopic")), ("name", json!("fresh-import")), ("timeout", default("Timeout"))];
    assert_eq!(module.variables(), expected.map(|(name, value)| (name.to_owned(), value)).into());
    let outputs =
        [("failed_signals_queue", "FailedSignals.Ref"), ("state_bucket", "State.Ref"), ("uploads_bucket", "Uploads.Ref")];
    assert_eq!(module.outputs(&given("")), outputs.map(|(name, value)| (name.to_owned(), json!(value))).into());
    assert_eq!(template["Outputs"].as_object().unwrap().len(), outputs.len());
}
