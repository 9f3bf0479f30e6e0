//! Counts instructions with callgrind, so the figures do not depend on what else the machine does.

use std::path::Path;
use std::process::Command;

/// A part of `driver/reader/costs.rs`, what it reads, and the loop it is compared with.
const PARTS: [(&str, &str, &str); 5] = [
    ("csv", "CSV rows as a struct of 3 of their 14 columns", "`csv::Reader::deserialize`"),
    ("columns", "CSV rows as a `Vec<String>` of all 14 columns", "`csv::Reader::deserialize`"),
    ("lines", "lines as `Vec<u8>`", "`BufRead::read_until`"),
    ("jsonl", "JSON lines as the same struct", "`serde_json::from_slice` over `BufRead::read_until`"),
    ("gzip", "gzip of the CSV rows as the struct", "the loop for CSV over `flate2`'s decoder with zlib-rs"),
];

/// The records of one copy of the file: the rows of the demo.
const ROWS: u64 = 9_999;

/// The table of all parts.
pub(super) fn table(root: &Path, binary: &Path) -> Result<String, String> {
    let mut rows = String::from("| records | the loop by hand | by hand | recursive-lambda | ratio |\n|---|---|---|---|---|\n");
    for (part, records, loop_by_hand) in PARTS {
        let ours = per_record(root, binary, part)?;
        let by_hand = per_record(root, binary, &format!("{part}_by_hand"))?;
        rows += &format!("| {records} | {loop_by_hand} | {by_hand} | {ours} | {:.2} |\n", ours as f64 / by_hand as f64);
    }
    Ok(rows)
}

/// What a batch costs in a whole run, apart from its records: small batches are compared with large ones.
pub(super) fn per_batch(root: &Path, binary: &Path) -> Result<u64, String> {
    const COPIES: u64 = 3;
    let with = |batch: u64| instructions(root, binary, "one_run", &[("RL_TIMES", COPIES), ("RL_BATCH", batch)]);
    let batches = |batch: u64| (COPIES * ROWS + 1).div_ceil(batch);
    Ok(with(50)?.saturating_sub(with(400)?) / (batches(50) - batches(400)))
}

/// Each part is measured over one and over three copies of the file. The difference has neither the start nor the making of the
/// file's first copy.
fn per_record(root: &Path, binary: &Path, part: &str) -> Result<u64, String> {
    let read = |part: &str, times: u64| {
        let mut command = callgrind(root, binary, "one_part");
        command.env("RL_PART", part);
        counted(command.env("RL_TIMES", times.to_string()))
    };
    Ok(read(part, 3)?.saturating_sub(read(part, 1)?) / (2 * ROWS))
}

fn instructions(root: &Path, binary: &Path, test: &str, numbers: &[(&str, u64)]) -> Result<u64, String> {
    let mut command = callgrind(root, binary, test);
    counted(command.envs(numbers.iter().map(|(name, number)| (name, number.to_string()))))
}

fn callgrind(root: &Path, binary: &Path, test: &str) -> Command {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(binary);
    command.args([test, "--ignored", "--test-threads=1"]).current_dir(root.join("recursive-lambda"));
    command
}

fn counted(command: &mut Command) -> Result<u64, String> {
    let ran = command.output().map_err(|error| format!("cannot start valgrind, which counts the instructions: {error}"))?;
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    let collected =
        said.lines().find_map(|line| line.split_once("Collected : ")).and_then(|(_, count)| count.trim().parse().ok());
    collected.filter(|_| ran.status.success()).ok_or(said)
}
