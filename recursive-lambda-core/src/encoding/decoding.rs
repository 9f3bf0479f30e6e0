//! Decodes bytes to UTF-8, and keeps anchors: offsets in the bytes, with those in the text, where a new decoder can begin.

use super::UNDECODED;
use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_16BE, UTF_16LE};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// How many bytes are decoded between two anchors. No byte becomes more than three bytes of UTF-8.
const SLICE: usize = 4 << 10;

/// About how much text is made at once, in bytes.
const PIECE: usize = 128 << 10;

/// The longest character, in bytes. In the middle of one there is no anchor.
const LONGEST: usize = 4;

/// A place between two characters, where the decoder is as at the start.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Anchor {
    #[serde(with = "by_name")]
    pub encoding: &'static Encoding,
    /// The offset of the next byte of the object or, if that is compressed, of its decompressed bytes.
    pub bytes: u64,
    /// The offset of the next byte of the text.
    pub text: u64,
}

pub(super) struct Decoding {
    decoder: Decoder,
    replaces: bool,
    /// The place of the next byte.
    next: Anchor,
    /// The last two bytes.
    last: [u8; 2],
    /// The first is the one for the last position that was asked for.
    anchors: VecDeque<Anchor>,
    /// Text before the position of a resumed run.
    skip: u64,
    finished: bool,
    room: Box<[u8; 3 * SLICE]>,
}

impl Decoding {
    /// Begins at `anchor`, and skips the text before `offset`.
    pub(super) fn new(anchor: Anchor, replaces: bool, offset: u64) -> Self {
        Self {
            decoder: anchor.encoding.new_decoder_without_bom_handling(),
            replaces,
            skip: offset.saturating_sub(anchor.text),
            last: [0; 2],
            anchors: [anchor.clone()].into(),
            next: anchor,
            finished: false,
            room: Box::new([0; 3 * SLICE]),
        }
    }

    pub(super) fn encoding(&self) -> &'static Encoding {
        self.next.encoding
    }

    pub(super) fn replaces(&self) -> bool {
        self.replaces
    }

    pub(super) fn is_finished(&self) -> bool {
        self.finished
    }

    /// The offset of the next byte of the text.
    pub(super) fn text(&self) -> u64 {
        self.next.text
    }

    /// Bytes per byte of text, as far as they are decoded.
    pub(super) fn ratio(&self) -> f64 {
        if self.next.text > 0 { self.next.bytes as f64 / self.next.text as f64 } else { 1.0 }
    }

    /// The last anchor at or before this offset of the text. Offsets must not decrease.
    pub(super) fn anchor(&mut self, offset: u64) -> Option<&Anchor> {
        while self.anchors.get(1).is_some_and(|next| next.text <= offset) {
            self.anchors.pop_front();
        }
        self.anchors.front()
    }

    /// Decodes the first of `bytes`, and says how many. `end`: no more bytes follow.
    pub(super) fn next(&mut self, bytes: &[u8], end: bool) -> (usize, Vec<u8>) {
        let (mut used, mut out) = (0, Vec::new());
        while used < bytes.len() && out.len() < PIECE {
            let mut length = SLICE;
            for _ in 0..LONGEST {
                let rest = bytes.get(used..).unwrap_or_default();
                let slice = rest.get(..length).unwrap_or(rest);
                self.decode(slice, false, &mut out);
                used += slice.len();
                if self.is_between_characters() {
                    self.anchors.push_back(self.next.clone());
                    break;
                }
                length = 1;
            }
        }
        if end && used == bytes.len() && !self.finished {
            self.decode(&[], true, &mut out);
            self.finished = true;
        }
        let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(out.len());
        out.drain(..skipped);
        self.skip -= skipped as u64;
        (used, out)
    }

    fn decode(&mut self, mut bytes: &[u8], last: bool, out: &mut Vec<u8>) {
        let before = out.len();
        self.next.bytes += bytes.len() as u64;
        for byte in bytes.iter().rev().take(2).rev() {
            self.last = [self.last[1], *byte];
        }
        loop {
            let (result, read, written) = self.decoder.decode_to_utf8_without_replacement(bytes, &mut self.room[..], last);
            out.extend_from_slice(self.room.get(..written).unwrap_or_default());
            bytes = bytes.get(read..).unwrap_or_default();
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) if self.replaces => out.extend_from_slice("\u{fffd}".as_bytes()),
                DecoderResult::Malformed(..) => out.push(UNDECODED),
            }
        }
        self.next.text += (out.len() - before) as u64;
    }

    /// Whether a new decoder would decode the next bytes in the same way.
    fn is_between_characters(&self) -> bool {
        let [first, second] = self.last;
        // Only the decoder of UTF-16 does not say it: it waits in the middle of a unit, and after the first half of a pair.
        let high = match self.next.encoding {
            encoding if encoding == UTF_16LE => second,
            encoding if encoding == UTF_16BE => first,
            _ => return self.decoder.latin1_byte_compatible_up_to(&[]).is_some(),
        };
        self.next.bytes.is_multiple_of(2) && !(0xd8..=0xdb).contains(&high)
    }
}

mod by_name {
    use super::Encoding;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(encoding: &&'static Encoding, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(encoding.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'static Encoding, D::Error> {
        let name = String::deserialize(deserializer)?;
        Encoding::for_label_no_replacement(name.as_bytes()).ok_or_else(|| D::Error::custom(format!("unknown encoding {name:?}")))
    }
}
