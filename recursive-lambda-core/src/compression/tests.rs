//! Real files of several compressors: read in pieces of any size, resumed at every point, damaged in every byte.

use super::gzip::Gunzip;
use super::resume::MemberState;
use super::*;

mod zstd;

/// The text of every file in testdata, or the start of it.
fn text() -> Vec<u8> {
    let line = |index: u64| format!("{index},{},row {}\n", index * 2_654_435_761 % (1 << 32), index % 97);
    (0..12_000).map(line).collect::<String>().into_bytes()
}

macro_rules! files {
    ($($name:literal: $length:expr),* $(,)?) => {
        [$(($name, include_bytes!(concat!("testdata/", $name, ".gz")).as_slice(), $length)),*]
    };
}

/// Each file, and how much of the text is in it.
fn files() -> [(&'static str, &'static [u8], usize); 8] {
    let all = text().len();
    files! {
        "gzip-1": all,
        "gzip-6": all,
        "gzip-9": all,
        "fixed": 60_000,
        "flushed": 60_000,
        "stored": 20_000,
        "members": 60_000,
        "names": 5_000,
    }
}

/// Decompresses everything from `point` on, `piece` bytes at a time, and gathers the points that are passed.
fn decompress(
    decompressor: &mut dyn Decompressor,
    object: &[u8],
    point: &ResumePoint,
    piece: usize,
    most: usize,
) -> Result<(Vec<u8>, Vec<ResumePoint>), Corrupt> {
    let (mut out, mut points, mut at) = (Vec::new(), Vec::new(), point.compressed as usize);
    loop {
        let input = &object[at..object.len().min(at + piece)];
        let end = at + input.len() == object.len();
        let before = out.len();
        let used = decompressor.decompress(input, end, &mut out, most)?;
        at += used;
        assert_eq!((decompressor.compressed(), decompressor.text()), (at as u64, point.text + out.len() as u64));
        let point = decompressor.take_point();
        let stopped = point.is_some();
        points.extend(point);
        if end && used == input.len() && out.len() == before && !stopped {
            return Ok((out, points));
        }
    }
}

fn inflate(object: &[u8], point: &ResumePoint, piece: usize, most: usize) -> Result<(Vec<u8>, Vec<ResumePoint>), Corrupt> {
    decompress(&mut Gunzip::spaced(point, 0), object, point, piece, most)
}

const ALL: usize = usize::MAX;

#[test]
fn reads_what_each_compressor_writes() {
    for (name, object, length) in files() {
        for (piece, most) in [(ALL, ALL), (4_096, ALL), (4_096, 1), (7, 100), (1, ALL)] {
            let piece = piece.min(object.len());
            let (out, _) = inflate(object, &ResumePoint::START, piece, most).unwrap();
            assert!(out == text()[..length], "{name}, {piece} bytes at a time");
        }
    }
}

#[test]
fn resumes_at_every_point() {
    let mut resumed = 0;
    for (name, object, length) in files() {
        // One byte of the text at a time, so that no point is passed over.
        let (_, points) = inflate(object, &ResumePoint::START, 512, 1).unwrap();
        for point in points {
            let json = serde_json::to_string(&point).unwrap();
            let read: ResumePoint = serde_json::from_str(&json).unwrap();
            assert_eq!(read, point, "{name}");
            assert!(json.len() < 48 << 10, "{name}: {} bytes", json.len());
            let (out, _) = inflate(object, &read, 4_096, ALL).unwrap();
            assert!(out == text()[point.text as usize..length], "{name} from {} on", point.compressed);
            resumed += 1;
        }
    }
    assert!(resumed > 30, "{resumed} points");
}

#[test]
fn points_are_256_kib_apart() {
    let (_, object, length) = files()[1];
    let mut gunzip = Gunzip::new(&ResumePoint::START);
    let mut points = Vec::new();
    let mut at = 0;
    while at < object.len() {
        at += gunzip.decompress(&object[at..object.len().min(at + 100)], true, &mut Vec::new(), ALL).unwrap_or(100);
        points.extend(gunzip.take_point().map(|point| point.text));
    }
    // The last one is the member's end.
    assert!(points.len() <= (length >> 18) + 1, "{points:?}");
}

#[test]
fn joined_members_are_read_to_the_end() {
    let (_, object, length) = files()[7];
    let one = &text()[..length];
    let joined = |parts: &[&[u8]]| parts.concat();
    for (name, object, want) in [
        ("two members", joined(&[object, object]), Ok([one, one].concat())),
        ("zeros at the end", joined(&[object, &[0; 700]]), Ok(one.to_vec())),
        ("other bytes at the end", joined(&[object, b"abc"]), Err((object.len(), "these bytes are not gzip"))),
        (
            "the start of a member",
            joined(&[object, &[0x1f]]),
            Err((object.len() + 1, "the object ends in the middle of gzip data")),
        ),
        (
            "bytes after zeros",
            joined(&[object, &[0, 0, 7]]),
            Err((object.len(), "bytes follow the gzip data that are not part of it")),
        ),
        ("nothing", Vec::new(), Err((0, "the object ends in the middle of gzip data"))),
        ("text", b"a,b\n".to_vec(), Err((0, "these bytes are not gzip"))),
        ("reserved flags", b"\x1f\x8b\x08\x20\0\0\0\0\0\0".to_vec(), Err((0, "a gzip header is not one that RFC 1952 knows"))),
        ("another method", b"\x1f\x8b\x09\0\0\0\0\0\0\0".to_vec(), Err((0, "these bytes are not gzip"))),
        (
            "a name without an end",
            [b"\x1f\x8b\x08\x08\0\0\0\0\0\0".as_slice(), &[b'x'; 128 << 10]].concat(),
            Err((0, "a gzip header is longer than 128 KiB")),
        ),
    ] {
        let found = inflate(&object, &ResumePoint::START, object.len(), ALL);
        let found = found.map(|(out, _)| out).map_err(|corrupt| (corrupt.offset as usize, corrupt.reason));
        assert!(found == want, "{name}: {:?}", found.map(|out| out.len()));
    }
}

#[test]
fn damaged_gzip_is_never_misread() {
    let (_, object, length) = files()[7];
    for cut in 0..object.len() {
        let error = inflate(&object[..cut], &ResumePoint::START, cut, ALL).unwrap_err();
        assert_eq!((error.offset as usize, error.reason), (cut, "the object ends in the middle of gzip data"));
    }
    for at in 0..object.len() {
        for bit in 0..8 {
            let mut damaged = object.to_vec();
            damaged[at] ^= 1 << bit;
            if let Ok((out, _)) = inflate(&damaged, &ResumePoint::START, damaged.len(), ALL) {
                assert!(out == text()[..length], "byte {at}, bit {bit}");
                assert!(at < 32, "byte {at} says nothing");
            }
        }
    }
}

#[test]
fn memory_does_not_depend_on_the_ratio() {
    let zeros = miniz_oxide::deflate::compress_to_vec(&vec![0; 20 << 20], 9);
    let object = [b"\x1f\x8b\x08\0\0\0\0\0\0\xff".as_slice(), &zeros].concat();
    let mut gunzip = Gunzip::new(&ResumePoint::START);
    let (mut at, mut text) = (0, 0);
    while at < object.len() {
        let mut out = Vec::new();
        at += gunzip.decompress(&object[at..], false, &mut out, 10_000).unwrap();
        assert!(out.len() <= 10_000 + (64 << 10), "{}", out.len());
        text += out.len();
        if gunzip.take_point().is_none() && out.is_empty() {
            break;
        }
    }
    assert_eq!(text, 20 << 20);
}

#[test]
fn a_forged_point_is_only_an_error() {
    let (_, object, _) = files()[0];
    let (_, points) = inflate(object, &ResumePoint::START, 512, 1).unwrap();
    let point = points.iter().find(|point| point.member.is_some()).unwrap();
    let member = point.member.clone().unwrap();
    for (name, forged) in [
        ("other bits", MemberState { bits: 255, bit_buffer: 255, ..member.clone() }),
        ("another checksum", MemberState { crc: 0, ..member.clone() }),
        ("another length", MemberState { length: 0, ..member.clone() }),
        ("no window", MemberState { window: Window([].into()), ..member.clone() }),
        ("a window too long", MemberState { window: Window(vec![7; 1 << 20].into()), ..member }),
    ] {
        let forged = ResumePoint { member: Some(forged), ..point.clone() };
        assert!(inflate(object, &forged, 4_096, ALL).is_err(), "{name}");
    }
}

/// The text of the object from `offset` on, read as a run reads it; where to resume for each of `offsets`.
fn read_on(source: &mut TextSource, rest: &[u8], offsets: &[u64]) -> (Vec<u8>, Vec<TextPosition>) {
    let (mut text, mut positions) = (Vec::new(), Vec::new());
    let mut parts = rest.chunks(1 << 10);
    loop {
        let end = parts.len() == 0;
        match source.next(end).unwrap() {
            Text::Bytes(bytes) => text.extend_from_slice(&bytes),
            Text::NeedsMore => source.push(parts.next().unwrap().to_vec().into()),
            Text::End => return (text, positions),
        }
        let known = offsets.iter().skip(positions.len()).take_while(|offset| **offset <= text.len() as u64);
        positions.extend(known.filter_map(|offset| source.position(*offset)));
    }
}

#[test]
fn a_run_resumes_at_every_offset() {
    for (name, object, length) in files() {
        let offsets: Vec<u64> = (0..length as u64).step_by(9_973).collect();
        let (all, positions) = read_on(&mut TextSource::start(Compression::Auto), object, &offsets);
        assert!(all == text()[..length] && positions.len() == offsets.len(), "{name}");
        for position in positions {
            let rest = &object[position.resume.compressed as usize..];
            let (text, _) = read_on(&mut TextSource::resumed(&position), rest, &[]);
            assert!(text == all[position.offset as usize..], "{name} from {} on", position.offset);
            assert!(position.offset - position.resume.text < 300 << 10, "{name}: {}", position.offset);
        }
    }
}

#[test]
fn many_members_cost_no_memory() {
    let member = |text: &[u8]| {
        let mut object = b"\x1f\x8b\x08\0\0\0\0\0\0\xff".to_vec();
        object.extend(miniz_oxide::deflate::compress_to_vec(text, 1));
        object.extend(crc32fast::hash(text).to_le_bytes());
        object.extend((text.len() as u32).to_le_bytes());
        object
    };
    for text in [&b""[..], b"x"] {
        let object = member(text).repeat(20_000);
        let mut source = TextSource::start(Compression::Gzip);
        let (all, _) = read_on(&mut source, &object, &[]);
        assert_eq!(all.len(), text.len() * 20_000);
        let position = source.position(all.len() as u64 / 2).unwrap();
        assert!(position.resume.text <= position.offset);
        let rest = &object[position.resume.compressed as usize..];
        let (rest, _) = read_on(&mut TextSource::resumed(&position), rest, &[]);
        assert_eq!(rest.len(), all.len() - all.len() / 2);
    }
}

#[test]
fn compression_follows_the_argument() {
    let (_, object, length) = files()[7];
    let read = |compression, object: &[u8]| {
        let mut source = TextSource::start(compression);
        source.push(object.to_vec().into());
        let mut all = Vec::new();
        loop {
            match source.next(true) {
                Ok(Text::Bytes(bytes)) => all.extend_from_slice(&bytes),
                Ok(_) => return Ok(all),
                Err(corrupt) => return Err(corrupt.reason),
            }
        }
    };
    let gzip = text()[..length].to_vec();
    let zstd = b"\x28\xb5\x2f\xfd\x20\x03\x1b\0\0z".as_slice();
    for (compression, object, want) in [
        (Compression::Auto, object, Ok(gzip.clone())),
        (Compression::Gzip, object, Ok(gzip)),
        (Compression::None, object, Ok(object.to_vec())),
        (Compression::Auto, b"a,b\n", Ok(b"a,b\n".to_vec())),
        (Compression::Auto, b"\x1f\x8b", Ok(b"\x1f\x8b".to_vec())),
        (Compression::Auto, b"\x1f\x8b\n", Ok(b"\x1f\x8b\n".to_vec())),
        (Compression::Auto, b"", Ok(Vec::new())),
        (Compression::Gzip, b"a,b\n", Err("these bytes are not gzip")),
        (Compression::Auto, zstd, Ok(b"zzz".to_vec())),
        (Compression::Zstd, zstd, Ok(b"zzz".to_vec())),
        (Compression::None, zstd, Ok(zstd.to_vec())),
        (Compression::Gzip, zstd, Err("these bytes are not gzip")),
        (Compression::Zstd, object, Err("these bytes are not zstd")),
        (Compression::Zstd, b"", Err("the object ends in the middle of zstd data")),
        (Compression::Auto, b"\x28\xb5\x2f", Ok(b"\x28\xb5\x2f".to_vec())),
        (Compression::Auto, b"\x5a\x2a\x4d\x18\0\0\0\0", Ok(Vec::new())),
        (Compression::Auto, b"Z*M\x19", Ok(b"Z*M\x19".to_vec())),
    ] {
        assert!(read(compression, object) == want, "{compression:?} {}", object.escape_ascii());
    }
}
