//! The object, and the correct result of a run over it, computed from the rows alone.

use super::chance::Chance;
use super::options::{Kind, Options, Poison};
use crate::fixtures::compress;
use bytes::Bytes;
use std::ops::Range;

/// The object and the truth about it.
pub(super) struct Oracle {
    /// The object's bytes: the text, or that in UTF-16, compressed or not.
    pub(super) object: Bytes,
    /// After this number of records: bytes, newlines, the sum of values.
    after: Vec<Mark>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) offset: u64,
    pub(super) lines: u64,
    pub(super) sum: u64,
}

/// FNV-1a, to tell the contents of batches apart.
pub(super) fn digest(digest: u64, text: &str) -> u64 {
    text.bytes().chain([0xff]).fold(digest, |digest, byte| (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

pub(super) const NO_DIGEST: u64 = 0xcbf2_9ce4_8422_2325;

/// The value of row `index`.
pub(super) fn value(index: u64) -> u64 {
    index.wrapping_mul(2_654_435_761) % 1_000
}

/// The text of row `index`, as the job sees it.
fn note(index: u64) -> String {
    match index % 7 {
        3 => format!("two\nlines of {index}"),
        5 => format!("{index} says \"é\""),
        _ => format!("row {index}"),
    }
}

impl Oracle {
    pub(super) fn new(options: &Options) -> Self {
        let mut chance = Chance::new(options.seed, 3);
        let newline = if chance.one_in(3) { "\r\n" } else { "\n" };
        let last_newline = !chance.one_in(4);
        let mut body = String::from(if options.is_utf_16 { "\u{feff}" } else { "" });
        let is_dialect = options.kind == Kind::Dialect;
        if options.kind.is_table() && !is_dialect {
            body.push_str("id,value,note");
            body.push_str(newline);
        }
        let mut mark = Mark::default();
        let mut after = Vec::with_capacity(options.rows as usize + 1);
        after.push(mark);
        for index in 0..options.rows {
            if options.kind.is_table() {
                let broken = options.poison_in(index..index + 1) == Some(Poison::Undecodable);
                let value = if broken { "none".into() } else { value(index).to_string() };
                if is_dialect {
                    let comment = if index % 5 == 0 { format!("# before 'row;{newline}") } else { String::new() };
                    let note = note(index).replace('o', "\\o");
                    body.push_str(&format!("{comment}{index};{value};'{note}'"));
                } else {
                    let note = note(index).replace('"', "\"\"");
                    body.push_str(&format!("{index},{value},\"{note}\""));
                }
            } else {
                body.push_str(&line(index));
            }
            if index + 1 < options.rows || last_newline {
                body.push_str(newline);
            }
            mark.sum += value(index);
            mark.offset = body.len() as u64;
            after.push(mark);
        }
        let mut lines = 0;
        let mut from = 0;
        for mark in &mut after {
            let to = mark.offset as usize;
            let newlines = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
            lines += body.as_bytes().get(from..to).map_or(0, newlines);
            (mark.lines, from) = (lines, to);
        }
        let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let bytes = if options.is_utf_16 { utf_16(&body) } else { body.into_bytes() };
        let object = options.compressed.map_or_else(|| bytes.clone(), |how| compress(&bytes, how));
        Self { object: object.into(), after }
    }

    /// Where the object's text stands after this number of records.
    pub(super) fn mark(&self, records: u64) -> Option<Mark> {
        self.after.get(records as usize).copied()
    }

    /// The digest of a batch.
    pub(super) fn batch_digest(&self, kind: Kind, mut rows: Range<u64>) -> u64 {
        rows.try_fold(NO_DIGEST, |sum, index| {
            self.mark(index + 1)?;
            Some(if kind.is_table() {
                digest(digest(sum, &value(index).to_string()), &note(index))
            } else {
                digest(sum, &line(index))
            })
        })
        .unwrap_or_default()
    }
}

fn line(index: u64) -> String {
    format!("{} {index}", value(index))
}
