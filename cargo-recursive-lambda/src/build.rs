//! From a package to its program: cargo builds it and says where it is.

use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Which program to build.
pub(crate) struct Wanted<'a> {
    pub(crate) package: Option<&'a str>,
    pub(crate) bin: Option<&'a str>,
    pub(crate) release: bool,
}

/// A line of cargo's, as far as it tells of a program.
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

/// Builds and gives the program's name and path.
pub(crate) fn build(wanted: &Wanted<'_>) -> Result<(String, PathBuf), String> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--message-format", "json-render-diagnostics"]);
    if let Some(package) = wanted.package {
        cargo.args(["--package", package]);
    }
    match wanted.bin {
        Some(bin) => cargo.args(["--bin", bin]),
        None => cargo.arg("--bins"),
    };
    if wanted.release {
        cargo.arg("--release");
    }
    let built = cargo.stderr(Stdio::inherit()).output().map_err(|error| format!("cargo did not start: {error}"))?;
    if !built.status.success() {
        return Err("the program was not built".into());
    }
    let programs: Vec<(String, PathBuf)> = built.stdout.split(|byte| *byte == b'\n').filter_map(program).collect();
    choose(programs)
}

fn program(line: &[u8]) -> Option<(String, PathBuf)> {
    let message: Message = serde_json::from_slice(line).ok()?;
    let target = message.target.filter(|target| target.kind.iter().any(|kind| kind == "bin"))?;
    Some((target.name, message.executable?))
}

fn choose(mut programs: Vec<(String, PathBuf)>) -> Result<(String, PathBuf), String> {
    match (programs.pop(), programs.is_empty()) {
        (Some(program), true) => Ok(program),
        (None, _) => Err("the package has no program; a job needs a `main` with `recursive_lambda::run::<job>().await`".into()),
        (Some((last, _)), false) => {
            let names: Vec<_> = programs.into_iter().map(|(name, _)| name).chain([last]).collect();
            Err(format!("there are several programs; choose one by `--package` or `--bin`: {}", names.join(", ")))
        }
    }
}

/// The name that a file has in the bucket.
pub(crate) fn key(file: &Path) -> Result<String, String> {
    let name = file.file_name().ok_or_else(|| format!("{} is not a file", file.display()))?;
    Ok(name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_programs_are_named() {
        let line = br#"{"reason":"compiler-artifact","target":{"kind":["bin"],"name":"job"},"executable":"/t/job"}"#;
        let test = br#"{"reason":"compiler-artifact","target":{"kind":["lib"],"name":"lib"},"executable":null}"#;
        assert_eq!(program(line), Some(("job".into(), "/t/job".into())));
        assert_eq!(program(test), None);
        assert_eq!(program(b"not json"), None);
        let job = || ("job".to_string(), PathBuf::from("/t/job"));
        assert_eq!(choose(vec![job()]), Ok(job()));
        assert!(choose(vec![]).is_err_and(|message| message.contains("no program")));
        assert!(choose(vec![job(), ("other".into(), "/t/other".into())]).is_err_and(|message| message.contains("job, other")));
    }
}
