"""Creates a stack from the template on moto, uploads an object, and prints the resources and the messages of the queue.

Standard input: {"endpoint": URL, "template": path, "stack": name, "parameters": {name: value}, "upload": {"key": .., "body": ..}}.
Standard output: {"resources": {name: {"Type": .., "Properties": .., "Ref": id}}, "function": .., "mapping": .., "invoke": ..,
"swept": {"rule": .., "target": ..}, "dashboard": {"widgets": ..}, "messages": [body, ..]}.

moto's CloudFormation does not support AWS::Serverless and some plain resources. `translate.py` translates the first. For the
others, this script makes the calls that CloudFormation would make, with the references that moto resolved.
"""

import io
import json
import sys
import zipfile

import boto3
from translate import translated

request = json.load(sys.stdin)
stack = request["stack"]


def client(service):
    return boto3.client(service, endpoint_url=request["endpoint"])


s3, sns, sqs, cloudformation = map(client, ["s3", "sns", "sqs", "cloudformation"])
functions = client("lambda")


def with_program(template):
    """Puts the program into a bucket, as `sam package` does. moto never runs it."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("bootstrap", "")
    s3.create_bucket(Bucket="programs")
    s3.put_object(Bucket="programs", Key="bootstrap.zip", Body=archive.getvalue())
    template["Resources"]["Import"]["Properties"]["CodeUri"] = "s3://programs/bootstrap.zip"
    return template


def references(value):
    """Yields all references to other resources in a value."""
    if isinstance(value, dict):
        if len(value) == 1 and next(iter(value)) in ("Ref", "Fn::GetAtt", "Fn::Sub"):
            yield value
            return
        value = value.values()
    elif not isinstance(value, list):
        return
    for part in value:
        yield from references(part)


def resolved(value, known):
    if isinstance(value, dict):
        text = json.dumps(value, sort_keys=True)
        return known[text] if text in known else {name: resolved(part, known) for name, part in value.items()}
    if isinstance(value, list):
        return [resolved(part, known) for part in value]
    return value


def created(template):
    """Creates the stack with one more output for each reference, so that moto resolves the references."""
    by_text = {json.dumps(each, sort_keys=True): each for each in references(template["Resources"])}
    names = {f"Reference{number}": text for number, text in enumerate(by_text)}
    template["Outputs"] |= {name: {"Value": by_text[text]} for name, text in names.items()}
    parameters = [{"ParameterKey": name, "ParameterValue": value} for name, value in request["parameters"].items()]
    cloudformation.create_stack(
        StackName=stack, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"], Parameters=parameters
    )
    outputs = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
    known = {names[output["OutputKey"]]: output["OutputValue"] for output in outputs if output["OutputKey"] in names}
    assert len(known) == len(names), "moto did not resolve every reference"
    resources = resolved(template["Resources"], known)
    for resource in cloudformation.describe_stack_resources(StackName=stack)["StackResources"]:
        if "LogicalResourceId" in resource and "PhysicalResourceId" in resource:
            resources[resource["LogicalResourceId"]]["Ref"] = resource["PhysicalResourceId"]
    return resources


def queue_url(arn):
    return sqs.get_queue_url(QueueName=arn.split(":")[-1])["QueueUrl"]


def complete(resources):
    """Creates what moto's CloudFormation omits."""
    kinds = {}
    for resource in resources.values():
        kinds.setdefault(resource["Type"], []).append(resource.get("Properties", {}))
    for policy in kinds["AWS::SNS::TopicPolicy"]:
        for topic in policy["Topics"]:
            document = json.dumps(policy["PolicyDocument"])
            sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document)
    for policy in kinds["AWS::SQS::QueuePolicy"]:
        for queue in policy["Queues"]:
            sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy["PolicyDocument"])})
    for subscription in kinds["AWS::SNS::Subscription"]:
        sns.subscribe(**subscription)
    for configuration in kinds["AWS::Lambda::EventInvokeConfig"]:
        functions.put_function_event_invoke_config(**configuration)
    for bucket in kinds["AWS::S3::Bucket"]:
        topics = [
            {"TopicArn": each["Topic"], "Events": [each["Event"]]}
            for each in bucket.get("NotificationConfiguration", {}).get("TopicConfigurations", [])
        ]
        if topics:
            s3.put_bucket_notification_configuration(
                Bucket=bucket["BucketName"], NotificationConfiguration={"TopicConfigurations": topics}
            )


def received(url):
    messages = []
    while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        messages += [message["Body"] for message in batch]
    return messages


def scheduled(name):
    """The rule of the sweeps and its target."""
    events = client("events")
    [target] = events.list_targets_by_rule(Rule=name)["Targets"]
    return {"rule": events.describe_rule(Name=name), "target": target}


def dashboard(name):
    return json.loads(client("cloudwatch").get_dashboard(DashboardName=name)["DashboardBody"])


resources = created(translated(request["template"], with_program))
complete(resources)
bucket = resources["Uploads"]["Ref"]
s3.put_object(Bucket=bucket, Key=request["upload"]["key"], Body=request["upload"]["body"].encode())

name = resources["Import"]["Ref"]
[mapping] = functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
json.dump(
    {
        "resources": resources,
        "function": functions.get_function(FunctionName=name)["Configuration"],
        "mapping": mapping,
        "invoke": functions.get_function_event_invoke_config(FunctionName=name),
        "swept": scheduled(resources["ImportSweep"]["Ref"]),
        "dashboard": dashboard(f"{stack}-import"),
        "messages": received(queue_url(mapping["EventSourceArn"])),
    },
    sys.stdout,
    default=str,
)
