//! The bytes of an object on their way to the splitter: unchanged, or decompressed.
//!
//! With [`Compression::Auto`] the object's first bytes decide, never its name.

use super::gzip::Gunzip;
use super::member::MAGIC;
use super::resume::ResumePoint;
use super::zstd::{Unzstd, is_magic};
use super::{Codec, Compression, Corrupt, Decompressor, TextPosition};
use bytes::{Buf as _, Bytes};
use std::collections::VecDeque;

/// How much text is decompressed at once, in bytes.
const PIECE: usize = 128 << 10;

/// How many points are kept, of 32 KiB each in gzip.
const MOST_POINTS: usize = 64;

/// Takes the bytes of an object, gives the bytes of its text.
pub struct TextSource {
    kind: Kind,
    /// Bytes of the object that were pushed and are not yet used.
    pending: Bytes,
}

enum Kind {
    /// Nothing is read yet.
    Unknown,
    /// The offset of the next byte.
    Plain(u64),
    Compressed(Decompressing),
}

struct Decompressing {
    codec: Codec,
    decompressor: Box<dyn Decompressor>,
    /// Points from which the work can be resumed. The first is the one for the last position that was asked for.
    points: VecDeque<ResumePoint>,
    /// Text before the position of a resumed run.
    skip: u64,
    finished: bool,
}

/// What [`TextSource::next`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum Text {
    Bytes(Bytes),
    /// Nothing, before more bytes of the object are pushed.
    NeedsMore,
    End,
}

impl TextSource {
    /// At the start of an object.
    #[must_use]
    pub fn start(compression: Compression) -> Self {
        match compression {
            Compression::Auto => Self::of(Kind::Unknown),
            Compression::None => Self::plain(0),
            Compression::Gzip => Self::compressed(Codec::Gzip, &ResumePoint::START, 0),
            Compression::Zstd => Self::compressed(Codec::Zstd, &ResumePoint::START, 0),
        }
    }

    /// In the middle of an object that is not compressed.
    #[must_use]
    pub fn plain(offset: u64) -> Self {
        Self::of(Kind::Plain(offset))
    }

    /// In the middle of another object. The bytes pushed next are those from `position.resume.compressed` on.
    #[must_use]
    pub fn resumed(position: &TextPosition) -> Self {
        Self::compressed(position.codec, &position.resume, position.bytes().saturating_sub(position.resume.text))
    }

    fn compressed(codec: Codec, point: &ResumePoint, skip: u64) -> Self {
        let decompressor: Box<dyn Decompressor> = match codec {
            Codec::Gzip => Box::new(Gunzip::new(point)),
            Codec::Zstd => Box::new(Unzstd::new(point)),
            Codec::None => return Self::plain(point.compressed),
        };
        let points = [point.clone()].into();
        Self::of(Kind::Compressed(Decompressing { codec, decompressor, points, skip, finished: false }))
    }

    fn of(kind: Kind) -> Self {
        Self { kind, pending: Bytes::new() }
    }

    /// Takes the bytes of the object that follow all that were pushed before.
    pub fn push(&mut self, part: Bytes) {
        self.pending = if self.pending.is_empty() { part } else { [&self.pending[..], &part].concat().into() };
    }

    /// The next bytes of the text. `end`: the object has no more bytes than those that were pushed.
    ///
    /// # Errors
    /// The compressed data is damaged or cut.
    pub fn next(&mut self, end: bool) -> Result<Text, Corrupt> {
        if matches!(self.kind, Kind::Unknown) {
            self.kind = match (self.pending.first_chunk::<4>(), end) {
                (None, false) => return Ok(Text::NeedsMore),
                _ if self.pending.starts_with(&MAGIC) => Self::compressed(Codec::Gzip, &ResumePoint::START, 0).kind,
                (Some(bytes), _) if is_magic(*bytes) => Self::compressed(Codec::Zstd, &ResumePoint::START, 0).kind,
                _ => Kind::Plain(0),
            };
        }
        match &mut self.kind {
            Kind::Compressed(decompressing) => {
                let (used, text) = decompressing.next(&self.pending, end)?;
                self.pending.advance(used);
                Ok(text)
            }
            Kind::Plain(offset) if !self.pending.is_empty() => {
                *offset += self.pending.len() as u64;
                Ok(Text::Bytes(std::mem::take(&mut self.pending)))
            }
            _ => Ok(if end { Text::End } else { Text::NeedsMore }),
        }
    }

    /// Whether the text is not the object's own bytes.
    #[must_use]
    pub fn is_compressed(&self) -> bool {
        matches!(self.kind, Kind::Compressed(_))
    }

    /// The offset in the object of the first byte that is not yet made text.
    #[must_use]
    pub fn consumed(&self) -> u64 {
        match &self.kind {
            Kind::Unknown => 0,
            Kind::Plain(offset) => *offset,
            Kind::Compressed(decompressing) => decompressing.decompressor.compressed(),
        }
    }

    /// Bytes of the object per byte of text, as far as it is read.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        let ratio = match &self.kind {
            Kind::Compressed(decompressing) => decompressing.decompressor.ratio(),
            _ => None,
        };
        ratio.unwrap_or(1.0)
    }

    /// Where to resume for the text from `offset` on; `None`: the object is not compressed, so that is the object's own offset.
    /// Offsets must not decrease.
    pub fn position(&mut self, offset: u64) -> Option<TextPosition> {
        let Kind::Compressed(decompressing) = &mut self.kind else { return None };
        while decompressing.points.get(1).is_some_and(|next| next.text <= offset) {
            decompressing.points.pop_front();
        }
        let codec = decompressing.codec;
        decompressing.points.front().map(|point| TextPosition { offset, resume: point.clone(), codec, anchor: None })
    }

    /// Whether the text ends at this offset; `size` is the object's.
    #[must_use]
    pub fn ends_at(&self, offset: u64, size: u64) -> bool {
        match &self.kind {
            Kind::Compressed(decompressing) => decompressing.finished && offset >= decompressing.decompressor.text(),
            _ => offset >= size,
        }
    }
}

impl Decompressing {
    /// Drops every second point if there are too many: a resume then reads a bit more, and memory stays bounded.
    fn keep(&mut self, point: ResumePoint) {
        if self.points.back().is_some_and(|last| last.text == point.text) {
            self.points.pop_back();
        }
        self.points.push_back(point);
        if self.points.len() > MOST_POINTS {
            let mut index = 0;
            self.points.retain(|_| {
                index += 1;
                index % 2 == 1
            });
        }
    }

    fn next(&mut self, pending: &[u8], end: bool) -> Result<(usize, Text), Corrupt> {
        let (mut used, mut out) = (0, Vec::new());
        while out.is_empty() {
            let rest = pending.get(used..).unwrap_or_default();
            let taken = self.decompressor.decompress(rest, end, &mut out, PIECE)?;
            used += taken;
            let point = self.decompressor.take_point();
            let stopped = point.is_some();
            point.into_iter().for_each(|point| self.keep(point));
            let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(out.len());
            out.drain(..skipped);
            self.skip -= skipped as u64;
            if out.is_empty() && skipped == 0 && taken == rest.len() && !stopped {
                self.finished = end;
                return Ok((used, if end { Text::End } else { Text::NeedsMore }));
            }
        }
        Ok((used, Text::Bytes(out.into())))
    }
}
