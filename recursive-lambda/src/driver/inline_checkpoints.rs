//! The checkpoints of `RECURSIVE_LAMBDA_STATE=none`: each travels in its signal. Nothing is kept, and no write is refused.

use crate::ports::{Page, RunKey, Store};
use crate::{Error, ErrorKind};
use recursive_lambda_core::checkpoint::{Checkpoint, Stage};
use recursive_lambda_core::engine::save::{Condition, Read, Stored, Written};
use std::time::Duration;

/// The checkpoint that came in the signal, if one did.
pub(crate) struct InlineCheckpoints(pub(crate) Option<Checkpoint>);

impl Store for InlineCheckpoints {
    fn keeps(&self) -> bool {
        false
    }

    async fn read(&self, _: &RunKey) -> Read {
        match &self.0 {
            Some(checkpoint) => {
                Read::Found(Box::new(Stored { checkpoint: checkpoint.clone(), etag: String::new(), age: Duration::MAX }))
            }
            None => Read::Failed("the signal carries no checkpoint, which RECURSIVE_LAMBDA_STATE=none requires".into()),
        }
    }

    async fn list(&self, _: &'static str, _: Option<String>) -> Result<Page, Error> {
        Err(Error::new(
            ErrorKind::Config,
            "there is nothing to sweep: RECURSIVE_LAMBDA_STATE=none saves no run, so a lost signal cannot be found; remove \
             the schedule of sweeps, or keep checkpoints in a bucket: `s3://BUCKET/PREFIX`",
        ))
    }

    async fn write(&self, _: &RunKey, _: Vec<u8>, _: &Condition) -> Written {
        Written::Applied { etag: String::new() }
    }

    async fn write_skipped(&self, _: &RunKey, _: u64, _: Vec<u8>) -> Result<(), String> {
        Err(no_store())
    }

    async fn mark(&self, _: &RunKey, _: Stage, _: u32) -> Result<(), String> {
        Err(no_store())
    }

    async fn marks(&self, _: &RunKey, _: Stage) -> Result<u32, String> {
        Err(no_store())
    }
}

fn no_store() -> String {
    "RECURSIVE_LAMBDA_STATE=none has no store for it".into()
}
