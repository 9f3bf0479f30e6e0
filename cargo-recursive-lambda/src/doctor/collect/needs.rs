//! What the function's role needs: actions on real objects, queues and functions, not on patterns, because a policy may name a part of
//! what a pattern stands for.

use super::super::facts::{Deployed, FailedEvents, Known, Need, Queue, Runs};
use recursive_lambda_core::layout::{checkpoint_key, function_folder, job_folder};

/// Actions on resources, for one question to IAM.
pub(super) struct Asked {
    pub(super) need: Need,
    pub(super) actions: &'static [&'static str],
    pub(super) resources: Vec<Resource>,
    /// The condition keys whose values are known.
    pub(super) context: Vec<(&'static str, String)>,
}

pub(super) struct Resource {
    pub(super) arn: String,
    /// What a statement should name.
    pub(super) pattern: String,
    /// It is not known that the function uses this one.
    pub(super) is_guess: bool,
}

impl Resource {
    fn exact(arn: impl Into<String>) -> Self {
        let arn = arn.into();
        Self { pattern: arn.clone(), arn, is_guess: false }
    }
}

/// A run's id and a key of uploads, before there are runs.
const SOME_RUN: &str = "00000000000000000000000000000000";
const SOME_KEY: &str = "object";
/// Objects of each bucket that are asked about.
const KEYS: usize = 3;

pub(super) fn needs(
    function: &Deployed,
    failed: &Known<FailedEvents>,
    queues: &Known<Vec<Queue>>,
    runs: &Known<Runs>,
) -> Vec<Asked> {
    let [_, partition, _, region, account, ..] = function.arn.split(':').collect::<Vec<_>>()[..] else { return Vec::new() };
    let bucket = |name: &str| if name.starts_with("arn:") { name.into() } else { format!("arn:{partition}:s3:::{name}") };
    let mut needs = Vec::new();
    let mut add = |need, actions: &'static [&'static str], resources: Vec<Resource>, more: &[(&'static str, &str)]| {
        let always = [
            ("aws:SecureTransport", "true"),
            ("aws:RequestedRegion", region),
            ("lambda:SourceFunctionArn", function.arn.as_str()),
        ];
        let context = always.iter().chain(more).map(|(name, value)| (*name, (*value).to_owned())).collect();
        if !actions.is_empty() && !resources.is_empty() {
            needs.push(Asked { need, actions, resources, context });
        }
    };
    let unseen = Runs::default();
    let runs = runs.as_ref().unwrap_or(&unseen);
    if let Some(store) = &function.store {
        let folder = function_folder(&store.prefix, &function.name);
        let sample = ["job".to_owned()];
        for job in if runs.jobs.is_empty() { sample.as_slice() } else { runs.jobs.as_slice() } {
            let job = job_folder(&folder, job);
            let objects = bucket(&store.bucket);
            let arn = format!("{objects}/{}", checkpoint_key(&job, SOME_RUN));
            let checkpoint = Resource { arn, pattern: format!("{objects}/{folder}*"), is_guess: false };
            add(Need::Store, &["s3:GetObject", "s3:PutObject"], vec![checkpoint], &[]);
            add(Need::Store, &["s3:ListBucket"], vec![Resource::exact(objects)], &[("s3:prefix", &job), ("s3:delimiter", "/")]);
        }
    }
    for name in function.buckets.iter().flatten().filter(|name| !name.starts_with("arn:")) {
        let is_store = function.store.as_ref().is_some_and(|store| store.bucket == *name);
        let objects = |is_guess: bool, keys: &[&str]| -> Vec<Resource> {
            let pattern = format!("{}/*", bucket(name));
            keys.iter()
                .map(|key| Resource { arn: format!("{}/{key}", bucket(name)), pattern: pattern.clone(), is_guess })
                .collect()
        };
        let of_bucket = |versioned: bool| -> Vec<&str> {
            let of_bucket = runs.objects.iter().filter(|object| object.bucket == *name && (object.has_version || !versioned));
            of_bucket.map(|object| object.key.as_str()).take(KEYS).collect()
        };
        match &of_bucket(false)[..] {
            // Only skipped records that are processed again are read from the store.
            [] if is_store => {}
            [] => add(Need::Source, &["s3:GetObject", "s3:GetObjectVersion"], objects(true, &[SOME_KEY]), &[]),
            keys => {
                add(Need::Source, &["s3:GetObject"], objects(false, keys), &[]);
                add(Need::Source, &["s3:GetObjectVersion"], objects(false, &of_bucket(true)), &[]);
            }
        }
        if !is_store {
            add(Need::Source, &["s3:ListBucket"], vec![Resource::exact(bucket(name))], &[]);
        }
    }
    add(Need::Signal, &["lambda:InvokeFunction"], vec![Resource::exact(function.named_arn())], &[]);
    let queues = queues.iter().flatten().map(|queue| Resource::exact(&queue.arn)).collect();
    add(Need::Queue, &["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], queues, &[]);
    for arn in failed.iter().filter_map(|failed| failed.destination.as_ref()).chain(&function.dead_letters) {
        add(Need::Destination, send(arn).unwrap_or_default(), vec![Resource::exact(arn)], &[]);
    }
    let group = format!("arn:{partition}:logs:{region}:{account}:log-group:{}:", function.log_group);
    let stream = Resource { arn: format!("{group}log-stream:0"), pattern: format!("{group}*"), is_guess: false };
    add(Need::Log, &["logs:CreateLogStream", "logs:PutLogEvents"], vec![stream], &[]);
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may")]
mod tests {
    use super::super::super::facts::Source;
    use super::*;
    use crate::remote::Place;
    use std::time::Duration;

    const FUNCTION: &str = "arn:aws:lambda:eu-west-1:123456789012:function:import";

    fn deployed(prefix: &str) -> Deployed {
        Deployed {
            name: "import".into(),
            arn: FUNCTION.into(),
            qualifier: None,
            role: String::new(),
            changed: None,
            timeout: Duration::ZERO,
            longest_timeout: Duration::ZERO,
            tmp_mb: 0,
            reserve: None,
            store: Some(Place { bucket: "state".into(), prefix: prefix.into() }),
            buckets: Some(vec!["uploads".into(), "state".into()]),
            log_group: "/aws/lambda/import".into(),
            log_is_json: true,
            dead_letters: None,
        }
    }

    fn read(bucket: &str, key: &str, has_version: bool) -> Source {
        Source { bucket: bucket.into(), key: key.into(), has_version }
    }

    /// Of the store and of the sources.
    #[test]
    fn objects_are_those_of_the_runs() {
        let runs = |jobs: &[&str], objects| Runs {
            jobs: jobs.iter().map(ToString::to_string).collect(),
            objects,
            largest_checkpoint: None,
        };
        for (prefix, runs, expected) in [
            (
                "runs",
                runs(&[], vec![]),
                &[
                    "s3:GetObject s3:PutObject state/runs/import/job/00000000000000000000000000000000.json",
                    "s3:ListBucket state runs/import/job/",
                    "s3:GetObject s3:GetObjectVersion uploads/object?",
                    "s3:ListBucket uploads",
                ][..],
            ),
            (
                "",
                runs(&["rows"], vec![read("uploads", "in/a.csv", false), read("state", "import/redrive/1", false)]),
                &[
                    "s3:GetObject s3:PutObject state/import/rows/00000000000000000000000000000000.json",
                    "s3:ListBucket state import/rows/",
                    "s3:GetObject uploads/in/a.csv",
                    "s3:ListBucket uploads",
                    "s3:GetObject state/import/redrive/1",
                ],
            ),
            (
                "a/b",
                runs(&["one", "two"], vec![read("uploads", "a", true), read("uploads", "b", false), read("other", "c", false)]),
                &[
                    "s3:GetObject s3:PutObject state/a/b/import/one/00000000000000000000000000000000.json",
                    "s3:ListBucket state a/b/import/one/",
                    "s3:GetObject s3:PutObject state/a/b/import/two/00000000000000000000000000000000.json",
                    "s3:ListBucket state a/b/import/two/",
                    "s3:GetObject uploads/a uploads/b",
                    "s3:GetObjectVersion uploads/a",
                    "s3:ListBucket uploads",
                ],
            ),
        ] {
            let asked = needs(&deployed(prefix), &Ok(FailedEvents::default()), &Ok(Vec::new()), &Ok(runs));
            let shown = asked.iter().filter(|asked| matches!(asked.need, Need::Store | Need::Source)).map(|asked| {
                let resources = asked.resources.iter().map(|resource| {
                    format!("{}{}", resource.arn.strip_prefix("arn:aws:s3:::").unwrap(), if resource.is_guess { "?" } else { "" })
                });
                let prefix = asked.context.iter().filter(|(name, _)| *name == "s3:prefix").map(|(_, value)| value.clone());
                let words = asked.actions.iter().map(ToString::to_string).chain(resources).chain(prefix);
                words.collect::<Vec<_>>().join(" ")
            });
            assert_eq!(shown.collect::<Vec<_>>(), expected, "{prefix}");
        }
    }
}
