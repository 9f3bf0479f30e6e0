//! Logs as Lambda wants them: JSON if the function's log format says so, at the level that it says.

use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// Sets up logging unless the program has done so itself.
pub(super) fn init() {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let level = level(&variable("AWS_LAMBDA_LOG_LEVEL"));
    let asked =
        std::env::var("RUST_LOG").ok().filter(|filter| !filter.is_empty()).and_then(|filter| filter.parse::<Targets>().ok());
    let filter = asked.unwrap_or_else(|| {
        // What the SDK and its transport say below INFO is of use to nobody here.
        let quiet = ["aws_config", "aws_runtime", "aws_sdk_lambda", "aws_sdk_s3", "aws_smithy", "hyper", "h2", "rustls", "tower"];
        let all = Targets::new().with_default(level);
        quiet.iter().fold(all, |filter, target| filter.with_target(*target, level.min(Level::INFO)))
    });
    // It would say again of every error what this crate says better.
    let filter = filter.with_target("lambda_runtime", LevelFilter::OFF);
    // But of its own loop nobody else speaks.
    let filter = filter.with_target("lambda_runtime::runtime", LevelFilter::WARN);
    // Lambda stamps each line with its time in text format.
    let layer = if variable("AWS_LAMBDA_LOG_FORMAT").eq_ignore_ascii_case("json") {
        fmt::layer().json().flatten_event(true).with_writer(std::io::stderr).boxed()
    } else {
        fmt::layer().without_time().with_ansi(false).with_target(false).with_writer(std::io::stderr).boxed()
    };
    // An error means that the program has a subscriber of its own.
    let _ = tracing_subscriber::registry().with(layer.with_filter(filter)).try_init();
}

/// What Lambda's level is here, where there is one less.
fn level(name: &str) -> Level {
    if name.eq_ignore_ascii_case("fatal") { Level::ERROR } else { name.parse().unwrap_or(Level::INFO) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_of_lambda_is_known() {
        for (name, want) in [
            ("TRACE", Level::TRACE),
            ("DEBUG", Level::DEBUG),
            ("INFO", Level::INFO),
            ("WARN", Level::WARN),
            ("ERROR", Level::ERROR),
            ("FATAL", Level::ERROR),
            ("", Level::INFO),
            ("no level", Level::INFO),
        ] {
            assert_eq!(level(name), want, "{name}");
        }
    }
}
