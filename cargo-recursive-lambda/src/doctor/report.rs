//! What the doctor found, as text and as JSON. Names from AWS are foreign text: they are escaped.

use super::facts::{Known, Unknown};
use recursive_lambda_core::excerpt;
use serde_json::json;
use std::fmt::Write as _;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) check: &'static str,
    pub(super) what: String,
    pub(super) why: String,
    /// The line of the template.
    pub(super) template: String,
    pub(super) command: Option<String>,
}

/// The findings, and what could not be checked.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) findings: Vec<Finding>,
    pub(super) unknown: Vec<(&'static str, Unknown)>,
}

/// A name or a message is cut after this many characters.
const SHOWN: usize = 1_000;

impl Report {
    pub(super) fn found(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// The fact, or a note that this check could not be made.
    pub(super) fn known<'a, T>(&mut self, check: &'static str, fact: &'a Known<T>) -> Option<&'a T> {
        match fact {
            Ok(fact) => Some(fact),
            Err(unknown) => {
                self.unchecked(check, unknown.clone());
                None
            }
        }
    }

    pub(super) fn unchecked(&mut self, check: &'static str, unknown: Unknown) {
        let entry = (check, unknown);
        if !self.unknown.contains(&entry) {
            self.unknown.push(entry);
        }
    }

    /// Whether everything that can be seen was seen.
    pub(super) fn is_complete(&self) -> bool {
        self.unknown.iter().all(|(_, unknown)| !unknown.failed)
    }

    pub(super) fn text(&self, function: &str) -> String {
        let mut text = String::new();
        let line = |label: &str, said: &str| format!("{label:<11} {}\n", excerpt::short(said, SHOWN));
        for Finding { check, what, why, template, command } in &self.findings {
            text += &line(check, what);
            text += &line("  why", why);
            text += &line("  template", template);
            text += &command.as_ref().map(|command| line("  command", command)).unwrap_or_default();
            text.push('\n');
        }
        text.extend(self.unknown.iter().map(|(check, unknown)| line(check, &format!("not checked: {}", unknown.why))));
        // Writing to a `String` cannot fail.
        let _ = match (self.findings.len(), self.unknown.len()) {
            (0, 0) => writeln!(text, "function `{function}`: nothing is wrong"),
            (found, 0) => writeln!(text, "function `{function}`: {found} found"),
            (found, unknown) => writeln!(text, "function `{function}`: {found} found, {unknown} not checked"),
        };
        text
    }

    /// One object a line: the findings, then what was not checked.
    pub(super) fn json(&self) -> String {
        let found = self.findings.iter().map(|Finding { check, what, why, template, command }| {
            json!({ "check": check, "what": what, "why": why, "template": template, "command": command })
        });
        let unknown = self.unknown.iter().map(|(check, unknown)| json!({ "check": check, "not_checked": unknown.why }));
        found.chain(unknown).map(|line| format!("{line}\n")).collect()
    }
}
