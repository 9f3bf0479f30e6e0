//! File names: how they are made, and which are ours. Pure.

use recursive_lambda_core::object::PinnedObject;
use sha2::{Digest, Sha256};
use std::fmt::{self, Write};

/// The name of an object's file: 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Name(String);

/// The text between a file's name and the nonce while it is fetched.
const PART: &str = ".part.";

impl Name {
    /// From everything that identifies the object. Each field follows its length, so that two objects never give the same text.
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
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Self(text)
    }

    /// The name of an existing file, if it is one of ours.
    pub(super) fn read(found: &str) -> Option<Self> {
        let ours = found.len() == 64 && found.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        ours.then(|| Self(found.into()))
    }

    /// The name during a fetch. The nonce keeps the fetches of two processes apart.
    pub(super) fn part(&self, nonce: u64) -> String {
        format!("{}{PART}{nonce:016x}", self.0)
    }
}

/// Whether an existing file is an unfinished fetch.
pub(super) fn is_part(found: &str) -> bool {
    found.split_once(PART).is_some_and(|(name, _)| Name::read(name).is_some())
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
