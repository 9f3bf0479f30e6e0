//! What the tests need that is not Rust: a Python environment in target/venv with moto, sam and cfn-lint, as pinned in
//! `tests/peers/requirements.txt`. Touches nothing outside of target.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::{root, run};

/// Installs them, unless exactly these are installed; gives the environment's folder.
pub(crate) fn install() -> Result<PathBuf, String> {
    let (venv, pins) = (root().join("target/venv"), root().join("tests/peers/requirements.txt"));
    let wanted = fs::read_to_string(&pins).map_err(|error| format!("{}: {error}", pins.display()))?;
    // Written last: an environment without it is a part of one.
    let installed = venv.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|found| found == wanted) {
        return Ok(venv);
    }
    if !Command::new("python3").arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success()) {
        return Err(
            "there is no python3, which moto, sam and cfn-lint need: install Python 3.10 or newer with its venv module. \
                    `cargo test --workspace` runs every test that does without"
                .to_owned(),
        );
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
    run(Command::new(venv.join("bin/python")).args(pip).arg(&pins))?;
    fs::write(&installed, wanted).map_err(|error| format!("{}: {error}", installed.display()))?;
    Ok(venv)
}
