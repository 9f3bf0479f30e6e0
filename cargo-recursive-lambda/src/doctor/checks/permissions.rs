//! What the function's role may not do, as IAM's policy simulator says. It does not see bucket policies and keys of KMS.

use super::super::facts::{Facts, Need, Refused, Unknown};
use super::super::report::{Finding, Report};
use super::{name, word};
use serde_json::json;
use std::hash::{DefaultHasher, Hash, Hasher};

impl Need {
    const ALL: [Self; 6] = [Self::Store, Self::Source, Self::Signal, Self::Queue, Self::Destination, Self::Log];

    /// The name of a policy for it, and what happens without it.
    fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::Store => ("store", "checkpoints cannot be read, written or swept: no run can start"),
            Self::Source => ("source", "objects cannot be read, or a missing one looks like a forbidden one"),
            Self::Signal => ("signal", "a run cannot continue after its first invocation"),
            Self::Queue => ("queue", "messages of the queue start no run"),
            Self::Destination => ("destination", "events that Lambda gives up are lost"),
            Self::Log => ("log", "no log, and so no alarm"),
        }
    }
}

/// What the simulation leaves out.
fn unseen(facts: &Facts) -> Option<&'static str> {
    match &facts.function.buckets {
        None => Some("RECURSIVE_LAMBDA_BUCKETS is not set, so it is not known which objects the role must read"),
        Some(buckets) if buckets.iter().any(|bucket| bucket.starts_with("arn:")) => {
            Some("the simulation does not know which bucket is below an access point")
        }
        Some(_) => None,
    }
}

pub(super) fn permissions(facts: &Facts, report: &mut Report) {
    let Some(refused) = report.known("permissions", &facts.refused) else { return };
    if let Some(why) = unseen(facts) {
        report.unchecked("permissions", Unknown { why: why.into(), failed: false });
    }
    for need in Need::ALL {
        let refused: Vec<&Refused> = refused.iter().filter(|refused| refused.need == need).collect();
        let shown = |refused: &&Refused| format!("`{}` on `{}`", refused.action, refused.resource);
        if refused.is_empty() {
            continue;
        }
        let (policy, why) = need.told();
        let role = name(&facts.function.role).rsplit('/').next().unwrap_or_default();
        let statement = |refused: &&Refused| json!({ "Effect": "Allow", "Action": refused.action, "Resource": refused.resource });
        let statements: Vec<_> = refused.iter().map(statement).collect();
        let document = json!({ "Version": "2012-10-17", "Statement": statements });
        report.found(Finding {
            check: "permissions",
            what: format!("role `{role}` may not {}", refused.iter().map(shown).collect::<Vec<_>>().join(", ")),
            why: why.into(),
            template: format!("Policies: PolicyDocument: Statement: {}", json!(statements)),
            command: Some(format!(
                "aws iam put-role-policy --role-name {} --policy-name recursive-lambda-{policy}-{:08x} --policy-document {}",
                word(role),
                short_hash(&document.to_string()),
                word(&document.to_string())
            )),
        });
    }
}

/// A policy of the same name would be replaced, and with it what an earlier one allowed.
fn short_hash(document: &str) -> u32 {
    let mut hasher = DefaultHasher::new();
    document.hash(&mut hasher);
    hasher.finish() as u32
}
