//! Tests of what records are, and the small tools they share: reading an object in any parts, and every object over an alphabet.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod csv;
mod csv_options;
mod invariants;
mod json;
mod jsonl;
mod lines;
mod splitter;

use super::cursor::Cursor;
use super::splitter::{Next, Splitter};
use super::{Decode, Format};
use crate::{Error, Place};

/// More than any record of these tests.
pub(super) const LIMIT: usize = 1 << 20;

/// All that a splitter says about an object, or about the rest of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) header: Vec<u8>,
    pub(super) records: Vec<Found>,
    pub(super) end: Cursor,
}

/// A record as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) bytes: Vec<u8>,
    pub(super) place: Place,
    /// The cursor after it.
    pub(super) after: Cursor,
    /// Why it is not a record, if the format says so.
    pub(super) bad: Option<String>,
}

/// Reads what is left of `object` in one piece that is known to be the last.
pub(super) fn read_whole<F: Format>(mut splitter: Splitter<F>, object: &[u8]) -> Result<Reading, Error> {
    let mut records = Vec::new();
    splitter.push(&object[splitter.wanted() as usize..]);
    splitter.finish();
    assert!(drain(&mut splitter, &mut records)?, "more bytes asked for after the last");
    Ok(Reading { header: splitter.header().unwrap().to_vec(), records, end: splitter.cursor() })
}

/// Reads what is left of `object` in parts that end at each of `cuts`, taking all there is after each part.
pub(super) fn read_cut<F: Format>(
    mut splitter: Splitter<F>,
    object: &[u8],
    cuts: impl IntoIterator<Item = usize>,
) -> Result<Reading, Error> {
    let mut records = Vec::new();
    for cut in cuts.into_iter().chain([object.len()]) {
        let from = splitter.wanted() as usize;
        splitter.push(&object[from.min(cut)..cut]);
        assert_eq!(splitter.wanted() as usize, from.max(cut));
        assert!(!drain(&mut splitter, &mut records)?, "the end, before it was announced");
    }
    splitter.finish();
    assert!(drain(&mut splitter, &mut records)?, "more bytes asked for after the last");
    Ok(Reading { header: splitter.header().unwrap().to_vec(), records, end: splitter.cursor() })
}

/// Whether the end was reached.
fn drain<F: Format>(splitter: &mut Splitter<F>, records: &mut Vec<Found>) -> Result<bool, Error> {
    loop {
        match splitter.next(|_, bytes| Ok(bytes.to_vec()))? {
            Next::Record { value, place } => {
                let (bytes, bad) = match value {
                    Ok(bytes) => (bytes, None),
                    Err(undecoded) => (undecoded.bytes, Some(undecoded.error.to_string())),
                };
                records.push(Found { bytes, place, after: splitter.cursor(), bad });
            }
            Next::More => return Ok(false),
            Next::End => return Ok(true),
        }
    }
}

/// The values of an object in one piece, and the first error.
fn decode_all<F: Decode<T>, T>(object: &[u8]) -> (Vec<T>, Option<Error>) {
    decode_with(F::default(), object)
}

fn decode_with<F: Decode<T>, T>(format: F, object: &[u8]) -> (Vec<T>, Option<Error>) {
    let mut splitter = Splitter::start(format, LIMIT);
    splitter.push(object);
    splitter.finish();
    let mut values = Vec::new();
    match splitter.begin(|format, only| format.check(only)) {
        Ok(begun) => assert!(begun, "more bytes asked for after the last"),
        Err(error) => return (values, Some(error)),
    }
    loop {
        match splitter.next(|format, bytes| format.decode(bytes)) {
            Ok(Next::Record { value: Ok(value), .. }) => values.push(value),
            Ok(Next::Record { value: Err(undecoded), .. }) => return (values, Some(undecoded.error)),
            Err(error) => return (values, Some(error)),
            Ok(Next::End) => return (values, None),
            Ok(Next::More) => panic!("more bytes asked for after the last"),
        }
    }
}

/// The first error of an object as it is printed: the message with its place, then the reason.
fn first_error<F: Decode<T>, T>(object: &[u8]) -> String {
    let (_, error) = decode_all::<F, T>(object);
    let error = error.unwrap();
    assert!(error.is_terminal());
    assert_eq!(error.kind(), crate::ErrorKind::Record);
    format!("{error:?}")
}

/// Every string of exactly `length` symbols.
pub(super) fn every(alphabet: &'static [u8], length: u32) -> impl Iterator<Item = Vec<u8>> {
    let base = alphabet.len();
    (0..base.pow(length)).map(move |number| (0..length).map(|place| alphabet[number / base.pow(place) % base]).collect())
}

/// Pseudo-random numbers that are the same on every run (SplitMix64).
pub(super) struct Random(pub(super) u64);

impl Random {
    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }

    /// A text of this many tokens.
    pub(super) fn text(&mut self, tokens: &[&str], count: usize) -> Vec<u8> {
        (0..count).flat_map(|_| tokens[self.below(tokens.len())].bytes()).collect()
    }

    /// Where to cut an object of `length` bytes, in order.
    pub(super) fn cuts(&mut self, length: usize) -> Vec<usize> {
        let mut cuts: Vec<usize> = (0..self.below(12)).map(|_| self.below(length + 1)).collect();
        cuts.sort_unstable();
        cuts
    }
}
