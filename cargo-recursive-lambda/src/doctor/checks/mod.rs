//! Facts -> findings. Each check is a function of its own; it says nothing if it finds nothing, and notes what it cannot know.

mod delivery;
mod function;
mod logs;
mod permissions;
mod store;
mod sweep;
#[cfg(test)]
mod tests;

use super::facts::Facts;
use super::report::Report;

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

/// The last part of an ARN.
fn name(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}
