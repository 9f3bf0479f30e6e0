//! Helpers for the unit tests of this crate.

use miniz_oxide::deflate::core::{CompressorOxide, TDEFLFlush, compress_to_output, create_comp_flags_from_zip_params};

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
