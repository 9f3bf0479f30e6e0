//! Logs as Lambda wants them: JSON if the function's log format says so, at the configured level.

use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// Sets up logging unless the program has already done so.
pub(super) fn init() {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let level = level(&variable("AWS_LAMBDA_LOG_LEVEL"));
    let asked =
        std::env::var("RUST_LOG").ok().filter(|filter| !filter.is_empty()).and_then(|filter| filter.parse::<Targets>().ok());
    let filter = asked.unwrap_or_else(|| {
        // Messages of the SDK and its transport below INFO help no user of this crate.
        let quiet = ["aws_config", "aws_runtime", "aws_sdk_lambda", "aws_sdk_s3", "aws_smithy", "hyper", "h2", "rustls", "tower"];
        let all = Targets::new().with_default(level);
        quiet.iter().fold(all, |filter, target| filter.with_target(*target, level.min(Level::INFO)))
    });
    // It would repeat every error that this crate explains better.
    let filter = filter.with_target("lambda_runtime", LevelFilter::OFF);
    // But only it reports on its own loop.
    let filter = filter.with_target("lambda_runtime::runtime", LevelFilter::WARN);
    // In text format Lambda adds the time to each line.
    let layer = if variable("AWS_LAMBDA_LOG_FORMAT").eq_ignore_ascii_case("json") {
        fmt::layer().json().flatten_event(true).with_writer(std::io::stderr).boxed()
    } else {
        fmt::layer().without_time().with_ansi(false).with_target(false).with_writer(std::io::stderr).boxed()
    };
    // An error means that the program has its own subscriber.
    let _ = tracing_subscriber::registry().with(layer.with_filter(filter)).try_init();
}

/// Lambda's level here, where there is one level less.
fn level(name: &str) -> Level {
    if name.eq_ignore_ascii_case("fatal") { Level::ERROR } else { name.parse().unwrap_or(Level::INFO) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_lambda_log_levels_are_known() {
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
