//! The run's progress: a bar on a terminal, otherwise a line every few seconds. The job's output appears above the bar.

use indicatif::{HumanBytes, HumanCount, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use recursive_lambda_core::checkpoint::Checkpoint;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// The time between two progress lines when the output is not a terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    last_line: Instant,
    /// When the run was first shown, and its position and offset then.
    first: Option<(Instant, u64, u64)>,
}

impl Progress {
    pub(crate) fn new(size: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(size), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}");
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())).with_finish(ProgressFinish::AndClear)
        });
        Self { bar, last_line: Instant::now(), first: None }
    }

    pub(crate) fn show(&mut self, checkpoint: &Checkpoint) {
        let (started, position, offset) = *self.first.get_or_insert((Instant::now(), checkpoint.position, checkpoint.offset));
        let pace = pace(
            started.elapsed(),
            checkpoint.position.saturating_sub(position),
            checkpoint.offset.saturating_sub(offset),
            checkpoint.size.saturating_sub(checkpoint.offset),
        );
        let message = format!(
            "{} records, {} of {}, invocation {}{}",
            HumanCount(checkpoint.position),
            HumanBytes(checkpoint.offset),
            HumanBytes(checkpoint.size),
            checkpoint.invocations,
            pace.unwrap_or_default()
        );
        match &self.bar {
            Some(bar) => {
                bar.set_position(checkpoint.offset);
                bar.set_message(message);
            }
            None if self.last_line.elapsed() >= LINE_INTERVAL => {
                self.last_line = Instant::now();
                eprintln!("  {message}");
            }
            None => {}
        }
    }

    /// Prints a line that the job wrote to stdout.
    pub(crate) fn print(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| println!("{line}")),
            None => println!("{line}"),
        }
    }

    /// Prints a line about the run, to stderr.
    pub(crate) fn message(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }

    pub(crate) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// The rate and the time left, computed from the records and bytes done in `took`; `None` while the rate is unknown.
/// A `FileBatch` job reports no bytes, so its time left stays unknown.
fn pace(took: Duration, records: u64, bytes: u64, bytes_left: u64) -> Option<String> {
    let seconds = took.as_secs_f64();
    if seconds < 0.1 || records == 0 {
        return None;
    }
    let per_second = records as f64 / seconds;
    let rate = match per_second < 1.0 {
        true => format!("{} records/min", HumanCount((per_second * 60.0) as u64)),
        false => format!("{} records/s", HumanCount(per_second as u64)),
    };
    let left = (bytes > 0).then(|| Duration::from_secs_f64((seconds * bytes_left as f64 / bytes as f64).clamp(0.0, 1e9)));
    let left = left.map(|left| format!(", {} left", HumanDuration(left))).unwrap_or_default();
    Some(format!(", {rate}{left}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_follows_from_bytes() {
        let seconds = Duration::from_secs;
        for (took, records, bytes, left, expected) in [
            (seconds(0), 10, 10, 10, None),
            (seconds(5), 0, 0, 100, None),
            (seconds(2), 4_000, 1_000, 9_000, Some(", 2,000 records/s, 18 seconds left")),
            (seconds(2), 4_000, 1_000, 0, Some(", 2,000 records/s, 0 seconds left")),
            (seconds(10), 5, 0, 100, Some(", 30 records/min")),
            (seconds(1), 1, 1, u64::MAX, Some(", 1 records/s, 32 years left")),
        ] {
            assert_eq!(pace(took, records, bytes, left).as_deref(), expected, "{took:?} {records} {bytes} {left}");
        }
    }
}
