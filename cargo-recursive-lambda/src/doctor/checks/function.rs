//! The function's own settings: recursion, time-out, concurrency, /tmp.

use super::super::facts::{Facts, Pace};
use super::super::report::{Finding, Report};
use super::{configure, setting, word};
use humantime::format_duration;
use indicatif::HumanBytes;
use std::time::Duration;

/// The most room in /tmp of most functions, in MB.
const LARGEST_TMP: u64 = 10_240;

pub(super) fn recursion(facts: &Facts, report: &mut Report) {
    if report.known("recursion", &facts.recursion_is_allowed) == Some(&false) {
        report.found(Finding {
            check: "recursion",
            what: "`RecursiveLoop` is `Terminate`".into(),
            why: "Lambda stops a chain of invocations after about 16, and drops the signal of the run".into(),
            template: "RecursiveLoop: Allow".into(),
            command: Some(format!(
                "aws lambda put-function-recursion-config --function-name {} --recursive-loop Allow",
                word(&facts.function.name)
            )),
        });
    }
}

/// The reserve is at most a quarter of the time-out.
pub(super) fn reserve(facts: &Facts, report: &mut Report) {
    let jobs = match facts.function.reserve {
        Some(_) => None,
        None => report.known("time-out", &facts.invocations),
    };
    let asked = jobs.and_then(|invocations| invocations.jobs.iter().map(|job| job.reserve).max());
    let timeout = facts.function.timeout;
    let Some(reserve) = facts.function.reserve.or(asked).filter(|reserve| *reserve > timeout / 4) else { return };
    let enough = Duration::from_secs((reserve * 4).as_millis().div_ceil(1_000) as u64);
    report.found(time_out(
        facts,
        format!(
            "the time-out of {} leaves a reserve of {}, not {}",
            format_duration(timeout),
            format_duration(timeout / 4),
            format_duration(reserve)
        ),
        "the reserve is at most a quarter of the time-out; a batch that needs more of it is killed and repeated".into(),
        enough,
    ));
}

/// After a batch, the next one starts only if twice its time is left.
pub(super) fn slowest_batch(facts: &Facts, report: &mut Report) {
    let Some(invocations) = report.known("time-out", &facts.invocations) else { return };
    let timeout = facts.function.timeout;
    let slow = invocations.jobs.iter().filter(|job| job.slowest_batch * 2 > timeout);
    for Pace { job, slowest_batch, .. } in slow {
        report.found(time_out(
            facts,
            format!(
                "a batch of job `{job}` took {} of the time-out of {}",
                format_duration(Duration::from_millis(slowest_batch.as_millis() as u64)),
                format_duration(timeout)
            ),
            "a batch twice as slow is killed at the time-out and repeated".into(),
            Duration::from_secs((*slowest_batch * 4).as_secs() + 1),
        ));
    }
    if invocations.ran_out_of_time > 0 {
        report.found(time_out(
            facts,
            format!("{} invocations were still at work when their time was up", invocations.ran_out_of_time),
            "Lambda kills such an invocation, and its batch is repeated; after three deaths the run fails".into(),
            timeout * 2,
        ));
    }
}

fn time_out(facts: &Facts, what: String, why: String, enough: Duration) -> Finding {
    let longest = facts.function.longest_timeout;
    let seconds = enough.min(longest).as_secs();
    let smaller = if enough > longest { ", and a smaller `batch` in the job" } else { "" };
    Finding {
        check: "time-out",
        what,
        why,
        template: setting(&facts.function, &format!("Timeout: {seconds}{smaller}")),
        command: Some(configure(&facts.function, &format!("--timeout {seconds}"))),
    }
}

pub(super) fn concurrency(facts: &Facts, report: &mut Report) {
    if report.known("concurrency", &facts.reserved_concurrency) == Some(&Some(0)) {
        report.found(Finding {
            check: "concurrency",
            what: "the reserved concurrency is 0".into(),
            why: "Lambda starts no invocation; it gives events up after some hours".into(),
            template: "ReservedConcurrentExecutions: 1, or more, or without this line".into(),
            command: Some(format!("aws lambda delete-function-concurrency --function-name {}", word(&facts.function.name))),
        });
    }
}

/// Objects that are kept as files must fit.
pub(super) fn tmp(facts: &Facts, report: &mut Report) {
    let Some(invocations) = report.known("tmp", &facts.invocations) else { return };
    let has = facts.function.tmp_mb;
    for (job, size) in invocations.jobs.iter().filter_map(|job| Some((&job.job, job.in_tmp?))) {
        let needs = size.div_ceil(1 << 20);
        if needs <= has {
            continue;
        }
        let wants = needs.next_multiple_of(64).min(LARGEST_TMP);
        let streamed = if needs > LARGEST_TMP { "; larger objects need `source = stream` in the job" } else { "" };
        report.found(Finding {
            check: "tmp",
            what: format!("job `{job}` keeps objects of {} in a /tmp of {has} MB", HumanBytes(size)),
            why: "an object that does not fit fails its run".into(),
            template: setting(&facts.function, &format!("EphemeralStorage: {{ Size: {wants} }}{streamed}")),
            command: Some(configure(&facts.function, &format!("--ephemeral-storage Size={wants}"))),
        });
    }
}
