//! Skipped records as a file that the job can read again.
//!
//! It knows which formats allow that. It reads and writes nothing.

use recursive_lambda_core::skipped_record::SkippedRecord;

/// Formats whose records stand on lines of their own.
const LINES: [&str; 4] = ["lines", "csv", "jsonl", "json"];

/// The file. `format`: as the checkpoint's plan names it, with its options.
pub(crate) fn file_of(format: &str, records: &[SkippedRecord]) -> Result<Vec<u8>, String> {
    let (name, options) = format.split_at(format.find(|letter: char| !letter.is_ascii_lowercase()).unwrap_or(format.len()));
    if !LINES.contains(&name) || (name == "json" && options.contains("at = ")) {
        return Err(format!(
            "records of format `{}` do not stand on lines of their own: `skipped --json` has them, to make a file of them yourself",
            format.escape_debug()
        ));
    }
    // Without a header row, the first row is kept for its number of fields, and is a record of its own.
    let has_header = !options.contains("header = none");
    let header = records.first().and_then(|record| record.header.as_ref()).filter(|_| has_header);
    // Their text is UTF-8. A mark says so to a job that reads another encoding.
    let mut file = if options.contains(", encoding ") { "\u{feff}".into() } else { Vec::new() };
    for part in header.into_iter().chain(records.iter().map(|record| &record.data)) {
        file.extend_from_slice(part.0.strip_suffix(b"\n").unwrap_or(&part.0));
        file.push(b'\n');
    }
    Ok(file)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may")]
mod tests {
    use super::*;
    use recursive_lambda_core::checkpoint::{LastError, RawBytes};
    use recursive_lambda_core::object::PinnedObject;

    #[test]
    fn a_file_has_the_header_once() {
        let record = |data: &str| SkippedRecord {
            v: 1,
            record: 1,
            line: 1,
            offset: 1,
            error: LastError { kind: String::new(), message: String::new(), record: None, line: None, offset: None },
            object: PinnedObject::for_tests(),
            header: Some(RawBytes(b"id,n\r\n".as_slice().into())),
            data: RawBytes(data.as_bytes().into()),
        };
        let records = [record("1,x"), record("2,\"a\nb\"")];
        for (format, expected) in [
            ("csv", Ok("id,n\r\n1,x\n2,\"a\nb\"\n")),
            ("csv(delimiter = ';', header = none)", Ok("1,x\n2,\"a\nb\"\n")),
            ("csv, encoding Shift_JIS", Ok("\u{feff}id,n\r\n1,x\n2,\"a\nb\"\n")),
            ("json(at = \"Records\")", Err("do not stand on lines of their own")),
            ("samples", Err("do not stand on lines of their own")),
        ] {
            match (file_of(format, &records), expected) {
                (Ok(file), Ok(expected)) => assert_eq!(String::from_utf8(file).unwrap(), expected, "{format}"),
                (Err(error), Err(expected)) => assert!(error.contains(expected), "{format}: {error}"),
                (found, _) => unreachable!("{format}: {found:?}"),
            }
        }
    }
}
