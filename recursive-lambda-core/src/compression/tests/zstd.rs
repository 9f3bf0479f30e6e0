//! The same for zstd.

use super::super::zstd::Unzstd;
use super::*;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

macro_rules! files {
    ($($name:literal: $length:expr),* $(,)?) => {
        [$(($name, include_bytes!(concat!("../testdata/", $name, ".zst")).as_slice(), $length)),*]
    };
}

fn files() -> [(&'static str, &'static [u8], usize); 6] {
    let all = text().len();
    files! {
        "zstd-1": all,
        "zstd-19": all,
        // Without a length and a checksum.
        "streamed": 60_000,
        "frames": 60_000,
        // With a frame to be skipped at its start.
        "pzstd": 60_000,
        "small": 5_000,
    }
}

fn frames() -> (&'static [u8], &'static [u8]) {
    let text: &'static [u8] = text().leak();
    (files()[3].1, &text[..60_000])
}

fn small() -> &'static [u8] {
    files()[5].1
}

fn unzstd(object: &[u8], point: &ResumePoint, piece: usize, most: usize) -> Result<(Vec<u8>, Vec<ResumePoint>), Corrupt> {
    decompress(&mut Unzstd::new(point), object, point, piece, most)
}

fn whole(object: &[u8]) -> Result<Vec<u8>, (usize, &'static str)> {
    let found = unzstd(object, &ResumePoint::START, object.len().max(1), ALL);
    found.map(|(out, _)| out).map_err(|corrupt| (corrupt.offset as usize, corrupt.reason))
}

/// A frame with this descriptor, and what follows it.
fn frame(descriptor: u8, rest: &[&[u8]]) -> Vec<u8> {
    [&[0x28, 0xb5, 0x2f, 0xfd, descriptor], rest.concat().as_slice()].concat()
}

fn skippable(length: u32) -> Vec<u8> {
    [[0x5f, 0x2a, 0x4d, 0x18], length.to_le_bytes()].concat().into_iter().chain((0..length).map(|_| 0xfd)).collect()
}

#[test]
fn reads_what_the_zstd_tools_write() {
    for (name, object, length) in files() {
        for (piece, most) in [(ALL, ALL), (4_096, ALL), (4_096, 1), (7, 100), (1, ALL)] {
            let (out, _) = unzstd(object, &ResumePoint::START, piece.min(object.len()), most).unwrap();
            assert!(out == text()[..length], "{name}, {piece} bytes at a time");
        }
    }
}

#[test]
fn resumes_at_every_frame() {
    for (name, object, length, frames) in [("frames", frames().0, 60_000, 6), ("pzstd", files()[4].1, 60_000, 2)] {
        let (_, points) = unzstd(object, &ResumePoint::START, 512, 1).unwrap();
        assert_eq!(points.len(), frames, "{name}");
        for point in points {
            let json = serde_json::to_string(&point).unwrap();
            assert!(json.len() < 60, "{json}");
            let (out, _) = unzstd(object, &serde_json::from_str(&json).unwrap(), 4_096, ALL).unwrap();
            assert!(out == text()[point.text as usize..length], "{name} from {} on", point.compressed);
        }
    }
}

#[test]
fn joined_frames_are_read_to_the_end() {
    const CUT: &str = "the object ends in the middle of zstd data";
    const WINDOW: &str = "a zstd frame needs a window of more than 64 MiB: compress the object again, without `--long` and with a level of at most 21";
    let (object, one) = (small(), &text()[..5_000]);
    let raw = compress_to_vec(one, CompressionLevel::Uncompressed);
    let empty = frame(0, &[&[0x00, 1, 0, 0]]);
    let sized = |length: u8| frame(0x20, &[&[length, 1, 0, 0]]);
    let repeated = frame(0, &[&[0x50, 3 | 70 << 3, 2, 0, b'z']]);
    for (name, object, want) in [
        ("two frames", [object, object].concat(), Ok([one, one].concat())),
        ("blocks that are not compressed", raw, Ok(one.to_vec())),
        ("a repeated byte", repeated, Ok(vec![b'z'; 70 % 32 + 64])),
        (
            "frames to be skipped",
            [&skippable(9), object, &skippable(0), &skippable(300), object].concat(),
            Ok([one, one].concat()),
        ),
        ("only a frame to be skipped", skippable(5), Ok(Vec::new())),
        ("an empty frame", empty.clone(), Ok(Vec::new())),
        ("an empty frame between others", [object, &empty, object].concat(), Ok([one, one].concat())),
        ("an empty frame with its length", sized(0), Ok(Vec::new())),
        ("another length", sized(1), Err((6, "the length of zstd data is wrong: the object is damaged"))),
        ("a window of 64 MiB", frame(0, &[&[16 << 3, 1, 0, 0]]), Ok(Vec::new())),
        ("a larger window", frame(0, &[&[16 << 3 | 1, 1, 0, 0]]), Err((0, WINDOW))),
        ("the largest window", frame(0, &[&[0xff, 1, 0, 0]]), Err((0, WINDOW))),
        ("a length above 64 MiB in one segment", frame(0xa0, &[&[0, 0, 0, 5, 1, 0, 0]]), Err((0, WINDOW))),
        (
            "a dictionary",
            frame(1, &[&[0, 7, 1, 0, 0]]),
            Err((0, "a zstd frame needs a dictionary: compress the object again, without one")),
        ),
        ("a reserved flag", frame(8, &[&[0, 1, 0, 0]]), Err((0, "a zstd header is not one that RFC 8878 knows"))),
        ("a reserved block", frame(0, &[&[0, 7, 0, 0]]), Err((6, "the zstd data is damaged"))),
        ("a block that is too large", frame(0, &[&[0, 0xfd, 0xff, 0xff]]), Err((6, "the zstd data is damaged"))),
        ("zeros at the end", [object, &[0; 700]].concat(), Err((object.len(), "these bytes are not zstd"))),
        ("the start of a frame", [object, &[0x28]].concat(), Err((object.len() + 1, CUT))),
        ("nothing", Vec::new(), Err((0, CUT))),
        ("text", b"a,b\n".to_vec(), Err((0, "these bytes are not zstd"))),
        (
            "lz4 after a frame to be skipped",
            [&skippable(1)[..], b"\x04\x22\x4d\x18"].concat(),
            Err((9, "these bytes are not zstd")),
        ),
    ] {
        let found = whole(&object);
        assert!(found == want, "{name}: {:?}", found.map(|out| out.len()));
    }
}

#[test]
fn damaged_zstd_is_never_misread() {
    let (small, skipped) = (small(), [skippable(3), small().to_vec()].concat());
    let ends = [0, small.len(), skippable(3).len(), skipped.len()];
    for object in [small, &skipped] {
        for cut in (0..object.len()).filter(|cut| *cut == 0 || !ends.contains(cut)) {
            assert_eq!(whole(&object[..cut]), Err((cut, "the object ends in the middle of zstd data")));
        }
    }
    let mut unnoticed = 0;
    for at in 0..small.len() {
        for bit in 0..8 {
            let mut damaged = small.to_vec();
            damaged[at] ^= 1 << bit;
            match whole(&damaged) {
                Ok(out) => {
                    assert!(out == text()[..5_000], "byte {at}, bit {bit}");
                    unnoticed += 1;
                }
                Err((offset, _)) => assert!(offset <= damaged.len(), "byte {at}, bit {bit}: {offset}"),
            }
        }
    }
    // Padding, and the probabilities of symbols that do not occur.
    assert!(unnoticed < 40, "{unnoticed} flipped bits say nothing");
}

#[test]
fn a_run_resumes_at_every_offset_of_zstd() {
    for (name, object, length) in files() {
        let offsets: Vec<u64> = (0..length as u64).step_by(997).collect();
        let (all, positions) = read_on(&mut TextSource::start(Compression::Auto), object, &offsets);
        assert!(all == text()[..length] && positions.len() == offsets.len(), "{name}");
        for position in positions {
            let json = serde_json::to_string(&position).unwrap();
            let position: TextPosition = serde_json::from_str(&json).unwrap();
            let rest = &object[position.resume.compressed as usize..];
            let (text, _) = read_on(&mut TextSource::resumed(&position), rest, &[]);
            assert!(text == all[position.offset as usize..], "{name} from {} on", position.offset);
            let frame = if name == "frames" { 10_000 } else { length as u64 };
            assert!(position.offset - position.resume.text < frame, "{name}: {json}");
        }
    }
}

#[test]
fn a_saved_position_keeps_its_codec() {
    let position = TextPosition { offset: 7, resume: ResumePoint::START, codec: Codec::Gzip, anchor: None };
    for (codec, json) in [
        (Codec::Gzip, r#"{"offset":7,"resume":{"compressed":0,"text":0}}"#),
        (Codec::Zstd, r#"{"offset":7,"resume":{"compressed":0,"text":0},"codec":"zstd"}"#),
    ] {
        let position = TextPosition { codec, ..position.clone() };
        assert_eq!(serde_json::to_string(&position).unwrap(), json);
        assert_eq!(serde_json::from_str::<TextPosition>(json).unwrap(), position);
    }
}

/// 40 MiB of one byte in 1,280 bytes, with a window of 1 MiB.
#[test]
fn zstd_decodes_little_more_than_its_window() {
    const BLOCK: usize = 128 << 10;
    let blocks = (0..320).flat_map(|index| [2 | u8::from(index == 319), 0, 0x10, b'z']).collect::<Vec<u8>>();
    let object = frame(0, &[&[10 << 3], &blocks]);
    let mut unzstd = Unzstd::new(&ResumePoint::START);
    let (mut at, mut text) = (0, 0);
    while text < 320 * BLOCK {
        let mut out = Vec::new();
        at += unzstd.decompress(&object[at..], false, &mut out, 10_000).unwrap();
        assert!(out.len() <= 10_000, "{}", out.len());
        text += out.len();
        let decoded = at.saturating_sub(6) / 4 * BLOCK;
        assert!(decoded <= text + (1 << 20) + 2 * BLOCK, "{decoded} bytes are decoded, {text} taken");
        let ratio = unzstd.ratio().unwrap_or(1.0) * BLOCK as f64;
        assert!(text == 0 || (3.9..5.5).contains(&ratio), "{ratio} bytes a block");
    }
    assert_eq!(at, object.len());
}

#[test]
fn many_frames_cost_no_memory() {
    for text in [&b""[..], b"x"] {
        let object = compress_to_vec(text, CompressionLevel::Fastest).repeat(20_000);
        let mut source = TextSource::start(Compression::Zstd);
        let (all, _) = read_on(&mut source, &object, &[]);
        assert_eq!(all.len(), text.len() * 20_000);
        let position = source.position(all.len() as u64 / 2).unwrap();
        let rest = &object[position.resume.compressed as usize..];
        let (rest, _) = read_on(&mut TextSource::resumed(&position), rest, &[]);
        assert_eq!(rest.len(), all.len() - all.len() / 2);
    }
}
