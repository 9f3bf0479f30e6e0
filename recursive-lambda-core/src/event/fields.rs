//! JSON objects, read field by field. An error names the field's place; a field that is not asked for is never looked at.
//!
//! Values stay unparsed text until they are asked for, so nesting cannot exhaust the stack, and a signal's contents pass through
//! byte by byte. An error never contains a value. It shows field names and names from AWS's vocabulary, escaped and cut.

use super::names::Checked;
use crate::excerpt;
use crate::{Error, ErrorKind};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fmt::Write;

const UNDERSTOOD: &str = "expected an event of S3, CloudTrail or S3 Batch Operations, also through EventBridge, SNS, SQS or Pipes; \
     a sweep; or a manual start {\"bucket\": \"..\", \"key\": \"..\", \"run\": \"..\"}";

/// A JSON object and its place in the event.
pub(super) struct Fields<'a> {
    place: String,
    /// Without the fields that are `null`, which mean the same as absent ones.
    fields: BTreeMap<String, &'a RawValue>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(json: &'a str, place: String) -> Result<Self, Error> {
        match serde_json::from_str::<BTreeMap<String, &'a RawValue>>(json) {
            Ok(mut fields) => {
                fields.retain(|_, value| value.get() != "null");
                Ok(Self { place, fields })
            }
            Err(error) if error.is_data() => Err(unknown(&place, "is not a JSON object")),
            Err(_) => Err(unknown(&place, "is not JSON")),
        }
    }

    /// The place of one of this object's fields.
    pub(super) fn place_of(&self, name: &str) -> String {
        if self.place.is_empty() { name.to_owned() } else { format!("{}.{name}", self.place) }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    pub(super) fn raw(&self, name: &str) -> Option<&'a RawValue> {
        self.fields.get(name).copied()
    }

    pub(super) fn object(&self, name: &str) -> Result<Self, Error> {
        let raw = self.raw(name).ok_or_else(|| self.missing(name))?;
        Self::of(raw.get(), self.place_of(name))
    }

    /// The objects of an array; an absent array is empty.
    pub(super) fn objects(&self, name: &str, at_most: usize) -> Result<Vec<Self>, Error> {
        let Some(raw) = self.raw(name) else { return Ok(Vec::new()) };
        elements(raw.get(), &self.place_of(name), at_most)?.into_iter().collect()
    }

    pub(super) fn text(&self, name: &str) -> Result<String, Error> {
        self.text_if_any(name)?.ok_or_else(|| self.missing(name))
    }

    pub(super) fn text_if_any(&self, name: &str) -> Result<Option<String>, Error> {
        self.read(name, "is not text")
    }

    pub(super) fn name(&self, name: &str, check: fn(String) -> Checked) -> Result<String, Error> {
        check(self.text(name)?).map_err(|what| self.fault(name, what))
    }

    /// A name that may be absent or empty: some emulators write an empty text instead.
    pub(super) fn name_if_any(&self, name: &str, check: fn(String) -> Checked) -> Result<Option<String>, Error> {
        match self.text_if_any(name)? {
            Some(text) if !text.is_empty() => check(text).map(Some).map_err(|what| self.fault(name, what)),
            _ => Ok(None),
        }
    }

    pub(super) fn number(&self, name: &str) -> Result<u64, Error> {
        self.number_if_any(name)?.ok_or_else(|| self.missing(name))
    }

    pub(super) fn number_if_any(&self, name: &str) -> Result<Option<u64>, Error> {
        self.read(name, "is not a whole number of 0 or more")
    }

    /// An absent field is false.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Error> {
        Ok(self.read(name, "is not true or false")?.unwrap_or_default())
    }

    pub(super) fn is_zero(&self, name: &str) -> bool {
        self.raw(name).is_some_and(|raw| serde_json::from_str::<f64>(raw.get()).is_ok_and(|number| number == 0.0))
    }

    /// Refuses any other field, so that a typing error does not pass unnoticed.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Error> {
        match self.fields.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some(other) => {
                let what = format!("is unknown; the fields are `{}`", known.join("`, `"));
                Err(self.fault(&shown(other), &what))
            }
        }
    }

    /// The error for an unrecognised object. It names the fields that it has.
    pub(super) fn unknown(&self) -> Error {
        const SHOWN: usize = 6;
        let mut what = String::from(if self.fields.is_empty() { "has no fields" } else { "has the fields" });
        for (index, name) in self.fields.keys().take(SHOWN).enumerate() {
            let _ = write!(what, "{} `{}`", if index == 0 { "" } else { "," }, shown(name));
        }
        if let Some(more) = self.fields.len().checked_sub(SHOWN + 1) {
            let _ = write!(what, " and {} more", more + 1);
        }
        unknown(&self.place, &what)
    }

    pub(super) fn fault(&self, name: &str, what: &str) -> Error {
        Error::new(ErrorKind::UnknownEvent, format!("`{}` {what}", self.place_of(name)))
    }

    fn missing(&self, name: &str) -> Error {
        self.fault(name, "is missing")
    }

    fn read<T: Deserialize<'a>>(&self, name: &str, otherwise: &str) -> Result<Option<T>, Error> {
        self.raw(name).map(|raw| serde_json::from_str(raw.get()).map_err(|_| self.fault(name, otherwise))).transpose()
    }
}

/// The elements of an array, each an object or its own error.
pub(super) fn elements<'a>(json: &'a str, place: &str, at_most: usize) -> Result<Vec<Result<Fields<'a>, Error>>, Error> {
    let fault = |what: &str| Error::new(ErrorKind::UnknownEvent, format!("{} {what}", named(place)));
    let raw: Vec<&'a RawValue> = serde_json::from_str(json).map_err(|_| fault("is not an array"))?;
    if raw.len() > at_most {
        return Err(fault("has more entries than one event of AWS can have"));
    }
    Ok(raw.into_iter().enumerate().map(|(index, raw)| Fields::of(raw.get(), format!("{place}[{index}]"))).collect())
}

/// The error for an unrecognised value.
pub(super) fn unknown(place: &str, what: &str) -> Error {
    Error::new(ErrorKind::UnknownEvent, format!("{} {what}; {UNDERSTOOD}", named(place)))
}

fn named(place: &str) -> String {
    if place.is_empty() { "the event".to_owned() } else { format!("`{place}`") }
}

/// A name as an error may show it.
pub(super) fn shown(name: &str) -> String {
    const SHOWN: usize = 60;
    excerpt::short(name, SHOWN)
}
