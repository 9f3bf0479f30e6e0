//! A place in a compressed object from which it can be decompressed without what comes before.

use crate::encoding::Anchor;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::sync::Arc;

/// How far back in the text deflate refers, in bytes: <https://www.rfc-editor.org/rfc/rfc1951#section-2>.
pub(super) const WINDOW: usize = 32 << 10;

/// The start of a gzip member or a zstd frame, or the boundary between two blocks of a member.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ResumePoint {
    /// The offset of the next compressed byte in the object.
    pub compressed: u64,
    /// The offset of the next byte of the text.
    pub text: u64,
    /// The state inside a member; `None`: a member or frame begins here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<MemberState>,
}

impl ResumePoint {
    /// The start of the object.
    pub const START: Self = Self { compressed: 0, text: 0, member: None };
}

/// The place of a run in the text of an object that is compressed or not UTF-8.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TextPosition {
    /// The offset in the text of the next record, in bytes.
    pub offset: u64,
    /// Where decompression starts again: at that offset or before it.
    pub resume: ResumePoint,
    #[serde(default, skip_serializing_if = "Codec::is_gzip")]
    pub codec: Codec,
    /// Where decoding starts again, if the decompressed bytes are not UTF-8: at that offset or before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchor: Option<Anchor>,
}

impl TextPosition {
    /// The offset of the next byte to use, after decompression.
    pub(crate) fn bytes(&self) -> u64 {
        self.anchor.as_ref().map_or(self.offset, |anchor| anchor.bytes)
    }
}

/// What the object is compressed with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    #[default]
    Gzip,
    Zstd,
    /// It is not compressed.
    None,
}

impl Codec {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_gzip(&self) -> bool {
        *self == Self::Gzip
    }
}

/// What the rest of a member depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MemberState {
    /// How many bits of the last compressed byte belong to the next block.
    pub bits: u8,
    /// These bits.
    pub bit_buffer: u8,
    /// The checksum of the member's text so far.
    pub crc: u32,
    /// The length of the member's text so far, modulo 2^32.
    pub length: u32,
    /// The text that the rest can refer to.
    pub window: Window,
}

/// The last bytes of the text, up to 32 KiB. In JSON they are deflated and in Base64: about 13 kB.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Window(pub Arc<[u8]>);

impl Serialize for Window {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const LEVEL: u8 = 6;
        serializer.serialize_str(&STANDARD.encode(compress_to_vec(&self.0, LEVEL)))
    }
}

impl<'de> Deserialize<'de> for Window {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let deflated = STANDARD.decode(text).map_err(D::Error::custom)?;
        let window = decompress_to_vec_with_limit(&deflated, WINDOW).map_err(D::Error::custom)?;
        Ok(Self(window.into()))
    }
}
