//! The options of CSV: which bytes mean something, and where the names of the columns come from.

use std::fmt::Write as _;

/// What a reader of CSV can be told about a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    /// `None`: no byte quotes.
    pub(super) quote: Option<u8>,
    /// Inside quotes, makes the byte after it text.
    pub(super) escape: Option<u8>,
    /// A row that begins with it is no row.
    pub(super) comment: Option<u8>,
    /// Whether quotes can hold a `\n`.
    pub(super) multiline: bool,
    pub(super) names: Names,
    pub(super) trim: bool,
    pub(super) flexible: bool,
}

/// Where the names of the columns come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Names {
    FirstRow,
    /// The columns have no names.
    None,
    /// The file has no header row, and these are the names.
    Given(Vec<String>),
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            delimiter: b',',
            quote: Some(b'"'),
            escape: None,
            comment: None,
            multiline: true,
            names: Names::FirstRow,
            trim: false,
            flexible: false,
        }
    }
}

impl Dialect {
    /// Says which options contradict each other.
    pub(super) fn check(&self) -> Result<(), String> {
        let bytes =
            [("delimiter", Some(self.delimiter)), ("quote", self.quote), ("escape", self.escape), ("comment", self.comment)];
        let bytes: Vec<_> = bytes.into_iter().filter_map(|(name, byte)| byte.map(|byte| (name, byte))).collect();
        for (index, (name, byte)) in bytes.iter().enumerate() {
            let shown = shown(*byte);
            if !byte.is_ascii() || matches!(byte, b'\n' | b'\r') {
                return Err(format!("`{name} = {shown}` must be an ASCII character that does not end a line"));
            }
            if let Some((other, _)) = bytes.iter().take(index).find(|(_, other)| other == byte) {
                return Err(format!("`{other}` and `{name}` are both {shown}; they must differ"));
            }
        }
        if self.escape.is_some() && self.quote.is_none() {
            return Err("`escape` has a meaning only inside quotes, and there are none".into());
        }
        if !self.multiline && self.quote.is_none() {
            return Err("`multiline = no` has a meaning only with quotes, and there are none".into());
        }
        let Names::Given(names) = &self.names else { return Ok(()) };
        if names.is_empty() {
            return Err("`header` names no column".into());
        }
        let twice = names.iter().enumerate().find(|(index, name)| names.iter().take(*index).any(|other| other == *name));
        twice.map_or(Ok(()), |(_, name)| Err(format!("`header` has the name {name:?} twice")))
    }

    /// The options that are not the default, as the attribute has them.
    pub(super) fn text(&self) -> String {
        let default = Self::default();
        let mut text = String::new();
        let mut option = |name: &str, value: Option<String>| {
            let separator = if text.is_empty() { "(" } else { ", " };
            // Writing to a `String` cannot fail.
            let _ = write!(text, "{separator}{name}");
            if let Some(value) = value {
                let _ = write!(text, " = {value}");
            }
        };
        if self.delimiter != default.delimiter {
            option("delimiter", Some(shown(self.delimiter)));
        }
        if self.quote != default.quote {
            option("quote", Some(self.quote.map_or("none".into(), shown)));
        }
        for (name, byte) in [("escape", self.escape), ("comment", self.comment)] {
            if byte.is_some() {
                option(name, byte.map(shown));
            }
        }
        if !self.multiline {
            option("multiline", Some("no".into()));
        }
        match &self.names {
            Names::FirstRow => {}
            Names::None => option("header", Some("none".into())),
            Names::Given(names) => option("header", Some(format!("{names:?}"))),
        }
        for (name, is_set) in [("trim", self.trim), ("flexible", self.flexible)] {
            if is_set {
                option(name, None);
            }
        }
        if text.is_empty() { text } else { text + ")" }
    }
}

/// A byte as Rust writes it.
pub(super) fn shown(byte: u8) -> String {
    format!("{:?}", char::from(byte))
}

/// The length of a line `sep=;` at the start of the text, if the delimiter is that one; `None`: more bytes are needed.
pub(super) fn separator_line(dialect: &Dialect, text: &[u8], end: bool) -> Option<usize> {
    const START: &[u8] = b"sep=";
    let (start, rest) = text.split_at_checked(START.len()).unwrap_or((text, b""));
    if !START.get(..start.len()).is_some_and(|expected| start.eq_ignore_ascii_case(expected)) {
        return Some(0);
    }
    match rest {
        [delimiter, ..] if *delimiter != dialect.delimiter => Some(0),
        [_, b'\r', b'\n', ..] => Some(START.len() + 3),
        [_, b'\r'] | [_] | [] if !end => None,
        [_, b'\n' | b'\r', ..] => Some(START.len() + 2),
        [_] => Some(START.len() + 1),
        _ => Some(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Change = fn(&mut Dialect);

    fn with(change: Change) -> Dialect {
        let mut dialect = Dialect::default();
        change(&mut dialect);
        dialect
    }

    #[test]
    fn contradicting_options_are_refused() {
        let cases: [(Change, Option<&str>); 13] = [
            (|_| {}, None),
            (|dialect| dialect.delimiter = b'\t', None),
            (|dialect| dialect.delimiter = b'"', Some("`delimiter` and `quote` are both '\"'; they must differ")),
            (
                |dialect| dialect.delimiter = b'\n',
                Some("`delimiter = '\\n'` must be an ASCII character that does not end a line"),
            ),
            (|dialect| dialect.comment = Some(0xe9), Some("`comment = 'é'` must be an ASCII character that does not end a line")),
            (|dialect| dialect.escape = Some(b'"'), Some("`quote` and `escape` are both '\"'; they must differ")),
            (|dialect| dialect.comment = Some(b','), Some("`delimiter` and `comment` are both ','; they must differ")),
            (|dialect| dialect.quote = None, None),
            (
                |dialect| (dialect.quote, dialect.escape) = (None, Some(b'\\')),
                Some("`escape` has a meaning only inside quotes, and there are none"),
            ),
            (|dialect| dialect.multiline = false, None),
            (
                |dialect| (dialect.quote, dialect.multiline) = (None, false),
                Some("`multiline = no` has a meaning only with quotes, and there are none"),
            ),
            (|dialect| dialect.names = Names::Given(Vec::new()), Some("`header` names no column")),
            (|dialect| dialect.names = Names::Given(vec!["a".into(), "a".into()]), Some("`header` has the name \"a\" twice")),
        ];
        for (change, wanted) in cases {
            assert_eq!(with(change).check().err().as_deref(), wanted);
        }
    }

    #[test]
    fn the_text_is_the_attributes() {
        let cases: [(Change, &str); 4] = [
            (|_| {}, ""),
            (|dialect| dialect.delimiter = b'\t', "(delimiter = '\\t')"),
            (|dialect| (dialect.quote, dialect.names) = (None, Names::None), "(quote = none, header = none)"),
            (
                |dialect| {
                    *dialect = Dialect {
                        delimiter: b';',
                        quote: Some(b'\''),
                        escape: Some(b'\\'),
                        comment: Some(b'#'),
                        multiline: false,
                        names: Names::Given(vec!["id".into(), "na\"me".into()]),
                        trim: true,
                        flexible: true,
                    }
                },
                r#"(delimiter = ';', quote = '\'', escape = '\\', comment = '#', multiline = no, header = ["id", "na\"me"], trim, flexible)"#,
            ),
        ];
        for (change, wanted) in cases {
            assert_eq!(with(change).text(), wanted);
        }
    }
}
