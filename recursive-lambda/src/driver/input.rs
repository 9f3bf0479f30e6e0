//! The input of a job's calls: batches of records, or a file batch over the object's file.
//!
//! It knows where the bytes come from, and nothing about what the job does with them.

use super::pipeline::Pipeline;
use super::reader::{Raw, ReadError, Reader, Reading};
use crate::Place;
use crate::batch::{Context, RunContext};
use crate::cache::{Local, Origin, discard};
use crate::config::Source;
use crate::file_batch::HeldFile;
use crate::input::{Input, Supply};
use crate::job::Handler;
use crate::ports::{Clock, Disk, Objects, SourceError};
use recursive_lambda_core::checkpoint::{Checkpoint, RawBytes};
use recursive_lambda_core::object::PinnedObject;
use recursive_lambda_core::records::Cursor;
use std::sync::Arc;

pub(super) type FormatOf<H> = <<H as Handler>::Input as Input<<H as Handler>::Format>>::Format;
type RecordOf<H> = <<H as Handler>::Input as Input<<H as Handler>::Format>>::Record;

pub(super) struct JobInput<H: Handler, P> {
    kind: Kind<H, P>,
    platform: Arc<P>,
    object: PinnedObject,
    /// The object's file, if the bytes come from there.
    local: Option<Arc<Local<P>>>,
}

enum Kind<H: Handler, P> {
    Records { reader: Pipeline<FormatOf<H>, Origin<P>, RecordOf<H>>, hand_over: fn(Vec<RecordOf<H>>, Context) -> H::Input },
    File { hand_over: fn(HeldFile, usize, Context) -> H::Input },
}

/// The input of one call, and the run's place after the call.
pub(super) struct Piece<I> {
    /// `None`: nothing is left.
    pub(super) input: Option<I>,
    pub(super) taken: u64,
    /// A job over a file reads where it likes: nothing is known.
    pub(super) after: Reading,
    /// Where the first record begins, if there are records.
    pub(super) place: Option<Place>,
}

/// The handler's format, with its options.
pub(super) fn format_of<H: Handler>() -> FormatOf<H> {
    H::Input::make_format(H::configure_format)
}

/// Whether the handler takes the object as a file.
pub(super) fn takes_a_file<H: Handler>() -> bool {
    matches!(H::Input::SUPPLY, Supply::File { .. })
}

/// Whether the object is kept in /tmp.
pub(super) fn reads_a_file<H: Handler>() -> bool {
    takes_a_file::<H>() || H::CONFIG.source == Some(Source::Tmp)
}

impl<H: Handler, P: Objects + Disk + Clock> JobInput<H, P> {
    /// Continues at the checkpoint. `local` is the possible file.
    pub(super) fn new(
        platform: Arc<P>,
        object: PinnedObject,
        record: &Checkpoint,
        local: Local<P>,
    ) -> Result<Self, crate::Error> {
        let from_file = reads_a_file::<H>();
        let local = from_file.then(|| Arc::new(local));
        let kind = open(&platform, &object, record, local.as_ref())?;
        Ok(Self { kind, platform, object, local })
    }

    /// Goes back to the checkpoint, if the records read since were not processed. `batch`: the size of the next batch, if one is
    /// next; a batch of another size that was read ahead is of no use.
    pub(super) async fn follow(&mut self, record: &Checkpoint, batch: Option<usize>) -> Result<(), crate::Error> {
        let Kind::Records { reader, .. } = &mut self.kind else { return Ok(()) };
        if reader.position() != Some(record.position) || !reader.can_give(batch) {
            reader.stop().await;
            self.kind = open(&self.platform, &self.object, record, self.local.as_ref())?;
        }
        Ok(())
    }

    /// Stops reading ahead.
    pub(super) async fn stop(&mut self) {
        if let Kind::Records { reader, .. } = &mut self.kind {
            reader.stop().await;
        }
    }

    /// Ensures that the file is there, if one is read. False: no file is needed.
    pub(super) async fn prepare(&mut self, record: &Checkpoint) -> Result<bool, SourceError> {
        match &self.local {
            Some(local) if record.offset < record.size => local.file().await.map(|_| true),
            _ => Ok(false),
        }
    }

    /// The next piece, up to `batch` long. This invocation will probably use `expected` of them.
    pub(super) async fn piece(
        &mut self,
        record: &Checkpoint,
        batch: usize,
        expected: u64,
        run: &Arc<RunContext>,
    ) -> Result<Piece<H::Input>, ReadError> {
        let context = |position| {
            // A batch that runs concurrently with another may have been tried before, too; only for the first one it is known.
            let attempt = if position == record.position { record.attempt() } else { 1 };
            Context { run: Arc::clone(run), position, attempt }
        };
        match &mut self.kind {
            Kind::Records { reader, hand_over } => {
                let position = reader.position().unwrap_or(record.position);
                let read = reader.batch(batch, expected).await?;
                Ok(Piece {
                    input: read.place.map(|_| hand_over(read.records, context(position))),
                    taken: read.after.cursor.position.saturating_sub(position),
                    after: read.after,
                    place: read.place,
                })
            }
            Kind::File { hand_over } => {
                let file = match &self.local {
                    Some(local) if record.size > 0 => Some(local.file().await.map_err(ReadError::Source)?),
                    _ => None,
                };
                Ok(Piece {
                    input: file.map(|file| {
                        hand_over(HeldFile::new(file.path().into(), Arc::clone(file) as _), batch, context(record.position))
                    }),
                    taken: batch as u64,
                    after: Reading::default(),
                    place: None,
                })
            }
        }
    }

    /// The record at the cursor, as it is in the object.
    pub(super) async fn raw(&mut self) -> Result<Option<Raw>, ReadError> {
        match &mut self.kind {
            Kind::Records { reader, .. } => reader.raw().await,
            Kind::File { .. } => Ok(None),
        }
    }

    /// Reads the next piece while the job works on this one. The invocation will probably use `pieces` more.
    pub(super) fn start_next(&mut self, batch: usize, pieces: u64) {
        if let Kind::Records { reader, .. } = &mut self.kind {
            reader.start_next(batch, pieces, &*self.platform);
        }
    }

    pub(super) fn header(&self) -> Option<RawBytes> {
        match &self.kind {
            Kind::Records { reader, .. } => reader.header(),
            Kind::File { .. } => None,
        }
    }

    /// The run is over: removes its files from /tmp.
    pub(super) async fn clear(self) {
        let Self { kind, local, .. } = self;
        drop(kind);
        if let Some(local) = local {
            discard(local).await;
        }
    }
}

fn open<H: Handler, P: Objects + Disk + Clock>(
    platform: &Arc<P>,
    object: &PinnedObject,
    record: &Checkpoint,
    local: Option<&Arc<Local<P>>>,
) -> Result<Kind<H, P>, crate::Error> {
    Ok(match H::Input::SUPPLY {
        Supply::File { hand_over } => Kind::File { hand_over },
        Supply::Records { decoding, hand_over } => {
            let cursor = Cursor { position: record.position, offset: record.text_offset(), line: record.line };
            let origin = local.map_or_else(|| Origin::Store(Arc::clone(platform)), |local| Origin::File(Arc::clone(local)));
            let reader = Reader::new(
                Arc::new(origin),
                object.clone(),
                format_of::<H>(),
                &H::CONFIG,
                cursor,
                record.text.as_ref(),
                record.header.as_ref(),
            )?;
            let reader = match &record.shard {
                Some(shard) => reader.of_shard(shard),
                None => reader,
            };
            Kind::Records { reader: Pipeline::new(reader, decoding), hand_over }
        }
    })
}
