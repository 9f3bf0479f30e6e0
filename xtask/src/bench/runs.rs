//! Measures whole runs of `driver/costs.rs`: their time over a network, their memory, and what a resume reads.
//!
//! Times depend on the machine, so each is a ratio to what the network or the job needs at least, and the median of several rounds
//! that take turns. No test asserts them.

use std::path::Path;
use std::process::Command;

const ROUNDS: usize = 7;

/// One kind of run: the variables that say what it does.
type Run<'a> = &'a [(&'a str, f64)];

/// What a run printed.
#[derive(Clone, Copy, Debug)]
struct Found {
    took: f64,
    least: f64,
    read: f64,
    size: f64,
    peak: f64,
}

pub(super) struct Runs<'a> {
    pub(super) root: &'a Path,
    pub(super) binary: &'a Path,
}

impl Runs<'_> {
    /// A network of 78 MB/s, which a function has, and one of 375 MB/s; a job that computes as long as the network needs, half as
    /// long, or twice as long.
    pub(super) fn over_a_network(&self) -> Result<String, String> {
        let mut table =
            String::from("| records | network | without work | work 0.5 | work 1 | work 2 |\n|---|---|---|---|---|---|\n");
        for (bandwidth, copies) in [(78.0, 150.0), (375.0, 400.0)] {
            for format in ["lines", "csv"] {
                let base = [("RL_TIMES", copies), ("RL_BANDWIDTH", bandwidth), ("RL_FIRST_BYTE_MS", 20.0)];
                let works = [0.0, 0.5, 1.0, 2.0].map(|work| [&base[..], &[("RL_COMPUTES", work)]].concat());
                let runs: Vec<Run<'_>> = works.iter().map(Vec::as_slice).collect();
                let ratios = self.medians(format, &runs, |found| found.took / found.least)?;
                let ratios: Vec<_> = ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
                table += &format!("| {format} | {bandwidth} MB/s | {} |\n", ratios.join(" | "));
            }
        }
        Ok(table)
    }

    /// Batches that wait 100 ms, several at a time.
    pub(super) fn concurrency(&self) -> Result<String, String> {
        let mut table = String::from("| first byte | k = 2 | k = 4 | k = 8 | k = 16 |\n|---|---|---|---|---|\n");
        for first_byte in [0.0, 20.0] {
            let runs = [2.0, 4.0, 8.0, 16.0].map(|k| {
                [("RL_TIMES", 4.0 * k), ("RL_CONCURRENCY", k), ("RL_WAITS_MS", 100.0), ("RL_FIRST_BYTE_MS", first_byte)]
            });
            let runs: Vec<Run<'_>> = runs.iter().map(<[_; 4]>::as_slice).collect();
            let shares = self.medians("lines", &runs, |found| found.least / found.took)?;
            let shares: Vec<_> = shares.iter().map(|share| format!("{share:.2} k")).collect();
            table += &format!("| {first_byte} ms | {} |\n", shares.join(" | "));
        }
        Ok(table)
    }

    /// Batches of 49 kB that compute 5 ms: ten times as long as a network of 100 MB/s needs for them.
    pub(super) fn at_five_ms(&self) -> Result<f64, String> {
        let runs: [Run<'_>; 1] = [&[("RL_TIMES", 10.0), ("RL_BANDWIDTH", 100.0), ("RL_COMPUTES", 10.0)]];
        let ratios = self.medians("lines", &runs, |found| found.took / found.least)?;
        Ok(ratios.first().copied().unwrap_or(f64::NAN))
    }

    /// The second invocation of a run, for one batch.
    pub(super) fn resume(&self) -> Result<String, String> {
        let mut table =
            String::from("| object | resumed at record | bytes read | of the object | time |\n|---|---|---|---|---|\n");
        let plain = [(1.0, 2.0), (2.0, 25.0), (11.0, 250.0), (101.0, 2_500.0), (1_001.0, 25_000.0), (10_001.0, 250_000.0)];
        let plain = plain.map(|(copies, batches)| ("lines", 0.0, copies, batches));
        for (format, gzip, copies, batches) in plain.into_iter().chain([("csv", 1.0, 820.0, 10_250.0)]) {
            let run = [("RL_TIMES", copies), ("RL_GZIP", gzip), ("RL_RESUMES_AFTER", batches)];
            let Found { took, read, size, .. } = self.find(format, &run)?;
            let kind = if gzip > 0.0 { "gzip of 1 GB of CSV" } else { "lines" };
            let at = batches * 400.0;
            table += &format!(
                "| {kind}, {:.0} MB | {at:.0} | {read:.0} | {:.4} % | {:.2} ms |\n",
                size / 1e6,
                read / size * 100.0,
                took / 1e6
            );
        }
        Ok(table)
    }

    /// The most memory of the process.
    pub(super) fn memory(&self) -> Result<String, String> {
        let mut table = String::from("| object | the most memory | read / size |\n|---|---|---|\n");
        for copies in [8.0, 80.0, 8_000.0, 82_000.0] {
            let Found { read, size, peak, .. } = self.find("lines", &[("RL_TIMES", copies)])?;
            table += &format!("| {:.2} GB | {:.1} MiB | {:.4} |\n", size / 1e9, peak / 1024.0, read / size);
        }
        Ok(table)
    }

    /// The median of each run, over rounds in which the runs take turns.
    fn medians(&self, format: &str, runs: &[Run<'_>], figure: impl Fn(Found) -> f64) -> Result<Vec<f64>, String> {
        let mut figures = vec![Vec::new(); runs.len()];
        for _ in 0..ROUNDS {
            for (run, figures) in runs.iter().zip(&mut figures) {
                figures.push(figure(self.find(format, run)?));
            }
        }
        let median = |mut figures: Vec<f64>| {
            figures.sort_by(f64::total_cmp);
            figures.get(ROUNDS / 2).copied().unwrap_or(f64::NAN)
        };
        Ok(figures.into_iter().map(median).collect())
    }

    fn find(&self, format: &str, run: Run<'_>) -> Result<Found, String> {
        let mut command = Command::new(self.binary);
        command.args(["one_run", "--ignored", "--nocapture"]).current_dir(self.root.join("recursive-lambda"));
        command.env("RL_FORMAT", format).envs(run.iter().map(|(name, number)| (name, number.to_string())));
        let ran = command.output().map_err(|error| format!("cannot start {}: {error}", self.binary.display()))?;
        let said = String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr);
        let number = |name: &str| said.split_whitespace().find_map(|word| word.strip_prefix(name)?.parse().ok());
        let found = || {
            let [took, least, read] = ["took=", "least=", "read="].map(number);
            Some(Found { took: took?, least: least?, read: read?, size: number("size=")?, peak: number("peak=")? })
        };
        found().ok_or_else(|| format!("{run:?}: {said}"))
    }
}
