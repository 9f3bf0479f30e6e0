//! What decides how the next byte of a CSV file is read: the special bytes, and the state between two bytes.

use serde::{Deserialize, Serialize};

/// The bytes that decide where a row of CSV begins. It is made by the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowRules {
    pub(in crate::records) delimiter: u8,
    pub(in crate::records) quote: u8,
    pub(in crate::records) escape: Option<u8>,
    pub(in crate::records) comment: Option<u8>,
}

/// Where a byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// Where a row, a blank line or a comment begins.
    RowStart,
    /// In a row, where a field begins: only here a quote opens one.
    FieldStart,
    /// In a field outside quotes, where a quote is text.
    Text,
    /// Inside quotes.
    Quoted(Break),
    /// After a quote inside quotes: it closes the field, or is the first of two.
    Quote(Break),
    /// After an escape inside quotes.
    Escape(Break),
    /// In a comment.
    Comment,
    /// After a row that the splitter does not read as one row, because of its quotes or its length. How it reads on depends on
    /// the bytes of that row.
    Astray,
}

/// Whether the quoted field has a line break so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Break {
    Without,
    With,
}

impl State {
    /// The states in which a range can begin.
    pub(super) fn all(rules: &RowRules) -> impl Iterator<Item = Self> {
        let breaks = [Break::Without, Break::With];
        let quoted = breaks.into_iter().flat_map(|broken| [Self::Quoted(broken), Self::Quote(broken)]);
        let escaped = breaks.into_iter().filter(|_| rules.escape.is_some()).map(Self::Escape);
        let comment = rules.comment.map(|_| Self::Comment);
        [Self::RowStart, Self::FieldStart, Self::Text].into_iter().chain(quoted).chain(escaped).chain(comment)
    }

    /// Whether it is in a row.
    pub(super) fn is_in_row(self) -> bool {
        !matches!(self, Self::RowStart | Self::Comment | Self::Astray)
    }

    /// Whether the last row is read as one row if the object ends here: no quote is open.
    pub(super) fn can_end(self) -> bool {
        !matches!(self, Self::Quoted(_) | Self::Escape(_) | Self::Astray)
    }
}
