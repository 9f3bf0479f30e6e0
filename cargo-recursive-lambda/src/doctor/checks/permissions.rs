//! What the function's role may not do, as IAM's policy simulator says. It does not see bucket policies and keys of KMS.

use super::super::facts::{Facts, Need, Refusal, Refused, Unknown};
use super::super::report::{Finding, Report};
use super::{name, short_hash, word};
use serde_json::json;

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
    report.known("permissions", &facts.runs);
    if let Some(why) = unseen(facts) {
        report.unchecked("permissions", Unknown { why: why.into(), failed: false });
    }
    let role = name(&facts.function.role).rsplit('/').next().unwrap_or_default();
    for need in Need::ALL {
        let mut groups: Vec<(&Refusal, Vec<&Refused>)> = Vec::new();
        for each in refused.iter().filter(|refused| refused.need == need) {
            match groups.iter_mut().find(|(by, _)| **by == each.by) {
                Some((_, group)) => group.push(each),
                None => groups.push((&each.by, vec![each])),
            }
        }
        for (by, group) in groups {
            judge(role, need, by, &group, report);
        }
    }
}

/// What the role may not do for one need, and by one cause.
fn judge(role: &str, need: Need, by: &Refusal, refused: &[&Refused], report: &mut Report) {
    let (policy, why) = need.told();
    let shown: Vec<_> = refused.iter().map(|refused| format!("`{}` on `{}`", refused.action, refused.resource)).collect();
    let shown = shown.join(", ");
    let mut statements = Vec::new();
    for Refused { action, pattern, .. } in refused {
        let statement = json!({ "Effect": "Allow", "Action": action, "Resource": pattern });
        if !statements.contains(&statement) {
            statements.push(statement);
        }
    }
    let statements = json!(statements);
    let mut found = |cause: &str, template: String, command: Option<String>| {
        let what = format!("role `{role}` may not {shown}{cause}");
        report.found(Finding { check: "permissions", what, why: why.into(), template, command });
    };
    match by {
        Refusal::NotAllowed => {
            // A policy of the same name would be replaced, and with it what an earlier one allowed.
            let document = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
            let command = format!(
                "aws iam put-role-policy --role-name {} --policy-name recursive-lambda-{policy}-{:08x} --policy-document {}",
                word(role),
                short_hash(&document),
                word(&document)
            );
            found("", format!("Policies: PolicyDocument: Statement: {statements}"), Some(command));
        }
        Refusal::Denied(by) if by.is_empty() => {
            found(": a policy denies it", "the Deny statement, without these; a further Allow does not help".into(), None);
        }
        Refusal::Denied(by) => {
            let by = by.join(" and ");
            let template = format!("{by}: the Deny statement there, without these, or removed; a further Allow does not help");
            found(&format!(": {by}, denies it"), template, None);
        }
        Refusal::Boundary => {
            found(
                ": its permissions boundary does not allow it",
                format!("PermissionsBoundary: a policy with {statements}"),
                None,
            );
        }
        Refusal::Organization => {
            let template = "a policy of the organisation (SCP) that allows this".into();
            found(": a policy of the organisation does not allow it", template, None);
        }
        Refusal::NotAllowedPerhaps => {
            let why = format!("role `{role}` may not {shown}, and no run shows yet which objects it reads");
            report.unchecked("permissions", Unknown { why, failed: false });
        }
        Refusal::DependsOn(keys) => {
            let keys: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
            let why = format!("cannot tell whether role `{role}` may {shown}: its policies depend on {}", keys.join(", "));
            report.unchecked("permissions", Unknown { why, failed: false });
        }
    }
}
