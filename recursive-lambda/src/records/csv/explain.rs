//! Why a row did not become a value, in words that name the column.

use crate::records::brief;
use csv::{ByteRecord, DeserializeError, DeserializeErrorKind, ErrorKind};
use serde::de::DeserializeOwned;

/// What is wrong with `row`, which `T` refused with `error`.
pub(super) fn explain<T: DeserializeOwned>(error: &csv::Error, header: &ByteRecord, row: &ByteRecord) -> String {
    let ErrorKind::Deserialize { err: error, .. } = error.kind() else {
        return brief::message(&error.to_string());
    };
    let field = error.field().and_then(|field| usize::try_from(field).ok()).or_else(|| field_at_fault::<T>(error, header, row));
    let expected = match error.kind() {
        DeserializeErrorKind::ParseInt(_) => "expected an integer, found ",
        DeserializeErrorKind::ParseFloat(_) => "expected a number, found ",
        DeserializeErrorKind::ParseBool(_) => "expected true or false, found ",
        DeserializeErrorKind::InvalidUtf8(_) => "expected UTF-8, found ",
        _ => "",
    };
    let reason = brief::message(&error.kind().to_string());
    match field {
        Some(field) => {
            let name = brief::quoted(header.get(field).unwrap_or_default());
            let value = brief::quoted(row.get(field).unwrap_or_default());
            if expected.is_empty() {
                format!("column {name}: {reason}")
            } else {
                format!("column {name}: {expected}{value} ({reason})")
            }
        }
        None => {
            let names: Vec<String> = header.iter().map(brief::quoted).collect();
            brief::message(&format!("{reason}; the columns are {}", names.join(", ")))
        }
    }
}

/// The field at which `T` gives up, where csv does not say: it does so for its own parse errors only, not for an enum's unknown
/// variant nor for a type that checks what it is given. Asked only when something is wrong, it tries the row's first fields,
/// and finds by halving the least number of them that is refused for the same reason.
fn field_at_fault<T: DeserializeOwned>(error: &DeserializeError, header: &ByteRecord, row: &ByteRecord) -> Option<usize> {
    let reason = error.to_string();
    // Where fields are missing, none is at fault.
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
