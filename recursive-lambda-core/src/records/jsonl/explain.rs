//! Why a line did not become a value: what the line holds, and what the object is if it is not JSON lines.

use crate::BoxError;
use crate::excerpt;
use crate::records::misread::Misread;
use serde_json::error::Category;

/// What is wrong with `line`. serde_json's line number is dropped: a record is one line, and its place names it.
pub(super) fn explain(error: &serde_json::Error, line: &[u8]) -> BoxError {
    let text = error.to_string();
    let Some(reason) = text.strip_suffix(&format!(" at line {} column {}", error.line(), error.column())) else {
        return excerpt::message(&text).into();
    };
    let reason = format!("{} at column {}", excerpt::message(reason), error.column());
    let (what, is_data) = (another_kind(error, line), error.classify() == Category::Data);
    if what.is_none() && is_data {
        return reason.into();
    }
    let rest = line.get(error.column().saturating_sub(1)..).unwrap_or_default();
    let found = if error.is_eof() || is_data { line } else { rest };
    let hint = looks_like(line, rest).map(|hint| format!("; {hint}")).unwrap_or_default();
    let message = format!("{reason}, found {}{hint}", excerpt::quoted(found));
    match what {
        Some(what) => Misread::object(what, message).into(),
        None => message.into(),
    }
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
        Some("the object is a JSON array, which is not read; write one value a line, for example with `jq -c '.[]'`")
    } else if is_open {
        Some(
            "the object is JSON whose values go over several lines, which is not read; write one value a line, for example with `jq -c .`",
        )
    } else if error.classify() != Category::Data && has_values_after_a_carriage_return(line) {
        Some(
            "the lines of the object end with a carriage return (\\r) alone, and a line feed (\\n) must end them; convert it, for example with `tr '\\r' '\\n'`",
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
    let cases = [
        (
            line.starts_with(b"\xef\xbb\xbf"),
            "that is a byte order mark, which is skipped only at the start of the object: were files joined?",
        ),
        (
            line.starts_with(b"\x1e"),
            "that is a record separator of JSON text sequences (RFC 7464), which are not read; remove it",
        ),
        (line.starts_with(b"\x1a"), "that is Ctrl-Z, which old programs put at the end of a file; remove it"),
        (begins(b"NaN") || begins(b"Infinity") || begins(b"-Infinity"), "JSON has no NaN and no infinity; write `null`"),
        (
            line.iter().filter(|byte| **byte == b'{').count() > 1 && (begins(b"{") || begins(b",")),
            "each value needs a line of its own",
        ),
    ];
    cases.into_iter().find(|(is_so, _)| *is_so).map(|(_, hint)| hint)
}
