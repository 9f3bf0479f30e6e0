//! The work of a shard that scans: it reads its range once, and its state is what it found.
//!
//! It calls no user code. A piece of the range is its batch, so it is saved, handed over and resumed as any other run.

use super::by_scan::scan_to;
use crate::driver::failed::{Failed, unread};
use crate::driver::input::format_of;
use crate::driver::reader::RECORD_LIMIT;
use crate::format::{Cut, Format as _};
use crate::job::Handler;
use crate::ports::{Clock, Objects};
use crate::{Error, ErrorKind};
use recursive_lambda_core::checkpoint::{Checkpoint, SavedState};
use recursive_lambda_core::engine::messages::Done;
use recursive_lambda_core::object::PinnedObject;
use recursive_lambda_core::records::cuts::{Scan, Scanned};
use serde_json::value::to_raw_value;
use std::sync::Arc;

/// Bytes of a piece.
const PIECE: u64 = 64 << 20;

pub(in crate::driver) struct Scanning<P> {
    platform: Arc<P>,
    object: PinnedObject,
    scan: Scan,
}

/// What a shard has found, from its checkpoint; `None`: it has not scanned anything.
pub(in crate::driver) fn found(checkpoint: &Checkpoint) -> Result<Option<Scanned>, Failed> {
    let Some(state) = &checkpoint.state else { return Ok(None) };
    serde_json::from_str(state.json()).map(Some).map_err(|error| {
        let message = "what a shard has found in its scan does not read; deploy the release again that wrote it";
        Failed::by_the_environment(Error::new(ErrorKind::PlanChanged, message).because(error.to_string()))
    })
}

impl<P: Objects + Clock> Scanning<P> {
    /// Continues at the checkpoint.
    pub(in crate::driver) fn open<H: Handler>(
        platform: &Arc<P>,
        object: PinnedObject,
        checkpoint: &Checkpoint,
    ) -> Result<Self, Failed> {
        let Cut::ByScan(rules) = format_of::<H>().cut() else {
            let message = "the run was begun with another format, which is cut by a scan; deploy that one";
            return Err(Failed::by_the_environment(Error::new(ErrorKind::PlanChanged, message)));
        };
        let scan = match found(checkpoint)? {
            Some(scanned) => Scan::resume(rules, scanned),
            None => Scan::new(rules, checkpoint.offset, RECORD_LIMIT),
        };
        Ok(Self { platform: Arc::clone(platform), object, scan })
    }

    /// Scans one piece. Its bytes count as its records.
    pub(in crate::driver) async fn work(&mut self, checkpoint: &Checkpoint) -> Result<Done, Failed> {
        let begun = self.platform.now();
        let (start, end) = (self.scan.wanted(), checkpoint.end());
        let stop = start.saturating_add(PIECE).min(end);
        let scanned = scan_to(&*self.platform, &self.object, &mut self.scan, stop).await;
        scanned.map_err(|error| unread(error, checkpoint))?;
        Ok(Done {
            records: stop - start,
            offset: stop,
            text: None,
            line: 0,
            header: None,
            took: self.platform.now().saturating_sub(begun),
            at_end: stop >= end,
            complete: false,
            in_flight: 0,
        })
    }

    pub(in crate::driver) fn capture(&self) -> Option<SavedState> {
        to_raw_value(self.scan.scanned()).ok().map(SavedState::new)
    }
}
