//! Lines of text.

use super::line_end::{LineEnd, skip_byte_order_mark};
use super::{Decode, Format, Split};
use crate::BoxError;

/// Lines of text: `format = lines`, the default.
///
/// `\n` ends a line, a `\r` before it is no content, and the last line may lack both. An empty line is a record, as it is for
/// [`str::lines`]. A UTF-8 byte order mark at the start of the object is skipped. A line becomes a `String`, which must be
/// UTF-8, or a `Vec<u8>`, which may be anything.
///
/// ```
/// use recursive_lambda::format::{Decode, Format, Lines, Split};
///
/// let mut lines = Lines::default();
/// assert_eq!(lines.split(b"one\r\ntwo", false), Split::Record { content: 3, next: 5 });
/// assert_eq!(lines.split(b"two", false), Split::More);
/// assert_eq!(lines.split(b"two", true), Split::Record { content: 3, next: 3 });
/// let line: String = lines.decode(b"two").unwrap();
/// assert_eq!(line, "two");
/// ```
#[derive(Debug, Default)]
pub struct Lines {
    end: LineEnd,
}

impl Format for Lines {
    fn header(bytes: &[u8], end: bool) -> Split {
        skip_byte_order_mark(bytes, end)
    }

    fn open(_: &[u8]) -> Result<Self, BoxError> {
        Ok(Self::default())
    }

    fn split(&mut self, bytes: &[u8], end: bool) -> Split {
        self.end.find(bytes, end)
    }
}

impl Decode<String> for Lines {
    fn decode(&mut self, record: &[u8]) -> Result<String, BoxError> {
        match std::str::from_utf8(record) {
            Ok(line) => Ok(line.to_owned()),
            Err(error) => Err(format!(
                "the line is not UTF-8 from its byte {} on; `Batch<Vec<u8>>` takes lines of any encoding",
                error.valid_up_to()
            )
            .into()),
        }
    }
}

impl Decode<Vec<u8>> for Lines {
    fn decode(&mut self, record: &[u8]) -> Result<Vec<u8>, BoxError> {
        Ok(record.to_vec())
    }
}
