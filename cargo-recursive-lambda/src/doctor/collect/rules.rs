//! Rules of EventBridge and schedules of EventBridge Scheduler that invoke the function.

use super::super::facts::{Deployed, Known, Schedule, ScheduleKind};
use super::unknown;
use aws_config::SdkConfig;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::RuleState;

pub(super) async fn schedules(config: &SdkConfig, function: &Deployed, aliases: Known<Vec<String>>) -> Known<Vec<Schedule>> {
    let qualifiers = aliases?.into_iter().chain(function.qualifier.clone());
    let mut targets = vec![function.arn.clone()];
    targets.extend(qualifiers.map(|qualifier| format!("{}:{qualifier}", function.arn)));
    targets.sort_unstable();
    targets.dedup();
    let events = Client::new(config);
    let mut schedules = by_scheduler(config, &targets).await?;
    for target in &targets {
        for name in names(&events, target).await? {
            schedules.extend(by_rule(&events, &name, target).await?);
        }
    }
    Ok(schedules)
}

/// The rules with this target, on the default bus. Only those have schedules, and only there S3 announces uploads.
pub(super) async fn names(events: &Client, target: &str) -> Known<Vec<String>> {
    let (mut names, mut next) = (Vec::new(), None);
    loop {
        let answer = events.list_rule_names_by_target().target_arn(target).set_next_token(next).send().await;
        let page = answer.map_err(|error| unknown("list the rules that invoke the function", &error))?;
        names.extend(page.rule_names.unwrap_or_default());
        next = page.next_token;
        if next.is_none() {
            return Ok(names);
        }
    }
}

async fn by_rule(events: &Client, name: &str, target: &str) -> Known<Vec<Schedule>> {
    let doing = format!("read rule `{name}`");
    let rule = events.describe_rule().name(name).send().await.map_err(|error| unknown(&doing, &error))?;
    let Some(expression) = rule.schedule_expression.filter(|expression| !expression.is_empty()) else { return Ok(Vec::new()) };
    let answer = events.list_targets_by_rule().rule(name).send().await.map_err(|error| unknown(&doing, &error))?;
    let ours = answer.targets.unwrap_or_default().into_iter().filter(|each| each.arn == target);
    Ok(ours
        .map(|each| Schedule {
            name: name.into(),
            kind: ScheduleKind::Rule,
            is_enabled: rule.state != Some(RuleState::Disabled),
            expression: expression.clone(),
            target: each.arn,
            target_id: each.id,
            input: each.input.unwrap_or_default(),
        })
        .collect())
}

async fn by_scheduler(config: &SdkConfig, targets: &[String]) -> Known<Vec<Schedule>> {
    use aws_sdk_scheduler::types::ScheduleState;
    let scheduler = aws_sdk_scheduler::Client::new(config);
    let mut summaries = scheduler.list_schedules().into_paginator().items().send();
    let mut schedules = Vec::new();
    while let Some(summary) = summaries.next().await {
        let summary = summary.map_err(|error| unknown("list the schedules of EventBridge Scheduler", &error))?;
        let Some(arn) = summary.target.map(|target| target.arn).filter(|arn| targets.contains(arn)) else { continue };
        let name = summary.name.unwrap_or_default();
        let request = scheduler.get_schedule().name(&name).set_group_name(summary.group_name);
        let found = request.send().await.map_err(|error| unknown(&format!("read schedule `{name}`"), &error))?;
        schedules.push(Schedule {
            name,
            kind: ScheduleKind::Scheduler,
            is_enabled: found.state != Some(ScheduleState::Disabled),
            expression: found.schedule_expression.unwrap_or_default(),
            target: arn,
            target_id: String::new(),
            input: found.target.and_then(|target| target.input).unwrap_or_default(),
        });
    }
    Ok(schedules)
}
