//! A row or a header for the `csv` crate's deserializer.
//!
//! That crate checks the text of a [`StringRecord`] once, and the text of a [`ByteRecord`] field by field.

use csv::{ByteRecord, StringRecord};
use serde::de::DeserializeOwned;

#[derive(Debug)]
pub(super) enum Row {
    Text(StringRecord),
    Bytes(ByteRecord),
}

impl Default for Row {
    fn default() -> Self {
        Self::Text(StringRecord::new())
    }
}

impl Row {
    pub(super) fn of(fields: ByteRecord) -> Self {
        match StringRecord::from_byte_record(fields) {
            Ok(text) => Self::Text(text),
            Err(error) => Self::Bytes(error.into_byte_record()),
        }
    }

    pub(super) fn bytes(&self) -> &ByteRecord {
        match self {
            Self::Text(text) => text.as_byte_record(),
            Self::Bytes(bytes) => bytes,
        }
    }

    /// The fields, and their memory for the next row.
    pub(super) fn take(&mut self) -> ByteRecord {
        match std::mem::take(self) {
            Self::Text(text) => text.into_byte_record(),
            Self::Bytes(bytes) => bytes,
        }
    }

    /// The value that these fields make, under these names.
    pub(super) fn deserialize<T: DeserializeOwned>(&self, names: Option<&Self>) -> csv::Result<T> {
        match (self, names) {
            (Self::Text(row), None) => row.deserialize(None),
            (Self::Text(row), Some(Self::Text(names))) => row.deserialize(Some(names)),
            _ => self.bytes().deserialize(names.map(Self::bytes)),
        }
    }
}
