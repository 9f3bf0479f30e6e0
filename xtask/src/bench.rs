//! Measures what reading costs, in instructions, and writes BENCHMARKS.md.
//!
//! Callgrind counts instructions, so the figures do not depend on what else the machine does. Each part is measured over one and over
//! three copies of the file; the difference has neither start-up nor the making of the file's first copy.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The records of one copy of the file: the rows of the demo.
const ROWS: u64 = 9_999;

/// A part, what it is, and the loop it is compared with.
const PARTS: [(&str, &str, &str); 4] = [
    ("csv", "CSV rows as a struct of 3 of their 14 columns", "`csv::Reader::deserialize`"),
    ("columns", "CSV rows as a `Vec<String>` of all 14 columns", "`csv::Reader::deserialize`"),
    ("lines", "lines as `Vec<u8>`", "`BufRead::read_until`"),
    ("jsonl", "JSON lines as the same struct", "`serde_json::from_slice` over `BufRead::read_until`"),
];

pub(crate) fn run(root: &Path) -> Result<(), String> {
    let binary = build(root)?;
    let mut rows = String::new();
    for (part, records, loop_by_hand) in PARTS {
        let ours = per_record(root, &binary, part)?;
        let by_hand = per_record(root, &binary, &format!("{part}_by_hand"))?;
        // Writing to a `String` cannot fail.
        let _ = writeln!(rows, "| {records} | {loop_by_hand} | {by_hand} | {ours} | {:.2} |", ours as f64 / by_hand as f64);
    }
    let page = format!(
        "# Benchmarks\n\n\
         `cargo xtask bench` writes this page. It was last run on {}, with {}, on {}.\n\n\
         ## Reading, in instructions a record\n\n\
         The reader of a run and a loop written by hand read the same file and collect batches of 400 records. Both are in \
         `recursive-lambda/src/driver/reader/costs.rs`; a test there shows that they read the same. Less is better.\n\n\
         | records | the loop by hand | by hand | recursive-lambda | ratio |\n|---|---|---|---|---|\n{rows}",
        output("date", &["-u", "+%Y-%m-%d"])?,
        output("rustc", &["--version"])?,
        processor(),
    );
    std::fs::write(root.join("BENCHMARKS.md"), page).map_err(|error| format!("BENCHMARKS.md: {error}"))
}

/// Builds the tests of the library, optimised, and returns their program.
fn build(root: &Path) -> Result<PathBuf, String> {
    let arguments = ["test", "--release", "-p", "recursive-lambda", "--no-default-features", "--lib", "--no-run"];
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo).args(arguments).current_dir(root).stdin(Stdio::null()).output();
    let built = built.map_err(|error| format!("cannot start cargo: {error}"))?;
    let said = String::from_utf8_lossy(&built.stderr).into_owned();
    let program = said.lines().filter(|line| line.contains("Executable")).find_map(|line| line.split(['(', ')']).nth(1));
    program.map(|program| root.join(program)).ok_or(said)
}

fn per_record(root: &Path, binary: &Path, part: &str) -> Result<u64, String> {
    let few = instructions(root, binary, part, 1)?;
    let many = instructions(root, binary, part, 3)?;
    Ok(many.saturating_sub(few) / (2 * ROWS))
}

fn instructions(root: &Path, binary: &Path, part: &str, times: u64) -> Result<u64, String> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(binary);
    command.args(["one_part", "--ignored", "--test-threads=1"]).current_dir(root.join("recursive-lambda"));
    command.env("RL_PART", part).env("RL_TIMES", times.to_string());
    let ran = command.output().map_err(|error| format!("cannot start valgrind, which counts the instructions: {error}"))?;
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    let collected =
        said.lines().find_map(|line| line.split_once("Collected : ")).and_then(|(_, count)| count.trim().parse().ok());
    collected.filter(|_| ran.status.success()).ok_or(said)
}

fn output(program: &str, arguments: &[&str]) -> Result<String, String> {
    let ran = Command::new(program).args(arguments).output().map_err(|error| format!("cannot start {program}: {error}"))?;
    Ok(String::from_utf8_lossy(&ran.stdout).trim().to_owned())
}

fn processor() -> String {
    let about = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = about.lines().find_map(|line| line.strip_prefix("model name")).and_then(|rest| rest.split_once(": "));
    model.map_or("an unknown processor".into(), |(_, model)| model.to_owned())
}
