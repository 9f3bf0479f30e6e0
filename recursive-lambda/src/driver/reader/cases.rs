//! Real-world files, read as a run reads them: batch by batch, in one invocation and in many, skipping bad records.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may")]

use super::tests::Store;
use super::{RECORD_LIMIT, Raw, ReadError, Reader, Reading};
use crate::Config;
use crate::fixtures::{Compressed, compress};
use crate::format::{Csv, Decode, Json, Jsonl, Lines};
use crate::input::Decoding;
use bytes::Bytes;
use futures_util::FutureExt;
use recursive_lambda_core::compression::TextPosition;
use recursive_lambda_core::object::PinnedObject;
use recursive_lambda_core::records::Cursor;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

mod encodings;
mod legal;
mod options;
mod refused;
mod skipped;

/// The result of reading an object.
#[derive(Clone, Debug, PartialEq)]
struct Outcome {
    records: u64,
    /// What was skipped: its line and its length.
    skipped: Vec<(u64, usize)>,
    /// The error that ends it, with its place.
    error: Option<String>,
}

impl Outcome {
    /// Without what the offset of the error is in.
    fn anywhere(&self) -> Self {
        let texts = [" of the decompressed text)", " of the decoded text)"];
        let plain = |error: &String| texts.iter().fold(error.clone(), |error, text| error.replace(text, ")"));
        Self { error: self.error.as_ref().map(plain), ..self.clone() }
    }
}

type Read = fn(&[u8], usize) -> Outcome;

/// With the defaults.
const CONFIG: &Config = &Config::new(1);

/// Reads everything and skips up to `skip` bad records: at once, with a new reader for every batch, and compressed. All must
/// agree.
fn read<F: Decode<T>, T>(object: &[u8], skip: usize) -> Outcome {
    read_with::<F, T>(F::default, object, skip)
}

fn read_with<F: Decode<T>, T>(format: fn() -> F, object: &[u8], skip: usize) -> Outcome {
    read_as::<F, T>(format, CONFIG, object, skip)
}

fn read_as<F: Decode<T>, T>(format: fn() -> F, config: &Config, object: &[u8], skip: usize) -> Outcome {
    let outcome = read_in::<F, T>(format, config, object, skip, false);
    assert_eq!(outcome, read_in::<F, T>(format, config, object, skip, true), "resumed before every batch");
    let magic = [b"\x1f\x8b\x08".as_slice(), b"\x28\xb5\x2f\xfd", b"\x51\x2a\x4d\x18"];
    let is_compressed = magic.iter().any(|magic| object.starts_with(magic));
    let ways = [Compressed::Gzip(40), Compressed::Gzip(1 << 20), Compressed::Zstd(40), Compressed::Zstd(1 << 20)];
    for how in ways.into_iter().filter(|_| !is_compressed) {
        let compressed = compress(object, how);
        for resumed in [false, true] {
            let found = read_in::<F, T>(format, config, &compressed, skip, resumed);
            assert_eq!(outcome.anywhere(), found.anywhere(), "{how:?}; resumed before every batch: {resumed}");
        }
    }
    outcome
}

fn read_in<F: Decode<T>, T>(format: fn() -> F, config: &Config, object: &[u8], skip: usize, resumed: bool) -> Outcome {
    const BATCH: usize = 7;
    let decoding = Decoding { check: <F as Decode<T>>::check, decode: <F as Decode<T>>::decode };
    let store = Arc::new(Store(Bytes::copy_from_slice(object)));
    let named = PinnedObject { size: object.len() as u64, ..PinnedObject::for_tests() };
    let open = |cursor, text: Option<&_>, header: Option<&_>| {
        Reader::new(Arc::clone(&store), named.clone(), format(), config, cursor, text, header).unwrap()
    };
    let mut reader = open(Cursor::default(), None, None);
    let mut text: Option<TextPosition>;
    let (mut records, mut skipped) = (0, Vec::new());
    let error = loop {
        match reader.batch(BATCH, 1, decoding).now_or_never().unwrap() {
            Ok(read) => {
                records += read.records.len() as u64;
                text = read.after.text;
                if read.records.is_empty() || read.after.at_end {
                    break None;
                }
            }
            Err(ReadError::Undecoded(raw, _)) if skipped.len() < skip => {
                skipped.push((raw.place.line, raw.bytes.len()));
                text = raw.after.text;
                if raw.after.at_end {
                    break None;
                }
            }
            Err(ReadError::Undecoded(_, error) | ReadError::Unreadable(error)) => break Some(error.to_string()),
            Err(ReadError::Source(_)) => panic!("the store has all of it"),
        }
        if resumed {
            reader = open(reader.cursor(), text.as_ref(), reader.header().as_ref());
        }
    };
    Outcome { records, skipped, error }
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "only whether it can be read is looked at")]
struct Row {
    id: u64,
    name: String,
    amount: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "only whether it can be read is looked at")]
struct Optional {
    id: Option<u64>,
    name: Option<String>,
    amount: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "only whether it can be read is looked at")]
struct Flattened {
    id: u64,
    #[serde(flatten)]
    rest: Address,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "only whether it can be read is looked at")]
struct Address {
    zip: String,
    city: String,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "only whether it can be read is looked at")]
struct A {
    a: i64,
}

type Tuple = (u64, String, f64);
type Map = HashMap<String, String>;

const ROWS: Read = read::<Csv, Row>;
const OPTIONAL: Read = read::<Csv, Optional>;
const TUPLES: Read = read::<Csv, Tuple>;
const LISTS: Read = read::<Csv, Vec<String>>;
const MAPS: Read = read::<Csv, Map>;
const JSON: Read = read::<Jsonl, A>;
const VALUES: Read = read::<Jsonl, serde_json::Value>;
const STRINGS: Read = read::<Lines, String>;
const BYTES: Read = read::<Lines, Vec<u8>>;

fn case(file: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/driver/reader/cases");
    std::fs::read(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn show(file: &str, outcome: &Outcome) {
    if std::env::var_os("SHOW").is_some() {
        eprintln!("{file}: {outcome:?}\n");
    }
}
