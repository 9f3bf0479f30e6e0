//! The schedule of the sweeps: it exists, is enabled, may invoke the function, and invokes it under the name that runs have.

use super::super::facts::{Facts, Schedule, ScheduleKind};
use super::super::report::{Finding, Report};
use super::{is_like, short_hash, word};
use recursive_lambda_core::event::{Request, parse};

const EVENT: &str = r#"{"recursive_lambda_sweep":{"v":1}}"#;
/// A run whose signal was lost waits this long, in minutes, at most.
const RARE: u64 = 60;

pub(super) fn schedule(facts: &Facts, report: &mut Report) {
    if facts.function.store.is_none() {
        return;
    }
    let Some(schedules) = report.known("sweep", &facts.schedules) else { return };
    let (sweeps, others): (Vec<_>, Vec<_>) = schedules.iter().partition(|schedule| is_sweep(&schedule.input));
    if sweeps.is_empty() {
        report.found(match others.first() {
            Some(other) => wrong(
                &format!("schedule `{}` sends another event than a sweep", other.name),
                format!("Input: '{EVENT}'"),
                put_target(facts, other, &other.target_id),
            ),
            None => wrong("there is no schedule of sweeps", format!("Schedule: rate(15 minutes), Input: '{EVENT}'"), all(facts)),
        });
        return;
    }
    let here = facts.function.named_arn();
    let (enabled, disabled): (Vec<_>, Vec<_>) = sweeps.into_iter().partition(|sweep| sweep.is_enabled);
    if let (true, Some(sweep)) = (enabled.is_empty(), disabled.first()) {
        let command = match sweep.kind {
            ScheduleKind::Rule => Some(format!("aws events enable-rule --name {}", word(&sweep.name))),
            ScheduleKind::Scheduler => None,
        };
        report.found(wrong(&format!("schedule `{}` is disabled", sweep.name), "State: ENABLED".into(), command));
        return;
    }
    let (hits, misses): (Vec<_>, Vec<_>) = enabled.into_iter().partition(|sweep| sweep.target == here);
    if let (true, Some(sweep)) = (hits.is_empty(), misses.first()) {
        report.found(wrong(
            &format!("schedule `{}` invokes `{}`, not `{here}`", sweep.name, sweep.target),
            format!("Arn: {here}"),
            // The other target may be needed, too.
            put_target(facts, sweep, &new_id(&here)).map(|put| format!("{} && {put}", permit(facts, &sweep.name))),
        ));
        return;
    }
    if let Some(sweep) =
        hits.iter().find(|_| hits.iter().all(|sweep| minutes(&sweep.expression).is_some_and(|every| every > RARE)))
    {
        report.found(wrong(
            &format!("schedule `{}` runs rarely: {}", sweep.name, sweep.expression),
            "Schedule: rate(15 minutes)".into(),
            None,
        ));
    }
    may_invoke(facts, &hits, report);
}

/// A rule invokes by the function's resource policy.
fn may_invoke(facts: &Facts, hits: &[&Schedule], report: &mut Report) {
    let Some(rules) =
        hits.iter().map(|sweep| (sweep.kind == ScheduleKind::Rule).then_some(&sweep.name)).collect::<Option<Vec<_>>>()
    else {
        return;
    };
    let Some(senders) = report.known("sweep", &facts.senders) else { return };
    let source = |rule: &str| rule_arn(&facts.function.arn, rule);
    let is_of = |sender: &str, rule: &str| sender == "events.amazonaws.com" || is_like(sender, &source(rule));
    let allowed = rules.iter().any(|rule| senders.iter().any(|sender| is_of(sender, rule)));
    if let (false, Some(rule)) = (allowed, rules.first()) {
        let source = source(rule);
        report.found(wrong(
            &format!("rule `{rule}` may not invoke the function"),
            format!("AWS::Lambda::Permission: {{ Action: lambda:InvokeFunction, Principal: events.amazonaws.com, SourceArn: {source} }}"),
            Some(permit(facts, rule)),
        ));
    }
}

/// A rule of the function's account and region.
fn rule_arn(function_arn: &str, rule: &str) -> String {
    let mut parts = function_arn.split(':').skip(1);
    let [partition, _, region, account] = std::array::from_fn(|_| parts.next().unwrap_or_default());
    format!("arn:{partition}:events:{region}:{account}:rule/{rule}")
}

fn wrong(what: &str, template: String, command: Option<String>) -> Finding {
    let why = "only a sweep continues a run whose signal was lost, or that waits after an error".into();
    Finding { check: "sweep", what: what.into(), why, template, command }
}

/// Whether the function would sweep.
fn is_sweep(input: &str) -> bool {
    parse(input.as_bytes()).is_ok_and(|delivery| delivery.items.iter().any(|item| matches!(item.trigger, Ok(Request::Sweep))))
}

/// The minutes of `rate(N UNIT)`. Anything else is not judged.
fn minutes(expression: &str) -> Option<u64> {
    let (number, unit) = expression.strip_prefix("rate(")?.strip_suffix(')')?.split_once(' ')?;
    let unit = match unit.trim_end_matches('s') {
        "minute" => 1,
        "hour" => 60,
        "day" => 1_440,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

/// Lets a rule invoke the function. Without the source, a rule of any account could send events.
fn permit(facts: &Facts, rule: &str) -> String {
    let source = rule_arn(&facts.function.arn, rule);
    format!(
        "aws lambda add-permission --function-name {} --statement-id {} --action lambda:InvokeFunction --principal \
         events.amazonaws.com --source-arn {}",
        word(&facts.function.named()),
        new_id(&source),
        word(&source)
    )
}

/// A name that no other target of the rule and no other statement of the policy has.
fn new_id(arn: &str) -> String {
    format!("sweep-{:08x}", short_hash(arn))
}

/// Replaces the rule's target of this name, if there is one. A schedule has no such command.
fn put_target(facts: &Facts, schedule: &Schedule, id: &str) -> Option<String> {
    let target = serde_json::json!([{ "Id": id, "Arn": facts.function.named_arn(), "Input": EVENT }]);
    (schedule.kind == ScheduleKind::Rule)
        .then(|| format!("aws events put-targets --rule {} --targets {}", word(&schedule.name), word(&target.to_string())))
}

/// The rule, its permission and its target.
fn all(facts: &Facts) -> Option<String> {
    // A rule's name has at most 64 characters.
    let name = format!("{:.58}-sweep", facts.function.name);
    let rule = Schedule {
        name: name.clone(),
        kind: ScheduleKind::Rule,
        is_enabled: true,
        expression: String::new(),
        target: String::new(),
        target_id: new_id(&facts.function.named_arn()),
        input: String::new(),
    };
    let target = put_target(facts, &rule, &rule.target_id)?;
    let put = format!("aws events put-rule --name {} --schedule-expression 'rate(15 minutes)'", word(&name));
    Some(format!("{put} && {} && {target}", permit(facts, &name)))
}
