//! Reads batches of records: prefetches ranges of the object and passes their bytes to the splitter.
//!
//! Memory is limited to [`MOST_IN_FLIGHT`] requests, one more and one batch. Bytes that are fetched and not used are lost, so it
//! asks for little more than will be used.

use super::failed::panicked;
use crate::config::Config;
use crate::format::Format;
use crate::input::Decoding;
use crate::ports::{Objects, SourceError};
use crate::{BoxError, Error, ErrorKind, OffsetIn, Place};
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use recursive_lambda_core::checkpoint::{RawBytes, Shard};
use recursive_lambda_core::compression::{Corrupt, Text, TextPosition};
use recursive_lambda_core::encoding::{DecodedSource, UNDECODED};
use recursive_lambda_core::engine::prefetch::PrefetchPlan;
use recursive_lambda_core::object::PinnedObject;
use recursive_lambda_core::records::{Cursor, Next, Splitter, Undecoded};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

mod found;

use found::undecodable;
pub(crate) use found::{Raw, ReadBatch, ReadError, Reading};

/// The largest record, in bytes.
pub(super) const RECORD_LIMIT: usize = 16 << 20;

pub(crate) struct Reader<F: Format, O> {
    objects: Arc<O>,
    object: PinnedObject,
    /// The offset where the bytes end that are read: the object's end, or a shard's.
    end: u64,
    splitter: Splitter<F>,
    /// A record that does not decode. The records before it are returned first.
    undecoded: Option<(Place, Undecoded)>,
    /// After the last record that was returned.
    cursor: Cursor,
    /// Turns the object's bytes into text for the splitter.
    source: DecodedSource,
    /// The offset after the last byte received.
    received: u64,
    /// The offset after the last byte requested.
    asked: u64,
    /// Requests in flight, in order.
    fetches: VecDeque<BoxFuture<'static, Result<Bytes, SourceError>>>,
    /// How many may be in flight: one more each time the reader had to wait. One stream gets 80 to 90 MB/s from S3 and waits for
    /// its first byte; a large function can take several.
    window: usize,
    /// The mean size of a record in bytes of text: of the latest records, or of all before them.
    record: Option<f64>,
}

/// The most requests in flight.
pub(super) const MOST_IN_FLIGHT: usize = 8;

/// This many records of a batch say more about the next ones than all earlier records.
const TELLING: u64 = 16;

impl<F: Format, O: Objects> Reader<F, O> {
    /// Begins at `cursor`, with the header from the start of the object. `text`: the place in the text, if the object is
    /// compressed or not UTF-8.
    pub(crate) fn new(
        objects: Arc<O>,
        object: PinnedObject,
        format: F,
        config: &Config,
        cursor: Cursor,
        text: Option<&TextPosition>,
        header: Option<&RawBytes>,
    ) -> Result<Self, Error> {
        let splitter = match header {
            Some(header) => Splitter::resume(format, cursor, &header.0, RECORD_LIMIT)?,
            None => Splitter::start(format, RECORD_LIMIT),
        };
        let record = mean(cursor.offset, cursor.position);
        let (source, asked) = match text.filter(|_| cursor.offset > 0) {
            Some(text) => (DecodedSource::resumed(text, config.encoding), text.resume.compressed),
            None if splitter.wanted() > 0 => (DecodedSource::plain(splitter.wanted()), splitter.wanted()),
            None => (DecodedSource::start(config.compression, config.encoding, F::TEXT), 0),
        };
        Ok(Self {
            objects,
            source,
            received: asked,
            asked,
            end: object.size,
            object,
            splitter,
            undecoded: None,
            cursor,
            fetches: VecDeque::new(),
            window: 1,
            record,
        })
    }

    /// Reads a shard, as if the object ended with it. Its records are counted from its start, not from the object's.
    pub(crate) fn of_shard(mut self, shard: &Shard) -> Self {
        self.end = shard.end;
        self.record = mean(self.cursor.offset.saturating_sub(shard.start), self.cursor.position);
        if shard.index > 0 {
            self.splitter.set_later_part();
        }
        self
    }

    /// Finds the header and checks it, and returns where the first record begins; what the offset is in says whether the object is
    /// read as it is.
    pub(crate) async fn first<T>(&mut self, Decoding { check, .. }: Decoding<F, T>) -> Result<(Cursor, OffsetIn), ReadError> {
        let mut demands = 0;
        while !self.splitter.begin(|format, only| caught(|| check(format, only))).map_err(ReadError::Unreadable)? {
            if !self.feed().map_err(ReadError::Unreadable)? {
                self.ask(PrefetchPlan { missing: 1, later: 0, record: None }.demand(self.held(), demands));
                demands += 1;
                self.receive().await.map_err(ReadError::Source)?;
            }
        }
        Ok((self.splitter.cursor(), self.source.offsets_are_in()))
    }

    pub(crate) fn header(&self) -> Option<RawBytes> {
        self.splitter.header().map(|bytes| RawBytes(bytes.into()))
    }

    /// After the last record that was returned.
    pub(crate) fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// Reads up to `batch` records, or fewer before one that does not decode. This invocation will probably use `batches` of
    /// them.
    pub(crate) async fn batch<T>(
        &mut self,
        batch: usize,
        batches: u64,
        decoding: Decoding<F, T>,
    ) -> Result<ReadBatch<T>, ReadError> {
        let start = self.splitter.cursor();
        let mut records = Vec::with_capacity(batch.min(4096));
        let mut place = None;
        let mut demands = 0;
        while records.len() < batch && self.undecoded.is_none() {
            let next = match self.next(decoding) {
                Ok(next) => next,
                // The records before it are returned first. The next call finds the error again.
                Err(_) if !records.is_empty() => break,
                Err(error) => return Err(ReadError::Unreadable(error)),
            };
            match next {
                Next::Record { value: Ok(value), place: at } => {
                    place.get_or_insert(at);
                    records.push(value);
                    self.cursor = self.splitter.cursor();
                }
                Next::Record { value: Err(undecoded), place } => self.undecoded = Some((place, undecoded)),
                Next::End => {
                    self.cursor = self.splitter.cursor();
                    break;
                }
                Next::More if self.feed().map_err(ReadError::Unreadable)? => {}
                Next::More => {
                    self.learn(start);
                    let missing = (batch - records.len()) as u64;
                    let later = (batch as u64).saturating_mul(batches.saturating_sub(1));
                    let plan = PrefetchPlan { missing, later, record: self.record_in_the_object() };
                    if self.fetches.is_empty() {
                        self.ask(plan.demand(self.held(), demands));
                        demands += 1;
                    }
                    self.ask_ahead(plan);
                    self.receive().await.map_err(ReadError::Source)?;
                }
            }
        }
        self.learn(start);
        if let Some((place, Undecoded { error, bytes })) = self.undecoded.take_if(|_| records.is_empty()) {
            self.cursor = self.splitter.cursor();
            let raw = Raw { place, bytes, after: self.reached() };
            return Err(ReadError::Undecoded(raw, error));
        }
        Ok(ReadBatch { records, place, after: self.reached() })
    }

    fn next<T>(&mut self, Decoding { check, decode }: Decoding<F, T>) -> Result<Next<T>, Error> {
        let begun = self.splitter.begin(|format, only| caught(|| check(format, only)))?;
        if !begun {
            return Ok(Next::More);
        }
        let Some(encoding) = self.source.marks_undecoded() else {
            return self.splitter.next(|format, bytes| caught(|| decode(format, bytes)));
        };
        self.check_header(encoding)?;
        self.splitter.next(|format, bytes| match memchr::memchr(UNDECODED, bytes) {
            None => caught(|| decode(format, bytes)),
            Some(at) => Err(undecodable(encoding, at).into()),
        })
    }

    /// Refuses a header that cannot be decoded, unless it is the first record, too.
    fn check_header(&self, encoding: &str) -> Result<(), Error> {
        let (at, header) = (self.splitter.cursor(), self.splitter.header().unwrap_or_default());
        match memchr::memchr(UNDECODED, header).filter(|_| at.position == 0 && at.offset >= header.len() as u64) {
            None => Ok(()),
            Some(found) => {
                let message = format!("the header does not decode: {}", undecodable(encoding, found));
                let place = Place::new(0, 1, 0).offset_in(self.source.offsets_are_in());
                Err(Error::terminal(Error::new(ErrorKind::Record, message).at(place)))
            }
        }
    }

    /// The next record as it is in the object, or what cannot be split there; `None` at the end.
    pub(crate) async fn raw(&mut self) -> Result<Option<Raw>, ReadError> {
        let as_it_stands = Decoding { check: |_, _| Ok(()), decode: |_, bytes| Ok(bytes.to_vec()) };
        let mut read = match self.batch(1, 1, as_it_stands).await {
            Err(ReadError::Undecoded(raw, _)) => return Ok(Some(raw)),
            read => read?,
        };
        let record = read.place.zip(read.records.pop());
        Ok(record.map(|(place, bytes)| Raw { place, bytes, after: read.after }))
    }

    fn reached(&mut self) -> Reading {
        let cursor = self.cursor;
        let text = self.source.position(cursor.offset);
        let at_end = self.undecoded.is_none() && self.source.ends_at(cursor.offset, self.end);
        let offset = match &text {
            Some(_) if at_end => self.end,
            Some(text) => text.resume.compressed,
            None => cursor.offset,
        };
        Reading { cursor, offset, text, at_end }
    }

    /// Prefetches what follows the current batch, while that is processed.
    pub(crate) fn prefetch(&mut self, batch: usize, batches: u64) {
        let batch = batch as u64;
        let later = batch.saturating_mul(batches.saturating_sub(1));
        self.ask_ahead(PrefetchPlan { missing: batch, later, record: self.record_in_the_object() });
    }

    /// Fills the window, as far as the plan wants it.
    fn ask_ahead(&mut self, plan: PrefetchPlan) {
        while self.fetches.len() < self.window && self.asked < self.end {
            match plan.request(self.held()) {
                0 => break,
                size => self.ask(size),
            }
        }
    }

    fn learn(&mut self, since: Cursor) {
        let now = self.splitter.cursor();
        let records = now.position - since.position;
        if records >= TELLING || self.record.is_none() {
            self.record = mean(now.offset - since.offset, records).or(self.record);
        }
    }

    fn record_in_the_object(&self) -> Option<f64> {
        self.record.map(|record| record * self.source.ratio())
    }

    /// Bytes of the object that were requested and whose records are not yet returned.
    fn held(&self) -> u64 {
        let text = self.splitter.wanted().saturating_sub(self.splitter.cursor().offset);
        self.asked.saturating_sub(self.source.consumed()).saturating_add((text as f64 * self.source.ratio()) as u64)
    }

    fn ask(&mut self, size: u64) {
        let end = self.asked.saturating_add(size).min(self.end);
        if end > self.asked {
            self.fetches.push_back(Box::pin(self.objects.get(&self.object, self.asked..end)));
            self.asked = end;
        }
    }

    async fn receive(&mut self) -> Result<(), SourceError> {
        let Some(mut fetch) = self.fetches.pop_front() else { return Ok(()) };
        let bytes = match (&mut fetch).now_or_never() {
            Some(bytes) => bytes,
            None => {
                self.window = (self.window + 1).min(MOST_IN_FLIGHT);
                fetch.await
            }
        };
        match bytes {
            Ok(bytes) => {
                self.received += bytes.len() as u64;
                self.source.push(bytes);
                Ok(())
            }
            Err(error) => {
                // What was requested after them is of no use: they are asked for again.
                self.fetches.clear();
                self.asked = self.received;
                Err(error)
            }
        }
    }

    /// Gives the splitter more text. False: more bytes of the object are needed first.
    fn feed(&mut self) -> Result<bool, Error> {
        let end = self.asked >= self.end && self.fetches.is_empty();
        match self.source.next(end) {
            Ok(Text::Bytes(bytes)) => {
                self.splitter.set_offset_in(self.source.offsets_are_in());
                self.splitter.push(&bytes);
            }
            Ok(Text::End) => self.splitter.finish(),
            Ok(Text::NeedsMore) => return Ok(false),
            Err(corrupt) => return Err(self.damaged(&corrupt)),
        }
        Ok(true)
    }

    fn damaged(&self, Corrupt { offset, reason }: &Corrupt) -> Error {
        let Cursor { position, offset: text, line } = self.splitter.cursor();
        let message = format!(
            "{reason} (at byte {offset} of the compressed object); upload the whole object again, which starts a new run"
        );
        Error::terminal(
            Error::new(ErrorKind::Record, message)
                .at(Place::new(position, line + 1, text).offset_in(self.source.offsets_are_in())),
        )
    }
}

/// Decodes a record. If its type panics the record is bad; the invocation goes on.
fn caught<T>(decode: impl FnOnce() -> Result<T, BoxError>) -> Result<T, BoxError> {
    let value = catch_unwind(AssertUnwindSafe(decode));
    value.unwrap_or_else(|panic| Err(panicked("its type", &*panic).into_boxed()))
}

fn mean(bytes: u64, records: u64) -> Option<f64> {
    (records > 0).then(|| bytes as f64 / records as f64)
}

#[cfg(test)]
mod cases;
#[cfg(test)]
mod costs;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may")]
mod tests {
    use super::*;
    use crate::format::Lines;
    use std::future::{Future, ready};
    use std::ops::Range;

    pub(super) struct Store(pub(super) Bytes);

    impl Objects for Store {
        async fn head(&self, named: &PinnedObject) -> Result<PinnedObject, SourceError> {
            Ok(named.clone())
        }

        fn get(&self, _: &PinnedObject, range: Range<u64>) -> impl Future<Output = Result<Bytes, SourceError>> + Send + 'static {
            ready(Ok(self.0.slice(range.start as usize..range.end as usize)))
        }
    }

    #[tokio::test]
    async fn a_panicking_type_does_not_decode() {
        let body = Bytes::from_static(b"one\ntwo\nthree\n");
        let object = PinnedObject { size: body.len() as u64, ..PinnedObject::for_tests() };
        let mut reader =
            Reader::new(Arc::new(Store(body)), object, Lines::default(), &Config::new(1), Cursor::default(), None, None).unwrap();
        let decode = Decoding {
            check: |_, _| Ok(()),
            decode: |_: &mut Lines, line: &[u8]| match line {
                b"two" => std::panic::resume_unwind(Box::new("not two")),
                line => Ok(line.len()),
            },
        };
        assert_eq!(reader.batch(10, 1, decode).await.ok().unwrap().records, [3], "the record before it");
        let Err(ReadError::Undecoded(raw, error)) = reader.batch(10, 1, decode).await else { unreachable!() };
        assert_eq!(raw.bytes, b"two");
        let wanted = "the record does not decode: its type panicked: not two (record 1, line 2, byte 4)";
        assert_eq!((error.to_string().as_str(), error.is_terminal()), (wanted, true));
        assert_eq!(reader.batch(10, 1, decode).await.ok().unwrap().records, [5], "the record after it");
    }
}
