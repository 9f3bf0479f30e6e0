//! `cargo recursive-lambda new`: what it makes builds, passes its own tests, runs, and deploys what the bundled example does.

use super::command::{command, target, text};
use super::stage::workspace;
use std::process::Command;

#[test]
fn a_new_package_works_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let new = |name: &str| {
        let mut command = command(folder.path());
        command.args(["recursive-lambda", "new", name, "--path"]).arg(workspace()).output().unwrap()
    };
    let made = new("fresh-import");
    assert!(made.status.success(), "{}", text(&made));
    let package = folder.path().join("fresh-import");
    std::fs::copy(workspace().join("Cargo.lock"), package.join("Cargo.lock")).unwrap();

    let mut run = command(&package);
    let run = run.args(["recursive-lambda", "run", "payments.csv"]).output().unwrap();
    assert!(run.status.success() && text(&run).contains("4 payments, 102245 cents"), "{}", text(&run));
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let tested = Command::new(cargo).arg("test").current_dir(&package).env("CARGO_TARGET_DIR", target()).output().unwrap();
    assert!(tested.status.success() && text(&tested).contains("each_row_counts_once ... ok"), "{}", text(&tested));

    let again = new("fresh-import");
    assert!(again.status.code() == Some(2) && text(&again).contains("exists already"), "{}", text(&again));
    assert!(text(&new("../elsewhere")).contains("write at most 32 of a-z 0-9 -"));
}

#[test]
fn its_template_is_the_examples() {
    let read = |file: &str| std::fs::read_to_string(workspace().join(file)).unwrap();
    let (example, new) = (read("examples/s3-upload/template.yaml"), read("cargo-recursive-lambda/src/new/template.yaml.txt"));
    let example = example.replace("../../target/lambda/s3-upload/", "target/lambda/{{name}}/");
    // After the comments at the top.
    let body = |text: &str| text.split_once("AWSTemplateFormatVersion").unwrap().1.to_owned();
    assert_eq!(body(&new), body(&example));
}
