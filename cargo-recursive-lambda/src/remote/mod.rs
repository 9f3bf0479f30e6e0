//! A deployed function and the store of its checkpoints, through the AWS SDK.
//!
//! It finds, reads and writes, and knows nothing of what a command prints.

mod function;
mod obey;
mod store;
mod trouble;

pub(crate) use function::Function;
pub(crate) use obey::obey;
pub(crate) use store::{Checkpoints, Found, RunFile, age};
pub(crate) use trouble::trouble;

use crate::arguments::Target;
use aws_config::{BehaviorVersion, SdkConfig};

/// Where checkpoints are: a bucket, and a prefix without slashes at its ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) bucket: String,
    pub(crate) prefix: String,
}

impl Place {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let rest = text.trim().strip_prefix("s3://").map(|rest| rest.split_once('/').unwrap_or((rest, "")));
        match rest {
            Some((bucket, prefix)) if !bucket.is_empty() => {
                Ok(Self { bucket: bucket.into(), prefix: prefix.trim_matches('/').into() })
            }
            _ => Err(format!("`{}` is not a place in S3: write `s3://BUCKET/PREFIX`", text.escape_debug())),
        }
    }
}

/// What a command works on.
pub(crate) struct Remote {
    pub(crate) checkpoints: Checkpoints,
    /// `None`: only the store was named.
    pub(crate) function: Option<Function>,
}

impl Remote {
    /// Finds the store: as named, or in the function's environment.
    pub(crate) async fn open(target: &Target) -> Result<Self, String> {
        let config = sdk_config().await;
        let function = match &target.function {
            Some(name) => Some(Function::find(&config, name).await?),
            None => None,
        };
        let place = match (&target.store, &function) {
            (Some(place), _) => place.clone(),
            (None, Some(function)) => function.store()?,
            (None, None) => return Err("say where the runs are: `--function NAME`, or `--store s3://BUCKET/PREFIX`".into()),
        };
        let name = function.as_ref().map(|function| function.name.clone());
        Ok(Self { checkpoints: Checkpoints::new(s3_client(&config), place, name), function })
    }
}

/// The region, credentials and endpoints that the SDK's variables and files say.
pub(crate) async fn sdk_config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::v2026_01_12()).load().await
}

pub(crate) fn s3_client(config: &SdkConfig) -> aws_sdk_s3::Client {
    // A custom endpoint does not have a host name for each bucket.
    let custom = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"].iter().any(|name| std::env::var_os(name).is_some());
    aws_sdk_s3::Client::from_conf(aws_sdk_s3::config::Builder::from(config).force_path_style(custom).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_bucket_and_a_prefix() {
        let place = |bucket: &str, prefix: &str| Ok(Place { bucket: bucket.into(), prefix: prefix.into() });
        for (text, expected) in [
            ("s3://state", place("state", "")),
            ("s3://state/", place("state", "")),
            ("s3://state/runs/a/", place("state", "runs/a")),
            ("state/runs", Err("`state/runs` is not a place in S3: write `s3://BUCKET/PREFIX`".to_string())),
            ("s3:///runs", Err("`s3:///runs` is not a place in S3: write `s3://BUCKET/PREFIX`".to_string())),
        ] {
            assert_eq!(Place::parse(text), expected, "{text}");
        }
    }
}
