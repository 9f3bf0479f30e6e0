//! The test dependencies that are not Rust: a Python environment in target/venv with moto, sam and cfn-lint, pinned in
//! `tests/peers/requirements.txt`. Changes nothing outside target.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::{root, run};

/// Installs the pinned versions unless they are installed already. Returns the environment's folder.
pub(crate) fn install() -> Result<PathBuf, String> {
    let (venv, pins) = (root().join("target/venv"), root().join("tests/peers/requirements.txt"));
    let wanted = fs::read_to_string(&pins).map_err(|error| format!("{}: {error}", pins.display()))?;
    // This file is written last: an environment without it is incomplete.
    let installed = venv.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|found| found == wanted) {
        return Ok(venv);
    }
    if !Command::new("python3").arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success()) {
        return Err("python3 not found: moto, sam and cfn-lint need it. Install Python 3.10 or newer with its venv module. \
             `cargo test --workspace` runs every test that does not need Python"
            .to_owned());
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
    run(Command::new(venv.join("bin/python")).args(pip).arg(&pins))?;
    fs::write(&installed, wanted).map_err(|error| format!("{}: {error}", installed.display()))?;
    Ok(venv)
}
