//! Whether a header can belong to the record's type: the one place where a file of another kind is told from a table.
//!
//! It knows names, never a row. A header that it refuses fails the run before the first batch; in doubt it accepts.

use super::dialect::{self, Dialect};
use super::shape::Shape;
use crate::excerpt;
use csv::ByteRecord;
use std::collections::BTreeSet;

/// Says why `header` cannot belong to records of this shape. `only`: it is the whole object, without a line end.
pub(super) fn check(dialect: &Dialect, header: &ByteRecord, shape: Shape, only: bool) -> Result<(), String> {
    if header.is_empty() {
        return Ok(());
    }
    match shape {
        Shape::Columns(names) => check_columns(dialect, header, names, only)?,
        Shape::List | Shape::Any => check_unnamed(dialect, header, only)?,
    }
    match duplicate(header, shape) {
        Some(name) => Err(format!(
            "the header has two columns of the name {}, and only one of them would be read; rename one in the file, or take the fields \
             in order, as a tuple or a `Vec`; the columns are {}",
            excerpt::quoted(name),
            shown(header.iter())
        )),
        None => Ok(()),
    }
}

/// Says why columns of these names, which the job gives, cannot belong to records of this shape.
pub(super) fn check_given(names: &ByteRecord, shape: Shape) -> Result<(), String> {
    match shape {
        Shape::Columns(wanted) if !names.iter().any(|name| is_one_of(name, wanted)) => Err(format!(
            "`header` names the columns {}, and the record has none of them, it has {}",
            shown(names.iter()),
            shown(wanted.iter().map(|name| name.as_bytes()))
        )),
        _ => Ok(()),
    }
}

/// For a first row that is the names that were given.
pub(super) const IS_THERE: &str = "the object has a header row with the names that `header` gives: remove that option, because the first row is a header by default";

fn check_columns(dialect: &Dialect, header: &ByteRecord, names: &[&str], only: bool) -> Result<(), String> {
    if !header.iter().any(|cell| is_one_of(cell, names)) {
        return Err(format!(
            "the header has none of the record's columns {}, it has {}: {}",
            shown(names.iter().map(|name| name.as_bytes())),
            shown(header.iter()),
            what_it_is(dialect, header).unwrap_or_else(|| match misspelt(header, names) {
                Some((cell, _)) if is_padded(cell) => BLANKS.into(),
                Some(_) => RENAME.into(),
                None if only => "it is the whole object, one line; is it CSV?".into(),
                None => HEADERLESS.into(),
            })
        ));
    }
    // An `Option` would be `None` in every row, without an error.
    match misspelt(header, names) {
        Some((cell, name)) if is_padded(cell) || cell.starts_with(MARK) => Err(format!(
            "the header has {} where the record has {}, and blanks are part of a name: {}",
            excerpt::quoted(cell),
            excerpt::quoted(name.as_bytes()),
            if is_padded(cell) { BLANKS } else { RENAME }
        )),
        _ => Ok(()),
    }
}

/// A header none of whose names is known to be right.
fn check_unnamed(dialect: &Dialect, header: &ByteRecord, only: bool) -> Result<(), String> {
    let number = || header.iter().filter(|_| !is_numbered(header)).find(|cell| is_number(cell));
    if let Some(what) = what_it_is(dialect, header) {
        Err(format!("the header has the columns {}: {what}", shown(header.iter())))
    } else if let Some(number) = number() {
        Err(format!(
            "the header has {} where a column's name should be: {HEADERLESS}; a struct reads columns of any name",
            excerpt::quoted(number)
        ))
    } else if only {
        Err(format!(
            "the object is one line without a line end, so it would be a header without rows: is it CSV? It has {}; a header alone ends with \
             a line end",
            shown(header.iter())
        ))
    } else {
        Ok(())
    }
}

const HEADERLESS: &str = "is this a file without a header row? `csv(header = none)` or `csv(header = [\"id\", ..])` reads it";
const BLANKS: &str = "`csv(trim)` removes them";
const RENAME: &str = "name the columns as the file has them, with `#[serde(rename = \"..\")]`";
const MARK: &[u8] = b"\xef\xbb\xbf";

fn is_padded(cell: &[u8]) -> bool {
    cell.trim_ascii().len() < cell.len()
}

/// What the first row is, if it clearly is not a header.
fn what_it_is(dialect: &Dialect, header: &ByteRecord) -> Option<String> {
    let first = header.get(0).unwrap_or_default().trim_ascii();
    let begins = |text: &str| first.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text.as_bytes()));
    if let (true, [_, _, _, _, separator]) = (begins("sep="), first) {
        return Some(format!("a line `sep=` says what separates the columns: write `{}`", with_delimiter(*separator)));
    }
    if first.starts_with(b"#") {
        return Some("that line is a comment: write `csv(comment = '#')`".into());
    }
    if ["{", "[{", "[[", "[\""].iter().any(|text| begins(text)) {
        return Some("it is JSON: `format = json` reads the values of an array and values over several lines, `format = jsonl` one value a line".into());
    }
    if ["<?xml", "<!doctype", "<html", "<error", "<!--"].iter().any(|text| begins(text)) {
        return Some("it is XML or HTML, as the error page of a server is".into());
    }
    let other = other_delimiter(dialect, first).filter(|_| header.len() == 1)?;
    Some(format!("its columns are separated by {}: write `{}`", dialect::shown(other), with_delimiter(other)))
}

/// A byte that separates columns in other files.
pub(super) fn other_delimiter(dialect: &Dialect, text: &[u8]) -> Option<u8> {
    b";\t|,".iter().copied().find(|delimiter| *delimiter != dialect.delimiter && text.contains(delimiter))
}

/// The format to write for this delimiter.
pub(super) fn with_delimiter(delimiter: u8) -> String {
    match delimiter {
        b'\t' => "tsv".into(),
        b',' => "csv".into(),
        other => format!("csv(delimiter = {})", dialect::shown(other)),
    }
}

/// A column that equals one of the record's except for blanks, letter case and a byte order mark, if that one is missing.
fn misspelt<'a>(header: &'a ByteRecord, names: &[&'a str]) -> Option<(&'a [u8], &'a str)> {
    let plain = |cell: &'a [u8]| cell.strip_prefix(MARK).unwrap_or(cell).trim_ascii();
    let cells = header.iter().filter(|cell| !is_one_of(cell, names));
    let missing = || names.iter().filter(|name| !header.iter().any(|cell| cell == name.as_bytes()));
    cells
        .flat_map(|cell| missing().map(move |name| (cell, *name)))
        .find(|(cell, name)| plain(cell).eq_ignore_ascii_case(name.as_bytes()))
}

/// Two columns with one name, of which the type would get only one. Columns without a name cannot be asked for.
fn duplicate(header: &ByteRecord, shape: Shape) -> Option<&[u8]> {
    let mut seen = BTreeSet::new();
    let is_asked_for = |cell: &&[u8]| match shape {
        Shape::Columns(names) => is_one_of(cell, names),
        Shape::Any => !cell.is_empty(),
        Shape::List => false,
    };
    header.iter().filter(is_asked_for).find(|cell| !seen.insert(*cell))
}

fn is_one_of(cell: &[u8], names: &[&str]) -> bool {
    names.iter().any(|name| name.as_bytes() == cell)
}

fn is_number(cell: &[u8]) -> bool {
    let cell = std::str::from_utf8(cell).unwrap_or_default().trim();
    cell.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first)) && cell.parse::<f64>().is_ok()
}

/// Numbers that are names: years after a name, as in `city,2024,2025`, and the numbering from 0 in a table without names.
fn is_numbered(header: &ByteRecord) -> bool {
    let is_year = |cell: &[u8]| cell.len() == 4 && (cell.starts_with(b"19") || cell.starts_with(b"20"));
    let first_is_a_name = header.get(0).is_some_and(|cell| !is_number(cell));
    let mut numbers = header.iter().filter(|cell| is_number(cell));
    if first_is_a_name && numbers.clone().all(is_year) {
        return true;
    }
    numbers.clone().count() > 1 && (0_usize..).zip(&mut numbers).all(|(index, cell)| index.to_string().as_bytes() == cell)
}

/// Names, or the first of many.
fn shown<'a>(names: impl IntoIterator<Item = &'a [u8]>) -> String {
    const SHOWN: usize = 8;
    let mut names = names.into_iter();
    let mut shown: Vec<String> = names.by_ref().take(SHOWN).map(excerpt::quoted).collect();
    if names.next().is_some() {
        shown.push("…".into());
    }
    excerpt::message(&shown.join(", "))
}
