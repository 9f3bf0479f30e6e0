//! `cargo recursive-lambda run`, as a user runs it: a new crate, failing runs, the demo.

use super::stage::{DOLLARS, ROWS, workspace};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

pub(super) fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The target folder of this test, which is at `TARGET/debug/deps/all-..`. Reused, so nothing is built twice.
pub(super) fn target() -> PathBuf {
    std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned()
}

/// The command, built by the same arguments as `cargo xtask test` builds it: others would build the AWS SDK once more.
pub(super) fn command(folder: &Path) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    let arguments = ["build", "--quiet", "--workspace", "--all-features", "--bins", "--tests"];
    build.current_dir(workspace()).env("CARGO_TARGET_DIR", target()).args(arguments);
    assert!(build.status().unwrap().success());
    let mut command = Command::new(target().join("debug/cargo-recursive-lambda"));
    command.current_dir(folder).env("CARGO_TARGET_DIR", target()).env("RUST_BACKTRACE", "1");
    command
}

pub(super) fn run(folder: &Path, file: &Path) -> Output {
    command(folder).args(["recursive-lambda", "run"]).arg(file).output().unwrap()
}

/// Creates a package outside the workspace. It uses the workspace's lock file and profile, so dependencies are not built again. All
/// programs are in one folder, so each package needs its own name.
pub(super) fn package(name: &str, main: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = |file: &str, text: &str| std::fs::write(folder.path().join(file), text).unwrap();
    let library = workspace().join("recursive-lambda");
    file(
        "Cargo.toml",
        &format!(
            r#"[package]
name = {name:?}
version = "0.1.0"
edition = "2024"

[dependencies]
recursive-lambda = {{ path = {library:?} }}
serde = {{ version = "1", features = ["derive"] }}
tokio = {{ version = "1", features = ["macros", "rt-multi-thread"] }}

[workspace]

[profile.dev]
debug = "line-tables-only"

[profile.dev.package."*"]
debug = false
"#
        ),
    );
    std::fs::copy(workspace().join("Cargo.lock"), folder.path().join("Cargo.lock")).unwrap();
    std::fs::create_dir(folder.path().join("src")).unwrap();
    file("src/main.rs", main);
    folder
}

pub(super) fn first_example() -> String {
    let readme = std::fs::read_to_string(workspace().join("README.md")).unwrap();
    let block = readme.split("```").find_map(|block| block.strip_prefix("rust")).unwrap();
    block.split_once('\n').unwrap().1.to_owned()
}

/// One test, because the packages share a target folder, which cargo locks.
#[test]
fn the_command_runs_a_new_crates_job() {
    let folder = package("a-new-job", &first_example());
    let file = folder.path().join("two lines & more.txt");
    std::fs::write(&file, "one\ntwo\n".repeat(300)).unwrap();
    let output = run(folder.path(), &file);
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    for words in [
        "400 lines from line 1\n",
        "200 lines from line 401\n",
        "done: two lines & more.txt",
        "records      600",
        "batches      2",
    ] {
        assert!(said.contains(words), "no {words:?} in\n{said}");
    }

    let job = r#"
        use recursive_lambda::{Batch, Error, recursive_lambda};
        #[derive(serde::Deserialize)]
        struct Row { name: String, age: u8 }
        #[recursive_lambda(batch = 10, format = csv)]
        async fn people(batch: Batch<Row>) -> Result<(), Error> {
            match batch.iter().find(|row| row.age > 150) {
                Some(row) => Err(Error::terminal(format!("{} is too old", row.name))),
                None => Ok(()),
            }
        }
        #[tokio::main]
        async fn main() -> Result<(), Error> { recursive_lambda::run::<people>().await }
    "#;
    std::fs::write(folder.path().join("src/main.rs"), job).unwrap();
    let file = folder.path().join("people.csv");
    let good = format!("name,age\n{}", "Ann,30\n".repeat(12));
    let cases = [
        ("Bob,many\n", "at record 12, line 14, byte 93 of people.csv", "Record: "),
        ("Bob,200\n", "at record 10, line 12, byte 79 of people.csv", "Job: Bob is too old"),
    ];
    for (row, place, error) in cases {
        std::fs::write(&file, format!("{good}{row}Cid,20\n")).unwrap();
        let output = run(folder.path(), &file);
        let said = text(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        for words in ["error: the run failed", place, error] {
            assert!(said.contains(words), "no {words:?} in\n{said}");
        }
        assert!(!said.contains("backtrace") && !said.contains(".rs:"), "{said}");
        assert!(!said.contains("tried again"), "the run is not retried: {said}");
    }
    let output = run(folder.path(), &folder.path().join("missing.csv"));
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    let with_state = |state: &Path| {
        command(folder.path()).args(["recursive-lambda", "run"]).arg(&file).arg("--state").arg(state).output().unwrap()
    };
    let output = with_state(&file);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(&format!("--state needs a folder, but {} is not a folder", file.display())), "{said}");

    let skips = job.replace("format = csv", "format = csv, on_error = skip(5)");
    std::fs::write(folder.path().join("src/main.rs"), skips).unwrap();
    std::fs::write(&file, format!("{good}Bob,many\nCid,20\n")).unwrap();
    let output = with_state(&folder.path().join("kept"));
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    let skipped = said.split_once("  skipped      1\n").unwrap_or_else(|| panic!("{said}")).1;
    let (place, skipped_file) = (skipped.lines().next().unwrap(), skipped.lines().nth(1).unwrap().trim());
    assert!(place.starts_with("    record 12, line 14: the record does not decode: "), "{said}");
    let kept = std::fs::read_to_string(skipped_file).unwrap();
    assert!(kept.contains("Bob,many"), "{kept}");

    // A program that answers Lambda but runs no job.
    let answers = r#"
        #[tokio::main]
        async fn main() {
            use std::io::{Read, Write};
            let api = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap();
            let ask = |request: String| {
                let mut api = std::net::TcpStream::connect(&api).unwrap();
                api.write_all(request.as_bytes()).unwrap();
                let mut answer = String::new();
                api.read_to_string(&mut answer).unwrap();
                answer.to_ascii_lowercase()
            };
            loop {
                let event = ask("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".into());
                let id = event.split("lambda-runtime-aws-request-id: ").nth(1).unwrap().split('\r').next().unwrap();
                ask(format!("POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{{}}"));
            }
        }
    "#;
    std::fs::write(folder.path().join("src/main.rs"), answers).unwrap();
    let output = run(folder.path(), &file);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("error: no checkpoint was written for people.csv"), "{said}");
}

/// The arguments that `cargo demo` passes to the command.
fn demo_arguments() -> Vec<String> {
    let config = std::fs::read_to_string(workspace().join(".cargo/config.toml")).unwrap();
    let alias = config.lines().find_map(|line| line.strip_prefix("demo = \"")).unwrap().trim_end_matches('"');
    alias.split_once(" -- ").unwrap().1.split(' ').map(String::from).collect()
}

/// A number from a line of the summary: the first one after the words `after`.
fn number(said: &str, line: &str, after: &str) -> u64 {
    let line = said
        .lines()
        .find_map(|text| text.strip_prefix(&format!("  {line} ")))
        .unwrap_or_else(|| panic!("no {line:?} in\n{said}"));
    let rest = &line[line.find(after).unwrap() + after.len()..];
    let digits = rest.trim_start().chars().take_while(|character| character.is_ascii_digit() || *character == ',');
    digits.filter(|digit| *digit != ',').collect::<String>().parse().unwrap()
}

#[test]
fn a_run_survives_chaos() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.html");
    let mut run = command(&workspace());
    let output = run.args(demo_arguments()).args(["--chaos", "7", "--report"]).arg(&page).output().unwrap();
    let said = text(&output);
    assert!(output.status.success() && said.contains("-- chaos 7: 10 % of the responses"), "{said}");
    assert!(said.contains(&format!("{ROWS} strikes in ")) && said.contains(&format!("cost ${DOLLARS}\n")), "{said}");
    assert!(number(&said, "invocations", "") > 5, "{said}");
    let page = std::fs::read_to_string(page).unwrap();
    for words in [">done in ", "killed during an invocation", "answers were lost on the way", "waits for attempt 2", "--chaos 7"]
    {
        assert!(page.contains(words), "no {words:?} in\n{page}");
    }
}

#[test]
fn the_demo_counts_every_row() {
    let output = command(&workspace()).args(demo_arguments()).output().unwrap();
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    assert_eq!((number(&said, "records", ""), number(&said, "batches", "")), (ROWS, 67), "{said}");
    assert!(number(&said, "invocations", "") >= 5, "{said}");
    assert_eq!(number(&said, "invocations", "retries;"), 1, "one container is killed: {said}");
    assert!(said.contains(&format!("{ROWS} strikes in ")) && said.contains(&format!("cost ${DOLLARS}\n")), "{said}");
}

#[test]
fn the_sharded_example_sums_to_the_same() {
    for shards in ["1", "4", "16"] {
        let arguments =
            ["recursive-lambda", "run", "--package", "shards", "--shards", shards, "examples/s3-upload/birdstrikes.csv"];
        let output = command(&workspace()).args(arguments).output().unwrap();
        let said = text(&output);
        assert!(output.status.success(), "{said}");
        assert_eq!(number(&said, "records", ""), ROWS, "{said}");
        assert!(said.contains(&format!("{ROWS} strikes, ")) && said.contains(&format!("cost ${DOLLARS}, in ")), "{said}");
    }
}
