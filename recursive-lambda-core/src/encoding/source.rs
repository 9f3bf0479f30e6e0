//! The bytes of an object on their way to the splitter: decompressed if they are compressed, then decoded if they are not UTF-8.

use super::Encoding;
use super::decoding::{Anchor, Decoding};
use crate::compression::{Codec, Compression, Corrupt, ResumePoint, Text, TextPosition, TextSource};
use crate::error::OffsetIn;
use bytes::{Buf as _, Bytes};
use encoding_rs::UTF_8;

/// Takes the bytes of an object, gives the bytes of its text.
pub struct DecodedSource {
    source: TextSource,
    encoding: Encoding,
    kind: Kind,
    /// Bytes that are decompressed and not yet decoded.
    pending: Bytes,
    /// Whether no bytes follow them.
    ended: bool,
}

enum Kind {
    /// The first bytes may be a byte order mark.
    Unknown,
    Untouched,
    Decoded(Box<Decoding>),
}

/// How many of the first bytes tell UTF-16 from UTF-32.
const MARK: usize = 4;

impl DecodedSource {
    /// At the start of an object. `is_text`: a byte order mark counts even with the default encoding.
    #[must_use]
    pub fn start(compression: Compression, encoding: Encoding, is_text: bool) -> Self {
        let kind = if encoding.changes_nothing() && !is_text { Kind::Untouched } else { Kind::Unknown };
        Self::of(TextSource::start(compression), encoding, kind)
    }

    /// In the middle of an object that is neither compressed nor decoded.
    #[must_use]
    pub fn plain(offset: u64) -> Self {
        Self::of(TextSource::plain(offset), Encoding::UTF_8, Kind::Untouched)
    }

    /// In the middle of another object. The bytes pushed next are those from `position.resume.compressed` on.
    #[must_use]
    pub fn resumed(position: &TextPosition, encoding: Encoding) -> Self {
        let kind = match &position.anchor {
            Some(anchor) => Kind::Decoded(Box::new(Decoding::new(anchor.clone(), encoding.replaces, position.offset))),
            None => Kind::Untouched,
        };
        Self::of(TextSource::resumed(position), encoding, kind)
    }

    fn of(source: TextSource, encoding: Encoding, kind: Kind) -> Self {
        Self { source, encoding, kind, pending: Bytes::new(), ended: false }
    }

    /// Takes the bytes of the object that follow all that were pushed before.
    pub fn push(&mut self, part: Bytes) {
        self.source.push(part);
    }

    /// The next bytes of the text. `end`: the object has no more bytes than those that were pushed.
    ///
    /// # Errors
    /// The compressed data is damaged or cut.
    pub fn next(&mut self, end: bool) -> Result<Text, Corrupt> {
        loop {
            let wanted = if matches!(self.kind, Kind::Unknown) { MARK } else { 1 };
            while self.pending.len() < wanted && !self.ended {
                match self.source.next(end)? {
                    Text::Bytes(part) if self.pending.is_empty() => self.pending = part,
                    Text::Bytes(part) => self.pending = [&self.pending[..], &part].concat().into(),
                    Text::NeedsMore => return Ok(Text::NeedsMore),
                    Text::End => self.ended = true,
                }
            }
            if matches!(self.kind, Kind::Unknown) {
                self.kind = self.look();
            }
            let text = match &mut self.kind {
                Kind::Decoded(decoding) => {
                    let (used, text) = decoding.next(&self.pending, self.ended);
                    self.pending.advance(used);
                    Bytes::from(text)
                }
                _ => std::mem::take(&mut self.pending),
            };
            if !text.is_empty() {
                return Ok(Text::Bytes(text));
            }
            if self.ended && self.pending.is_empty() {
                return Ok(Text::End);
            }
        }
    }

    /// Decides by the first bytes. UTF-32 is left to the format, which refuses it.
    fn look(&self) -> Kind {
        if self.pending.starts_with(b"\xff\xfe\0\0") {
            return Kind::Untouched;
        }
        let marked = encoding_rs::Encoding::for_bom(&self.pending).map(|(encoding, _)| encoding);
        match marked.or(self.encoding.standard()) {
            Some(encoding) if encoding != UTF_8 || self.encoding.replaces => {
                let start = Anchor { encoding, bytes: 0, text: 0 };
                Kind::Decoded(Box::new(Decoding::new(start, self.encoding.replaces, 0)))
            }
            _ => Kind::Untouched,
        }
    }

    /// What the offsets of the text are in.
    #[must_use]
    pub fn offsets_are_in(&self) -> OffsetIn {
        match &self.kind {
            Kind::Decoded(_) => OffsetIn::DecodedText,
            _ if self.source.is_compressed() => OffsetIn::DecompressedText,
            _ => OffsetIn::Object,
        }
    }

    /// The name of the encoding, if [`UNDECODED`](super::UNDECODED) stands for bytes that cannot be decoded.
    #[must_use]
    pub fn marks_undecoded(&self) -> Option<&'static str> {
        match &self.kind {
            Kind::Decoded(decoding) if !decoding.replaces() => Some(decoding.encoding().name()),
            _ => None,
        }
    }

    /// The offset in the object of the first byte that is not yet made text, or slightly less.
    #[must_use]
    pub fn consumed(&self) -> u64 {
        let pending = self.pending.len() as f64 * self.source.ratio();
        self.source.consumed().saturating_sub(pending as u64)
    }

    /// Bytes of the object per byte of text, as far as it is read.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        match &self.kind {
            Kind::Decoded(decoding) => self.source.ratio() * decoding.ratio(),
            _ => self.source.ratio(),
        }
    }

    /// Where to resume for the text from `offset` on; `None`: the object's bytes are its text, so that is the object's own offset.
    /// Offsets must not decrease.
    pub fn position(&mut self, offset: u64) -> Option<TextPosition> {
        let Kind::Decoded(decoding) = &mut self.kind else { return self.source.position(offset) };
        let anchor = decoding.anchor(offset)?.clone();
        let position = self.source.position(anchor.bytes).unwrap_or_else(|| {
            let resume = ResumePoint { compressed: anchor.bytes, text: anchor.bytes, member: None };
            TextPosition { offset, resume, codec: Codec::None, anchor: None }
        });
        Some(TextPosition { offset, anchor: Some(anchor), ..position })
    }

    /// Whether the text ends at this offset; `size` is the object's.
    #[must_use]
    pub fn ends_at(&self, offset: u64, size: u64) -> bool {
        match &self.kind {
            Kind::Decoded(decoding) => decoding.is_finished() && offset >= decoding.text(),
            _ => self.source.ends_at(offset, size),
        }
    }
}
