//! Turns the bytes of a text in any encoding of the Encoding Standard into UTF-8, and gives places from which this can be resumed.
//!
//! It comes after decompression, never reads an object, and never replaces bytes unless it is told to.

mod decoding;
mod source;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may")]
mod tests;

pub use decoding::Anchor;
pub use source::DecodedSource;

use encoding_rs::UTF_8;

/// Stands in the text for bytes that cannot be decoded. It never occurs in UTF-8.
pub const UNDECODED: u8 = 0xff;

/// How the bytes of a text become UTF-8.
///
/// By default they are UTF-8 and remain as they are. A byte order mark at the start of the text says the encoding, whatever is
/// written here: UTF-8, UTF-16LE or UTF-16BE. With the default it is honoured if the format is [text](crate::records::Format::TEXT).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding {
    label: &'static str,
    replaces: bool,
}

impl Default for Encoding {
    fn default() -> Self {
        Self::UTF_8
    }
}

impl Encoding {
    /// The default.
    pub const UTF_8: Self = Self::new("utf-8");

    /// The encoding with this [label of the Encoding Standard](https://encoding.spec.whatwg.org/#names-and-labels), in any case:
    /// `windows-1252`, `utf-16le`, `shift_jis`. A record with bytes that cannot be decoded is an error.
    #[must_use]
    pub const fn new(label: &'static str) -> Self {
        Self { label, replaces: false }
    }

    /// The same encoding, but bytes that cannot be decoded become U+FFFD.
    #[must_use]
    pub const fn replacing(mut self) -> Self {
        self.replaces = true;
        self
    }

    /// What is wrong with the label.
    #[must_use]
    pub fn mistake(self) -> Option<String> {
        let label = self.label.escape_debug();
        match (self.standard(), encoding_rs::Encoding::for_label(self.label.as_bytes())) {
            (Some(_), _) => None,
            (None, Some(_)) => Some(format!(
                "the encoding `{label}` is not supported, because the Encoding Standard never decodes it: convert the object to UTF-8"
            )),
            (None, None) => {
                Some(format!("`{label}` is not a label of the Encoding Standard, such as `windows-1252` or `utf-16le`"))
            }
        }
    }

    /// What is added to the format in a checkpoint's plan: empty for the default.
    #[must_use]
    pub fn in_plan(self) -> String {
        let name = self.standard().map_or(self.label, encoding_rs::Encoding::name);
        match (self.changes_nothing(), self.replaces) {
            (true, _) => String::new(),
            (false, false) => format!(", encoding {name}"),
            (false, true) => format!(", encoding {name} with replacement"),
        }
    }

    fn standard(self) -> Option<&'static encoding_rs::Encoding> {
        encoding_rs::Encoding::for_label_no_replacement(self.label.as_bytes())
    }

    fn changes_nothing(self) -> bool {
        self.standard() == Some(UTF_8) && !self.replaces
    }
}
