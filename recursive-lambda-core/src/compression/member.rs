//! The header of a gzip member: <https://www.rfc-editor.org/rfc/rfc1952#section-2.3>.

/// A longer header is refused: its texts have no limit of their own.
const LONGEST: usize = 128 << 10;

/// The third byte is the method: 8, deflate, is the only one there is.
pub(crate) const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];
const FIXED: usize = 10;
const HEADER_CRC: u8 = 2;
const EXTRA: u8 = 4;
const NAME: u8 = 8;
const COMMENT: u8 = 16;

/// The length of the header that `bytes` begin with; `None`: there is more of it.
pub(super) fn header(bytes: &[u8]) -> Result<Option<usize>, &'static str> {
    if bytes.iter().zip(MAGIC).any(|(byte, magic)| *byte != magic) {
        return Err("these bytes are not gzip");
    }
    let length = bytes.get(..FIXED).map_or(Ok(None), |fixed| match fixed {
        [_, _, 8, flags, ..] if flags & 0xe0 == 0 => Ok(optional(bytes, *flags)),
        _ => Err("a gzip header is not one that RFC 1952 knows"),
    })?;
    if length.is_none() && bytes.len() >= LONGEST { Err("a gzip header is longer than 128 KiB") } else { Ok(length) }
}

/// The length with the optional fields.
fn optional(bytes: &[u8], flags: u8) -> Option<usize> {
    let mut at = FIXED;
    if flags & EXTRA != 0 {
        let [low, high] = *bytes.get(at..at + 2)?.first_chunk()?;
        at += 2 + usize::from(u16::from_le_bytes([low, high]));
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            at += memchr::memchr(0, bytes.get(at..)?)? + 1;
        }
    }
    if flags & HEADER_CRC != 0 {
        at += 2;
    }
    (bytes.len() >= at).then_some(at)
}
