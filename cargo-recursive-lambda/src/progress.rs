//! How far the run is: a bar on a terminal, a line now and then elsewhere. What the job prints stands above.

use crate::record::Record;
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// Between two lines where there is no terminal.
const LINES: Duration = Duration::from_secs(5);

pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    last_line: Instant,
}

impl Progress {
    pub(crate) fn new(size: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(size), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}");
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { bar, last_line: Instant::now() }
    }

    pub(crate) fn show(&mut self, record: &Record) {
        let done = format!(
            "{} records, {} of {}, invocation {}",
            HumanCount(record.position),
            HumanBytes(record.offset),
            HumanBytes(record.size),
            record.invocations
        );
        match &self.bar {
            Some(bar) => {
                bar.set_position(record.offset);
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
