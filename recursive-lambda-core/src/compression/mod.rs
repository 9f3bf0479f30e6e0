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
mod zstd;

pub(crate) use member::MAGIC as GZIP_MAGIC;
pub use resume::{Codec, ResumePoint, TextPosition, Window};
pub use source::{Text, TextSource};
pub(crate) use zstd::MAGIC as ZSTD_MAGIC;

/// How the bytes of an object become its text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// Gzip and zstd are recognised by the object's first bytes (`1f 8b 08`; `28 b5 2f fd`, or `5? 2a 4d 18` of a frame that is
    /// skipped), never by its name. Everything else is read as it is.
    #[default]
    Auto,
    /// The bytes are read as they are.
    None,
    /// The object must be gzip: one member, or several after each other as `bgzip`, `pigz` and `cat` write them.
    Gzip,
    /// The object must be zstd: one frame, or several after each other as `pzstd` and `cat` write them. A run resumes only at the
    /// start of a frame, so an object of one frame is decompressed from its start by every invocation.
    Zstd,
}

/// What is wrong with compressed bytes, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corrupt {
    /// The offset in the object, in bytes.
    pub offset: u64,
    pub reason: &'static str,
}

/// What gzip and zstd have in common.
trait Decompressor: Send {
    /// The offset in the object of the next compressed byte.
    fn compressed(&self) -> u64;

    /// The offset of the next byte of the text.
    fn text(&self) -> u64;

    /// Bytes of the object per byte of text; `None` before there is text.
    fn ratio(&self) -> Option<f64> {
        (self.text() > 0).then(|| self.compressed() as f64 / self.text() as f64)
    }

    /// The point that was passed since this was last asked.
    fn take_point(&mut self) -> Option<ResumePoint>;

    /// Decompresses from `input` into `out`, until `input` is used up, `out` has grown by `most` bytes or slightly more, or a
    /// point is passed. Says how much of `input` was used. `end`: nothing of the object follows.
    ///
    /// # Errors
    /// The object is of another kind, damaged or cut. What came before is in `out`.
    fn decompress(&mut self, input: &[u8], end: bool, out: &mut Vec<u8>, most: usize) -> Result<usize, Corrupt>;
}
