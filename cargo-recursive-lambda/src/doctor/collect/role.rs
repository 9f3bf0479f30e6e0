//! What the function's role may not do, by IAM's policy simulator.

use super::super::facts::{Deployed, FailedEvents, Known, Need, Queue, Refused};
use super::unknown;
use aws_config::SdkConfig;
use aws_sdk_iam::types::PolicyEvaluationDecisionType;

pub(super) async fn refused(
    config: &SdkConfig,
    function: &Deployed,
    failed: &Known<FailedEvents>,
    queues: &Known<Vec<Queue>>,
) -> Known<Vec<Refused>> {
    let iam = aws_sdk_iam::Client::new(config);
    let mut refused = Vec::new();
    for (need, actions, resources) in needs(function, failed, queues) {
        let request = iam.simulate_principal_policy().policy_source_arn(&function.role);
        let actions = actions.iter().map(ToString::to_string).collect();
        let answer = request.set_action_names(Some(actions)).set_resource_arns(Some(resources)).send().await;
        let answer = answer.map_err(|error| unknown(&format!("simulate role `{}`", function.role), &error))?;
        for result in answer.evaluation_results.unwrap_or_default() {
            if result.eval_decision != PolicyEvaluationDecisionType::Allowed {
                let resource = result.eval_resource_name.unwrap_or_default();
                refused.push(Refused { need, action: result.eval_action_name, resource });
            }
        }
    }
    Ok(refused)
}

type Needed = (Need, &'static [&'static str], Vec<String>);

fn needs(function: &Deployed, failed: &Known<FailedEvents>, queues: &Known<Vec<Queue>>) -> Vec<Needed> {
    let [_, partition, _, region, account, ..] = function.arn.split(':').collect::<Vec<_>>()[..] else { return Vec::new() };
    let bucket = |name: &str| if name.starts_with("arn:") { name.into() } else { format!("arn:{partition}:s3:::{name}") };
    let mut needs: Vec<Needed> = Vec::new();
    if let Some(store) = &function.store {
        let folder = if store.prefix.is_empty() { String::new() } else { format!("{}/", store.prefix) };
        let objects = format!("{}/{folder}*", bucket(&store.bucket));
        needs.push((Need::Store, &["s3:GetObject", "s3:PutObject"], vec![objects]));
        needs.push((Need::Store, &["s3:ListBucket"], vec![bucket(&store.bucket)]));
    }
    let read: Vec<_> = function.buckets.iter().flatten().filter(|name| !name.starts_with("arn:")).collect();
    if !read.is_empty() {
        let objects = read.iter().map(|name| format!("{}/*", bucket(name))).collect();
        needs.push((Need::Source, &["s3:GetObject", "s3:GetObjectVersion"], objects));
        needs.push((Need::Source, &["s3:ListBucket"], read.iter().map(|name| bucket(name)).collect()));
    }
    needs.push((Need::Signal, &["lambda:InvokeFunction"], vec![function.named_arn()]));
    let queues: Vec<_> = queues.iter().flatten().map(|queue| queue.arn.clone()).collect();
    if !queues.is_empty() {
        needs.push((Need::Queue, &["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], queues));
    }
    let destinations = failed.iter().filter_map(|failed| failed.destination.as_ref()).chain(&function.dead_letters);
    needs.extend(destinations.filter_map(|arn| Some((Need::Destination, send(arn)?, vec![arn.clone()]))));
    let log = format!("arn:{partition}:logs:{region}:{account}:log-group:{}:*", function.log_group);
    needs.push((Need::Log, &["logs:CreateLogStream", "logs:PutLogEvents"], vec![log]));
    needs
}

/// The action that sends an event there.
fn send(destination: &str) -> Option<&'static [&'static str]> {
    match destination.split(':').nth(2)? {
        "sqs" => Some(&["sqs:SendMessage"]),
        "sns" => Some(&["sns:Publish"]),
        "lambda" => Some(&["lambda:InvokeFunction"]),
        "events" => Some(&["events:PutEvents"]),
        _ => None,
    }
}
