//! Finds the tools and the programs for them, starts them on loopback, and ends them. Does not test them.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

/// No tool takes this long, even on a busy machine.
const TOO_LONG: Duration = Duration::from_secs(300);

pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// A program of this workspace, built by `cargo xtask test`.
pub(crate) fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.ancestors().nth(2).unwrap().join(name);
    assert!(path.is_file(), "there is no program at {}: run `cargo build --workspace --bins` first", path.display());
    path
}

fn venv() -> PathBuf {
    let path = std::env::var_os("PEERS_VENV").map(PathBuf::from);
    let path = path.expect(
        "PEERS_VENV is not set: it must name a Python environment with tests/peers/requirements.txt; `cargo xtask test` sets it",
    );
    assert!(path.join("bin/python").exists(), "PEERS_VENV: there is no Python environment at {}", path.display());
    path
}

/// AWS's Runtime Interface Emulator, inside the wheel of sam.
pub(crate) fn runtime_interface_emulator() -> PathBuf {
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    let pythons = std::fs::read_dir(venv().join("lib")).unwrap();
    let emulator = format!("site-packages/samcli/local/rapid/aws-lambda-rie-{architecture}");
    let found = pythons.map(|python| python.unwrap().path().join(&emulator)).find(|path| path.is_file());
    found.expect("sam's wheel does not contain the emulator")
}

/// A command of the Python environment, with a dummy account and region.
pub(crate) fn tool(name: &str) -> Command {
    let mut command = Command::new(venv().join("bin").join(name));
    client_variables(&mut command);
    command
}

/// A dummy account and region, for a program that is a client of AWS.
pub(crate) fn client_variables(command: &mut Command) {
    command.kill_on_drop(true).stdin(Stdio::null());
    for (name, value) in [
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "dummy"),
        ("AWS_SECRET_ACCESS_KEY", "dummy"),
        ("SAM_CLI_TELEMETRY", "0"),
        ("PYTHONDONTWRITEBYTECODE", "1"),
    ] {
        command.env(name, value);
    }
    for name in ["AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"] {
        command.env_remove(name);
    }
}

/// Runs a script of this folder, with a JSON value as input and output.
pub(crate) async fn script(name: &str, input: &Value) -> Value {
    let mut command = tool("python");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(name));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.to_string().as_bytes()).await.unwrap();
    drop(stdin);
    let output = tokio::time::timeout(TOO_LONG, child.wait_with_output()).await.expect("the script takes too long").unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// moto's server. Ends when it is dropped.
pub(crate) struct Moto {
    pub(crate) url: String,
    _server: Child,
}

impl Moto {
    pub(crate) async fn start() -> Self {
        let mut command = tool("moto_server");
        // Port 0 selects a free port, which the server prints.
        command.args(["-H", "127.0.0.1", "-p", "0"]).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut server = command.spawn().unwrap();
        let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
        let url = tokio::time::timeout(TOO_LONG, async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if let Some((_, url)) = line.split_once("Running on ") {
                    return url.trim().to_owned();
                }
            }
            panic!("moto_server exited before it listened");
        });
        let url = url.await.expect("moto takes too long to listen");
        // The server writes a line for each request, and would block without a reader.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { url, _server: server }
    }
}
