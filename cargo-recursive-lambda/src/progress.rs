//! How far the run is: a bar on a terminal, a line now and then elsewhere. What the job prints stands above.

use indicatif::{HumanBytes, HumanCount, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use recursive_lambda_core::checkpoint::Checkpoint;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// Between two lines if the output is not a terminal.
const LINES: Duration = Duration::from_secs(5);

pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    last_line: Instant,
    /// Where the run stood when it was first seen, and when.
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
        let (begun, position, offset) = *self.first.get_or_insert((Instant::now(), checkpoint.position, checkpoint.offset));
        let pace = pace(
            begun.elapsed(),
            checkpoint.position.saturating_sub(position),
            checkpoint.offset.saturating_sub(offset),
            checkpoint.size.saturating_sub(checkpoint.offset),
        );
        let done = format!(
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
                bar.set_message(done);
            }
            None if self.last_line.elapsed() >= LINES => {
                self.last_line = Instant::now();
                eprintln!("  {done}");
            }
            None => {}
        }
    }

    /// A line of the job's own.
    pub(crate) fn print(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| println!("{line}")),
            None => println!("{line}"),
        }
    }

    /// A line about the run.
    pub(crate) fn tell(&self, line: &str) {
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

/// The rate and the time left, from this many records and bytes in this time; `None` before anything is known.
/// A job over a file reports no bytes, so the time left is unknown.
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
        for (took, records, bytes, left, wanted) in [
            (seconds(0), 10, 10, 10, None),
            (seconds(5), 0, 0, 100, None),
            (seconds(2), 4_000, 1_000, 9_000, Some(", 2,000 records/s, 18 seconds left")),
            (seconds(2), 4_000, 1_000, 0, Some(", 2,000 records/s, 0 seconds left")),
            (seconds(10), 5, 0, 100, Some(", 30 records/min")),
            (seconds(1), 1, 1, u64::MAX, Some(", 1 records/s, 32 years left")),
        ] {
            assert_eq!(pace(took, records, bytes, left).as_deref(), wanted, "{took:?} {records} {bytes} {left}");
        }
    }
}
