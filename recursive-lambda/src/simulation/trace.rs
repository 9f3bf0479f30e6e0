//! What happened, in order: its digest, and the last lines for people.

use super::executor::Group;
use std::collections::VecDeque;
use std::fmt::{Arguments, Write};
use std::time::Duration;

/// How much a trace keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// Nothing at all, not even a digest: for runs of millions of events.
    Nothing,
    Last(usize),
    All,
}

pub(super) struct Trace {
    keep: Keep,
    digest: u64,
    lines: VecDeque<String>,
}

impl Trace {
    pub(super) fn new(keep: Keep) -> Self {
        Self { keep, digest: 0xcbf2_9ce4_8422_2325, lines: VecDeque::new() }
    }

    pub(super) fn note(&mut self, now: Duration, group: Group, what: Arguments<'_>) {
        let most = match self.keep {
            Keep::Nothing => return,
            Keep::Last(most) => most,
            Keep::All => usize::MAX,
        };
        let mut line = if self.lines.len() >= most { self.lines.pop_front().unwrap_or_default() } else { String::new() };
        line.clear();
        // Writing to a string cannot fail.
        let _ = write!(line, "{:>12.3} ", now.as_secs_f64());
        let _ = if group.0 == 0 { write!(line, "world ") } else { write!(line, "i{:<4} ", group.0) };
        let _ = line.write_fmt(what);
        for byte in line.bytes() {
            self.digest = (self.digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        self.lines.push_back(line);
    }

    pub(super) fn keeps_nothing(&self) -> bool {
        self.keep == Keep::Nothing
    }

    /// FNV-1a over all lines so far.
    pub(super) fn digest(&self) -> u64 {
        self.digest
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for line in &self.lines {
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}
