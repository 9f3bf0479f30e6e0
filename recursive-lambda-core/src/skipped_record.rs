//! A record that was skipped: what a person or another job needs to see the error and to process the record later.
//!
//! It is JSON. The run passes the record only after this is written, and never reads it.

use crate::Place;
use crate::checkpoint::{Checkpoint, LastError, RawBytes};
use crate::object::PinnedObject;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedRecord {
    pub v: u32,
    /// The record's index.
    pub record: u64,
    pub line: u64,
    pub offset: u64,
    pub error: LastError,
    pub object: PinnedObject,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<RawBytes>,
    /// The record without its terminator.
    pub data: RawBytes,
}

impl SkippedRecord {
    #[must_use]
    pub fn new(run: &Checkpoint, place: Place, bytes: &[u8], error: LastError, header: Option<RawBytes>) -> Self {
        let Place { record, line, offset, .. } = place;
        let header = header.filter(|header| !header.0.is_empty());
        Self { v: run.v, record, line, offset, error, object: run.object.clone(), header, data: RawBytes(bytes.into()) }
    }

    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }

    pub fn from_json(bytes: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(bytes)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may")]
mod tests {
    use super::*;
    use crate::checkpoint::tests::fresh;

    #[test]
    fn it_says_what_and_where_and_why() {
        let error = LastError { kind: "Record".into(), message: "no".into(), record: None, line: None, offset: None };
        let object = r#"{"bucket":"bucket","key":"key","etag":"etag","size":1000}"#;
        for (bytes, header, rest) in
            [(b"1,x".as_slice(), b"id,n".as_slice(), r#""header":"id,n","data":"1,x"}"#), (b"\"\xff", b"", r#""data":[34,255]}"#)]
        {
            let skipped = SkippedRecord::new(&fresh(), Place::new(7, 9, 70), bytes, error.clone(), Some(RawBytes(header.into())));
            let want = format!(
                r#"{{"v":1,"record":7,"line":9,"offset":70,"error":{{"kind":"Record","message":"no"}},"object":{object},{rest}"#
            );
            let json = skipped.to_json().unwrap();
            assert_eq!(std::str::from_utf8(&json).unwrap(), want);
            assert_eq!(SkippedRecord::from_json(&json).unwrap(), skipped);
        }
    }
}
