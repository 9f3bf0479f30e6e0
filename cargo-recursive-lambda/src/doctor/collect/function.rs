//! The function's settings, by the Lambda API.

use super::super::facts::{Deployed, FailedEvents, Known, Senders};
use super::policy;
use super::{or_absent, unknown};
use crate::remote::{Place, trouble};
use aws_sdk_lambda::Client;
use aws_sdk_lambda::types::{LogFormat, RecursiveLoop};
use recursive_lambda_core::identity::unqualified;
use std::time::{Duration, SystemTime};

const ABSENT: [&str; 1] = ["ResourceNotFoundException"];

/// The longest time-out of a function.
const LONGEST: Duration = Duration::from_secs(1_800);
/// The same on Lambda Managed Instances.
const LONGEST_MANAGED: Duration = Duration::from_secs(5_400);

pub(super) async fn deployed(lambda: &Client, named: &str) -> Result<Deployed, String> {
    let answer = lambda.get_function_configuration().function_name(named).send().await;
    let found = answer.map_err(|error| trouble(&format!("read the settings of function `{}`", named.escape_debug()), &error))?;
    let arn = found.function_arn.unwrap_or_default();
    let name = found.function_name.unwrap_or_else(|| named.into());
    let variables = found.environment.and_then(|environment| environment.variables).unwrap_or_default();
    let variable = |name: &str| variables.get(&format!("RECURSIVE_LAMBDA_{name}")).map(|value| value.trim());
    let store = match variable("STATE") {
        None => return Err(format!("function `{name}` has no RECURSIVE_LAMBDA_STATE: is it a recursive-lambda function?")),
        Some("none") => None,
        Some(place) => Some(Place::parse(place)?),
    };
    let logging = found.logging_config;
    let log_group = logging.as_ref().and_then(|logging| logging.log_group.clone());
    Ok(Deployed {
        qualifier: qualifier(named).map(String::from),
        arn: unqualified(&arn).into(),
        role: found.role.unwrap_or_default(),
        changed: found.last_modified.as_deref().and_then(time),
        timeout: Duration::from_secs(found.timeout.and_then(|seconds| seconds.try_into().ok()).unwrap_or(3)),
        longest_timeout: if found.capacity_provider_config.is_some() { LONGEST_MANAGED } else { LONGEST },
        tmp_mb: found.ephemeral_storage.and_then(|storage| storage.size.try_into().ok()).unwrap_or(512),
        reserve: variable("RESERVE").and_then(|reserve| humantime::parse_duration(reserve).ok()),
        store,
        buckets: variable("BUCKETS").map(|buckets| buckets.split(',').map(bucket).filter(|name| !name.is_empty()).collect()),
        log_group: log_group.unwrap_or_else(|| format!("/aws/lambda/{name}")),
        log_is_json: logging.is_some_and(|logging| logging.log_format == Some(LogFormat::Json)),
        dead_letters: found.dead_letter_config.and_then(|config| config.target_arn).filter(|arn| !arn.is_empty()),
        name,
    })
}

/// The alias or version in a name or ARN. The answer's ARN may have the version of an alias instead.
fn qualifier(named: &str) -> Option<&str> {
    let name = named.rsplit_once(":function:").map_or(named, |(_, name)| name);
    name.split_once(':').map(|(_, qualifier)| qualifier).filter(|qualifier| *qualifier != "$LATEST")
}

/// Lambda writes `2026-11-27T16:10:02.992+0000`.
fn time(text: &str) -> Option<SystemTime> {
    humantime::parse_rfc3339(&text.replace("+0000", "Z")).ok()
}

/// A bucket without its account.
fn bucket(entry: &str) -> String {
    entry.trim().split('@').next().unwrap_or_default().into()
}

pub(super) async fn recursion_is_allowed(lambda: &Client, function: &Deployed) -> Known<bool> {
    let answer = lambda.get_function_recursion_config().function_name(&function.name).send().await;
    let config = answer.map_err(|error| unknown("read the recursion setting", &error))?;
    Ok(config.recursive_loop == Some(RecursiveLoop::Allow))
}

pub(super) async fn reserved_concurrency(lambda: &Client, function: &Deployed) -> Known<Option<i32>> {
    let answer = lambda.get_function_concurrency().function_name(&function.name).send().await;
    answer.map(|answer| answer.reserved_concurrent_executions).map_err(|error| unknown("read the reserved concurrency", &error))
}

pub(super) async fn failed_events(lambda: &Client, function: &Deployed) -> Known<FailedEvents> {
    let request = lambda.get_function_event_invoke_config().function_name(&function.name);
    let answer = request.set_qualifier(function.qualifier.clone()).send().await;
    let Some(config) = or_absent("read what Lambda does with failed events", answer, &ABSENT)? else {
        return Ok(FailedEvents::default());
    };
    let usual = FailedEvents::default();
    Ok(FailedEvents {
        retries: config.maximum_retry_attempts.unwrap_or(usual.retries),
        age: config.maximum_event_age_in_seconds.and_then(|age| age.try_into().ok()).map_or(usual.age, Duration::from_secs),
        destination: config
            .destination_config
            .and_then(|destinations| destinations.on_failure)
            .and_then(|failure| failure.destination)
            .filter(|arn| !arn.is_empty()),
    })
}

pub(super) async fn senders(lambda: &Client, function: &Deployed) -> Known<Senders> {
    let request = lambda.get_policy().function_name(&function.name).set_qualifier(function.qualifier.clone());
    let answer = or_absent("read the function's resource policy", request.send().await, &ABSENT)?;
    Ok(answer.and_then(|answer| answer.policy).map(|policy| policy::senders(&policy)).unwrap_or_default())
}

/// The names of the function's aliases.
pub(super) async fn aliases(lambda: &Client, function: &Deployed) -> Known<Vec<String>> {
    let mut pages = lambda.list_aliases().function_name(&function.name).into_paginator().items().send();
    let mut names = Vec::new();
    while let Some(alias) = pages.next().await {
        names.extend(alias.map_err(|error| unknown("list the function's aliases", &error))?.name);
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_is_read_from_any_name() {
        let arn = "arn:aws:lambda:eu-west-1:123456789012:function:import";
        for (named, expected) in [
            ("import", None),
            ("import:live", Some("live")),
            ("import:$LATEST", None),
            (arn, None),
            (&format!("{arn}:7"), Some("7")),
            ("123456789012:function:import:live", Some("live")),
        ] {
            assert_eq!(qualifier(named), expected, "{named}");
        }
    }

    #[test]
    fn a_change_has_a_time() {
        let expected = SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_795_802_992);
        for (text, expected) in [
            ("2026-11-27T16:10:02.992+0000", Some(expected)),
            ("2026-11-27T16:10:02.992000Z", Some(expected)),
            ("yesterday", None),
        ] {
            assert_eq!(time(text), expected, "{text}");
        }
    }
}
