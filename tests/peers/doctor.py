"""Deploys functions to moto, each as a sound deployment with some changes.

Standard input: {"endpoint": URL, "functions": [{"name": .., changes ..}]}. SOUND has what can be changed.
Standard output: {}.
"""

import io
import json
import sys
import time
import zipfile

import boto3
from botocore.config import Config

request = json.load(sys.stdin)

SOUND = {
    "timeout": 60,
    "tmp": 512,
    "state": "s3://{name}-state/runs",
    "concurrency": None,
    "retries": 2,
    "age": 21600,
    # Where events go that Lambda gives up: "failed" or "uploads", which starts the function.
    "destination": "failed",
    "reports": True,
    "enabled": True,
    "visibility": 360,
    "receives": 5,
    # What the store's bucket announces: {"to": "function", "queue" or "topic", "prefix": ..}.
    "announces": None,
    # The bucket whose new objects start the function, by a rule.
    "rule": None,
    "expires": 30,
    # "ENABLED", "DISABLED" or None.
    "sweep": "ENABLED",
    # "rule" or "scheduler".
    "sweeper": "rule",
    "input": '{"recursive_lambda_sweep":{"v":1}}',
    "permission": True,
    # "acts", "silent", "disabled" or None.
    "alarm": "acts",
    "json": True,
    "retention": 90,
    "lines": [],
    # Seconds since they were logged.
    "lines_age": 0,
    # The alias that the triggers invoke.
    "alias": None,
    # Whether the sweep invokes the alias.
    "sweeps_alias": True,
    # Uploads: their contents by their keys.
    "objects": {},
}
ACCOUNT, REGION = "123456789012", "us-east-1"


def client(service):
    return boto3.client(service, endpoint_url=request["endpoint"], config=Config(retries={"max_attempts": 0}))


s3, sns, sqs, events, functions, logs, cloudwatch, iam, scheduler = map(
    client, ["s3", "sns", "sqs", "events", "lambda", "logs", "cloudwatch", "iam", "scheduler"]
)


def program():
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("bootstrap", "")
    return archive.getvalue()


def queue(name, **attributes):
    url = sqs.create_queue(QueueName=name, Attributes={key: str(value) for key, value in attributes.items()})["QueueUrl"]
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def function(name, given):
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    settings = {"LoggingConfig": {"LogFormat": "JSON"}} if given["json"] else {}
    arn = functions.create_function(
        FunctionName=name,
        Role=role,
        Runtime="provided.al2023",
        Handler="bootstrap",
        Code={"ZipFile": program()},
        Timeout=given["timeout"],
        EphemeralStorage={"Size": given["tmp"]},
        Environment={
            "Variables": {
                "RECURSIVE_LAMBDA_STATE": given["state"].format(name=name),
                "RECURSIVE_LAMBDA_BUCKETS": f"{name}-uploads",
            }
        },
        **settings,
    )["FunctionArn"]
    if given["concurrency"] is not None:
        functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=given["concurrency"])
    return arn


def objects(name, given):
    s3.create_bucket(Bucket=f"{name}-uploads")
    for key, body in given["objects"].items():
        s3.put_object(Bucket=f"{name}-uploads", Key=key, Body=body.encode())


def qualified(given):
    return {"Qualifier": given["alias"]} if given["alias"] else {}


def alias(name, given, arn):
    if not given["alias"]:
        return arn
    version = functions.publish_version(FunctionName=name)["Version"]
    return functions.create_alias(FunctionName=name, Name=given["alias"], FunctionVersion=version)["AliasArn"]


def failures(name, given, uploads):
    destinations = {"failed": queue(f"{name}-failed"), "uploads": uploads, None: None}
    destination = destinations[given["destination"]]
    functions.put_function_event_invoke_config(
        FunctionName=name,
        MaximumRetryAttempts=given["retries"],
        MaximumEventAgeInSeconds=given["age"],
        DestinationConfig={"OnFailure": {"Destination": destination}} if destination else {},
        **qualified(given),
    )


def uploads(name, given, topic):
    dead = queue(f"{name}-dead")
    policy = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "*"}
    attributes = {
        "VisibilityTimeout": given["visibility"],
        "Policy": json.dumps({"Statement": [policy | {"Condition": {"ArnEquals": {"aws:SourceArn": topic}}}]}),
    }
    if given["receives"]:
        attributes["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": given["receives"]})
    return queue(f"{name}-uploads", **attributes)


def mapping(name, given, uploads):
    functions.create_event_source_mapping(
        FunctionName=f"{name}:{given['alias']}" if given["alias"] else name,
        EventSourceArn=uploads,
        Enabled=given["enabled"],
        FunctionResponseTypes=["ReportBatchItemFailures"] if given["reports"] else [],
    )


def store(name, given, targets):
    bucket = f"{name}-state"
    s3.create_bucket(Bucket=bucket)
    rule = {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": given["expires"]}}
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})
    if given["announces"]:
        kind, key = {
            "function": ("LambdaFunctionConfigurations", "LambdaFunctionArn"),
            "queue": ("QueueConfigurations", "QueueArn"),
            "topic": ("TopicConfigurations", "TopicArn"),
        }[given["announces"]["to"]]
        wanted = {key: targets[given["announces"]["to"]], "Events": ["s3:ObjectCreated:*"]}
        if given["announces"]["prefix"]:
            wanted["Filter"] = {"Key": {"FilterRules": [{"Name": "prefix", "Value": given["announces"]["prefix"]}]}}
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={kind: [wanted]})
    elif given["rule"]:
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})


def rules(name, given, arn):
    if given["rule"]:
        bucket = given["rule"].format(name=name)
        pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}}
        events.put_rule(Name=f"{name}-uploads", EventPattern=json.dumps(pattern))
        events.put_targets(Rule=f"{name}-uploads", Targets=[{"Id": "import", "Arn": arn}])
    if given["sweep"] and given["sweeper"] == "rule":
        events.put_rule(Name=f"{name}-sweep", ScheduleExpression="rate(15 minutes)", State=given["sweep"])
        events.put_targets(Rule=f"{name}-sweep", Targets=[{"Id": "import", "Arn": arn, "Input": given["input"]}])
    elif given["sweep"]:
        scheduler.create_schedule(
            Name=f"{name}-sweep",
            ScheduleExpression="rate(15 minutes)",
            FlexibleTimeWindow={"Mode": "OFF"},
            State=given["sweep"],
            Target={"Arn": arn, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/sweeper", "Input": given["input"]},
        )
    if given["permission"]:
        functions.add_permission(
            FunctionName=name,
            StatementId="sweep",
            Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com",
            SourceArn=f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}-sweep",
            **qualified(given),
        )


def log(name, given):
    group = f"/aws/lambda/{name}"
    logs.create_log_group(logGroupName=group)
    if given["retention"]:
        logs.put_retention_policy(logGroupName=group, retentionInDays=given["retention"])
    metric = {"metricName": "NeedsAttention", "metricNamespace": name, "metricValue": "1"}
    logs.put_metric_filter(logGroupName=group, filterName="errors", filterPattern="ERROR", metricTransformations=[metric])
    if given["lines"]:
        logs.create_log_stream(logGroupName=group, logStreamName="one")
        written = int((time.time() - given["lines_age"]) * 1000)
        lines = [{"timestamp": written, "message": json.dumps(line)} for line in given["lines"]]
        logs.put_log_events(logGroupName=group, logStreamName="one", logEvents=lines)


def alarm(name, given):
    if given["alarm"]:
        actions = [] if given["alarm"] == "silent" else [f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"]
        cloudwatch.put_metric_alarm(
            AlarmName=f"{name}-runs",
            Namespace=name,
            MetricName="NeedsAttention",
            Statistic="Sum",
            Period=300,
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
            AlarmActions=actions,
            ActionsEnabled=given["alarm"] != "disabled",
        )


def deploy(name, given):
    latest = function(name, given)
    arn = alias(name, given, latest)
    topic = sns.create_topic(Name=f"{name}-uploads")["TopicArn"]
    queue_arn = uploads(name, given, topic)
    failures(name, given, queue_arn)
    # Before moto announces the notification to the function, and logs that.
    log(name, given)
    objects(name, given)
    store(name, given, {"function": arn, "queue": queue_arn, "topic": topic})
    rules(name, given, arn if given["sweeps_alias"] else latest)
    alarm(name, given)
    # moto would give the function the test event of the notification, and cannot run it.
    mapping(name, given, queue_arn)


for wanted in request["functions"]:
    name = wanted.pop("name")
    assert wanted.keys() <= SOUND.keys(), wanted.keys() - SOUND.keys()
    deploy(name, SOUND | wanted)
json.dump({}, sys.stdout)
