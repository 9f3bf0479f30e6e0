//! Measures reading and whole runs, and writes BENCHMARKS.md.

mod instructions;
mod runs;

use self::runs::Runs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) fn run(root: &Path) -> Result<(), String> {
    let binary = build(root)?;
    let runs = Runs { root, binary: &binary };
    let page = format!(
        "# Benchmarks\n\n\
         `cargo xtask bench` writes this page. It was last run on {date}, with {rustc}, on {processor}, {cores} cores.\n\n\
         ## Reading, in instructions a record\n\n\
         The reader of a run and a loop written by hand read the same file and collect batches of 400 records. Both are in \
         `recursive-lambda/src/driver/reader/costs.rs`; a test there shows that they read the same. Less is better.\n\n\
         {reading}\n\
         A batch costs {batch} instructions more, whatever its records are: its state, its time, its checkpoint.\n\n\
         ## A run over a network, in multiples of the time that the network or the job needs\n\n\
         The first byte of each request comes after 20 ms. The job computes for half as long as the network needs for the object, as \
         long, or twice as long, on one thread; the next batch is decoded on another one. `recursive-lambda/src/driver/costs.rs` has \
         the network. 1.00 would be perfect.\n\n\
         {network}\n\
         With batches of 400 lines that compute 5 ms, a run takes {five:.3} times as long as the job alone.\n\n\
         ## Concurrent batches, compared with k times the speed of one\n\n\
         Each batch waits 100 ms. More is better.\n\n\
         {concurrency}\n\
         ## What a resume reads, for one batch\n\n\
         {resume}\n\
         ## Memory\n\n\
         The whole process, over a network that takes no time.\n\n\
         {memory}",
        date = output("date", &["-u", "+%Y-%m-%d"])?,
        rustc = output("rustc", &["--version"])?,
        processor = processor(),
        cores = std::thread::available_parallelism().map_or(1, usize::from),
        reading = instructions::table(root, &binary)?,
        batch = instructions::per_batch(root, &binary)?,
        network = runs.over_a_network()?,
        five = runs.at_five_ms()?,
        concurrency = runs.concurrency()?,
        resume = runs.resume()?,
        memory = runs.memory()?,
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

fn output(program: &str, arguments: &[&str]) -> Result<String, String> {
    let ran = Command::new(program).args(arguments).output().map_err(|error| format!("cannot start {program}: {error}"))?;
    Ok(String::from_utf8_lossy(&ran.stdout).trim().to_owned())
}

fn processor() -> String {
    let about = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = about.lines().find_map(|line| line.strip_prefix("model name")).and_then(|rest| rest.split_once(": "));
    model.map_or("an unknown processor".into(), |(_, model)| model.to_owned())
}
