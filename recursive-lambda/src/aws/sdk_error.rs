//! Why a call to AWS failed, in one short line: for people, after a line that says what to do.
//!
//! It never carries foreign text unescaped: services repeat keys and payloads in their messages.

use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use recursive_lambda_core::excerpt;

/// The number of characters kept of a message from a service or the SDK.
const KEPT: usize = 300;

/// `status Code: message` if the service answered, otherwise the SDK's error.
pub(super) fn why<E>(error: &SdkError<E>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let Some(answer) = error.raw_response() else { return excerpt::short(&DisplayErrorContext(error).to_string(), KEPT) };
    let status = answer.status().as_u16();
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{status} {}: {}", excerpt::short(code, KEPT), excerpt::short(message, KEPT)),
        (Some(code), None) => format!("{status} {}", excerpt::short(code, KEPT)),
        _ => format!("the answer was {status}"),
    }
}

/// The bucket's region according to S3, if the request went to another one.
pub(super) fn elsewhere<E>(error: &SdkError<E>) -> Option<String> {
    let answer = error.raw_response().filter(|answer| answer.status().as_u16() == 301)?;
    let region = answer.headers().get("x-amz-bucket-region").map(|region| format!("region `{}`", excerpt::short(region, KEPT)));
    Some(region.unwrap_or_else(|| "another region".into()))
}
