//! Why a call to AWS failed, in one short line: for people, after a line that says what to do.
//!
//! It never carries foreign text unescaped: a service repeats keys and payloads in its messages.

use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use recursive_lambda_core::excerpt;

/// How many characters are kept of what a service or the SDK says.
const KEPT: usize = 300;

/// `status Code: message` where the service answered, else what the SDK says.
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

/// The region that a bucket is said to be in, if it is not where it was asked for.
pub(super) fn elsewhere<E>(error: &SdkError<E>) -> Option<String> {
    let answer = error.raw_response().filter(|answer| answer.status().as_u16() == 301)?;
    let region = answer.headers().get("x-amz-bucket-region").map(|region| format!("region `{}`", excerpt::short(region, KEPT)));
    Some(region.unwrap_or_else(|| "another region".into()))
}
