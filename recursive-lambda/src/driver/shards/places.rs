//! The place of each shard in the object, exactly: each begins with a record, and together they have all of them.

use super::{AT_ONCE, by_scan};
use crate::driver::failed::{Failed, unread};
use crate::driver::input::{FormatOf, format_of};
use crate::driver::reader::{RECORD_LIMIT, ReadError, Reader};
use crate::format::{Cut, Format as _};
use crate::input::{Input, Supply};
use crate::job::Handler;
use crate::ports::{Objects, SourceError};
use crate::{Error, ErrorKind, OffsetIn};
use futures_util::{StreamExt, TryStreamExt, stream};
use recursive_lambda_core::checkpoint::{Checkpoint, RawBytes, Shard, Shards, Stage};
use recursive_lambda_core::engine::prefetch::LARGEST;
use recursive_lambda_core::object::PinnedObject;
use recursive_lambda_core::records::Cursor;
use recursive_lambda_core::records::cuts::{Boundary, Scanned, ranges};
use std::ops::Range;
use std::sync::Arc;

/// The shards that are not asked yet, and the object's header.
pub(in crate::driver) struct Places {
    pub(in crate::driver) header: Option<RawBytes>,
    pub(in crate::driver) shards: Vec<Shard>,
}

/// Finds the places for the shards from `shards.asked` on. `scans`: what all shards of the stage before have found.
pub(in crate::driver) async fn find<H: Handler, P: Objects>(
    platform: &Arc<P>,
    object: &PinnedObject,
    checkpoint: &Checkpoint,
    Shards { count, asked, stage }: Shards,
    scans: Vec<Option<Scanned>>,
) -> Result<Places, Failed> {
    let head = head::<H, P>(platform, object, checkpoint).await?;
    let first = head.first.offset;
    let bytes: Vec<Range<u64>> = match (format_of::<H>().cut(), stage) {
        (Cut::ByScan(_), Stage::Scan) => ranges(first, object.size, count).skip(asked as usize).collect(),
        (Cut::ByScan(rules), Stage::Read) => {
            let scanned = (rules, ranges(first, object.size, count).collect(), scans);
            let shards = by_scan::places::<H, P>(platform, object, checkpoint, &head, scanned).await?;
            shards.into_iter().skip(asked as usize).collect()
        }
        (cut, _) => near_bounds(&**platform, object, checkpoint, cut, first, asked..count).await?,
    };
    let shard = |(index, Range { start, end }): (u32, Range<u64>)| Shard { index, count, stage, start, end };
    Ok(Places { header: head.header, shards: (asked..).zip(bytes).map(shard).collect() })
}

/// The start of the object.
pub(super) struct Head {
    pub(super) header: Option<RawBytes>,
    /// Where the first record begins.
    pub(super) first: Cursor,
}

/// The header, checked. An object that is not read as it is cannot be cut.
async fn head<H: Handler, P: Objects>(platform: &Arc<P>, object: &PinnedObject, checkpoint: &Checkpoint) -> Result<Head, Failed> {
    let Supply::Records { decoding, .. } = H::Input::SUPPLY else { return Err(cannot_be_cut("it is read as a file").into()) };
    let mut reader: Reader<FormatOf<H>, P> =
        Reader::new(Arc::clone(platform), object.clone(), format_of::<H>(), &H::CONFIG, Cursor::default(), None, None)?;
    let (first, offset_in) = reader.first(decoding).await.map_err(|error| unreadable(error, checkpoint))?;
    match offset_in {
        OffsetIn::Object => Ok(Head { header: reader.header(), first }),
        OffsetIn::DecompressedText => Err(cannot_be_cut("it is compressed; upload it uncompressed").into()),
        _ => Err(cannot_be_cut("it is not UTF-8; upload it as UTF-8").into()),
    }
}

pub(super) fn unreadable(error: ReadError, checkpoint: &Checkpoint) -> Failed {
    match error {
        ReadError::Source(error) => unread(error, checkpoint),
        ReadError::Unreadable(error) | ReadError::Undecoded(_, error) => error.into(),
    }
}

/// Each shard begins at the first cut after its bound, so the bytes around the bounds tell.
async fn near_bounds<O: Objects>(
    objects: &O,
    object: &PinnedObject,
    checkpoint: &Checkpoint,
    cut: Cut,
    first: u64,
    shards: Range<u32>,
) -> Result<Vec<Range<u64>>, Failed> {
    let bounds = ranges(first, object.size, shards.end).map(|range| range.start).chain([object.size]);
    let place = async |bound| match Boundary::new(cut, first, bound, object.size) {
        Some(boundary) => near(objects, object, boundary).await.map_err(|error| unread(error, checkpoint))?.ok_or_else(|| {
            let message = format!("no line ends in the {} MiB from byte {bound} on", RECORD_LIMIT >> 20);
            cannot_be_cut(&message).into()
        }),
        None => Err(Failed::from(cannot_be_cut("its format is not cut by the bytes around a bound"))),
    };
    let places = stream::iter(bounds.skip(shards.start as usize)).map(place).buffered(AT_ONCE);
    let places: Vec<u64> = places.try_collect().await?;
    Ok(places.iter().zip(places.iter().skip(1)).map(|(start, end)| *start..*end).collect())
}

/// Where the boundary is; `None`: not within the bytes of the largest record.
async fn near<O: Objects>(objects: &O, object: &PinnedObject, mut boundary: Boundary) -> Result<Option<u64>, SourceError> {
    let (mut size, mut read) = (FIRST, 0);
    while let Some(wanted) = boundary.wanted() {
        if read > RECORD_LIMIT as u64 {
            return Ok(None);
        }
        let end = wanted.saturating_add(size).min(object.size);
        boundary.push(&objects.get(object, wanted..end).await?);
        read += end.saturating_sub(wanted);
        size = (size * 4).min(LARGEST);
    }
    Ok(boundary.place())
}

/// The first request for a boundary, in bytes.
const FIRST: u64 = 16 << 10;

/// It stays so, however often it is tried.
pub(super) fn cannot_be_cut(why: &str) -> Error {
    let message =
        format!("the object cannot be cut into shards, because {why}; or remove `shards`, or set RECURSIVE_LAMBDA_SHARDS=1");
    Error::terminal(Error::new(ErrorKind::Record, message))
}
