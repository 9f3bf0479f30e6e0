//! Facts -> findings. Each check is a function of its own; it says nothing if it finds nothing, and notes what it cannot know.

mod delivery;
mod function;
mod logs;
mod permissions;
mod store;
mod sweep;
#[cfg(test)]
mod tests;

use super::facts::{Deployed, Facts};
use super::report::Report;
use std::hash::{DefaultHasher, Hash, Hasher};

type Check = fn(&Facts, &mut Report);

const CHECKS: [Check; 15] = [
    function::recursion,
    function::reserve,
    function::slowest_batch,
    function::concurrency,
    function::tmp,
    delivery::retries,
    delivery::destination,
    delivery::queues,
    store::is_kept,
    store::triggers,
    store::lifecycle,
    permissions::permissions,
    sweep::schedule,
    logs::alarms,
    logs::log,
];

pub(super) fn check(facts: &Facts) -> Report {
    let mut report = Report::default();
    CHECKS.iter().for_each(|check| check(facts, &mut report));
    report
}

/// A word of a shell command.
fn word(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_./:@=,+-".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) { text.into() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// A command that changes the function's settings. What an alias points to keeps its settings: it needs a new version.
fn configure(function: &Deployed, option: &str) -> String {
    let name = word(&function.name);
    let change = format!("aws lambda update-function-configuration --function-name {name} {option}");
    let Some(qualifier) = &function.qualifier else { return change };
    let publish = format!("aws lambda publish-version --function-name {name}");
    let publish = if is_version(qualifier) {
        publish
    } else {
        let version = format!("\"$({publish} --query Version --output text)\"");
        format!("aws lambda update-alias --function-name {name} --name {} --function-version {version}", word(qualifier))
    };
    format!("{change} && aws lambda wait function-updated-v2 --function-name {name} && {publish}")
}

/// A line of the template about the function's settings, with what it takes until they hold.
fn setting(function: &Deployed, line: &str) -> String {
    match &function.qualifier {
        None => line.into(),
        Some(version) if is_version(version) => {
            format!("{line}; a version keeps its settings, so publish a new one, and let the triggers invoke that")
        }
        Some(alias) => {
            format!("{line}; a version keeps its settings, so publish a new one, and let alias `{alias}` point to it")
        }
    }
}

fn is_version(qualifier: &str) -> bool {
    qualifier.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text is as a policy's pattern says: `*` is any text, `?` any character.
fn is_like(pattern: &str, text: &str) -> bool {
    let [pattern, text] = [pattern, text].map(|text| text.chars().collect::<Vec<_>>());
    let (mut at, mut read) = (0, 0);
    // After the last `*`, and where the text that it stands for ends.
    let mut back = None;
    while let Some(found) = text.get(read) {
        match pattern.get(at) {
            Some('*') => {
                at += 1;
                back = Some((at, read));
            }
            Some(wanted) if *wanted == '?' || wanted == found => (at, read) = (at + 1, read + 1),
            _ => {
                let Some((after, end)) = back else { return false };
                (at, read) = (after, end + 1);
                back = Some((after, end + 1));
            }
        }
    }
    pattern.iter().skip(at).all(|rest| *rest == '*')
}

/// The last part of an ARN.
fn name(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

/// Tells texts apart in a name.
fn short_hash(text: &str) -> u32 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish() as u32
}
