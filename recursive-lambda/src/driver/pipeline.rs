//! The reader of a run's records, which reads the next batch while the job works on this one.
//!
//! It is at most one batch ahead, so memory is bounded. It does not read ahead where the batch would probably be lost: at the end of
//! an invocation, and while a bad record is searched for.

use super::reader::{Raw, ReadBatch, ReadError, Reader};
use crate::format::Format;
use crate::input::Decoding;
use crate::ports::{Clock, Objects};
use crate::{Error, ErrorKind};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, RemoteHandle};
use recursive_lambda_core::checkpoint::RawBytes;
use recursive_lambda_core::records::Cursor;

pub(super) struct Pipeline<F: Format, O, T> {
    /// `None` while it reads ahead.
    reader: Option<Box<Reader<F, O>>>,
    next: Option<NextBatch<F, O, T>>,
    decoding: Decoding<F, T>,
    /// While it reads ahead.
    header: Option<RawBytes>,
}

/// A batch that is read in a task of its own.
struct NextBatch<F: Format, O, T> {
    from: Cursor,
    size: usize,
    /// Dropping it ends the task where that waits next.
    result: RemoteHandle<ReaderAnd<F, O, T>>,
    ended: BoxFuture<'static, ()>,
}

/// The reader comes back with what it read.
type ReaderAnd<F, O, T> = (Box<Reader<F, O>>, Result<ReadBatch<T>, ReadError>);

impl<F: Format, O: Objects, T: Send + 'static> Pipeline<F, O, T> {
    pub(super) fn new(reader: Reader<F, O>, decoding: Decoding<F, T>) -> Self {
        Self { reader: Some(Box::new(reader)), next: None, decoding, header: None }
    }

    /// The position after the last record that was returned; `None`: the reader is lost.
    pub(super) fn position(&self) -> Option<u64> {
        let cursor = self.next.as_ref().map(|next| next.from).or(self.reader.as_ref().map(|reader| reader.cursor()));
        cursor.map(|cursor| cursor.position)
    }

    /// Whether what is read next can be a batch of this size, or a single record.
    pub(super) fn can_give(&self, batch: Option<usize>) -> bool {
        self.next.as_ref().is_none_or(|next| Some(next.size) == batch)
    }

    pub(super) fn header(&self) -> Option<RawBytes> {
        self.reader.as_ref().map_or_else(|| self.header.clone(), |reader| reader.header())
    }

    /// The next batch of up to `size` records; see [`Reader::batch`].
    pub(super) async fn batch(&mut self, size: usize, batches: u64) -> Result<ReadBatch<T>, ReadError> {
        let Some(next) = &mut self.next else {
            return self.reader.as_mut().ok_or_else(lost)?.batch(size, batches, self.decoding).await;
        };
        let (reader, read) = (&mut next.result).await;
        (&mut next.ended).await;
        self.next = None;
        self.reader = Some(reader);
        read
    }

    /// Reads the next batch while the job works on this one. The invocation will probably use `batches` more.
    pub(super) fn start_next(&mut self, size: usize, batches: u64, clock: &impl Clock) {
        let Some(mut reader) = self.reader.take() else { return };
        let (from, decoding) = (reader.cursor(), self.decoding);
        if self.header.is_none() {
            self.header = reader.header();
        }
        let (task, result) = async move {
            let read = reader.batch(size, batches, decoding).await;
            if batches > 1 && read.is_ok() {
                reader.prefetch(size, batches - 1);
            }
            (reader, read)
        }
        .remote_handle();
        let ended = clock.spawn_user_code(task).boxed();
        self.next = Some(NextBatch { from, size, result, ended });
    }

    /// The record at the cursor, as it is in the object.
    pub(super) async fn raw(&mut self) -> Result<Option<Raw>, ReadError> {
        self.reader.as_mut().ok_or_else(lost)?.raw().await
    }

    /// Stops reading ahead, and waits until nothing of it runs.
    pub(super) async fn stop(&mut self) {
        if let Some(NextBatch { result, ended, .. }) = self.next.take() {
            drop(result);
            ended.await;
        }
    }
}

fn lost() -> ReadError {
    ReadError::Unreadable(Error::new(ErrorKind::Source, "internal error: the reader was lost; please report it"))
}
