//! `cargo recursive-lambda run` when a run does not finish: what the command prints, and what remains.

use super::command::{command, first_example, package, run, target, text};
use super::stage::workspace;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The README's steps, in a package created by `cargo new` next to a checkout.
#[test]
fn the_readmes_package_runs() {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(workspace(), folder.path().join("recursive-lambda")).unwrap();
    // The workspace's profile, so dependencies are not built again.
    std::fs::create_dir(folder.path().join(".cargo")).unwrap();
    let profile = "[profile.dev]\ndebug = \"line-tables-only\"\n[profile.dev.package.\"*\"]\ndebug = false\n";
    std::fs::write(folder.path().join(".cargo/config.toml"), profile).unwrap();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let readme = std::fs::read_to_string(workspace().join("README.md")).unwrap();
    assert!(readme.contains("cd .. && cargo new import && cd import\n"));
    let new = Command::new(cargo).args(["new", "--quiet", "--vcs", "none", "import"]).current_dir(&folder).status();
    assert!(new.unwrap().success());
    let package = folder.path().join("import");
    let file = package.join("lines.txt");
    std::fs::write(&file, "one\ntwo\n".repeat(300)).unwrap();

    // `cargo new` creates a program without a job.
    let output = run(&package, &file);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let words =
        "error: the program `import` exited without asking for an event: its `main` must await `recursive_lambda::run::<job>()`";
    assert!(said.contains(words) && said.contains("Hello, world!\n") && !said.contains("tried again"), "{said}");

    let lines = readme.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let manifest = std::fs::read_to_string(package.join("Cargo.toml")).unwrap();
    std::fs::write(package.join("Cargo.toml"), manifest + lines).unwrap();
    std::fs::copy(workspace().join("Cargo.lock"), package.join("Cargo.lock")).unwrap();
    std::fs::write(package.join("src/main.rs"), first_example()).unwrap();
    let output = run(&package, &file);
    let said = text(&output);
    assert!(output.status.success() && said.contains("200 lines from line 401\n") && said.contains("records      600"), "{said}");
}

/// A job that does what the variable `DO` says at record 20.
const JOB: &str = r#"
    use recursive_lambda::{Batch, Error, recursive_lambda};
    use std::time::Duration;

    #[recursive_lambda(batch = 10)]
    async fn lines(batch: Batch<String>) -> Result<(), Error> {
        let action = std::env::var("DO").unwrap_or_default();
        match action.as_str() {
            "stay" => {
                println!("at {}", batch.position());
                if batch.position() == 30 {
                    tokio::time::sleep(Duration::from_secs(3600)).await;
                }
            }
            _ if batch.position() != 20 => {}
            "sleep" => tokio::time::sleep(Duration::from_secs(600)).await,
            "exit" => std::process::exit(1),
            "abort" => std::process::abort(),
            "terminal" => return Err(Error::terminal("the sink is closed")),
            _ => {}
        }
        Ok(())
    }

    #[tokio::main]
    async fn main() -> Result<(), Error> {
        if std::env::var("DO").unwrap_or_default() == "fail at start" {
            return Err("no database".into());
        }
        recursive_lambda::run::<lines>().await
    }
"#;

fn arguments<'a>(command: &'a mut Command, action: &str, more: &[&str]) -> &'a mut Command {
    command.args(["recursive-lambda", "run", "lines.txt", "--env", &format!("DO={action}")]).args(more)
}

/// One test, because the package is built in the shared target folder.
#[test]
fn a_failed_run_says_what_to_do() {
    let package = package("ends-early", JOB);
    let folder = package.path();
    std::fs::write(folder.join("lines.txt"), "line\n".repeat(200)).unwrap();
    let batch = "in the batch of 10 records at record 20, line 21 of lines.txt: ";
    let quick = ["--env", "RECURSIVE_LAMBDA_MAX_ATTEMPTS=1", "--timeout", "2s"];
    // What the job does, what is printed, what must not be printed, and what the report says.
    let cases: [(&str, &[&str], &[&str], &str); 5] = [
        (
            "sleep",
            &[
                "the batch of 10 records at record 20, line 21 of s3://uploads/lines.txt is still running ",
                &format!("\n  an invocation timed out after 2s {batch}use a longer `--timeout`, a smaller `batch`"),
            ],
            &["a batch begins"],
            "1 invocation timed out (no. 1).",
        ),
        (
            "exit",
            &[&format!("-- the program exited during an invocation (exit status: 1) {batch}look for `std::")],
            &[],
            "died: exit status: 1",
        ),
        (
            "abort",
            &["-- an invocation died (signal: 6 (SIGABRT)", &format!("{batch}if it ran out of memory, ")],
            &[],
            "1 invocation crashed (no. 1).",
        ),
        (
            "terminal",
            &["error: the run failed at record 20, line 21, byte 100 of lines.txt\n  Job: the sink is closed"],
            &["tried again"],
            "  Job: the sink is closed\n",
        ),
        (
            "fail at start",
            &[
                "no database",
                "error: the program `ends-early` exited before it asked for an event (exit status: 1): see its output above",
            ],
            &["tried again"],
            "the program `ends-early` exited before it asked for an event",
        ),
    ];
    let report = |action: &str| folder.join(format!("{action}.html"));
    let play = |action: &str| {
        let mut command = command(folder);
        arguments(&mut command, action, &quick).arg("--report").arg(report(action)).output().unwrap()
    };
    // Run concurrently, because some wait for a lease.
    let outputs: Vec<Output> = std::thread::scope(|scope| {
        let playing: Vec<_> = cases.iter().map(|(action, ..)| scope.spawn(|| play(action))).collect();
        playing.into_iter().map(|playing| playing.join().unwrap()).collect()
    });
    for ((action, words, absent, shown), output) in cases.iter().zip(outputs) {
        let said = text(&output);
        assert_eq!(output.status.code(), Some(1), "{action}: {said}");
        assert!(words.iter().all(|words| said.contains(words)), "{action}: no {words:?} in\n{said}");
        assert!(!absent.iter().any(|words| said.contains(words)), "{action}: {absent:?} in\n{said}");
        let page = std::fs::read_to_string(report(action)).unwrap();
        assert!(page.contains(">failed after ") && page.contains(shown), "{action}: no {shown:?} in\n{page}");
    }
    let output = arguments(&mut command(folder), "", &["--report", "absent/page.html"]).output().unwrap();
    let said = text(&output);
    assert!(output.status.code() == Some(2) && said.starts_with("error: --report absent/page.html: No such file"), "{said}");

    for (signal, status) in [("-INT", 130), ("-TERM", 143)] {
        stop_and_resume(folder, signal, status);
    }
}

/// Stops a run at record 30 with the signal, then resumes it. While it runs, no other command can use its folder.
fn stop_and_resume(folder: &Path, signal: &str, status: i32) {
    let kept = format!("kept{signal}");
    let mark = format!("MARK={}", folder.join(&kept).display());
    let page = format!("{kept}.html");
    let state =
        ["--state", &kept, "--env", &mark, "--env", "RECURSIVE_LAMBDA_CHECKPOINT=batch", "--timeout", "1h", "--report", &page];
    let mut slow = command(folder);
    let mut slow = arguments(&mut slow, "stay", &state).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut printed = BufReader::new(slow.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(printed.any(|line| line == "at 30"), "the job stops at record 30");
    assert!(running_with(&mark) > 0);

    let output = arguments(&mut command(folder), "", &state).output().unwrap();
    let (said, holder) =
        (text(&output), format!("--state {kept} is in use by process {}, which processes lines.txt: wait", slow.id()));
    assert!(output.status.code() == Some(2) && said.contains(&holder), "{said}");

    assert!(Command::new("kill").args([signal, &slow.id().to_string()]).status().unwrap().success());
    // Without this, the command would wait for a reader.
    drop(printed);
    let output = slow.wait_with_output().unwrap();
    let said = text(&output);
    assert_eq!(output.status.code(), Some(status), "{said}");
    assert!(said.contains("\nstopped: lines.txt is processed up to record 30, "), "{said}");
    let how = format!("\n  to continue:  cargo recursive-lambda run lines.txt --env DO=stay --state {kept} ");
    assert!(said.contains(&how), "{said}");
    assert_eq!(running_with(&mark), 0, "no container is left: {said}");
    let shown = std::fs::read_to_string(folder.join(&page)).unwrap();
    assert!(shown.contains(">stopped after ") && shown.contains("it had not ended"), "{shown}");

    let output = arguments(&mut command(folder), "", &state).output().unwrap();
    let said = text(&output);
    assert!(output.status.success() && said.contains("records      200"), "{said}");
    assert!(said.contains("-- resuming the stopped run at record 30\n"), "{said}");
    let shown = std::fs::read_to_string(folder.join(page)).unwrap();
    assert!(shown.starts_with("<!DOCTYPE html>") && shown.contains(">done in ") && shown.ends_with("</html>"), "{shown}");
}

/// The number of processes of the job that have `mark` in their environment.
fn running_with(mark: &str) -> usize {
    let program = target().join("debug/ends-early");
    let is_marked = |process: &std::fs::DirEntry| {
        let environment = std::fs::read(process.path().join("environ")).unwrap_or_default();
        let executable = std::fs::read_link(process.path().join("exe")).unwrap_or_default();
        executable == program && environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
    };
    std::fs::read_dir("/proc").unwrap().flatten().filter(is_marked).count()
}
