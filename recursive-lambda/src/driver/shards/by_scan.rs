//! The places of shards from the scans of all ranges.
//!
//! A scan does not know how reading goes on after a row with wrong quotes. There the splitter reads that row, and what is left of its
//! range is scanned again.

use super::places::{Head, cannot_be_cut, unreadable};
use crate::driver::failed::{Failed, unread};
use crate::driver::input::{FormatOf, format_of};
use crate::driver::reader::{MOST_IN_FLIGHT, RECORD_LIMIT, ReadError, Reader};
use crate::input::{Input, Supply};
use crate::job::Handler;
use crate::ports::{Objects, SourceError};
use futures_util::{StreamExt, stream};
use recursive_lambda_core::checkpoint::Checkpoint;
use recursive_lambda_core::engine::prefetch::LARGEST;
use recursive_lambda_core::object::PinnedObject;
use recursive_lambda_core::records::Cursor;
use recursive_lambda_core::records::cuts::{RowRules, Scan, Scanned, ShardStarts, Unplaced};
use std::ops::Range;
use std::sync::Arc;

/// Each costs up to a range. An object with more of them is no CSV.
const MOST_BAD_ROWS: u32 = 16;

/// Scans from where `scan` is to `end`.
pub(super) async fn scan_to<O: Objects>(
    objects: &O,
    object: &PinnedObject,
    scan: &mut Scan,
    end: u64,
) -> Result<(), SourceError> {
    let requests = (scan.wanted()..end).step_by(LARGEST as usize).map(|from| from..from.saturating_add(LARGEST).min(end));
    let mut parts = stream::iter(requests.map(|range| objects.get(object, range))).buffered(MOST_IN_FLIGHT);
    while let Some(part) = parts.next().await {
        scan.push(&part?);
    }
    Ok(())
}

/// The bytes of each shard; `ranges` were scanned, `None`: it has no bytes.
pub(super) async fn places<H: Handler, P: Objects>(
    platform: &Arc<P>,
    object: &PinnedObject,
    checkpoint: &Checkpoint,
    head: &Head,
    (rules, ranges, scans): (RowRules, Vec<Range<u64>>, Vec<Option<Scanned>>),
) -> Result<Vec<Range<u64>>, Failed> {
    let bounds = ranges.iter().map(|range| range.start).collect();
    let mut starts = ShardStarts::new(head.first, bounds, object.size, RECORD_LIMIT);
    let (mut at, mut bad_rows) = (head.first.offset, 0);
    loop {
        let index = ranges.partition_point(|range| range.end <= at);
        let placed = match ranges.get(index) {
            None => starts.finish().map(Some),
            Some(range) => {
                let found = scans.get(index).and_then(Option::as_ref).filter(|_| range.start == at);
                let scanned = match found {
                    Some(scanned) => scanned.clone(),
                    None => {
                        let mut scan = Scan::new(rules, at, RECORD_LIMIT);
                        scan_to(&**platform, object, &mut scan, range.end).await.map_err(|error| unread(error, checkpoint))?;
                        scan.scanned().clone()
                    }
                };
                at = range.end;
                starts.add(&scanned).map(|()| None)
            }
        };
        match placed {
            Ok(None) => {}
            Ok(Some(shards)) => return Ok(shards.iter().map(|shard| shard.start.offset..shard.end.offset).collect()),
            Err(Unplaced::BadRow(row)) if bad_rows < MOST_BAD_ROWS => {
                let after = after_row::<H, P>(platform, object, checkpoint, head, row).await?;
                starts.go_on(after);
                at = after.offset;
                bad_rows += 1;
            }
            Err(unplaced) => return Err(cannot_be_cut(&unplaced.to_string()).into()),
        }
    }
}

/// Where the job's reading goes on after the row that begins here.
async fn after_row<H: Handler, P: Objects>(
    platform: &Arc<P>,
    object: &PinnedObject,
    checkpoint: &Checkpoint,
    head: &Head,
    row: Cursor,
) -> Result<Cursor, Failed> {
    let Supply::Records { decoding, .. } = H::Input::SUPPLY else { return Err(cannot_be_cut("it is read as a file").into()) };
    let (objects, object) = (Arc::clone(platform), object.clone());
    let format: FormatOf<H> = format_of::<H>();
    let mut reader = Reader::new(objects, object, format, &H::CONFIG, row, None, head.header.as_ref())?;
    match reader.batch(1, 1, decoding).await {
        Ok(read) => Ok(read.after.cursor),
        Err(ReadError::Undecoded(raw, _)) => Ok(raw.after.cursor),
        Err(error) => Err(unreadable(error, checkpoint)),
    }
}
