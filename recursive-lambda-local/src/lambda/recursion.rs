//! Recursion detection as on AWS: the trace header counts how often this function occurs in the chain of requests. Pure.

use std::fmt::Write as _;

/// The number of invocations of the function in one chain after which the next one is stopped.
pub(crate) const LIMIT: u64 = 16;

/// What happens to an invocation over the limit: the function setting of the same name on AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RecursiveLoop {
    /// The invocation is stopped. This is the default, as on AWS.
    #[default]
    Terminate,
    /// The invocation runs.
    Allow,
}

/// The function's name in a lineage: eight hexadecimal digits.
pub(crate) fn hash(function_arn: &str) -> String {
    // FNV-1a: the same in every process. Nothing depends on its strength.
    let hash = function_arn.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{hash:08x}")
}

/// A parsed trace header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trace {
    root: String,
    rest: Vec<String>,
    lineage: Vec<(String, u64)>,
}

impl Trace {
    /// Starts a chain. `seconds` is the time since 1970.
    pub(crate) fn start(seconds: u64) -> Self {
        let unique = fastrand::u128(..) & ((1 << 96) - 1);
        Self { root: format!("1-{seconds:08x}-{unique:024x}"), rest: Vec::new(), lineage: Vec::new() }
    }

    /// Parses a header. Without a root it starts a new chain; its other parts are kept.
    pub(crate) fn parse(header: &str, seconds: u64) -> Self {
        let mut trace = Self::start(seconds);
        for part in header.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                Some(("Root", root)) => trace.root = root.to_owned(),
                Some(("Lineage", lineage)) => trace.lineage = lineage.split('|').filter_map(hop).collect(),
                _ => trace.rest.push(part.to_owned()),
            }
        }
        trace
    }

    /// The number of times that the function is in the chain.
    pub(crate) fn count(&self, hash: &str) -> u64 {
        self.lineage.iter().find(|(known, _)| known == hash).map_or(0, |(_, count)| *count)
    }

    /// Adds the function to the chain once more.
    pub(crate) fn extended(mut self, hash: &str) -> Self {
        match self.lineage.iter_mut().find(|(known, _)| known == hash) {
            Some((_, count)) => *count += 1,
            None => self.lineage.push((hash.to_owned(), 1)),
        }
        self
    }

    pub(crate) fn header(&self) -> String {
        let mut header = format!("Root={}", self.root);
        for part in &self.rest {
            let _ = write!(header, ";{part}");
        }
        for (index, (hash, count)) in self.lineage.iter().enumerate() {
            let _ = write!(header, "{}{hash}:{count}", if index == 0 { ";Lineage=" } else { "|" });
        }
        header
    }
}

/// Parses `hash:count` or the newer `counter:hash:count`. In both, the count is last and the hash comes before it.
fn hop(text: &str) -> Option<(String, u64)> {
    let mut parts = text.rsplit(':');
    let count = parts.next()?.parse().ok()?;
    Some((parts.next()?.to_owned(), count))
}

#[cfg(test)]
#[allow(clippy::panic, reason = "assertions")]
mod tests {
    use super::*;

    #[test]
    fn both_lineage_forms_are_counted() {
        let cases = [
            ("Root=1-a-b;Sampled=0", 0, "Root=1-a-b;Sampled=0;Lineage=me:1"),
            ("Root=1-a-b;Lineage=me:3", 3, "Root=1-a-b;Lineage=me:4"),
            ("Root=1-a-b;Lineage=1:me:15|68fd508a:5", 15, "Root=1-a-b;Lineage=me:16|68fd508a:5"),
            ("Root=1-a-b;Parent=p;Sampled=1;Lineage=you:2|me:1", 1, "Root=1-a-b;Parent=p;Sampled=1;Lineage=you:2|me:2"),
            ("Root=1-a-b;Lineage=broken|me:x|:", 0, "Root=1-a-b;Lineage=me:1"),
        ];
        for (header, count, next) in cases {
            let trace = Trace::parse(header, 0);
            assert_eq!((trace.count("me"), trace.extended("me").header()), (count, next.to_owned()), "{header}");
        }
    }

    #[test]
    fn a_header_without_a_root_gets_one() {
        for header in ["", "Sampled=0", ";;="] {
            assert!(Trace::parse(header, 0x6553_f100).header().starts_with("Root=1-6553f100-"), "{header}");
        }
    }
}
