//! What the text formats share: the mark at the start of the object, and the end of a line.

use super::Split;

/// U+FEFF in UTF-8. Some programs write it first; it is not content.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How many lines end in `bytes` with `\n`, `\r\n` or `\r`.
pub(super) fn line_breaks(bytes: &[u8]) -> u64 {
    let line_feeds = memchr::memchr_iter(b'\n', bytes).count();
    let alone = memchr::memchr_iter(b'\r', bytes).filter(|at| bytes.get(at + 1) != Some(&b'\n')).count();
    (line_feeds + alone) as u64
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
