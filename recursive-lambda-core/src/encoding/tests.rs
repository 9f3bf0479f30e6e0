//! Texts in every encoding of the standard: decoded in parts of any size, resumed at every offset, damaged.

use super::*;
use crate::compression::{Compression, Text, TextPosition};
use crate::error::OffsetIn;
use encoding_rs::{ISO_2022_JP, SHIFT_JIS, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Text with characters of one to four bytes, and what one encoding has of it.
fn text(encoding: &'static encoding_rs::Encoding) -> String {
    let all = "id,name\r\n1,Müller €5\n2,東京タワー\n3,ひらがなカタカナ\n4,Ελληνικά\n5,Ёлка\n6,𝄞𠮷\n7,שלום\n8,ไทย\n9,한국어\n";
    let has = |character: &char| !encode(encoding, &character.to_string()).1;
    all.chars().filter(has).collect()
}

/// The bytes, and whether a character is missing in the encoding.
fn encode(encoding: &'static encoding_rs::Encoding, text: &str) -> (Vec<u8>, bool) {
    if encoding == UTF_16LE {
        (text.encode_utf16().flat_map(u16::to_le_bytes).collect(), false)
    } else if encoding == UTF_16BE {
        (text.encode_utf16().flat_map(u16::to_be_bytes).collect(), false)
    } else {
        let (bytes, _, is_missing) = encoding.encode(text);
        (bytes.into_owned(), is_missing)
    }
}

fn encodings() -> Vec<&'static encoding_rs::Encoding> {
    let labels = [
        "ibm866",
        "iso-8859-2",
        "iso-8859-5",
        "iso-8859-7",
        "iso-8859-8",
        "iso-8859-8-i",
        "iso-8859-15",
        "koi8-r",
        "macintosh",
        "windows-874",
        "windows-1250",
        "windows-1251",
        "windows-1252",
        "windows-1255",
        "x-mac-cyrillic",
        "gbk",
        "gb18030",
        "big5",
        "euc-jp",
        "iso-2022-jp",
        "shift_jis",
        "euc-kr",
        "utf-16be",
        "utf-16le",
        "x-user-defined",
    ];
    labels.iter().map(|label| encoding_rs::Encoding::for_label(label.as_bytes()).unwrap()).collect()
}

fn start(encoding: Encoding) -> DecodedSource {
    DecodedSource::start(Compression::Auto, encoding, true)
}

/// The text of the object, read `piece` bytes at a time, and where to resume for each of its offsets.
fn read(source: &mut DecodedSource, object: &[u8], piece: usize, all_offsets: bool) -> (Vec<u8>, Vec<TextPosition>) {
    let (mut text, mut positions) = (Vec::new(), Vec::new());
    let mut parts = object.chunks(piece);
    loop {
        let end = parts.len() == 0;
        match source.next(end).unwrap() {
            Text::Bytes(bytes) => text.extend_from_slice(&bytes),
            Text::NeedsMore => source.push(parts.next().unwrap().to_vec().into()),
            Text::End => return (text, positions),
        }
        while all_offsets && positions.len() < text.len() {
            positions.extend(source.position(positions.len() as u64));
        }
    }
}

fn decoded(encoding: Encoding, object: &[u8]) -> Vec<u8> {
    let (text, _) = read(&mut start(encoding), object, object.len().max(1), false);
    for piece in 1..9 {
        let (pieces, _) = read(&mut start(encoding), object, piece, false);
        assert!(pieces == text, "{encoding:?}, {piece} bytes at a time: {}", pieces.escape_ascii());
    }
    text
}

fn resumed(position: &TextPosition, object: &[u8], encoding: Encoding) -> Vec<u8> {
    let rest = &object[position.resume.compressed as usize..];
    read(&mut DecodedSource::resumed(position, encoding), rest, 1_000, false).0
}

#[test]
fn every_encoding_is_decoded_and_resumed() {
    for standard in encodings() {
        let encoding = Encoding::new(standard.name().to_owned().leak());
        let text = text(standard);
        assert!(text.len() > 40, "{}: {text}", standard.name());
        let (object, _) = encode(standard, &text);
        assert_eq!(String::from_utf8(decoded(encoding, &object)).unwrap(), text, "{}", standard.name());
        for piece in [1, 3, 64] {
            let (_, positions) = read(&mut start(encoding), &object, piece, true);
            assert_eq!(positions.len(), text.len());
            for position in positions {
                let json = serde_json::to_string(&position).unwrap();
                let position: TextPosition = serde_json::from_str(&json).unwrap();
                let rest = resumed(&position, &object, encoding);
                assert!(rest == text.as_bytes()[position.offset as usize..], "{}: {json}", standard.name());
            }
        }
    }
}

/// Each anchor is at most 16 KiB of text before the position, in the densest text too, also where every slice ends in a character.
#[test]
fn anchors_are_close_to_every_position() {
    for (standard, unit) in [
        (WINDOWS_1252, "€"),
        (UTF_16LE, "東"),
        (UTF_16BE, "𝄞a"),
        (SHIFT_JIS, "東"),
        (SHIFT_JIS, "ｱ"),
        (encoding_rs::GB18030, "𠮷"),
        (ISO_2022_JP, "東京\n"),
    ] {
        let name = standard.name();
        let text = format!("x{}", unit.repeat(60_000));
        let (object, _) = encode(standard, &text);
        let encoding = Encoding::new(name);
        let mut source = start(encoding);
        let mut positions = Vec::new();
        let mut read = 0;
        source.push(object.clone().into());
        while let Text::Bytes(bytes) = source.next(true).unwrap() {
            read += bytes.len();
            positions.extend(source.position(read as u64 - 1));
        }
        assert_eq!(read, text.len(), "{name}");
        assert!(positions.len() > 1, "{name}: {}", positions.len());
        for position in positions {
            let anchor = position.anchor.as_ref().unwrap();
            assert!(position.offset - anchor.text <= 16 << 10, "{name} {unit}: {position:?}");
            let rest = resumed(&position, &object, encoding);
            assert!(rest == text.as_bytes()[position.offset as usize..], "{name} {unit}: {position:?}");
        }
    }
}

/// Japanese text that never goes back to ASCII has only its start as an anchor.
#[test]
fn a_stateful_encoding_is_resumed_in_ascii() {
    let encoding = Encoding::new("iso-2022-jp");
    let mut object = b"a\x1b$B".to_vec();
    object.extend(b"El5~".repeat(3_000));
    object.extend(b"\x1b(Bz\n");
    object.extend(b"plain\n".repeat(2_000));
    let (text, positions) = read(&mut start(encoding), &object, 100, true);
    assert!(text.ends_with(b"plain\n"));
    for position in positions.iter().step_by(101) {
        assert!(resumed(position, &object, encoding) == text[position.offset as usize..], "{position:?}");
    }
    let anchors = |offset: usize| positions[offset].anchor.as_ref().unwrap().text;
    assert!(anchors(17_000) <= 1, "{}", anchors(17_000));
    assert!(anchors(text.len() - 1) > text.len() as u64 - 5_000);
}

#[test]
fn bytes_that_are_not_text_are_marked() {
    let lone = b"a\0\0\xd8b\0";
    for (label, object, marked) in [
        ("shift_jis", b"a\x81\n\xfdb".as_slice(), b"a\xff\n\xffb".as_slice()),
        ("windows-1252", b"\x81\x80", b"\xc2\x81\xe2\x82\xac"),
        ("windows-1253", b"\xaa.", b"\xff."),
        ("utf-16le", lone, b"a\xffb"),
        ("utf-16le", b"a\0b", b"a\xff"),
        ("utf-16be", b"\0a\xd8\x34", b"a\xff"),
        ("utf-16be", b"\0a\xdd\x1e\0b", b"a\xffb"),
        ("euc-jp", b"\xa4", b"\xff"),
        ("gb18030", b"\x81\x30\x81", b"\xff"),
        ("iso-2022-jp", b"\x1b$BEl\x1b(B\x0e.", "東\u{0}.".as_bytes()),
        ("utf-8", b"a\xc3(\xff", b"a\xc3(\xff"),
    ] {
        // A control character that the encoding refuses.
        let marked: Vec<u8> = marked.iter().map(|byte| if *byte == 0 { UNDECODED } else { *byte }).collect();
        let encoding = Encoding::new(label);
        assert_eq!(decoded(encoding, object).escape_ascii().to_string(), marked.escape_ascii().to_string(), "{label}");
        let replaced = String::from_utf8(decoded(encoding.replacing(), object)).unwrap();
        let broken = encoding.standard().unwrap().decode_without_bom_handling(object).0;
        assert_eq!(replaced, broken, "{label}");
        let (_, positions) = read(&mut start(encoding.replacing()), object, 2, true);
        for position in positions {
            let rest = resumed(&position, object, encoding.replacing());
            assert!(rest == broken.as_bytes()[position.offset as usize..], "{label}: {position:?}");
        }
    }
}

/// Any bytes in any encoding: the parts do not matter, and with replacement it is what the standard's own decoder gives.
#[test]
fn any_bytes_are_decoded_as_the_standard_says() {
    let mut number = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
        number
    };
    let telling = *b"\x1b$(BJ@\x81\x30\x8f\xa4\xd8\xdc\x80\xfe\xff\n";
    for standard in encodings() {
        let encoding = Encoding::new(standard.name().to_owned().leak()).replacing();
        for _ in 0..60 {
            let length = next() % 40;
            let byte = |random: u64| if random & 1 == 0 { telling[(random >> 8) as usize % 16] } else { (random >> 8) as u8 };
            let object: Vec<u8> = (0..length).map(|_| byte(next())).collect();
            if encoding_rs::Encoding::for_bom(&object).is_some() {
                continue;
            }
            let want = standard.decode_without_bom_handling(&object).0;
            let found = decoded(encoding, &object);
            assert!(found == want.as_bytes(), "{}: {}", standard.name(), object.escape_ascii());
            let (_, positions) = read(&mut start(encoding), &object, 3, true);
            for position in positions {
                let rest = resumed(&position, &object, encoding);
                assert!(rest == want.as_bytes()[position.offset as usize..], "{}: {position:?}", standard.name());
            }
        }
    }
}

#[test]
fn a_mark_at_the_start_says_the_encoding() {
    let le = b"\xff\xfea\0";
    let mark = "\u{feff}a".as_bytes();
    let latin = Encoding::new("latin1");
    for (encoding, is_text, object, want, offset_in) in [
        (Encoding::UTF_8, true, le.as_slice(), mark, OffsetIn::DecodedText),
        (Encoding::UTF_8, true, b"\xfe\xff\0a", mark, OffsetIn::DecodedText),
        (Encoding::UTF_8, true, b"\xff\xfe", "\u{feff}".as_bytes(), OffsetIn::DecodedText),
        (Encoding::UTF_8, true, mark, mark, OffsetIn::Object),
        (Encoding::UTF_8, true, b"\xff\xfe\0\0a\0\0\0", b"\xff\xfe\0\0a\0\0\0", OffsetIn::Object),
        (Encoding::UTF_8, true, b"\xff", b"\xff", OffsetIn::Object),
        (Encoding::UTF_8, true, b"", b"", OffsetIn::Object),
        (Encoding::new("UTF8"), true, b"a\xff", b"a\xff", OffsetIn::Object),
        (Encoding::UTF_8, false, le, le, OffsetIn::Object),
        (Encoding::UTF_8.replacing(), true, b"a\xff", "a\u{fffd}".as_bytes(), OffsetIn::DecodedText),
        (latin, true, le, mark, OffsetIn::DecodedText),
        (latin, false, mark, mark, OffsetIn::Object),
        (latin, false, b"\xe9", "é".as_bytes(), OffsetIn::DecodedText),
        (Encoding::new("utf-16le"), true, b"\xfe\xff\0a", mark, OffsetIn::DecodedText),
    ] {
        for piece in [1, 2, 100] {
            let mut source = DecodedSource::start(Compression::Auto, encoding, is_text);
            let (text, _) = read(&mut source, object, piece, false);
            assert_eq!((text.as_slice(), source.offsets_are_in()), (want, offset_in), "{}", object.escape_ascii());
        }
    }
}

/// Each position is found again through both layers.
#[test]
fn compressed_and_encoded_is_resumed() {
    let text: String = (0..4_000).map(|row| format!("{row},Müller,€{}\n", row * 7 % 1_000)).collect();
    let (bytes, _) = encode(UTF_16BE, &text);
    let bytes = [b"\xfe\xff".as_slice(), &bytes].concat();
    let gzip = |text: &[u8]| {
        let deflated = miniz_oxide::deflate::compress_to_vec(text, 6);
        let end = [crc32fast::hash(text).to_le_bytes(), (text.len() as u32).to_le_bytes()].concat();
        [b"\x1f\x8b\x08\0\0\0\0\0\0\xff".as_slice(), &deflated, &end].concat()
    };
    let zstd = |text: &[u8]| ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest);
    let frames: Vec<u8> = bytes.chunks(10_001).flat_map(zstd).collect();
    let members: Vec<u8> = bytes.chunks(9_999).flat_map(gzip).collect();
    for object in [frames, members, bytes] {
        let (all, positions) = read(&mut start(Encoding::UTF_8), &object, 700, true);
        assert_eq!(String::from_utf8(all.clone()).unwrap(), format!("\u{feff}{text}"));
        for position in positions.iter().step_by(617) {
            let json = serde_json::to_string(position).unwrap();
            assert!(json.contains(r#""encoding":"UTF-16BE""#), "{json}");
            let rest = resumed(&serde_json::from_str(&json).unwrap(), &object, Encoding::UTF_8);
            assert!(rest == all[position.offset as usize..], "{json}");
            let anchor = position.anchor.as_ref().unwrap();
            assert!(position.resume.text <= anchor.bytes && anchor.bytes - position.resume.text < 20_002, "{json}");
        }
    }
}

#[test]
fn a_plan_names_the_encoding() {
    for (encoding, plan) in [
        (Encoding::UTF_8, ""),
        (Encoding::new("UTF8"), ""),
        (Encoding::UTF_8.replacing(), ", encoding UTF-8 with replacement"),
        (Encoding::new("latin1"), ", encoding windows-1252"),
        (Encoding::new(" Windows-1252\n"), ", encoding windows-1252"),
        (Encoding::new("sjis").replacing(), ", encoding Shift_JIS with replacement"),
    ] {
        assert_eq!(encoding.in_plan(), plan);
        assert_eq!(encoding.mistake(), None);
    }
}

/// Anyone may write to a store.
#[test]
fn a_forged_anchor_is_refused() {
    for (name, is_known) in [("Shift_JIS", true), ("latin1", true), ("replacement", false), ("iso-2022-kr", false), ("", false)] {
        let json = format!(r#"{{"encoding":"{name}","bytes":4,"text":7}}"#);
        assert_eq!(serde_json::from_str::<Anchor>(&json).is_ok(), is_known, "{name}");
    }
    let odd = Anchor { encoding: UTF_16LE, bytes: 1, text: 900 };
    let position = TextPosition {
        offset: 7,
        resume: crate::compression::ResumePoint::START,
        codec: crate::compression::Codec::None,
        anchor: Some(odd),
    };
    assert!(!resumed(&position, b"a\0b\0c\0", Encoding::UTF_8).is_empty());
}
