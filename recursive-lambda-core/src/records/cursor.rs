//! How far an object is read.

/// How far an object is read: after a record, or after the header before the first record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// Records done.
    pub position: u64,
    /// Bytes done: where to read on.
    pub offset: u64,
    /// Line ends done: a record that begins here is on line `line + 1`.
    pub line: u64,
}
