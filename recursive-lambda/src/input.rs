//! What a job takes by value: a batch of records, or the whole object as a file.
//!
//! It says how an input is made, and makes none; the driver does that.

use crate::batch::Context;
use crate::file_batch::HeldFile;
use crate::format::{Cut, Decode, Format, Lines};
use crate::{Advance, Batch, BoxError, FileBatch, Flow, Progress};
use std::convert::Infallible;

/// What a job can take by value: [`Batch`] or [`FileBatch`]. The trait is sealed.
#[diagnostic::on_unimplemented(
    message = "a job cannot take `{Self}` as its input",
    label = "the parameter taken by value must be `Batch<T>` or `FileBatch`",
    note = "take state by `&mut`, shared resources by `&`"
)]
pub trait Input<F>: Flows + Sized + Send + 'static {
    /// One record.
    #[doc(hidden)]
    type Record: Send + 'static;
    /// The format, known to be one.
    #[doc(hidden)]
    type Format: Format;
    /// How a record is made.
    #[doc(hidden)]
    const SUPPLY: Supply<Self, Self::Format, Self::Record>;
    /// The format, with its options.
    #[doc(hidden)]
    fn make_format(configure: fn(F) -> F) -> Self::Format;
}

/// The result that fits an input. Apart from [`Input`], so that a wrong input type is reported once.
#[doc(hidden)]
#[diagnostic::on_unimplemented(message = "`{Self}` is not an input", label = "must be `Batch<T>` or `FileBatch`")]
pub trait Flows {
    /// The result type.
    type Flow: Into<Advance> + Send;
}

impl<T> Flows for Batch<T> {
    type Flow = Flow;
}

impl Flows for FileBatch {
    type Flow = Advance;
}

/// How an input is made: from records that are read one by one, or from the whole object as a file.
#[doc(hidden)]
pub enum Supply<I, F, T> {
    Records { decoding: Decoding<F, T>, hand_over: fn(Vec<T>, Context) -> I },
    File { hand_over: fn(HeldFile, usize, Context) -> I },
}

/// How bytes become records of one type.
#[doc(hidden)]
pub struct Decoding<F, T> {
    /// Whether the object can hold such records; see [`Decode::check`].
    pub(crate) check: fn(&F, bool) -> Result<(), BoxError>,
    /// Turns one record's bytes into the record.
    pub(crate) decode: fn(&mut F, &[u8]) -> Result<T, BoxError>,
}

impl<F, T> Clone for Decoding<F, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F, T> Copy for Decoding<F, T> {}

impl<T: Send + 'static, F: Decode<T>> Input<F> for Batch<T> {
    type Record = T;
    type Format = F;
    const SUPPLY: Supply<Self, F, T> =
        Supply::Records { decoding: Decoding { check: F::check, decode: F::decode }, hand_over: Self::new };

    fn make_format(configure: fn(F) -> F) -> F {
        configure(F::default())
    }
}

/// Only with the default format: any other would mean nothing and is refused.
impl Input<Lines> for FileBatch {
    type Record = Infallible;
    type Format = Lines;
    const SUPPLY: Supply<Self, Lines, Infallible> = Supply::File { hand_over: Self::new };

    fn make_format(configure: fn(Lines) -> Lines) -> Lines {
        configure(Lines::default())
    }
}
/// An input whose end ends the run.
#[diagnostic::on_unimplemented(
    message = "a job over `{Self}` must say when it is complete",
    label = "only the job knows where a `{Self}` ends",
    note = "add `is_complete = path` to the attribute, with `fn path(progress: &Progress) -> bool`"
)]
pub trait EndsWithTheObject {
    /// Whether nothing is left to read.
    #[must_use]
    fn at_end(progress: &Progress) -> bool {
        progress.at_end()
    }
}

impl<T> EndsWithTheObject for Batch<T> {}

/// An input that is read record by record.
#[diagnostic::on_unimplemented(
    message = "a job over `{Self}` cannot have `source = stream`, `compression`, `encoding`, `concurrency`, `shards` or `on_error = skip(..)`",
    label = "`{Self}` is the whole object, as a file in /tmp",
    note = "remove the argument, or take a `Batch<T>`, which is read record by record"
)]
pub trait ReadByRecord {}

impl<T> ReadByRecord for Batch<T> {}

/// Compiles where the format says how its objects can be cut into shards.
pub const fn can_be_cut<F: Format>() {
    assert!(
        !matches!(F::CUT, Cut::Nowhere),
        "`shards` needs a format whose objects can be cut: `lines`, `csv`, `tsv`, `jsonl`, or your own with `Format::CUT`"
    );
}

/// Compiles where the input is read record by record.
pub const fn read_by_record<I: ReadByRecord>() {}
