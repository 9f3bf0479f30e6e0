//! One pass over a few bytes from one state: the state machine of `csv/row_end.rs` and `csv/quotes.rs`, over many rows.
//!
//! It jumps from one byte that can matter to the next.

use super::marks::Marks;
use super::state::{Break, RowRules, State};

/// What a pass found. Places are indices of the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pass {
    pub(super) to: State,
    /// How many records begin in the block.
    pub(super) records: u64,
    pub(super) first: Option<usize>,
    pub(super) last: Option<usize>,
    /// Where the row ends in which the block begins.
    pub(super) row_end: Option<usize>,
}

/// Reads a block that begins in state `from`.
pub(super) fn pass(rules: &RowRules, marks: &Marks, from: State, block: &[u8]) -> Pass {
    let mut found = Pass { to: from, records: 0, first: None, last: None, row_end: None };
    let mut at = 0;
    while let Some(&byte) = block.get(at) {
        // Where to read on, and the state there.
        (at, found.to) = match found.to {
            State::RowStart if is_break(byte) => (at + 1, State::RowStart),
            State::RowStart if Some(byte) == rules.comment => (at + 1, State::Comment),
            State::RowStart => {
                found.begin_record(at);
                (at, State::FieldStart)
            }
            State::FieldStart if byte == rules.quote => (at + 1, State::Quoted(Break::Without)),
            State::FieldStart | State::Text => {
                let hit = marks.next(at);
                let ends_a_field = hit > at && block.get(hit - 1) == Some(&rules.delimiter);
                match block.get(hit) {
                    None => (hit, if ends_a_field { State::FieldStart } else { State::Text }),
                    Some(byte) if is_break(*byte) => {
                        found.end_row(hit + 1);
                        (hit + 1, State::RowStart)
                    }
                    Some(byte) if *byte == rules.quote && ends_a_field => (hit + 1, State::Quoted(Break::Without)),
                    Some(_) => (hit + 1, State::Text),
                }
            }
            State::Quoted(broken) => {
                let hit = marks.next(at);
                match block.get(hit) {
                    None => (hit, State::Quoted(broken)),
                    Some(byte) if *byte == rules.quote => (hit + 1, State::Quote(broken)),
                    Some(byte) if is_break(*byte) => (hit + 1, State::Quoted(Break::With)),
                    Some(_) => (hit + 1, State::Escape(broken)),
                }
            }
            State::Escape(_) if is_break(byte) => (at + 1, State::Quoted(Break::With)),
            State::Escape(broken) => (at + 1, State::Quoted(broken)),
            State::Quote(broken) if byte == rules.quote => (at + 1, State::Quoted(broken)),
            State::Quote(_) if byte == rules.delimiter => (at + 1, State::FieldStart),
            State::Quote(_) if is_break(byte) => {
                found.end_row(at + 1);
                (at + 1, State::RowStart)
            }
            // The splitter takes the first line of such a row for bad, and reads the next line as a row.
            State::Quote(Break::With) => (at + 1, State::Astray),
            State::Quote(Break::Without) => (at + 1, State::Text),
            State::Comment => match memchr::memchr(b'\n', block.get(at..).unwrap_or_default()) {
                Some(hit) => (at + hit + 1, State::RowStart),
                None => (block.len(), State::Comment),
            },
            State::Astray => break,
        };
    }
    found
}

impl Pass {
    fn begin_record(&mut self, at: usize) {
        self.records += 1;
        self.first = self.first.or(Some(at));
        self.last = Some(at);
    }

    fn end_row(&mut self, at: usize) {
        if self.records == 0 {
            self.row_end = Some(at);
        }
    }
}

fn is_break(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}
