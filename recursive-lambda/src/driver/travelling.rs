//! The records of `RECURSIVE_LAMBDA_STATE=none`: each travels in its signal, nothing is kept and nobody is ever refused.

use crate::engine::record::Record;
use crate::engine::save::{Condition, Read, Stored, Written};
use crate::ports::{Page, RecordId, Records};
use crate::{Error, ErrorKind};
use std::time::Duration;

/// The record that came in the signal, if one did.
pub(crate) struct Travelling(pub(crate) Option<Record>);

impl Records for Travelling {
    const TRAVELS: bool = true;

    async fn read(&self, _: &RecordId) -> Read {
        match &self.0 {
            Some(record) => Read::Found(Box::new(Stored { record: record.clone(), etag: String::new(), age: Duration::MAX })),
            None => Read::Failed("the signal carries no record, and with RECURSIVE_LAMBDA_STATE=none there is no other".into()),
        }
    }

    async fn list(&self, _: &'static str, _: Option<String>) -> Result<Page, Error> {
        Err(Error::new(
            ErrorKind::Config,
            "there is nothing to sweep: with RECURSIVE_LAMBDA_STATE=none no run is recorded, so a signal that was lost cannot be found; remove \
             the schedule of sweeps, or record runs in a bucket: `s3://BUCKET/PREFIX`",
        ))
    }

    async fn write(&self, _: &RecordId, _: Vec<u8>, _: &Condition) -> Written {
        Written::Applied { etag: String::new() }
    }

    async fn set_aside(&self, _: &RecordId, _: u64, _: Vec<u8>) -> Result<(), String> {
        Err("with RECURSIVE_LAMBDA_STATE=none there is no place for it".into())
    }
}
