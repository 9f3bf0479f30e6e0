//! Names that must be the same wherever they are computed: a run's id, a plan's hash.

use crate::checkpoint::{Plan, Stage};
use sha2::{Digest, Sha256};

/// What identifies a run. Two deliveries of one upload agree in all of it, so they use the same checkpoint.
pub struct Identity<'a> {
    /// The function's ARN without its qualifier: an alias and the function itself are the same.
    pub function_arn: &'a str,
    pub job: &'a str,
    pub tenant: Option<&'a str>,
    pub region: Option<&'a str>,
    pub bucket: &'a str,
    pub key: &'a str,
    pub version: Option<&'a str>,
    pub etag: Option<&'a str>,
    /// S3's sequencer, or the name of a manual start.
    pub occasion: Option<&'a str>,
}

/// Hexadecimal digits of a run's id.
const RUN_DIGITS: usize = 32;

impl Identity<'_> {
    /// 32 hexadecimal digits, lower case.
    #[must_use]
    pub fn run_id(&self) -> String {
        let version_or_etag = self.version.or(self.etag);
        let fields = [
            Some("rl1"),
            Some(self.function_arn),
            Some(self.job),
            self.tenant,
            self.region,
            Some(self.bucket),
            Some(self.key),
            version_or_etag,
            self.occasion,
        ];
        digest(fields, RUN_DIGITS)
    }
}

/// Whether [`Identity::run_id`] can have made this.
#[must_use]
pub fn is_run_id(text: &str) -> bool {
    text.len() == RUN_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// The name of a shard of a run, in the store, in signals and for people: `RUN.7`, or `RUN.scan7`.
#[must_use]
pub fn shard_name(run: &str, stage: Stage, index: u32) -> String {
    match stage {
        Stage::Scan => format!("{run}.scan{index}"),
        Stage::Read => format!("{run}.{index}"),
    }
}

/// The run's id, and which shard of it a name is, if it is one.
#[must_use]
pub fn parse_run_name(name: &str) -> Option<(&str, Option<(Stage, u32)>)> {
    let Some((run, shard)) = name.split_once('.') else { return is_run_id(name).then_some((name, None)) };
    let (stage, index) = match shard.strip_prefix("scan") {
        Some(index) => (Stage::Scan, index.parse().ok()?),
        None => (Stage::Read, shard.parse().ok()?),
    };
    // A number can be written in more than one way.
    (is_run_id(run) && shard_name(run, stage, index) == name).then_some((run, Some((stage, index))))
}

/// The plan of a job.
#[must_use]
pub fn plan(batch: u64, format: &str) -> Plan {
    let hash = digest([Some(batch.to_string().as_str()), Some(format)], 16);
    Plan { batch, format: format.into(), hash }
}

/// Each field after its length, so that no two lists of fields give the same text.
fn digest<'a>(fields: impl IntoIterator<Item = Option<&'a str>>, digits: usize) -> String {
    let mut hasher = Sha256::new();
    for field in fields {
        match field {
            Some(text) => {
                hasher.update((text.len() as u64).to_le_bytes());
                hasher.update(text);
            }
            None => hasher.update(u64::MAX.to_le_bytes()),
        }
    }
    let mut hex = String::with_capacity(64);
    for byte in hasher.finalize() {
        hex.push_str(&format!("{byte:02x}"));
    }
    hex.truncate(digits);
    hex
}

/// The ARN without its qualifier: `arn:aws:lambda:region:account:function:name`.
#[must_use]
pub fn unqualified(function_arn: &str) -> &str {
    match function_arn.match_indices(':').nth(6) {
        Some((end, _)) => function_arn.get(..end).unwrap_or(function_arn),
        None => function_arn,
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test may")]
mod tests {
    use super::*;

    const ONE: Identity<'_> = Identity {
        function_arn: "arn:aws:lambda:eu-west-1:123456789012:function:import",
        job: "import",
        tenant: None,
        region: Some("eu-west-1"),
        bucket: "uploads",
        key: "a/b.csv",
        version: None,
        etag: Some("d41d8cd98f00b204e9800998ecf8427e"),
        occasion: Some("0055AED6DCD90281E5"),
    };

    #[test]
    fn every_field_changes_the_id() {
        let all = [
            ONE.run_id(),
            Identity { function_arn: "arn:aws:lambda:eu-west-1:123456789012:function:other", ..ONE }.run_id(),
            Identity { job: "other", ..ONE }.run_id(),
            Identity { tenant: Some(""), ..ONE }.run_id(),
            Identity { region: None, ..ONE }.run_id(),
            Identity { bucket: "uploadsa", key: "/b.csv", ..ONE }.run_id(),
            Identity { key: "a/b.csv ", ..ONE }.run_id(),
            Identity { version: Some("v1"), ..ONE }.run_id(),
            Identity { etag: None, ..ONE }.run_id(),
            Identity { occasion: None, ..ONE }.run_id(),
        ];
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
        assert!(all.iter().all(|id| is_run_id(id)));
    }

    #[test]
    fn other_text_is_not_a_run_id() {
        let id = ONE.run_id();
        for (text, want) in [
            (id.as_str(), true),
            ("0123456789abcdef0123456789abcdef", true),
            (&id[1..], false),
            (&format!("{id}0"), false),
            ("0123456789abcdeg0123456789abcdef", false),
            ("0123456789ABCDEF0123456789ABCDEF", false),
            ("", false),
        ] {
            assert_eq!(is_run_id(text), want, "{text}");
        }
    }

    #[test]
    fn a_shards_name_is_read_as_it_was_made() {
        let run = ONE.run_id();
        for (stage, index, want) in [(Stage::Read, 0, "0"), (Stage::Read, 999, "999"), (Stage::Scan, 17, "scan17")] {
            let name = shard_name(&run, stage, index);
            assert_eq!(name, format!("{run}.{want}"));
            assert_eq!(parse_run_name(&name), Some((run.as_str(), Some((stage, index)))));
            assert!(crate::event::is_run_name(&name), "{name}");
        }
        assert_eq!(parse_run_name(&run), Some((run.as_str(), None)));
        for other in
            ["", "7", ".7", "amounts.7", &format!("{run}."), &format!("{run}.07"), &format!("{run}.+7"), &format!("{run}.7.7")]
        {
            assert_eq!(parse_run_name(other), None, "{other}");
        }
    }

    /// A newer version of this crate finds running runs again only while this holds.
    #[test]
    fn the_identity_is_the_same_for_ever() {
        assert_eq!(ONE.run_id(), "8e6f43d7a8e3d4695b8fd6b7eed7653b");
        assert_eq!(plan(400, "csv").hash, "cbeda20cfd44b27c");
    }

    #[test]
    fn a_qualifier_is_cut_off() {
        let plain = "arn:aws:lambda:eu-west-1:123456789012:function:import";
        for (arn, want) in [
            (plain, plain),
            ("arn:aws:lambda:eu-west-1:123456789012:function:import:live", plain),
            ("arn:aws:lambda:eu-west-1:123456789012:function:import:$LATEST", plain),
            ("function", "function"),
            ("", ""),
        ] {
            assert_eq!(unqualified(arn), want);
        }
    }
}
