//! Why a row did not become a value, in words that name the column.

use super::dialect::{Dialect, Names, shown};
use super::header::{other_delimiter, with_delimiter};
use crate::excerpt;
use csv::{ByteRecord, DeserializeError, DeserializeErrorKind, ErrorKind};
use serde::de::DeserializeOwned;

/// A row with a wrong number of fields: shows the row, because two numbers do not tell what is wrong, and a likely cause.
pub(super) fn count(dialect: &Dialect, record: &[u8], row: &ByteRecord, width: Option<usize>) -> String {
    let found = row.len();
    let expected = width.unwrap_or(found);
    let fields = if found == 1 { "field" } else { "fields" };
    let shown = excerpt::quoted(record);
    let first = if dialect.names == Names::None { "first row" } else { "header" };
    let message = if found == expected {
        format!("the row is {shown}")
    } else {
        format!("row has {found} {fields}, the {first} {expected}: {shown}")
    };
    match looks_like(dialect, record, row, expected) {
        Some(hint) => format!("{message}; {hint}"),
        None => message,
    }
}

fn looks_like(dialect: &Dialect, record: &[u8], row: &ByteRecord, expected: usize) -> Option<String> {
    let (found, delimiter) = (row.len(), shown(dialect.delimiter));
    let has = |text: &[u8]| record.windows(text.len()).any(|window| window == text);
    let quote = dialect.quote.unwrap_or(b'"');
    let last_is_empty = row.iter().next_back().is_some_and(<[u8]>::is_empty);
    let other = other_delimiter(dialect, record).filter(|_| found == 1);
    let blank_before_quote = [[dialect.delimiter, b' ', quote], [dialect.delimiter, b'\t', quote]];
    Some(if record.starts_with(b"\x1a") {
        "that is Ctrl-Z, which old programs put at the end of a file; remove it".into()
    } else if record.trim_ascii().is_empty() {
        "a row of blanks is a row; only an empty line is skipped".into()
    } else if record.starts_with(b"#") {
        "if that is a comment, write `csv(comment = '#')`".into()
    } else if dialect.quote.is_none() && record.contains(&quote) {
        "`quote = none` takes quotes for text; remove that option if they are around fields".into()
    } else if has(&[b'\\', quote]) && dialect.escape.is_none() {
        "a quote within a field has a backslash before it: `csv(escape = '\\\\')` reads it".into()
    } else if blank_before_quote.iter().any(|text| has(text)) {
        format!("a quote opens a field only right after {delimiter}, without a blank")
    } else if found == expected + 1 && last_is_empty {
        format!("it has {delimiter} at its end; `csv(flexible)` accepts it")
    } else if let Some(other) = other {
        format!("if fields are separated by {}, write `{}`", shown(other), with_delimiter(other))
    } else if found > expected {
        format!("a field with {delimiter} in it must be in quotes; `csv(flexible)` accepts rows of any length")
    } else {
        return None;
    })
}

/// What is wrong with `row`, which `T` refused with `error`.
pub(super) fn explain<T: DeserializeOwned>(error: &csv::Error, names: Option<&ByteRecord>, row: &ByteRecord) -> String {
    let ErrorKind::Deserialize { err: error, .. } = error.kind() else {
        return excerpt::message(&error.to_string());
    };
    let field = error.field().and_then(|field| usize::try_from(field).ok()).or_else(|| field_at_fault::<T>(error, names, row));
    let expected = match error.kind() {
        DeserializeErrorKind::ParseInt(_) => "expected an integer, found ",
        DeserializeErrorKind::ParseFloat(_) => "expected a number, found ",
        DeserializeErrorKind::ParseBool(_) => "expected true or false, found ",
        DeserializeErrorKind::InvalidUtf8(_) => "expected UTF-8, found ",
        _ => "",
    };
    let reason = excerpt::message(&error.kind().to_string());
    match field {
        Some(field) => {
            let name = match names {
                Some(names) => excerpt::quoted(names.get(field).unwrap_or_default()),
                None => (field + 1).to_string(),
            };
            let value = row.get(field).unwrap_or_default();
            if expected.is_empty() {
                format!("column {name}: {reason}{}", if is_a_guess(&reason) { GUESSED } else { "" })
            } else {
                let blanks = if value.trim_ascii().len() < value.len() { "; blanks are part of a value" } else { "" };
                format!("column {name}: {expected}{} ({reason}){blanks}", excerpt::quoted(value))
            }
        }
        None => {
            let guess = if is_a_guess(&reason) { GUESSED } else { "" };
            let columns = match names {
                Some(names) => format!("the columns are {}", names.iter().map(excerpt::quoted).collect::<Vec<_>>().join(", ")),
                None => format!("the row has {} columns without names", row.len()),
            };
            excerpt::message(&format!("{reason}{guess}; {columns}"))
        }
    }
}

const GUESSED: &str = " (a flattened struct gets 01234 as the number 1234; see `Csv`)";

/// Whether text was taken for something else before its type was asked.
fn is_a_guess(reason: &str) -> bool {
    let is_taken_for = |kind: &str| reason.starts_with(&format!("invalid type: {kind}"));
    ["integer", "floating point", "boolean"].into_iter().any(is_taken_for) && reason.contains("expected a string")
}

/// The field at which `T` gives up, if csv does not say. It says so only for its own parse errors, not for an enum's unknown
/// variant or a type that checks its value. This runs only after an error: it tries the row's first fields, and finds by halving
/// the smallest number of them that is refused for the same reason.
fn field_at_fault<T: DeserializeOwned>(error: &DeserializeError, names: Option<&ByteRecord>, row: &ByteRecord) -> Option<usize> {
    let reason = error.to_string();
    // If fields are missing, no field is to blame.
    if reason.starts_with("missing field") || reason.starts_with(&format!("invalid length {}, ", row.len())) {
        return None;
    }
    let refused = |count: usize| {
        let names: Option<ByteRecord> = names.map(|names| names.iter().take(count).collect());
        let row: ByteRecord = row.iter().take(count).collect();
        match row.deserialize::<T>(names.as_ref()).map_err(csv::Error::into_kind) {
            Err(ErrorKind::Deserialize { err, .. }) => err.to_string() == reason,
            _ => false,
        }
    };
    if refused(0) {
        return None;
    }
    let (mut accepted, mut at_fault) = (0, row.len());
    while accepted + 1 < at_fault {
        let half = accepted.midpoint(at_fault);
        if refused(half) { at_fault = half } else { accepted = half }
    }
    at_fault.checked_sub(1)
}
