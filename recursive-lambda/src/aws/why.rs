//! Why a call to AWS failed, in one short line: for people, after a line that says what to do.
//!
//! It never carries foreign text unescaped: a service repeats keys and payloads in its messages.

use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

/// How many characters are kept of what a service or the SDK says.
const KEPT: usize = 300;

/// `status Code: message` where the service answered, else what the SDK says.
pub(super) fn why<E>(error: &SdkError<E>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let Some(answer) = error.raw_response() else { return brief(&DisplayErrorContext(error).to_string()) };
    let status = answer.status().as_u16();
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{status} {}: {}", brief(code), brief(message)),
        (Some(code), None) => format!("{status} {}", brief(code)),
        _ => format!("the answer was {status}"),
    }
}

/// The region that a bucket is said to be in, if it is not where it was asked for.
pub(super) fn elsewhere<E>(error: &SdkError<E>) -> Option<String> {
    let answer = error.raw_response().filter(|answer| answer.status().as_u16() == 301)?;
    let region = answer.headers().get("x-amz-bucket-region").map(|region| format!("region `{}`", brief(region)));
    Some(region.unwrap_or_else(|| "another region".into()))
}

fn brief(text: &str) -> String {
    let cut = if text.chars().nth(KEPT).is_some() { "…" } else { "" };
    // Quotes are left as they are: what AWS says of a permission is full of them.
    let visible = |character: char| match character {
        '"' | '\'' => character.to_string(),
        _ => character.escape_debug().collect(),
    };
    text.chars().take(KEPT).map(visible).collect::<String>() + cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_escaped_and_cut() {
        let cases = [
            ("no \"s3:GetObject\"", "no \"s3:GetObject\"".to_string()),
            ("a\nb\u{1b}[31m", "a\\nb\\u{1b}[31m".into()),
            (&"x".repeat(301), "x".repeat(300) + "…"),
        ];
        for (text, shown) in cases {
            assert_eq!(brief(text), shown);
        }
    }
}
