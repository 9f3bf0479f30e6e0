//! Why a record of JSON did not become a value, for `json` and `jsonl`.

use crate::BoxError;
use crate::excerpt;
use crate::records::misread::Misread;
use serde_json::error::Category;

/// What is wrong with the record. `what` is what the object is, if the first record shows that it is something else; `hint` is
/// what only this format can say.
pub(in crate::records) fn explain(
    error: &serde_json::Error,
    record: &[u8],
    what: Option<&'static str>,
    hint: Option<&'static str>,
) -> BoxError {
    let text = error.to_string();
    let Some(reason) = text.strip_suffix(&format!(" at line {} column {}", error.line(), error.column())) else {
        return excerpt::message(&text).into();
    };
    // The place of the record names its first line.
    let line = if error.line() > 1 { format!("line {} of the value, ", error.line()) } else { String::new() };
    let reason = format!("{} at {line}column {}", excerpt::message(reason), error.column());
    let is_data = error.classify() == Category::Data;
    if what.is_none() && is_data {
        return reason.into();
    }
    let rest = rest(error, record);
    let found = if error.is_eof() || is_data { record } else { rest };
    let hint = looks_like(record, rest).or(hint).map(|hint| format!("; {hint}")).unwrap_or_default();
    let message = format!("{reason}, found {}{hint}", excerpt::quoted(found));
    match what {
        Some(what) => Misread::object(what, message).into(),
        None => message.into(),
    }
}

/// The record from the byte on where the error is.
pub(in crate::records) fn rest<'a>(error: &serde_json::Error, record: &'a [u8]) -> &'a [u8] {
    let before = error.line().checked_sub(2).and_then(|lines| memchr::memchr_iter(b'\n', record).nth(lines));
    let start = before.map_or(0, |line_end| line_end + 1);
    record.get(start + error.column().saturating_sub(1)..).unwrap_or_default()
}

/// What the object is if its first record of `json` is this one, which is not JSON.
pub(super) fn of_json(record: &[u8]) -> Option<&'static str> {
    record.starts_with(b"<").then_some("the object is XML or HTML, as the error page of a server is, not JSON")
}

fn looks_like(record: &[u8], rest: &[u8]) -> Option<&'static str> {
    let begins = |text: &[u8]| rest.starts_with(text);
    let cases = [
        (
            record.starts_with(b"\xef\xbb\xbf"),
            "that is a byte order mark, which is skipped only at the start of the object: were files joined?",
        ),
        (record.starts_with(b"\x1a"), "that is Ctrl-Z, which old programs put at the end of a file; remove it"),
        (begins(b"NaN") || begins(b"Infinity") || begins(b"-Infinity"), "JSON has no NaN and no infinity; write `null`"),
    ];
    cases.into_iter().find(|(is_so, _)| *is_so).map(|(_, hint)| hint)
}
