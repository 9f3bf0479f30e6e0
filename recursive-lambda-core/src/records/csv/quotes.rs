//! Rows that end but have wrong quotes: the csv crate reads them as text that is not in the file.
//!
//! Checked only if a row has a line break or a backslash. A stray quote within one line is read as the csv crate reads it.

use crate::BoxError;
use crate::excerpt;
use crate::records::misread::{Misread, first_line};

/// What is wrong with the quotes of `record`, if it is certain.
///
/// Text after a closing quote shows it. If the field has several lines, a quote was left open on the first line, and the closing
/// one was meant to open another field. If a backslash is before the quote, the quote was meant as text.
pub(super) fn check(record: &[u8]) -> Result<(), BoxError> {
    let Some(_) = memchr::memchr3(b'\n', b'\r', b'\\', record) else { return Ok(()) };
    let (mut at, mut opened) = (0, None);
    while let Some(found) = memchr::memchr(b'"', record.get(at..).unwrap_or_default()) {
        let hit = at + found;
        at = hit + 1;
        match opened {
            None => {
                let begins_a_field = hit.checked_sub(1).is_none_or(|before| record.get(before) == Some(&b','));
                opened = begins_a_field.then_some(hit);
            }
            Some(_) if record.get(at) == Some(&b'"') => at += 1,
            Some(from) => {
                opened = None;
                let field = record.get(from + 1..hit).unwrap_or_default();
                if matches!(record.get(at), None | Some(b',' | b'\n' | b'\r')) {
                    continue;
                }
                if memchr::memchr2(b'\n', b'\r', field).is_some() {
                    return Err(Misread::first_line(
                        record,
                        format!("{OPEN}: {}", excerpt::quoted(record.get(..first_line(record).0).unwrap_or_default())),
                    )
                    .into());
                }
                if field.ends_with(b"\\") {
                    return Err(format!("{BACKSLASH}: {}", excerpt::quoted(record)).into());
                }
            }
        }
    }
    Ok(())
}

const OPEN: &str = "a quote opens a field here and is not closed, for the next quote, on a later line, has text after it";
const BACKSLASH: &str = "a quote within a field has a backslash before it, and is read only where it is written twice, `\"\"`";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misplaced_quotes_are_errors() {
        let cases: [(&str, Option<&str>); 14] = [
            ("1,a", None),
            ("1,\"two\nlines\",x", None),
            ("1,\"two\nlines\"", None),
            ("1,\"a \"\"quote\"\"\nin two lines\",x", None),
            ("1,\"C:\\dir\\\",x", None),
            ("1,\"C:\\dir\\\"", None),
            ("1,C:\\dir,\"x\"", None),
            ("1,\"a\\\"\"b\",x", None),
            ("1,\"odd\"x,2", None),
            ("1,5\" pipe\\,x", None),
            ("99,\"open,9\n100,\"a, b\",1", Some(OPEN)),
            ("99,\"open,9\n100,\"ab\",1", Some(OPEN)),
            ("1,\"say \\\"hi\\\" now\",1.5", Some(BACKSLASH)),
            ("1,\"a\nb\",\"say \\\"hi\\\"\",1.5", Some(BACKSLASH)),
        ];
        for (record, wanted) in cases {
            let found = check(record.as_bytes()).err().map(|error| error.to_string());
            assert_eq!(found.is_some(), wanted.is_some(), "{record:?}: {found:?}");
            assert!(found.unwrap_or_default().starts_with(wanted.unwrap_or_default()), "{record:?}");
        }
    }
}
