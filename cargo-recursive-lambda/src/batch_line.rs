//! Reads the line that the program logs before it calls the job with a batch. A killed process cannot report where it was, so these lines
//! are how the command knows. They are never shown.

/// The program's log message before it calls the job, followed by `record=.. line=.. records=..`.
const BEGINS: &str = "a batch begins";

/// The log filter that enables this message.
pub(crate) const FILTER: &str = "recursive_lambda::batch=debug";

/// A batch, as the program logged it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StartedBatch {
    pub(crate) record: u64,
    pub(crate) line: Option<u64>,
    pub(crate) records: u64,
    /// The invocation's request, if the line has the fields of its span.
    pub(crate) request_id: Option<String>,
}

/// Whether the line is such a message, even one that cannot be read.
pub(crate) fn is_batch(line: &str) -> bool {
    line.contains(BEGINS)
}

pub(crate) fn started_batch(line: &str) -> Option<StartedBatch> {
    if !is_batch(line) {
        return None;
    }
    let plain = without_colours(line);
    let (before, after) = plain.split_once(BEGINS)?;
    let number = |name: &str| {
        // `record=400` in text, `"record":400` in JSON. The object's name comes last, so it cannot be mistaken for a field.
        let [text, json] = [format!(" {name}="), format!("\"{name}\":")];
        let start = [text, json].iter().find_map(|label| Some(after.find(label.as_str())? + label.len()))?;
        let digits: String = after.get(start..)?.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    let request = |text: &str, label: &str| {
        let id: String = text.get(text.find(label)? + label.len()..)?.chars().take_while(|c| is_of_id(*c)).collect();
        (!id.is_empty()).then_some(id)
    };
    // In JSON the span may be after the object's name, which could hold the same words: the last one is the span's.
    let in_json = || request(after.get(after.rfind("\"request_id\":\"")?..)?, "\"request_id\":\"");
    let request_id = request(before, "request_id=").or_else(|| request(before, "\"request_id\":\"")).or_else(in_json);
    Some(StartedBatch { record: number("record")?, line: number("line"), records: number("records")?, request_id })
}

fn is_of_id(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '-'
}

/// Removes colour codes, which a program with its own subscriber may write.
fn without_colours(line: &str) -> String {
    let mut parts = line.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| plain + part.split_once('m').map_or("", |(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_read_from_every_log_format() {
        let rows = || Some(StartedBatch { record: 400, line: Some(402), records: 10, request_id: None });
        let of = |id: &str| rows().map(|batch| StartedBatch { request_id: Some(id.into()), ..batch });
        for (line, expected) in [
            ("DEBUG a batch begins record=400 line=402 records=10 object=s3://uploads/a b.csv", rows()),
            ("DEBUG a batch begins record=400 line=402 records=10 object=s3://uploads/x record=7 line=8 records=9", rows()),
            (
                "DEBUG run{job=j run=0f trace_id=0f seq=3 request_id=2a-4b}: a batch begins record=400 line=402 records=10 object=o",
                of("2a-4b"),
            ),
            (
                "2026-11-25T10:00:00Z \u{1b}[34mDEBUG\u{1b}[0m \u{1b}[3mrequest_id\u{1b}[0m\u{1b}[2m=\u{1b}[0m7c a batch begins \
                 \u{1b}[3mrecord\u{1b}[0m\u{1b}[2m=\u{1b}[0m400 \u{1b}[3mline\u{1b}[0m\u{1b}[2m=\u{1b}[0m402 \
                 \u{1b}[3mrecords\u{1b}[0m\u{1b}[2m=\u{1b}[0m10",
                of("7c"),
            ),
            (
                r#"{"level":"DEBUG","message":"a batch begins","record":400,"line":402,"records":10,"object":"s3://uploads/a","span":{"request_id":"9d"}}"#,
                of("9d"),
            ),
            (
                "DEBUG a batch begins record=3 records=1 object=s3://uploads/a.bin",
                Some(StartedBatch { record: 3, line: None, records: 1, request_id: None }),
            ),
            ("DEBUG a batch begins", None),
            ("DEBUG record=400 records=10", None),
        ] {
            assert_eq!(started_batch(line), expected, "{line}");
        }
    }
}
