//! Rows that end but have wrong quotes: the csv crate reads them as text that is not in the file.
//!
//! Checked only if a row has a line break or a backslash. A stray quote within one line is read as the csv crate reads it.

use super::dialect::Dialect;
use crate::BoxError;
use crate::excerpt;
use crate::records::misread::{Misread, first_line};

/// What is wrong with the quotes of `record`, if it is certain.
///
/// Text after a closing quote shows it. If the field has several lines, a quote was left open on the first line, and the closing
/// one was meant to open another field. If a backslash is before the quote, the quote was meant as text.
pub(super) fn check(dialect: &Dialect, record: &[u8]) -> Result<(), BoxError> {
    let (Some(_), Some(quote)) = (memchr::memchr3(b'\n', b'\r', b'\\', record), dialect.quote) else { return Ok(()) };
    let (mut at, mut opened) = (0, None);
    loop {
        let rest = record.get(at..).unwrap_or_default();
        let found = match dialect.escape.filter(|_| opened.is_some()) {
            Some(escape) => memchr::memchr2(quote, escape, rest),
            None => memchr::memchr(quote, rest),
        };
        let Some(found) = found else { return Ok(()) };
        let hit = at + found;
        at = hit + 1;
        match opened {
            None => {
                let begins_a_field = hit.checked_sub(1).is_none_or(|before| record.get(before) == Some(&dialect.delimiter));
                opened = begins_a_field.then_some(hit);
            }
            // After an escape, and the second of two quotes: text.
            Some(_) if record.get(hit) != Some(&quote) || record.get(at) == Some(&quote) => at += 1,
            Some(from) => {
                opened = None;
                let field = record.get(from + 1..hit).unwrap_or_default();
                if record.get(at).is_none_or(|after| [dialect.delimiter, b'\n', b'\r'].contains(after)) {
                    continue;
                }
                if memchr::memchr2(b'\n', b'\r', field).is_some() {
                    return Err(Misread::first_line(
                        record,
                        format!("{OPEN}: {}", excerpt::quoted(record.get(..first_line(record).0).unwrap_or_default())),
                    )
                    .into());
                }
                if field.ends_with(b"\\") && dialect.escape.is_none() {
                    return Err(format!("{BACKSLASH}: {}", excerpt::quoted(record)).into());
                }
            }
        }
    }
}

const OPEN: &str = "a quote opens a field here and is not closed, for the next quote, on a later line, has text after it";
const BACKSLASH: &str = "a quote within a field has a backslash before it, and is read only where it is written twice, `\"\"`; \
    `csv(escape = '\\\\')` reads it";

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
            let found = check(&Dialect::default(), record.as_bytes()).err().map(|error| error.to_string());
            assert_eq!(found.is_some(), wanted.is_some(), "{record:?}: {found:?}");
            assert!(found.unwrap_or_default().starts_with(wanted.unwrap_or_default()), "{record:?}");
        }
    }
}
