//! What the text formats refuse by its first bytes: compressed files, columnar files, UTF-16 that is not decoded.
//!
//! It looks at no more than 16 bytes, and never at the object's name. Everything it does not know is text.

use super::line_end::BYTE_ORDER_MARK;
use crate::compression::{GZIP_MAGIC, ZSTD_MAGIC};

/// What the first bytes mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Text, after a byte order mark of this many bytes.
    Text(usize),
    /// It depends on the next bytes.
    More,
    /// Something else.
    Other(&'static str),
}

/// The number of bytes that always decides.
const ENOUGH: usize = 16;

/// Looks at the first bytes of an object. `end`: the object has no more bytes.
pub(super) fn look(bytes: &[u8], end: bool) -> Look {
    let start = bytes.get(..ENOUGH).unwrap_or(bytes);
    let is_all = end || bytes.len() >= ENOUGH;
    // In this order, so that the place where the object is cut does not decide between two kinds.
    for kind in &KINDS {
        match kind.is(start) {
            Some(true) => return Look::Other(kind.reason),
            None if !is_all => return Look::More,
            _ => {}
        }
    }
    if start.starts_with(BYTE_ORDER_MARK) {
        return Look::Text(BYTE_ORDER_MARK.len());
    }
    if !is_all {
        return if BYTE_ORDER_MARK.starts_with(start) || may_be_utf_16(start) { Look::More } else { Look::Text(0) };
    }
    utf_16(start).map_or(Look::Text(0), Look::Other)
}

/// A kind of file that is not text.
struct Kind {
    magic: &'static [u8],
    /// What must follow, if the magic bytes alone could be text.
    then: Then,
    reason: &'static str,
}

enum Then {
    Anything,
    /// These bytes at this index.
    At(usize, &'static [u8]),
    /// A byte that never occurs in text.
    Binary,
}

impl Kind {
    /// `None`: it depends on the next bytes.
    fn is(&self, start: &[u8]) -> Option<bool> {
        let Some(rest) = start.strip_prefix(self.magic) else {
            return if self.magic.starts_with(start) { None } else { Some(false) };
        };
        match self.then {
            Then::Anything => Some(true),
            Then::At(index, bytes) => start.get(index..index + bytes.len()).map(|found| found == bytes),
            Then::Binary => rest.iter().any(|byte| !is_text(*byte)).then_some(true),
        }
    }
}

/// Whether text in an encoding based on ASCII has such bytes.
pub(super) fn is_text(byte: u8) -> bool {
    byte >= 0x20 || matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b)
}

macro_rules! compressed {
    ($name:literal) => {
        concat!(
            "the object is compressed (",
            $name,
            "), which is not supported; upload it uncompressed, as gzip or as zstd, or take a `FileBatch`, the object as a file in /tmp, and decompress that"
        )
    };
}

/// Only seen if the reader did not decompress the object.
macro_rules! still_compressed {
    ($name:literal) => {
        concat!(
            "the bytes to read are compressed (",
            $name,
            "): `compression = none` decompresses nothing, and no more than one layer ever is; remove that argument, or upload the object compressed once"
        )
    };
}

macro_rules! not_text {
    ($name:literal) => {
        concat!(
            "the object is ",
            $name,
            ", not text; convert it to `csv`, `jsonl` or `lines`, or take a `FileBatch`, the object as a file in /tmp, and read that with a crate for it"
        )
    };
}

macro_rules! encoding {
    ($name:literal, $label:literal) => {
        concat!("the object is text in ", $name, ": write `encoding = \"", $label, "\"`")
    };
}

/// The Encoding Standard does not know it.
const UTF_32: &str =
    "the object is text in UTF-32, which is not supported; convert it, for example with `iconv -f UTF-32 -t UTF-8`";

const fn kind(magic: &'static [u8], then: Then, reason: &'static str) -> Kind {
    Kind { magic, then, reason }
}

const KINDS: [Kind; 19] = [
    kind(&GZIP_MAGIC, Then::Anything, still_compressed!("gzip")),
    kind(b"PK\x03\x04", Then::Anything, compressed!("zip, as .zip and .xlsx are")),
    kind(b"PK\x05\x06", Then::Anything, compressed!("zip, as .zip and .xlsx are")),
    kind(&ZSTD_MAGIC, Then::Anything, still_compressed!("zstd")),
    kind(b"BZh", Then::At(4, b"1AY&SY"), compressed!("bzip2")),
    kind(b"\xfd7zXZ\0", Then::Anything, compressed!("xz")),
    kind(b"7z\xbc\xaf\x27\x1c", Then::Anything, compressed!("7z")),
    kind(b"\x04\x22\x4d\x18", Then::Anything, compressed!("lz4")),
    kind(b"\xff\x06\0\0sNaP", Then::Anything, compressed!("snappy")),
    kind(b"PAR1", Then::Binary, not_text!("a Parquet file")),
    kind(b"Obj\x01", Then::Anything, not_text!("an Avro file")),
    kind(b"ORC", Then::Binary, not_text!("an ORC file")),
    kind(b"ARROW1\0", Then::Anything, not_text!("an Arrow file")),
    kind(b"%PDF-", Then::Anything, not_text!("a PDF")),
    kind(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Then::Anything, not_text!("an old Excel or Word file")),
    kind(b"\xff\xfe\0\0", Then::Anything, UTF_32),
    kind(b"\0\0\xfe\xff", Then::Anything, UTF_32),
    kind(b"\xff\xfe", Then::Anything, encoding!("UTF-16", "utf-16le")),
    kind(b"\xfe\xff", Then::Anything, encoding!("UTF-16", "utf-16be")),
];

/// UTF-16 without a mark: every other byte is 0 in a text that begins with English letters, digits and signs.
fn utf_16(start: &[u8]) -> Option<&'static str> {
    let units = start.len() / 2;
    let odd_length = start.len() < ENOUGH && !start.len().is_multiple_of(2);
    if units < 2 || odd_length {
        return None;
    }
    let is = |zero: usize| {
        let fits =
            |unit: &&[u8]| unit.get(zero) == Some(&0) && unit.get(1 - zero).is_some_and(|byte| *byte != 0 && is_text(*byte));
        start.chunks_exact(2).take(2).all(|unit| fits(&unit)) && start.chunks_exact(2).filter(fits).count() * 4 >= units * 3
    };
    match (is(1), is(0)) {
        (true, _) => Some(encoding!("UTF-16LE", "utf-16le")),
        (_, true) => Some(encoding!("UTF-16BE", "utf-16be")),
        _ => None,
    }
}

/// Whether more bytes can make it UTF-16.
fn may_be_utf_16(start: &[u8]) -> bool {
    match start {
        [first, second, ..] => (*first == 0) != (*second == 0),
        _ => true,
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test may")]
mod tests {
    use super::*;

    /// The name of the kind in the reason, or `None` for text.
    fn named(bytes: &[u8], end: bool) -> Option<&'static str> {
        const NAMES: [&str; 18] = [
            "(gzip)", "(zip,", "(zstd)", "bzip2", "xz", "7z", "lz4", "snappy", "Parquet", "Avro", "ORC", "Arrow", "PDF", "Excel",
            "UTF-32", "UTF-16LE", "UTF-16BE", "UTF-16",
        ];
        match look(bytes, end) {
            Look::Other(reason) => NAMES.into_iter().find(|name| reason.contains(name)),
            _ => None,
        }
    }

    #[test]
    fn first_bytes_tell_other_files() {
        let cases: [(&[u8], Option<&str>); 32] = [
            (b"\x1f\x8b\x08\0", Some("(gzip)")),
            (b"PK\x03\x04\x14\0", Some("(zip,")),
            (b"PK\x05\x06\0\0", Some("(zip,")),
            (b"\x28\xb5\x2f\xfd\x04", Some("(zstd)")),
            (b"BZh91AY&SY\x94\x1f", Some("bzip2")),
            (b"BZh,name\n1,a", None),
            (b"\xfd7zXZ\0\0\x04", Some("xz")),
            (b"7z\xbc\xaf\x27\x1c\0\x04", Some("7z")),
            (b"\x04\x22\x4d\x18d@", Some("lz4")),
            (b"\xff\x06\0\0sNaPpY", Some("snappy")),
            (b"PAR1\x15\x04\x15\x10", Some("Parquet")),
            (b"PAR1,PAR2,PAR3\n1,2,3\n", None),
            (b"Obj\x01\x04\x14avro.codec", Some("Avro")),
            (b"ORC\n\x0b\n\x03\0\0\0\x12\x04", Some("ORC")),
            (b"ORC,city\nORCHARD,Paris\n", None),
            (b"ORC", None),
            (b"ARROW1\0\0", Some("Arrow")),
            (b"%PDF-1.7\n%\xe2\xe3", Some("PDF")),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", Some("Excel")),
            (b"\xff\xfei\0d\0", Some("UTF-16")),
            (b"\xfe\xff\0i\0d", Some("UTF-16")),
            (b"\xff\xfe\0\0i\0\0\0", Some("UTF-32")),
            (b"i\0d\0,\0n\0a\0m\0e\0\n\x001\0", Some("UTF-16LE")),
            (b"\0i\0d\0,\0n\0a\0m\0e\0\n\x001", Some("UTF-16BE")),
            (b"i\0d\0\n\0", Some("UTF-16LE")),
            ("id,Gr\u{f6}\u{df}e".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>().leak(), Some("UTF-16LE")),
            (b"a\0\n", None),
            (b"a\0b,c,d,e,f,g,h,i,j", None),
            (b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0log", None),
            (b"", None),
            (b"\xef\xbb\xbf\x1f\x8b\x08", None),
            (b"\xff\xd8\xff", None),
        ];
        for (bytes, name) in cases {
            assert_eq!(named(bytes, true), name, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn cuts_do_not_change_the_look() {
        let objects: [&[u8]; 7] = [
            b"BZh91AY&SY\x94\x1f\x22\x33\x44\x55",
            b"BZh,name\n1,a,b,c,d,e",
            b"i\0d\0,\0n\0a\0m\0e\0\n\x001\0",
            b"\xef\xbb\xbfid,name",
            b"ORC,city\nORCHARD,Paris\n",
            b"\xef\xbbid,name",
            b"id,name,amount\n1,a,b\n",
        ];
        for object in objects {
            let whole = look(object, true);
            let first = (0..=object.len()).map(|length| look(&object[..length], false)).find(|look| *look != Look::More);
            assert_eq!(first.unwrap_or(whole), whole, "{}", object.escape_ascii());
        }
        assert_eq!(look(b"id", false), Look::Text(0));
    }
}
