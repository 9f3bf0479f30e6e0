//! Builds a package with cargo and finds its binary.

use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Which binary to build, and how.
pub(crate) struct BuildOptions<'a> {
    pub(crate) package: Option<&'a str>,
    pub(crate) bin: Option<&'a str>,
    pub(crate) release: bool,
}

/// A line of cargo's JSON output, reduced to the fields about a binary.
#[derive(Deserialize)]
struct Message {
    executable: Option<PathBuf>,
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

/// Builds the binary and returns its name and path.
pub(crate) fn build(options: &BuildOptions<'_>) -> Result<(String, PathBuf), String> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--message-format", "json-render-diagnostics"]);
    if let Some(package) = options.package {
        cargo.args(["--package", package]);
    }
    match options.bin {
        Some(bin) => cargo.args(["--bin", bin]),
        None => cargo.arg("--bins"),
    };
    if options.release {
        cargo.arg("--release");
    }
    let output = cargo.stderr(Stdio::inherit()).output().map_err(|error| format!("cannot start cargo: {error}"))?;
    if !output.status.success() {
        return Err("the build failed: see cargo's output above".into());
    }
    let binaries: Vec<(String, PathBuf)> = output.stdout.split(|byte| *byte == b'\n').filter_map(binary).collect();
    choose(binaries)
}

fn binary(line: &[u8]) -> Option<(String, PathBuf)> {
    let message: Message = serde_json::from_slice(line).ok()?;
    let target = message.target.filter(|target| target.kind.iter().any(|kind| kind == "bin"))?;
    Some((target.name, message.executable?))
}

fn choose(mut binaries: Vec<(String, PathBuf)>) -> Result<(String, PathBuf), String> {
    match (binaries.pop(), binaries.is_empty()) {
        (Some(binary), true) => Ok(binary),
        (None, _) => Err("the package has no binary: add a `main` that awaits `recursive_lambda::run::<job>()`".into()),
        (Some((last, _)), false) => {
            let names: Vec<_> = binaries.into_iter().map(|(name, _)| name).chain([last]).collect();
            Err(format!("there are several binaries: {}; choose one with `--package` or `--bin`", names.join(", ")))
        }
    }
}

/// The file's key in the bucket.
pub(crate) fn key(file: &Path) -> Result<String, String> {
    let name = file.file_name().ok_or_else(|| format!("{} is not a file", file.display()))?;
    Ok(name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_binaries_are_listed() {
        let line = br#"{"reason":"compiler-artifact","target":{"kind":["bin"],"name":"job"},"executable":"/t/job"}"#;
        let test = br#"{"reason":"compiler-artifact","target":{"kind":["lib"],"name":"lib"},"executable":null}"#;
        assert_eq!(binary(line), Some(("job".into(), "/t/job".into())));
        assert_eq!(binary(test), None);
        assert_eq!(binary(b"not json"), None);
        let job = || ("job".to_string(), PathBuf::from("/t/job"));
        assert_eq!(choose(vec![job()]), Ok(job()));
        assert!(choose(vec![]).is_err_and(|message| message.contains("no binary")));
        assert!(choose(vec![job(), ("other".into(), "/t/other".into())]).is_err_and(|message| message.contains("job, other")));
    }
}
