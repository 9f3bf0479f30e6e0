//! What reading costs in instructions, against loops that people write by hand. `cargo xtask bench` runs each part alone under
//! callgrind; without it they only check that both read the same.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may")]

use super::Reader;
use super::tests::Store;
use crate::Config;
use crate::fixtures::{birdstrikes, gzip};
use crate::format::{Csv, Decode, Jsonl, Lines};
use crate::input::Decoding;
use bytes::Bytes;
use futures_util::FutureExt;
use recursive_lambda_core::object::PinnedObject;
use recursive_lambda_core::records::Cursor;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::io::BufRead;
use std::sync::Arc;

const BATCH: usize = 400;

#[derive(Deserialize)]
struct Strike {
    #[serde(rename = "Wildlife Species")]
    species: String,
    #[serde(rename = "Effect Amount of damage")]
    damage: String,
    #[serde(rename = "Cost Total $")]
    dollars: u64,
}

impl Strike {
    fn sum(&self) -> u64 {
        self.dollars + (self.species.len() + self.damage.len()) as u64
    }
}

fn times() -> usize {
    std::env::var("RL_TIMES").map_or(1, |times| times.parse().unwrap())
}

/// The demo's file, so many times.
fn csv() -> Bytes {
    let (header, rows) = birdstrikes();
    [header, &rows.repeat(times())].concat().into()
}

/// The same as JSON lines.
fn jsonl() -> Bytes {
    let mut lines = Vec::new();
    for row in csv::Reader::from_reader(&csv()[..]).into_deserialize::<BTreeMap<String, String>>().take(10_000) {
        let mut row = row.unwrap();
        let dollars: u64 = row.remove("Cost Total $").unwrap().parse().unwrap();
        let mut value = serde_json::to_value(row).unwrap();
        value["Cost Total $"] = dollars.into();
        serde_json::to_writer(&mut lines, &value).unwrap();
        lines.push(b'\n');
    }
    lines.repeat(times()).into()
}

/// The demo's file as gzip, with a member for each copy of its rows.
fn gzipped() -> Bytes {
    let (header, rows) = birdstrikes();
    [gzip(header, header.len()), gzip(&rows, rows.len()).repeat(times())].concat().into()
}

/// Reads an object as a run in one invocation does.
fn read<F: Decode<T>, T>(object: Bytes, sum: impl Fn(&T) -> u64) -> u64 {
    let named = PinnedObject { size: object.len() as u64, ..PinnedObject::for_tests() };
    let store = Arc::new(Store(object));
    let decoding = Decoding { check: <F as Decode<T>>::check, decode: <F as Decode<T>>::decode };
    let mut reader = Reader::new(store, named, F::default(), &Config::new(1), Cursor::default(), None, None).unwrap();
    let mut total = 0;
    loop {
        let read = reader.batch(BATCH, 1_000_000, decoding).now_or_never().unwrap().ok().unwrap();
        reader.prefetch(BATCH, 1_000_000);
        total += black_box(&read.records).iter().map(&sum).sum::<u64>();
        if read.records.is_empty() || read.after.at_end {
            return total;
        }
    }
}

/// The same by hand: batches of the records of an iterator.
fn by_hand<T>(records: impl Iterator<Item = T>, sum: impl Fn(&T) -> u64) -> u64 {
    let (mut total, mut batch) = (0, Vec::with_capacity(BATCH));
    let mut work = |batch: &mut Vec<T>| {
        total += black_box(&*batch).iter().map(&sum).sum::<u64>();
        *batch = Vec::with_capacity(BATCH);
    };
    for record in records {
        batch.push(record);
        if batch.len() == BATCH {
            work(&mut batch);
        }
    }
    work(&mut batch);
    total
}

fn csv_ours() -> u64 {
    read::<Csv, Strike>(csv(), Strike::sum)
}

fn csv_by_hand() -> u64 {
    let object = csv();
    by_hand(csv::Reader::from_reader(&object[..]).deserialize().map(Result::unwrap), Strike::sum)
}

fn gzip_ours() -> u64 {
    read::<Csv, Strike>(gzipped(), Strike::sum)
}

fn gzip_by_hand() -> u64 {
    let object = gzipped();
    let text = flate2::read::MultiGzDecoder::new(&object[..]);
    by_hand(csv::Reader::from_reader(text).deserialize().map(Result::unwrap), Strike::sum)
}

fn columns_ours() -> u64 {
    read::<Csv, Vec<String>>(csv(), |row| row.len() as u64)
}

fn columns_by_hand() -> u64 {
    let object = csv();
    by_hand(csv::Reader::from_reader(&object[..]).deserialize().map(Result::unwrap), |row: &Vec<String>| row.len() as u64)
}

fn lines_ours() -> u64 {
    read::<Lines, Vec<u8>>(csv(), |line| line.len() as u64)
}

fn lines_by_hand() -> u64 {
    let object = csv();
    let mut reader = std::io::BufReader::with_capacity(64 << 10, &object[..]);
    let lines = std::iter::from_fn(|| {
        let mut line = Vec::new();
        let read = reader.read_until(b'\n', &mut line).unwrap();
        line.pop_if(|last| *last == b'\n');
        line.pop_if(|last| *last == b'\r');
        (read > 0).then_some(line)
    });
    by_hand(lines, |line| line.len() as u64)
}

fn jsonl_ours() -> u64 {
    read::<Jsonl, Strike>(jsonl(), Strike::sum)
}

fn jsonl_by_hand() -> u64 {
    let object = jsonl();
    let mut reader = std::io::BufReader::with_capacity(64 << 10, &object[..]);
    let mut line = Vec::new();
    let values = std::iter::from_fn(|| {
        line.clear();
        (reader.read_until(b'\n', &mut line).unwrap() > 0).then(|| serde_json::from_slice(&line).unwrap())
    });
    by_hand(values, Strike::sum)
}

#[test]
fn both_read_the_same() {
    let parts: [[fn() -> u64; 2]; 5] = [
        [csv_ours, csv_by_hand],
        [columns_ours, columns_by_hand],
        [lines_ours, lines_by_hand],
        [jsonl_ours, jsonl_by_hand],
        [gzip_ours, gzip_by_hand],
    ];
    for [ours, by_hand] in parts {
        assert_eq!(ours(), by_hand());
    }
}

/// One part, named by `RL_PART`.
#[test]
#[ignore = "run by `cargo xtask bench`"]
fn one_part() {
    let part = match std::env::var("RL_PART").unwrap().as_str() {
        "csv" => csv_ours,
        "csv_by_hand" => csv_by_hand,
        "columns" => columns_ours,
        "columns_by_hand" => columns_by_hand,
        "lines" => lines_ours,
        "lines_by_hand" => lines_by_hand,
        "gzip" => gzip_ours,
        "gzip_by_hand" => gzip_by_hand,
        "jsonl" => jsonl_ours,
        "jsonl_by_hand" => jsonl_by_hand,
        other => unreachable!("{other}"),
    };
    println!("{}", part());
}
