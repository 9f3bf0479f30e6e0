//! Bytes in, records and offsets out.
//!
//! Pure: it never reads, waits or looks at a clock. [`Format`] says where a record ends; [`Decode`] turns it into a value;
//! `Splitter` keeps the bytes in between and knows their place in the object.

mod buffer;
mod csv;
mod cursor;
pub mod cuts;
mod first_bytes;
mod json;
mod jsonl;
mod line_end;
mod lines;
mod misread;
mod splitter;
#[cfg(test)]
mod tests;

pub use csv::Csv;
pub use cursor::Cursor;
pub use cuts::Cut;
pub use json::Json;
pub use jsonl::Jsonl;
pub use lines::Lines;

pub use splitter::{Next, Splitter, Undecoded};

use crate::BoxError;

/// A format's answer: where the record ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// The first `content` bytes are the record; the next one begins at byte `next`.
    Record {
        /// Length of the record in bytes, without its terminator.
        content: usize,
        /// Length of the record in bytes with its terminator; at least 1 and at least `content`.
        next: usize,
    },
    /// The first bytes, at least 1, that belong to no record: blank lines, a mark at the start.
    Skip(usize),
    /// The first `content` bytes are not a record and cannot become one. This is an error at this place. With `on_error =
    /// skip(N)` these bytes are skipped as one record, and reading goes on at byte `next`. As an answer of [`Format::header`] it
    /// fails the run.
    Bad {
        /// Length of the bad part in bytes, without its terminator.
        content: usize,
        /// The same with its terminator; at least 1 and at least `content`.
        next: usize,
        /// What is wrong with it, for the error's message.
        reason: &'static str,
    },
    /// The bytes end inside a record.
    More,
}

/// How bytes become records: lines, CSV rows, or your own.
///
/// Splitting does not depend on the record's type. It must be a pure function of the bytes: a resumed run splits from the offset
/// of a record and must find the same ends.
///
/// ```
/// # extern crate recursive_lambda_core as recursive_lambda;
/// use recursive_lambda::format::{Cut, Decode, Format, Split};
/// use recursive_lambda::BoxError;
///
/// /// Samples of 4 bytes, big-endian.
/// #[derive(Default)]
/// struct Samples;
///
/// impl Format for Samples {
///     const NAME: &'static str = "samples";
///     const CUT: Cut = Cut::every_bytes(4);
///
///     fn split(&mut self, bytes: &[u8], end: bool) -> Split {
///         match bytes.len() {
///             0..4 if end => Split::Record { content: bytes.len(), next: bytes.len() },
///             0..4 => Split::More,
///             _ => Split::Record { content: 4, next: 4 },
///         }
///     }
/// }
///
/// impl Decode<u32> for Samples {
///     fn decode(&mut self, record: &[u8]) -> Result<u32, BoxError> {
///         Ok(u32::from_be_bytes(record.try_into()?))
///     }
/// }
/// ```
///
/// A job takes it by `format = Samples`, which uses `Samples::default()`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a format",
    label = "does not say where a record ends",
    note = "implement `Format` for it, and `Decode<T>` for each type of record it makes"
)]
pub trait Format: Default + Send + 'static {
    /// The format's name, for messages and the checkpoint. It must not change while runs are in progress.
    const NAME: &'static str;

    /// Whether the objects are text. Then one that begins with a UTF-16 byte order mark is decoded, and the format sees UTF-8.
    const TEXT: bool = false;

    /// How objects of this format can be cut into shards, with its default options. The compiler refuses `shards` for
    /// [`Cut::Nowhere`], the default.
    const CUT: Cut = Cut::Nowhere;

    /// The same with the options it was made with.
    #[must_use]
    fn cut(&self) -> Cut {
        Self::CUT
    }

    /// The options it was made with, as text, for the checkpoint: empty if there are none, as by default. They must not change
    /// while runs are in progress, or those runs wait for the former ones.
    #[must_use]
    fn options(&self) -> String {
        String::new()
    }

    /// Finds the header at the start of the object. It is asked until its answer is not `More`. `Record` says that the first
    /// `content` bytes are the header, which is kept for every later invocation, and that the first record begins at byte `next`;
    /// that may be inside the header, if its bytes are a record, too. `Skip(n)` drops `n` bytes and means that there is no header
    /// (the default is `Skip(0)`). `Bad` says that the object is not of this format. `end`: the object has no more bytes.
    #[must_use]
    fn header(&self, bytes: &[u8], end: bool) -> Split {
        let _ = (bytes, end);
        Split::Skip(0)
    }

    /// Starts reading, once per invocation, with the header's bytes as they were found. By default it does nothing.
    ///
    /// # Errors
    /// Says what is wrong with the header; the run fails.
    fn open(&mut self, header: &[u8]) -> Result<(), BoxError> {
        let _ = header;
        Ok(())
    }

    /// Finds the end of the record that begins at the first byte of `bytes`, which is never empty. `end`: the object has no more
    /// bytes. After [`Split::More`] it is asked again with the same bytes and more after them, so it may remember how far it
    /// looked. With `end` it must not answer `More`; an unfinished record then is all remaining bytes.
    ///
    /// A record of more than 16 MiB is asked about once more, cut to 16 MiB and with `end`: [`Split::Bad`] says how much of it to
    /// skip, and after any other answer the run fails.
    fn split(&mut self, bytes: &[u8], end: bool) -> Split;

    /// How many lines end in `bytes`, for the line that an error names: by default the number of `\n`. It is asked about each
    /// part that [`Split`] names.
    #[must_use]
    fn line_ends(&self, bytes: &[u8]) -> u64 {
        memchr::memchr_iter(b'\n', bytes).count() as u64
    }
}

/// How a record's bytes become a value of type `T`.
#[diagnostic::on_unimplemented(
    message = "format `{Self}` does not make records of type `{T}`",
    label = "not a record of this format",
    note = "`lines` makes `String` and `Vec<u8>`; `csv`, `json` and `jsonl` make any `T: serde::Deserialize`: is `format = ..` missing?"
)]
pub trait Decode<T>: Format {
    /// Makes the value.
    ///
    /// # Errors
    /// Says what is wrong with the record. The run fails at once, naming the record's index, line and offset, or skips the
    /// record.
    fn decode(&mut self, record: &[u8]) -> Result<T, BoxError>;

    /// Checks that the object can hold records of type `T`: once per invocation, before its first record. `only`: the object is
    /// this header and nothing else, without even a line end.
    ///
    /// # Errors
    /// Says why it cannot; the run fails, and skips nothing.
    fn check(&self, only: bool) -> Result<(), BoxError> {
        let _ = only;
        Ok(())
    }
}
