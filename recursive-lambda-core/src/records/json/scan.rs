//! Where a JSON value ends.
//!
//! It looks at brackets and strings only, and jumps over what is between them; what they hold is for the decoder to check.

use super::{RECORD_SEPARATOR, is_white_space, without_line_end};

/// How many brackets may be open at once. `serde_json` refuses more.
const DEEPEST: usize = 128;

/// How many bytes of a string are looked at one by one.
const NEAR: usize = 16;

const LINE_END: &str = "a string is not closed on its line (a line end in a string is written `\\n`)";
const OPEN: &str = "a string or bracket is not closed; was the upload cut?";
const SEPARATED: &str = "a bracket is not closed before the next record separator (RFC 7464)";
const WRONG_KIND: &str = "the last bracket is of another kind than the one that it closes";
const TOO_DEEP: &str = "more than 128 brackets are open at once";

/// What the first bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A value of this length.
    Value(usize),
    /// Not a value: the same as [`Split::Bad`](crate::records::Split::Bad).
    Bad { content: usize, next: usize, reason: &'static str },
    /// It depends on the next bytes.
    More,
}

/// Finds where a value ends, and remembers how far it looked when it did not.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// How many bytes were looked at.
    at: usize,
    inside: Inside,
    depth: usize,
    /// The kinds of the open brackets, up to `DEEPEST` of them; the innermost is the lowest bit, and 1 means `[`.
    kinds: u128,
    too_deep: bool,
    /// The first line that begins with the same bracket as the value. If the value is never closed, the next one may begin there.
    restart: Option<usize>,
}

/// What the next byte is inside of.
#[derive(Clone, Copy, Debug, Default)]
enum Inside {
    #[default]
    Nothing,
    Brackets,
    String,
    Scalar,
    /// Nothing more: the end is found.
    Done(Found),
}

impl Scan {
    /// Finds the end of the value that begins with the first byte, which is not white space, a comma or a closing bracket. `end`:
    /// no bytes follow. Until the end is found, it must be asked with the same bytes and more after them.
    pub(super) fn find(&mut self, bytes: &[u8], end: bool) -> Found {
        if bytes.len() < self.at {
            // A long record is asked about again, cut.
            *self = Self::default();
        }
        loop {
            let rest = bytes.get(self.at..).unwrap_or_default();
            let hit = match self.inside {
                Inside::Nothing => (!rest.is_empty()).then_some(0),
                Inside::Brackets => rest.iter().position(is_bracket_or_quote),
                Inside::String => string_mark(rest),
                Inside::Scalar => rest.iter().position(ends_scalar),
                Inside::Done(found) => return found,
            };
            let Some(hit) = hit else { return self.unfinished(bytes, bytes.len(), end) };
            let at = self.at + hit;
            self.at = at + 1;
            self.inside = match (self.inside, rest.get(hit)) {
                (Inside::String, Some(b'"')) if self.depth == 0 => Inside::Done(Found::Value(at + 1)),
                (Inside::String, Some(b'"')) => Inside::Brackets,
                (Inside::String, Some(b'\n')) => Inside::Done(self.bad(bytes, without_line_end(bytes, at + 1), at + 1, LINE_END)),
                (Inside::String, _) => match bytes.get(at + 1) {
                    // What is escaped is not here yet.
                    None => return self.unfinished(bytes, at, end),
                    Some(b'\n') => Inside::String,
                    Some(_) => {
                        self.at = at + 2;
                        Inside::String
                    }
                },
                (Inside::Scalar, _) => Inside::Done(Found::Value(at)),
                (_, Some(b'"')) => Inside::String,
                (_, Some(bracket @ (b'[' | b'{'))) => self.open(bytes, at, *bracket),
                (Inside::Brackets, Some(b']' | b'}')) => self.close(bytes, at),
                (Inside::Brackets, _) => Inside::Done(self.bad(bytes, at, at, SEPARATED)),
                (_, _) => Inside::Scalar,
            };
        }
    }

    fn open(&mut self, bytes: &[u8], at: usize, bracket: u8) -> Inside {
        self.depth += 1;
        if self.depth > DEEPEST {
            self.too_deep = true;
        } else {
            self.kinds = self.kinds << 1 | u128::from(bracket == b'[');
        }
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        if before == Some(&b'\n') && bytes.first() == Some(&bracket) && self.restart.is_none() {
            self.restart = Some(at);
        }
        Inside::Brackets
    }

    fn close(&mut self, bytes: &[u8], at: usize) -> Inside {
        // Deeper brackets are only counted: all of the value is bad.
        if self.depth <= DEEPEST {
            if u128::from(bytes.get(at) == Some(&b']')) != self.kinds & 1 {
                return Inside::Done(self.bad(bytes, at + 1, at + 1, WRONG_KIND));
            }
            self.kinds >>= 1;
        }
        self.depth -= 1;
        match self.depth {
            1.. => Inside::Brackets,
            0 if self.too_deep => Inside::Done(Found::Bad { content: at + 1, next: at + 1, reason: TOO_DEEP }),
            0 => Inside::Done(Found::Value(at + 1)),
        }
    }

    fn unfinished(&mut self, bytes: &[u8], at: usize, end: bool) -> Found {
        self.at = at;
        if !end {
            return Found::More;
        }
        match self.inside {
            Inside::Scalar => Found::Value(bytes.len()),
            _ => self.bad(bytes, bytes.len(), bytes.len(), OPEN),
        }
    }

    /// A value that is not closed where it should be. Only the bytes before `restart` are lost, if they are fewer.
    fn bad(&self, bytes: &[u8], content: usize, next: usize, reason: &'static str) -> Found {
        match self.restart {
            Some(next) => Found::Bad { content: without_line_end(bytes, next), next, reason: OPEN },
            None => Found::Bad { content, next, reason },
        }
    }
}

fn is_bracket_or_quote(byte: &u8) -> bool {
    matches!(byte, b'"' | b'[' | b']' | b'{' | b'}' | &RECORD_SEPARATOR)
}

/// The first byte that matters in a string. Most strings are short, and a jump costs more than a few bytes do.
fn string_mark(rest: &[u8]) -> Option<usize> {
    let (near, far) = rest.split_at_checked(NEAR).unwrap_or((rest, b""));
    let near = near.iter().position(|byte| matches!(byte, b'"' | b'\\' | b'\n'));
    near.or_else(|| memchr::memchr3(b'"', b'\\', b'\n', far).map(|found| NEAR + found))
}

fn ends_scalar(byte: &u8) -> bool {
    is_white_space(byte) || *byte == b',' || is_bracket_or_quote(byte)
}
