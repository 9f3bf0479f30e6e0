//! A plan as text of at most 80 columns, or as JSON. It computes no price and no time.

use super::model::{Estimate, Job};
use super::object::{Counted, Object};
use super::prices::AS_OF;
use indicatif::{DecimalBytes, HumanCount};
use serde::Serialize;
use std::fmt::Write;

/// The widest line, in characters.
const WIDTH: usize = 80;
/// The least charge that is shown, in dollars: less would be `0.0000`.
const LEAST_SHOWN: f64 = 0.000_05;
/// The width of the first column: the longest name and two spaces.
const NAME: usize = 27;

/// Everything that is printed.
#[derive(Serialize)]
pub(super) struct Plan<'a> {
    pub(super) job: &'a Job,
    pub(super) batches: u64,
    /// Whether the records are the lines of a file, an estimate.
    pub(super) records_are_lines: bool,
    /// Whether only the lines at the beginning were counted.
    pub(super) records_are_sampled: bool,
    pub(super) prices_as_of: &'static str,
    pub(super) region: &'static str,
    pub(super) currency: &'static str,
    pub(super) estimates: &'a [Estimate],
}

impl<'a> Plan<'a> {
    pub(super) fn new(job: &'a Job, object: Object, estimates: &'a [Estimate]) -> Self {
        Self {
            job,
            batches: job.batches(),
            records_are_lines: object.counted != Counted::Given,
            records_are_sampled: object.counted == Counted::Sampled,
            prices_as_of: AS_OF,
            region: "us-east-1",
            currency: "USD",
            estimates,
        }
    }

    pub(super) fn json(&self) -> Result<String, String> {
        serde_json::to_string_pretty(self).map_err(|error| error.to_string())
    }

    pub(super) fn text(&self) -> String {
        let Job { bytes, records, batch, batch_seconds, memory_mb, timeout, concurrency, architecture, .. } = self.job;
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "object    {}, {} records", DecimalBytes(*bytes), HumanCount(*records));
        let counted = match (self.records_are_sampled, self.records_are_lines) {
            (true, _) => "          lines of its first 4 MiB were counted; `--records` is better\n",
            (false, true) => "          its lines were counted: a header and quoted newlines make it fewer\n",
            (false, false) => "",
        };
        text += counted;
        let _ =
            writeln!(text, "batches   {} of {}, {} ms each", HumanCount(self.batches), HumanCount(*batch), batch_seconds * 1e3);
        let _ = writeln!(text, "          {concurrency} at once in an invocation");
        let _ = writeln!(text, "function  {memory_mb} MB, {}, time-out {}", architecture.name(), time(*timeout));
        let _ = writeln!(text, "\n{:NAME$}{:>15}  {:>12}  {:>12}", "", "invocations", "time", "dollars");
        for estimate in self.estimates {
            let _ = writeln!(text, "{}", row(estimate));
        }
        let possible = || self.estimates.iter().filter(|estimate| estimate.impossible.is_none());
        let least = |key: fn(&Estimate) -> f64| possible().min_by(|one, other| key(one).total_cmp(&key(other)));
        if let (Some(cheapest), Some(fastest)) = (least(|one| one.dollars), least(|one| one.seconds)) {
            let _ = writeln!(text, "\ncheapest  {}\nfastest   {}", cheapest.name, fastest.name);
        }
        let _ = writeln!(text, "\nlist prices of us-east-1 as of {}; no free tier, logs or sinks", self.prices_as_of);
        for estimate in self.estimates {
            let _ = writeln!(text, "{}", estimate.name);
            let lines = estimate.impossible.iter().chain(&estimate.assumptions);
            lines.for_each(|line| wrapped(&mut text, line));
            if estimate.impossible.is_none() {
                wrapped(&mut text, &charges(estimate));
            }
        }
        text
    }
}

fn row(estimate: &Estimate) -> String {
    let Estimate { name, impossible, invocations, seconds, dollars, .. } = estimate;
    let count = match (*name, impossible) {
        (_, Some(_)) => return format!("{name:NAME$}{:>15}  {:>12}  {:>12}", "impossible", "-", "-"),
        ("Fargate", _) => "1 task".to_owned(),
        _ => HumanCount(*invocations).to_string(),
    };
    format!("{name:NAME$}{count:>15}  {:>12}  {:>12}", time(*seconds), money(*dollars))
}

/// Writes a line, indented, in as many lines as it needs.
fn wrapped(text: &mut String, line: &str) {
    let mut column = 0;
    for word in line.split(' ') {
        let length = word.chars().count();
        match column {
            0 => {
                text.push_str("  ");
                column = 2;
            }
            _ if column + 1 + length > WIDTH => {
                text.push_str("\n    ");
                column = 4;
            }
            _ => {
                text.push(' ');
                column += 1;
            }
        }
        text.push_str(word);
        column += length;
    }
    text.push('\n');
}

/// The charges that are not tiny, the largest first.
fn charges(estimate: &Estimate) -> String {
    let mut charges: Vec<_> = estimate.charges.iter().filter(|charge| charge.dollars >= LEAST_SHOWN).collect();
    charges.sort_by(|one, other| other.dollars.total_cmp(&one.dollars));
    let charges: Vec<_> = charges.iter().map(|charge| format!("{} {}", charge.what, money(charge.dollars))).collect();
    if charges.is_empty() { "less than 0.0001 for each charge".to_owned() } else { charges.join(", ") }
}

/// A time with its two largest units, rounded up to whole seconds.
pub(super) fn time(seconds: f64) -> String {
    let seconds = seconds.ceil() as u64;
    let (large, small, names) = match seconds {
        86_400.. => (86_400, 3_600, ["d", "h"]),
        3_600.. => (3_600, 60, ["h", "m"]),
        60.. => (60, 1, ["m", "s"]),
        _ => return format!("{seconds}s"),
    };
    let [large_name, small_name] = names;
    match seconds % large / small {
        0 => format!("{}{large_name}", seconds / large),
        rest => format!("{}{large_name} {rest}{small_name}", seconds / large),
    }
}

/// Dollars with cents, or with four decimals below a dollar.
pub(super) fn money(dollars: f64) -> String {
    match dollars {
        _ if dollars >= 1.0 => format!("{dollars:.2}"),
        _ if dollars == 0.0 || dollars >= LEAST_SHOWN => format!("{dollars:.4}"),
        _ => "<0.0001".to_owned(),
    }
}
