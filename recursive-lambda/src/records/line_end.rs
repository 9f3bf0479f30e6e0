//! What the text formats share: the mark at the start of the object, and the end of a line.

use super::Split;

/// U+FEFF in UTF-8: some programs write it first, and it is no content.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Skips the byte order mark at the start of the object, if there is one.
pub(super) fn skip_byte_order_mark(bytes: &[u8], end: bool) -> Split {
    if bytes.starts_with(BYTE_ORDER_MARK) {
        Split::Skip(BYTE_ORDER_MARK.len())
    } else if !end && BYTE_ORDER_MARK.starts_with(bytes) {
        Split::More
    } else {
        Split::Skip(0)
    }
}

/// Finds where a line ends, and remembers how far it looked when it did not.
#[derive(Debug, Default)]
pub(super) struct LineEnd {
    searched: usize,
}

impl LineEnd {
    /// `\n` or `\r\n` ends a line, and so does the end of the object.
    pub(super) fn find(&mut self, bytes: &[u8], end: bool) -> Split {
        let searched = std::mem::take(&mut self.searched);
        match memchr::memchr(b'\n', bytes.get(searched..).unwrap_or_default()) {
            Some(found) => {
                let line = bytes.get(..searched + found).unwrap_or_default();
                let content = line.strip_suffix(b"\r").unwrap_or(line).len();
                Split::Record { content, next: line.len() + 1 }
            }
            None if end => Split::Record { content: bytes.len(), next: bytes.len() },
            None => {
                self.searched = bytes.len();
                Split::More
            }
        }
    }
}
