//! The page of `run --report` in a real browser. `cargo xtask test` runs these tests if it finds Chromium, and says so if not.

mod devtools;
mod report;
mod screenshots;

use crate::peer::{program, workspace};
use std::path::Path;
use std::process::Output;
use tokio::process::Command;

/// The command's program, in the workspace, with the target folder of this test, so that it builds nothing again.
fn command() -> Command {
    let program = program("cargo-recursive-lambda");
    let mut command = Command::new(&program);
    command.current_dir(workspace()).env("CARGO_TARGET_DIR", program.ancestors().nth(2).unwrap()).arg("recursive-lambda");
    command
}

/// `run` of an example's job over a file.
async fn run(package: &str, file: &Path, arguments: &[&str], page: &Path) -> Output {
    let mut command = command();
    command.args(["run", "--package", package]).args(arguments).arg("--report").arg(page).arg(file);
    command.output().await.unwrap()
}
