//! The arguments that commands share.

use crate::remote::Place;
use recursive_lambda_core::checkpoint::Status;
use recursive_lambda_core::identity::parse_run_name;
use std::time::Duration;

/// Where the runs are.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Target {
    /// The deployed function: its name or ARN. Its environment says where checkpoints are
    #[arg(short, long, value_name = "NAME")]
    pub(crate) function: Option<String>,

    /// The store of checkpoints, if the function's settings cannot be read or do not name it
    #[arg(short, long, value_name = "s3://BUCKET/PREFIX", value_parser = Place::parse)]
    pub(crate) store: Option<Place>,
}

/// Which run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RunName {
    Id(String),
    /// The latest run over this object.
    Object {
        bucket: String,
        key: String,
    },
}

impl RunName {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let object = text.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
        match object {
            Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => {
                Ok(Self::Object { bucket: bucket.into(), key: key.into() })
            }
            _ if parse_run_name(text).is_some() => Ok(Self::Id(text.into())),
            _ => Err("write the run's id, 32 hexadecimal digits, or its object, `s3://BUCKET/KEY`".into()),
        }
    }

    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Id(id) => id.clone(),
            Self::Object { bucket, key } => format!("s3://{bucket}/{}", key.escape_debug()),
        }
    }
}

pub(crate) fn status(text: &str) -> Result<Status, String> {
    ALL.into_iter().find(|status| format!("{status:?}").eq_ignore_ascii_case(text)).ok_or_else(|| {
        let names = ALL.map(|status| format!("{status:?}").to_lowercase());
        format!("write one of {}", names.join(", "))
    })
}

const ALL: [Status; 8] = [
    Status::Ready,
    Status::Running,
    Status::Completing,
    Status::Paused,
    Status::Done,
    Status::Failed,
    Status::Superseded,
    Status::Cancelled,
];

pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("{error}: write a time such as `30m`, `12h` or `7d`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_named_by_its_id_or_object() {
        let id = "0123456789abcdef0123456789abcdef";
        let object = |key: &str| Some(RunName::Object { bucket: "up".into(), key: key.into() });
        for (text, expected) in [
            (id, Some(RunName::Id(id.into()))),
            ("s3://up/a b/c.csv", object("a b/c.csv")),
            ("s3://up//c", object("/c")),
            ("s3://up/", None),
            ("s3://up", None),
            ("s3:///key", None),
            ("0123", None),
            ("0123456789ABCDEF0123456789ABCDEF", None),
        ] {
            assert_eq!(RunName::parse(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn a_status_is_named_in_any_case() {
        assert_eq!((status("failed"), status("Paused")), (Ok(Status::Failed), Ok(Status::Paused)));
        assert!(status("broken").is_err_and(|error| error.contains("ready, running")));
    }
}
