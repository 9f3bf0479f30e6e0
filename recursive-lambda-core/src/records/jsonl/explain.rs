//! Why a line did not become a value: what the line holds, and what the object is if it is not JSON lines.

use crate::BoxError;
use crate::records::json::explain;
use serde_json::error::Category;

/// What is wrong with `line`.
pub(super) fn explain(error: &serde_json::Error, line: &[u8]) -> BoxError {
    explain::explain(error, line, another_kind(error, line), looks_like(line, explain::rest(error, line)))
}

/// What kind of object begins with such a line.
fn another_kind(error: &serde_json::Error, line: &[u8]) -> Option<&'static str> {
    let line = line.trim_ascii();
    let goes_on = line.last().is_some_and(|last| b",:[{".contains(last));
    let is_open = error.is_eof() && line.starts_with(b"{") && goes_on;
    let follows = line.iter().skip(1).find(|byte| !byte.is_ascii_whitespace());
    let is_array = line.starts_with(b"[") && (goes_on || error.is_eof() || follows == Some(&b'{'));
    if line.starts_with(b"<") {
        Some("the object is XML or HTML, as the error page of a server is, not JSON lines")
    } else if is_array {
        Some("the object is a JSON array, not one value a line: write `format = json`, which reads the values of an array")
    } else if is_open {
        Some("the object is JSON whose values go over several lines: write `format = json`, which reads them")
    } else if error.classify() != Category::Data && has_values_after_a_carriage_return(line) {
        Some(
            "the lines of the object end with a carriage return (\\r) alone, and a line feed (\\n) must end them: write `format = json`, \
             or convert it, for example with `tr '\\r' '\\n'`",
        )
    } else {
        None
    }
}

fn has_values_after_a_carriage_return(line: &[u8]) -> bool {
    memchr::memchr(b'\r', line)
        .is_some_and(|at| line.get(at..).unwrap_or_default().iter().any(|byte| !byte.is_ascii_whitespace()))
}

fn looks_like(line: &[u8], rest: &[u8]) -> Option<&'static str> {
    let begins = |text: &[u8]| rest.starts_with(text);
    if line.starts_with(b"\x1e") {
        Some("that is a record separator of JSON text sequences (RFC 7464): write `format = json`, which reads them")
    } else if line.iter().filter(|byte| **byte == b'{').count() > 1 && begins(b"{") {
        Some("each value needs a line of its own; without that, write `format = json`")
    } else if line.iter().filter(|byte| **byte == b'{').count() > 1 && begins(b",") {
        Some("each value needs a line of its own")
    } else {
        None
    }
}
