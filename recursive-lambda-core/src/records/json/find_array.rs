//! Where the array of `json(at = "..")` begins: passes over the keys and values before it.

use super::next_non_blank;
use super::scan::{Found, Scan};

pub(super) const NOT_REACHED: &str = "the object ends before the array that `at` names; was the upload cut, or are there more than 16 MiB \
    before the array?";
const NO_OBJECT: &str = "the object is not one JSON object, in which `at` names an array; without `at`, `json` reads the values of an array, \
    and values one after another";
const NO_KEY: &str =
    "the JSON object does not have the key that `at` names; only its own keys count, not those of objects inside it";
const NO_ARRAY: &str = "the value of the key that `at` names is not an array";
const NO_MEMBER: &str =
    "the object is not JSON: before the array that `at` names, there is something else than a key with a value";

/// Where the values of the array at `key` begin, in the JSON object that begins at `start`. `None`: it depends on the next bytes.
pub(super) fn find_array(bytes: &[u8], start: usize, key: &str) -> Result<Option<usize>, &'static str> {
    if bytes.get(start) != Some(&b'{') {
        return Err(NO_OBJECT);
    }
    let mut at = next_non_blank(bytes, start + 1);
    loop {
        let name = match bytes.get(at) {
            None => return Ok(None),
            Some(b'"') => at,
            Some(b'}') => return Err(NO_KEY),
            Some(_) => return Err(NO_MEMBER),
        };
        let Some(name_end) = value_end(bytes, name)? else { return Ok(None) };
        at = next_non_blank(bytes, name_end);
        match bytes.get(at) {
            None => return Ok(None),
            Some(b':') => at = next_non_blank(bytes, at + 1),
            Some(_) => return Err(NO_MEMBER),
        }
        let name = bytes.get(name..name_end).unwrap_or_default();
        let is_wanted = serde_json::from_slice::<String>(name).map_err(|_| NO_MEMBER)? == key;
        match bytes.get(at) {
            None => return Ok(None),
            Some(b'[') if is_wanted => return Ok(Some(at + 1)),
            Some(_) if is_wanted => return Err(NO_ARRAY),
            Some(b',' | b']' | b'}') => return Err(NO_MEMBER),
            Some(_) => {}
        }
        let Some(end) = value_end(bytes, at)? else { return Ok(None) };
        at = next_non_blank(bytes, end);
        match bytes.get(at) {
            None => return Ok(None),
            Some(b',') => at = next_non_blank(bytes, at + 1),
            Some(b'}') => return Err(NO_KEY),
            Some(_) => return Err(NO_MEMBER),
        }
    }
}

/// Where the value ends that begins at `start`.
fn value_end(bytes: &[u8], start: usize) -> Result<Option<usize>, &'static str> {
    match Scan::default().find(bytes.get(start..).unwrap_or_default(), false) {
        Found::Value(length) => Ok(Some(start + length)),
        Found::Bad { reason, .. } => Err(reason),
        Found::More => Ok(None),
    }
}
