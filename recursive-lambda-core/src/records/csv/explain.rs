//! Why a row did not become a value, in words that name the column.

use crate::excerpt;
use csv::{ByteRecord, DeserializeError, DeserializeErrorKind, ErrorKind};
use serde::de::DeserializeOwned;

/// A row with a wrong number of fields: shows the row, because two numbers do not tell what is wrong, and a likely cause.
pub(super) fn count(record: &[u8], row: &ByteRecord, header: &ByteRecord) -> String {
    let (found, expected) = (row.len(), header.len());
    let fields = if found == 1 { "field" } else { "fields" };
    let shown = excerpt::quoted(record);
    let message = if found == expected {
        format!("the row is {shown}")
    } else {
        format!("row has {found} {fields}, the header {expected}: {shown}")
    };
    match looks_like(record, row, expected) {
        Some(hint) => format!("{message}; {hint}"),
        None => message,
    }
}

fn looks_like(record: &[u8], row: &ByteRecord, expected: usize) -> Option<&'static str> {
    let found = row.len();
    let has = |text: &[u8]| record.windows(text.len()).any(|window| window == text);
    let last_is_empty = row.iter().next_back().is_some_and(<[u8]>::is_empty);
    let cases = [
        (record.starts_with(b"\x1a"), "that is Ctrl-Z, which old programs put at the end of a file; remove it"),
        (record.trim_ascii().is_empty(), "a row of blanks is a row; only an empty line is skipped"),
        (record.starts_with(b"#"), "comments are not read"),
        (has(b"\\\""), "a quote within a field has a backslash before it, and is read only where it is written twice, `\"\"`"),
        (has(b", \"") || has(b"\t\""), "a quote opens a field only right after the comma, without a blank"),
        (found == expected + 1 && last_is_empty, "it has a comma at its end"),
        (found == 1 && record.contains(&b';'), "fields are separated by `,` only"),
        (found == 1 && record.contains(&b'\t'), "fields are separated by `,` only"),
        (found > expected, "a field with a comma in it must be in quotes"),
    ];
    cases.into_iter().find(|(is_so, _)| *is_so).map(|(_, hint)| hint)
}

/// What is wrong with `row`, which `T` refused with `error`.
pub(super) fn explain<T: DeserializeOwned>(error: &csv::Error, header: &ByteRecord, row: &ByteRecord) -> String {
    let ErrorKind::Deserialize { err: error, .. } = error.kind() else {
        return excerpt::message(&error.to_string());
    };
    let field = error.field().and_then(|field| usize::try_from(field).ok()).or_else(|| field_at_fault::<T>(error, header, row));
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
            let name = excerpt::quoted(header.get(field).unwrap_or_default());
            let value = row.get(field).unwrap_or_default();
            if expected.is_empty() {
                format!("column {name}: {reason}{}", if is_a_guess(&reason) { GUESSED } else { "" })
            } else {
                let blanks = if value.trim_ascii().len() < value.len() { "; blanks are part of a value" } else { "" };
                format!("column {name}: {expected}{} ({reason}){blanks}", excerpt::quoted(value))
            }
        }
        None => {
            let names: Vec<String> = header.iter().map(excerpt::quoted).collect();
            let guess = if is_a_guess(&reason) { GUESSED } else { "" };
            excerpt::message(&format!("{reason}{guess}; the columns are {}", names.join(", ")))
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
fn field_at_fault<T: DeserializeOwned>(error: &DeserializeError, header: &ByteRecord, row: &ByteRecord) -> Option<usize> {
    let reason = error.to_string();
    // If fields are missing, no field is to blame.
    if reason.starts_with("missing field") || reason.starts_with(&format!("invalid length {}, ", row.len())) {
        return None;
    }
    let refused = |count: usize| {
        let header: ByteRecord = header.iter().take(count).collect();
        let row: ByteRecord = row.iter().take(count).collect();
        match row.deserialize::<T>(Some(&header)).map_err(csv::Error::into_kind) {
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
