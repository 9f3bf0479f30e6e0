//! Errors of the SDK as one line that says what to do.

use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use recursive_lambda_core::excerpt;

/// The number of characters kept of a message from a service or the SDK.
const KEPT: usize = 200;

/// `doing`: what was tried, for example `list s3://state/runs`.
pub(crate) fn trouble<E>(doing: &str, error: &SdkError<E>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    let code = error.code().unwrap_or_default();
    let advice = match (status, code) {
        (Some(403), "ExpiredToken" | "ExpiredTokenException") => "the credentials have expired: sign in again",
        (Some(403), "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "UnrecognizedClientException") => {
            "the credentials are wrong"
        }
        (Some(401 | 403), _) => "these credentials may not do that",
        (Some(301), _) => "the bucket is in another region: set AWS_REGION",
        (Some(404), "NoSuchBucket") => "there is no such bucket",
        (Some(404), "ResourceNotFoundException") => "there is no such function in this account and region",
        (Some(404), _) => "there is none",
        (Some(429), _) => "the function has no capacity left: try again later",
        (Some(_), _) => "the service refused",
        (None, _) if is_lack_of_credentials(error) => {
            "there are no AWS credentials: set AWS_PROFILE, or sign in with `aws sso login` or `aws configure`"
        }
        (None, _) if is_lack_of_region(error) => "there is no AWS region: set AWS_REGION, or a profile that has one",
        (None, _) if matches!(error, SdkError::DispatchFailure(_)) => "the endpoint cannot be reached",
        (None, _) if matches!(error, SdkError::TimeoutError(_)) => "there was no answer in time",
        (None, _) => "the request could not be made",
    };
    let said = match (status, error.message()) {
        (Some(status), Some(message)) => format!("{status} {code}: {message}"),
        (Some(status), None) => format!("{status} {code}"),
        (None, _) => DisplayErrorContext(error).to_string(),
    };
    format!("cannot {doing}: {advice} ({})", excerpt::short(&said, KEPT))
}

fn is_lack_of_credentials<E: std::error::Error + 'static>(error: &SdkError<E>) -> bool {
    let shown = DisplayErrorContext(error).to_string();
    let signs = ["CredentialsNotLoaded", "no providers in chain provided credentials", "while loading credentials"];
    signs.iter().any(|sign| shown.contains(sign))
}

fn is_lack_of_region<E: std::error::Error + 'static>(error: &SdkError<E>) -> bool {
    let shown = DisplayErrorContext(error).to_string();
    shown.contains("Missing Region") || shown.contains("region must be set")
}
