//! Lines of text.

use super::{Decode, Format, Split};
use crate::BoxError;

/// Lines of text: `format = lines`, the default.
#[derive(Debug, Default)]
pub struct Lines;

impl Format for Lines {
    fn open(_: &[u8]) -> Result<Self, BoxError> {
        Ok(Self)
    }

    fn split(&mut self, bytes: &[u8], end: bool) -> Split {
        match memchr::memchr(b'\n', bytes) {
            Some(at) => Split::Record { content: at, next: at + 1 },
            None if end => Split::Record { content: bytes.len(), next: bytes.len() },
            None => Split::More,
        }
    }
}

impl Decode<String> for Lines {
    fn decode(&mut self, record: &[u8]) -> Result<String, BoxError> {
        Ok(String::from_utf8(record.to_vec())?)
    }
}
