//! File names: what they are made of, and which are ours. Pure.

use recursive_lambda_core::object::PinnedObject;
use sha2::{Digest, Sha256};
use std::fmt::{self, Write};

/// The name of an object's file: 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Name(String);

/// What stands between a file's name and the nonce while it is fetched.
const PART: &str = ".part.";

impl Name {
    /// Of what makes the object this one. Each field is preceded by its length, so that no two objects run together into one.
    pub(super) fn of(object: &PinnedObject) -> Self {
        let mut digest = Sha256::new();
        let (kind, version) = match &object.version {
            Some(version) => ("version", version),
            None => ("etag", &object.etag),
        };
        for field in [&object.bucket, &object.key, kind, version.as_str()] {
            digest.update((field.len() as u64).to_be_bytes());
            digest.update(field.as_bytes());
        }
        digest.update(object.size.to_be_bytes());
        let mut text = String::with_capacity(64);
        for byte in digest.finalize() {
            // A string takes whatever is written to it.
            let _ = write!(text, "{byte:02x}");
        }
        Self(text)
    }

    /// The name of a file that was found, if it is one of ours.
    pub(super) fn read(found: &str) -> Option<Self> {
        let ours = found.len() == 64 && found.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        ours.then(|| Self(found.into()))
    }

    /// The name under which it is fetched. The nonce sets apart what two processes fetch.
    pub(super) fn part(&self, nonce: u64) -> String {
        format!("{}{PART}{nonce:016x}", self.0)
    }
}

/// Whether a file that was found is a fetch that did not come to its end.
pub(super) fn is_part(found: &str) -> bool {
    found.split_once(PART).is_some_and(|(name, _)| Name::read(name).is_some())
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
