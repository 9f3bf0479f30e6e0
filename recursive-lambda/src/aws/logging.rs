//! Logs as Lambda wants them: JSON if the function's log format says so, at the level that it says.

use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// Sets up logging unless the program has done so itself.
pub(super) fn init() {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let spoken = [variable("AWS_LAMBDA_LOG_LEVEL"), variable("RUST_LOG")];
    let level = spoken.iter().find_map(|level| level.parse::<Level>().ok()).unwrap_or(Level::INFO);
    let filter = Targets::new()
        .with_default(level.min(Level::INFO))
        .with_target("recursive_lambda", level)
        // It would say again of every error what this crate says better.
        .with_target("lambda_runtime", LevelFilter::OFF);
    // Lambda stamps each line with its time in text format.
    let layer = if variable("AWS_LAMBDA_LOG_FORMAT").eq_ignore_ascii_case("json") {
        fmt::layer().json().flatten_event(true).with_writer(std::io::stderr).boxed()
    } else {
        fmt::layer().without_time().with_ansi(false).with_target(false).with_writer(std::io::stderr).boxed()
    };
    // An error means that the program has a subscriber of its own.
    let _ = tracing_subscriber::registry().with(layer.with_filter(filter)).try_init();
}
