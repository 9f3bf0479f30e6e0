//! Turns compressed bytes into text, and gives points from which this can be resumed.
//!
//! It never reads an object, and its memory does not depend on the compression ratio.

mod gzip;
mod member;
mod resume;
mod source;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may")]
mod tests;

pub use gzip::Gunzip;
pub(crate) use member::MAGIC as GZIP_MAGIC;
pub use resume::{ResumePoint, TextPosition, Window};
pub use source::{Text, TextSource};

/// How the bytes of an object become its text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// Gzip is recognised by the object's first three bytes (`1f 8b 08`), never by its name. Everything else is read as it is.
    #[default]
    Auto,
    /// The bytes are read as they are.
    None,
    /// The object must be gzip: one member, or several after each other as `bgzip`, `pigz` and `cat` write them.
    Gzip,
}

/// What is wrong with compressed bytes, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corrupt {
    /// The offset in the object, in bytes.
    pub offset: u64,
    pub reason: &'static str,
}
