//! What a line is.

use super::{decode_all, every, first_error};
use crate::records::Lines;

#[test]
fn lines_agree_with_std() {
    let check = |text: &str| {
        let (lines, error) = decode_all::<Lines, String>(text.as_bytes());
        // The one difference: text whose lines end with `\r` alone is not one line.
        let is_refused = !text.contains('\n') && text.strip_suffix('\r').unwrap_or(text).contains('\r');
        assert_eq!(error.is_some(), is_refused, "{text:?}: {error:?}");
        if is_refused {
            return;
        }
        assert_eq!(lines, text.lines().collect::<Vec<_>>(), "{text:?}");
    };
    (0..=7).flat_map(|length| every(b"a\n\r", length)).for_each(|text| check(std::str::from_utf8(&text).unwrap()));
    check("é\n\r\r\n\u{2028}\u{85}");
    check("a\n\u{feff}b");
}

#[test]
fn a_byte_order_mark_is_skipped_once() {
    let cases: [(&[u8], &[&[u8]]); 5] = [
        (b"\xef\xbb\xbf", &[]),
        (b"\xef\xbb\xbfa\nb", &[b"a", b"b"]),
        (b"\xef\xbb\xbf\n", &[b""]),
        (b"\xef\xbb\xbf\xef\xbb\xbfa", &[b"\xef\xbb\xbfa"]),
        (b"\xef\xbb", &[b"\xef\xbb"]),
    ];
    for (object, lines) in cases {
        assert_eq!(decode_all::<Lines, Vec<u8>>(object).0, lines, "{}", object.escape_ascii());
    }
}

#[test]
fn only_strings_must_be_utf_8() {
    let object = b"first\r\nab\xffcd\nlast";
    assert_eq!(
        first_error::<Lines, String>(object),
        "the record does not decode: the line is not UTF-8 from its byte 2 on: write its encoding, for example `encoding = \"windows-1252\"`; `Batch<Vec<u8>>` takes any bytes \
         (record 1, line 2, byte 7)"
    );
    assert_eq!(decode_all::<Lines, Vec<u8>>(object).0, [&b"first"[..], b"ab\xffcd", b"last"]);
}
