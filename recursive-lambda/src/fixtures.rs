//! Helpers for the unit tests of this crate.

use miniz_oxide::deflate::core::{CompressorOxide, TDEFLFlush, compress_to_output, create_comp_flags_from_zip_params};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

/// The demo's file: its header, and its rows with a newline after each.
pub(crate) fn birdstrikes() -> (&'static [u8], Vec<u8>) {
    let file = include_bytes!("../../examples/s3-upload/birdstrikes.csv");
    let (header, rows) = file.split_at(memchr::memchr(b'\n', file).map_or(0, |end| end + 1));
    (header, [rows, b"\n"].concat())
}

/// How a test compresses a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compressed {
    /// A block for every so many bytes of text, a member for every three blocks.
    Gzip(usize),
    /// A frame for every so many bytes of text, a frame to be skipped before every third.
    Zstd(usize),
}

pub(crate) fn compress(text: &[u8], how: Compressed) -> Vec<u8> {
    match how {
        Compressed::Gzip(piece) => gzip(text, piece),
        Compressed::Zstd(piece) => zstd(text, piece),
    }
}

fn zstd(text: &[u8], piece: usize) -> Vec<u8> {
    let frame = |text: &[u8]| compress_to_vec(text, CompressionLevel::Fastest);
    if text.is_empty() {
        return frame(text);
    }
    let frames = text.chunks(piece).enumerate().map(|(index, piece)| {
        let skipped = if index % 3 == 0 { b"\x51\x2a\x4d\x18\x02\0\0\0??".as_slice() } else { b"" };
        [skipped, &frame(piece)].concat()
    });
    frames.collect::<Vec<_>>().concat()
}

/// The text as gzip: a block for every `piece` bytes, a member for every three blocks.
pub(crate) fn gzip(text: &[u8], piece: usize) -> Vec<u8> {
    let member = |text: &[u8]| {
        let mut object = b"\x1f\x8b\x08\0\0\0\0\0\0\xff".to_vec();
        let mut compressor = CompressorOxide::new(create_comp_flags_from_zip_params(6, -15, 0));
        let mut put = |bytes: &[u8], flush| {
            let write = |bytes: &[u8]| {
                object.extend_from_slice(bytes);
                true
            };
            compress_to_output(&mut compressor, bytes, flush, write);
        };
        text.chunks(piece).for_each(|block| put(block, TDEFLFlush::Sync));
        put(&[], TDEFLFlush::Finish);
        object.extend_from_slice(&crc32fast::hash(text).to_le_bytes());
        object.extend_from_slice(&(text.len() as u32).to_le_bytes());
        object
    };
    if text.is_empty() { member(text) } else { text.chunks(3 * piece).flat_map(member).collect() }
}
