#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types, clippy::disallowed_macros, reason = "a test may"))]
#![allow(missing_docs, reason = "its API is for the crates of this project; everything that users see is documented, below")]

#[deny(missing_docs)]
mod error;
pub mod excerpt;
pub mod object;

pub mod checkpoint;
pub mod compression;
pub mod encoding;
pub mod identity;
pub mod layout;
pub mod skipped_record;

pub mod engine;
pub mod event;
#[deny(missing_docs)]
pub mod records;

/// The name that users know, for the examples.
#[doc(hidden)]
pub use records as format;

pub use error::{BoxError, Error, ErrorKind, OffsetIn, Place, Terminal};
