//! A record that was set aside: what a person, or a job of their own, needs to see what is wrong with it and to process it after all.
//!
//! It is JSON, written before the run passes the record, and never read by this crate.

use super::record::{LastError, Object, Record, Verbatim};
use crate::Place;
use serde::Serialize;

#[derive(Serialize)]
pub(crate) struct Aside<'a> {
    v: u32,
    /// The record's index.
    record: u64,
    line: u64,
    offset: u64,
    error: &'a LastError,
    object: &'a Object,
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<Verbatim>,
    /// The record without its terminator.
    data: Verbatim,
}

impl<'a> Aside<'a> {
    pub(crate) fn new(run: &'a Record, place: Place, bytes: &[u8], error: &'a LastError, header: Option<Verbatim>) -> Self {
        let Place { record, line, offset } = place;
        let header = header.filter(|header| !header.0.is_empty());
        Self { v: run.v, record, line, offset, error, object: &run.object, header, data: Verbatim(bytes.into()) }
    }

    pub(crate) fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may")]
mod tests {
    use super::*;
    use crate::engine::record::tests::fresh;

    #[test]
    fn it_says_what_and_where_and_why() {
        let (run, error) =
            (fresh(), LastError { kind: "Record".into(), message: "no".into(), record: None, line: None, offset: None });
        let object = r#"{"bucket":"bucket","key":"key","etag":"etag","size":1000}"#;
        for (bytes, header, rest) in
            [(b"1,x".as_slice(), b"id,n".as_slice(), r#""header":"id,n","data":"1,x"}"#), (b"\"\xff", b"", r#""data":[34,255]}"#)]
        {
            let aside = Aside::new(&run, Place::new(7, 9, 70), bytes, &error, Some(Verbatim(header.into())));
            let want = format!(
                r#"{{"v":1,"record":7,"line":9,"offset":70,"error":{{"kind":"Record","message":"no"}},"object":{object},{rest}"#
            );
            assert_eq!(String::from_utf8(aside.to_json().unwrap()).unwrap(), want);
        }
    }
}
