//! The options of CSV as methods.

use super::Csv;
use super::dialect::Names;

impl Csv {
    /// Fields separated by tabs: `format = tsv`.
    #[must_use]
    pub fn tsv() -> Self {
        Self::default().delimiter(b'\t')
    }

    /// The character between two fields, in ASCII; by default `,`.
    #[must_use]
    pub fn delimiter(mut self, delimiter: u8) -> Self {
        self.dialect.delimiter = delimiter;
        self
    }

    /// The character around a field, in ASCII; by default `"`. With `None`, quotes are text, and a field cannot hold a delimiter or
    /// a line end.
    #[must_use]
    pub fn quote(mut self, quote: impl Into<Option<u8>>) -> Self {
        self.dialect.quote = quote.into();
        self
    }

    /// Inside quotes, the character after this one is text, and so a quote after it does not end the field. By default there is no
    /// such character. A doubled quote still is a quote.
    #[must_use]
    pub fn escape(mut self, escape: u8) -> Self {
        self.dialect.escape = Some(escape);
        self
    }

    /// A row that begins with this character is skipped, up to its `\n`. By default there are no comments.
    #[must_use]
    pub fn comment(mut self, comment: u8) -> Self {
        self.dialect.comment = Some(comment);
        self
    }

    /// The first row is a record, and the columns have no names. The first row says how many fields a row has.
    #[must_use]
    pub fn without_header(mut self) -> Self {
        self.dialect.names = Names::None;
        self
    }

    /// The first row is a record, and these are the names of the columns.
    #[must_use]
    pub fn header_names<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.dialect.names = Names::Given(names.into_iter().map(Into::into).collect());
        self
    }

    /// Removes ASCII white space around names and values. White space before a quote still makes the quote text.
    #[must_use]
    pub fn trim(mut self) -> Self {
        self.dialect.trim = true;
        self
    }

    /// Rows may have fewer or more fields than the header. A field that is not there is `None` for an `Option`, and an error for
    /// any other type. Fields after the last column are ignored by structs and maps.
    #[must_use]
    pub fn flexible(mut self) -> Self {
        self.dialect.flexible = true;
        self
    }

    /// A promise: no field holds a `\n`. So the object can be cut after each one without looking at the rest. A quote that is open
    /// at a `\n` is an error of its row, so a promise that is wrong never joins or divides rows without a word.
    #[must_use]
    pub fn without_multiline(mut self) -> Self {
        self.dialect.multiline = false;
        self
    }
}
