//! The settings of a deployment: environment variables, each with a builder method of the same name.
//!
//! Pure: the environment comes in as a function.

use crate::config::Shards;
use crate::{Error, ErrorKind};
use recursive_lambda_core::checkpoint::MOST_SHARDS;
use std::time::Duration;

/// The settings of a deployment. Each has its default until it is read or set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) state: Option<StoreLocation>,
    pub(crate) lease: Duration,
    /// Time between saves; zero: after every batch.
    pub(crate) checkpoint: Duration,
    pub(crate) max_attempts: u32,
    /// How long retryable errors at one position are retried before the run fails.
    pub(crate) retry_for: Duration,
    pub(crate) max_invocations: u64,
    /// `None`: any bucket of the function's own account.
    pub(crate) buckets: Option<Vec<AllowedBucket>>,
    /// Overrides the attribute's.
    pub(crate) reserve: Option<Duration>,
    pub(crate) batches_per_invocation: Option<u64>,
    /// Overrides the attribute's; one shard is none.
    pub(crate) shards: Option<Shards>,
}

/// The store of checkpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreLocation {
    S3 {
        bucket: String,
        /// Without slashes at its ends; may be empty.
        prefix: String,
    },
    None,
}

/// A bucket that events may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AllowedBucket {
    pub(crate) name: String,
    /// `None`: the function's own.
    pub(crate) account: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            state: None,
            lease: Duration::from_secs(45),
            checkpoint: Duration::from_secs(10),
            max_attempts: 3,
            retry_for: Duration::from_secs(24 * 3600),
            max_invocations: 10_000,
            buckets: None,
            reserve: None,
            batches_per_invocation: None,
            shards: None,
        }
    }
}

/// The common prefix of the variables.
const PREFIX: &str = "RECURSIVE_LAMBDA_";

/// The variables, without the prefix.
const NAMES: [&str; 10] = [
    "STATE",
    "LEASE",
    "CHECKPOINT",
    "MAX_ATTEMPTS",
    "RETRY_FOR",
    "MAX_INVOCATIONS",
    "BUCKETS",
    "RESERVE",
    "BATCHES_PER_INVOCATION",
    "SHARDS",
];

impl Settings {
    /// The environment overrides what is set; the first mistake is the error.
    pub(crate) fn read(mut self, variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let text = |name: &str| variable(&format!("{PREFIX}{name}")).filter(|value| !value.trim().is_empty());
        if let Some(value) = text("STATE") {
            self.state = Some(parse_state(&value)?);
        }
        if let Some(value) = text("LEASE") {
            self.lease = parse_duration("LEASE", &value)?;
        }
        if let Some(value) = text("CHECKPOINT") {
            self.checkpoint = parse_checkpoint(&value)?;
        }
        if let Some(value) = text("MAX_ATTEMPTS") {
            self.max_attempts = parse_count("MAX_ATTEMPTS", &value)?;
        }
        if let Some(value) = text("RETRY_FOR") {
            self.retry_for = parse_retry_for(&value)?;
        }
        if let Some(value) = text("MAX_INVOCATIONS") {
            self.max_invocations = parse_count("MAX_INVOCATIONS", &value)?;
        }
        if let Some(value) = text("BUCKETS") {
            self.buckets = Some(parse_buckets(&value)?);
        }
        if let Some(value) = text("RESERVE") {
            self.reserve = Some(parse_duration("RESERVE", &value)?);
        }
        if let Some(value) = text("BATCHES_PER_INVOCATION") {
            self.batches_per_invocation = Some(parse_count("BATCHES_PER_INVOCATION", &value)?);
        }
        if let Some(value) = text("SHARDS") {
            self.shards = Some(parse_shards(&value)?);
        }
        Ok(self)
    }

    /// Checks that the settings fit together; returns the store.
    pub(crate) fn check(&self) -> Result<&StoreLocation, Error> {
        if !(Duration::from_secs(2)..=Duration::from_secs(50)).contains(&self.lease) {
            return Err(config(format!(
                "{PREFIX}LEASE is {}; it must be at least 2s, because the store's clock counts seconds, and at most 50s, because Lambda retries \
                 a failed event after one minute",
                humantime::format_duration(self.lease)
            )));
        }
        self.state.as_ref().ok_or_else(|| {
            config(format!(
                "{PREFIX}STATE is not set: write `s3://BUCKET/PREFIX`, a private bucket where the function may read and write, and runs are recorded \
                 there\n  or `none`: then a signal that Lambda delivers twice forks the run, and one that it loses ends the run in silence"
            ))
        })
    }
}

/// Unknown variables with this crate's prefix. Otherwise a misspelt setting would go unnoticed.
pub(crate) fn unknown(variables: impl Iterator<Item = String>) -> Vec<String> {
    let known = |name: &String| name.strip_prefix(PREFIX).is_none_or(|rest| NAMES.contains(&rest));
    variables.filter(|name| !known(name)).collect()
}

pub(crate) fn parse_state(value: &str) -> Result<StoreLocation, Error> {
    let value = value.trim();
    if value == "none" {
        return Ok(StoreLocation::None);
    }
    let place = value.strip_prefix("s3://").map(|rest| rest.split_once('/').unwrap_or((rest, "")));
    match place {
        Some((bucket, prefix)) if is_bucket(bucket) && !prefix.contains(char::is_control) => {
            Ok(StoreLocation::S3 { bucket: bucket.into(), prefix: prefix.trim_matches('/').into() })
        }
        _ => Err(config(format!(
            "{PREFIX}STATE is `{}`; write `s3://BUCKET/PREFIX`, with the bucket's name as S3 has it, or `none`",
            value.escape_debug()
        ))),
    }
}

fn is_bucket(name: &str) -> bool {
    (3..=255).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

pub(crate) fn parse_buckets(value: &str) -> Result<Vec<AllowedBucket>, Error> {
    let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
    let allowed = |entry: &str| {
        let (name, account) = entry.split_once('@').map_or((entry, None), |(name, account)| (name, Some(account)));
        let is_account = |account: &str| account.len() == 12 && account.bytes().all(|digit| digit.is_ascii_digit());
        if is_allowed(name) && account.is_none_or(is_account) {
            return Ok(AllowedBucket { name: name.into(), account: account.map(String::from) });
        }
        Err(config(format!(
            "{PREFIX}BUCKETS has `{}`; write `name` for a bucket of the function's account or `name@123456789012`",
            entry.escape_debug()
        )))
    };
    let buckets = names.map(allowed).collect::<Result<Vec<_>, _>>()?;
    if buckets.is_empty() {
        return Err(config(format!("{PREFIX}BUCKETS names no bucket; write `name` or `name@123456789012`, or do not set it")));
    }
    Ok(buckets)
}

/// A bucket, or the ARN of an access point instead.
fn is_allowed(name: &str) -> bool {
    is_bucket(name) || (name.starts_with("arn:") && !name.contains(|c: char| c.is_whitespace() || c.is_control()))
}

fn parse_checkpoint(value: &str) -> Result<Duration, Error> {
    match value.trim() {
        "batch" => Ok(Duration::ZERO),
        time => parse_duration("CHECKPOINT", time).map_err(|_| {
            config(format!("{PREFIX}CHECKPOINT is `{}`; write a time such as `10s`, or `batch`", time.escape_debug()))
        }),
    }
}

/// Zero is allowed: then a run fails with its last attempt.
fn parse_retry_for(value: &str) -> Result<Duration, Error> {
    humantime::parse_duration(value.trim())
        .map_err(|_| config(format!("{PREFIX}RETRY_FOR is `{}`; write a time such as `24h`", value.escape_debug())))
}

fn parse_shards(value: &str) -> Result<Shards, Error> {
    match (value.trim(), value.trim().parse()) {
        ("auto", _) => Ok(Shards::Auto),
        (_, Ok(count @ 1..=MOST_SHARDS)) => Ok(Shards::Exactly(count)),
        _ => Err(config(format!("{PREFIX}SHARDS is `{}`; write 1 to {MOST_SHARDS}, or `auto`", value.escape_debug()))),
    }
}

fn parse_duration(name: &str, value: &str) -> Result<Duration, Error> {
    match humantime::parse_duration(value.trim()) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err(config(format!("{PREFIX}{name} is `{value}`; write a time such as `10s`"))),
    }
}

fn parse_count<N: std::str::FromStr + PartialOrd + From<u8>>(name: &str, value: &str) -> Result<N, Error> {
    match value.trim().parse() {
        Ok(count) if count >= N::from(1) => Ok(count),
        _ => Err(config(format!("{PREFIX}{name} is `{value}`; write an integer of at least 1"))),
    }
}

fn config(message: String) -> Error {
    Error::new(ErrorKind::Config, message)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may")]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, Error> {
        let settings = Settings::default().read(|name| {
            pairs.iter().find(|(key, _)| name.strip_prefix(PREFIX) == Some(key)).map(|(_, value)| (*value).to_string())
        })?;
        settings.check()?;
        Ok(settings)
    }

    #[test]
    fn errors_name_the_variable() {
        let ok = ("STATE", "s3://state/runs");
        for (pairs, first_words) in [
            (&[][..], "RECURSIVE_LAMBDA_STATE is not set: write `s3://BUCKET/PREFIX`"),
            (&[("STATE", " ")], "RECURSIVE_LAMBDA_STATE is not set"),
            (&[("STATE", "bucket/prefix")], "RECURSIVE_LAMBDA_STATE is `bucket/prefix`; write `s3://BUCKET/PREFIX`"),
            (&[("STATE", "s3://My Bucket/runs")], "RECURSIVE_LAMBDA_STATE is `s3://My Bucket/runs`;"),
            (&[("STATE", "s3://state/ru\tns")], r"RECURSIVE_LAMBDA_STATE is `s3://state/ru\tns`;"),
            (&[("STATE", "s3://")], "RECURSIVE_LAMBDA_STATE is `s3://`;"),
            (&[ok, ("LEASE", "1s")], "RECURSIVE_LAMBDA_LEASE is 1s; it must be at least 2s"),
            (&[ok, ("LEASE", "51s")], "RECURSIVE_LAMBDA_LEASE is 51s;"),
            (&[ok, ("LEASE", "soon")], "RECURSIVE_LAMBDA_LEASE is `soon`; write a time such as `10s`"),
            (&[ok, ("CHECKPOINT", "0s")], "RECURSIVE_LAMBDA_CHECKPOINT is `0s`; write a time such as `10s`, or `batch`"),
            (&[ok, ("MAX_ATTEMPTS", "0")], "RECURSIVE_LAMBDA_MAX_ATTEMPTS is `0`; write an integer of at least 1"),
            (&[ok, ("MAX_INVOCATIONS", "-1")], "RECURSIVE_LAMBDA_MAX_INVOCATIONS is `-1`; write an integer"),
            (&[ok, ("RETRY_FOR", "a day")], "RECURSIVE_LAMBDA_RETRY_FOR is `a day`; write a time such as `24h`"),
            (&[ok, ("BUCKETS", "one@b")], "RECURSIVE_LAMBDA_BUCKETS has `one@b`; write `name`"),
            (&[ok, ("BUCKETS", "s3://uploads")], "RECURSIVE_LAMBDA_BUCKETS has `s3://uploads`; write `name`"),
            (&[ok, ("BUCKETS", ",")], "RECURSIVE_LAMBDA_BUCKETS names no bucket; write `name`"),
            (&[ok, ("RESERVE", "10")], "RECURSIVE_LAMBDA_RESERVE is `10`; write a time"),
            (&[ok, ("BATCHES_PER_INVOCATION", "all")], "RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION is `all`; write an integer"),
            (&[ok, ("SHARDS", "0")], "RECURSIVE_LAMBDA_SHARDS is `0`; write 1 to 1000, or `auto`"),
            (&[ok, ("SHARDS", "1001")], "RECURSIVE_LAMBDA_SHARDS is `1001`; write 1 to 1000"),
        ] {
            let error = read(pairs).unwrap_err();
            assert!(error.to_string().starts_with(first_words), "{error}");
            assert_eq!(error.kind(), ErrorKind::Config);
        }
    }

    #[test]
    fn defaults_are_as_documented() {
        let want = Settings {
            state: Some(StoreLocation::S3 { bucket: "state".into(), prefix: "runs".into() }),
            lease: Duration::from_secs(45),
            checkpoint: Duration::from_secs(10),
            max_attempts: 3,
            retry_for: Duration::from_secs(86_400),
            max_invocations: 10_000,
            buckets: None,
            reserve: None,
            batches_per_invocation: None,
            shards: None,
        };
        assert_eq!(read(&[("STATE", "s3://state/runs")]).unwrap(), want);
        // Without a variable, the attribute decides about these.
        let attribute = crate::Config::new(1);
        assert_eq!((attribute.reserve_ms, attribute.batches_per_invocation, attribute.shards), (10_000, None, None));
    }

    #[test]
    fn every_variable_is_read() {
        let all = read(&[
            ("STATE", "s3://state/a/b/"),
            ("LEASE", "2s"),
            ("CHECKPOINT", "batch"),
            ("MAX_ATTEMPTS", "5"),
            ("RETRY_FOR", "0s"),
            ("MAX_INVOCATIONS", "20"),
            ("BUCKETS", "uploads, other@123456789012"),
            ("RESERVE", "500ms"),
            ("BATCHES_PER_INVOCATION", "1"),
            ("SHARDS", "16"),
        ]);
        let want = Settings {
            state: Some(StoreLocation::S3 { bucket: "state".into(), prefix: "a/b".into() }),
            lease: Duration::from_secs(2),
            checkpoint: Duration::ZERO,
            max_attempts: 5,
            retry_for: Duration::ZERO,
            max_invocations: 20,
            buckets: Some(vec![
                AllowedBucket { name: "uploads".into(), account: None },
                AllowedBucket { name: "other".into(), account: Some("123456789012".into()) },
            ]),
            reserve: Some(Duration::from_millis(500)),
            batches_per_invocation: Some(1),
            shards: Some(Shards::Exactly(16)),
        };
        assert_eq!(read(&[("STATE", "none"), ("SHARDS", " auto")]).unwrap().shards, Some(Shards::Auto));
        assert_eq!(all.unwrap(), want.clone());
        assert_eq!(read(&[("STATE", "none")]).unwrap().state, Some(StoreLocation::None));
        assert_eq!(read(&[("STATE", " s3://state/a/b\n"), ("CHECKPOINT", " batch ")]).unwrap().state, want.state);
        let arn = "arn:aws:s3:eu-west-1:123456789012:accesspoint/one";
        assert_eq!(parse_buckets(arn).unwrap(), [AllowedBucket { name: arn.into(), account: None }]);
    }

    #[test]
    fn misspelt_variables_are_reported() {
        let set =
            NAMES.map(|name| format!("{PREFIX}{name}")).into_iter().chain(["PATH".into(), "RECURSIVE_LAMBDA_MAXATTEMPTS".into()]);
        assert_eq!(unknown(set), ["RECURSIVE_LAMBDA_MAXATTEMPTS"]);
    }
}
