"""Uploads objects to moto, on every path from S3 to an SQS queue, and prints the messages of the queues.

Standard input: {"endpoint": URL, "objects": [{"key": .., "body": ..}]}.
Standard output: {channel: {"bucket": .., "messages": [body, ..]}}.
"""

import json
import sys

import boto3
from botocore.config import Config

request = json.load(sys.stdin)


def client(service):
    return boto3.client(service, endpoint_url=request["endpoint"], config=Config(retries={"max_attempts": 0}))


s3, sns, sqs, events = map(client, ["s3", "sns", "sqs", "events"])


def queue(name):
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return url, arn


def notify(bucket, configuration):
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)


def by_queue(bucket, queue_arn):
    notify(bucket, {"QueueConfigurations": [{"QueueArn": queue_arn, "Events": ["s3:ObjectCreated:*"]}]})


def by_topic(bucket, queue_arn, raw=False):
    topic = sns.create_topic(Name=bucket)["TopicArn"]
    attributes = {"RawMessageDelivery": "true"} if raw else {}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn, Attributes=attributes)
    notify(bucket, {"TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}]})


def by_topic_raw(bucket, queue_arn):
    by_topic(bucket, queue_arn, raw=True)


def by_event_bridge(bucket, queue_arn):
    events.put_rule(Name=bucket, EventPattern=json.dumps({"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}}))
    events.put_targets(Rule=bucket, Targets=[{"Id": "queue", "Arn": queue_arn}])
    notify(bucket, {"EventBridgeConfiguration": {}})


def received(url):
    messages = []
    while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        messages += [message["Body"] for message in batch]
    return messages


answer = {}
for wire in [by_queue, by_topic, by_topic_raw, by_event_bridge]:
    channel = wire.__name__
    bucket = "uploads-" + channel.replace("_", "-")
    url, arn = queue(bucket)
    s3.create_bucket(Bucket=bucket)
    wire(bucket, arn)
    for item in request["objects"]:
        s3.put_object(Bucket=bucket, Key=item["key"], Body=item["body"].encode())
    answer[channel] = {"bucket": bucket, "messages": received(url)}
json.dump(answer, sys.stdout)
