//! The pictures of the README: a report, a status and a plan, from real runs on the local platform. `cargo xtask screenshots` keeps
//! them; a test run only shows that they can be made.

use super::devtools::{Area, Browser, View};
use super::{command, run};
use crate::peer::{program, script, workspace};
use recursive_lambda_local::{Channel, Platform};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The largest picture, in bytes.
const MOST: u64 = 150_000;
/// The lines of the plan that are pictured.
const LINES: usize = 16;
const FILE: &str = "examples/s3-upload/birdstrikes.csv";

/// The folder for the pictures: that of the README's, if it was asked for.
fn folder(temporary: &Path) -> PathBuf {
    std::env::var_os("PEERS_SCREENSHOTS").map_or_else(|| temporary.to_owned(), PathBuf::from)
}

/// Makes the PNG smaller, and keeps it.
async fn keep(png: Vec<u8>, temporary: &Path, name: &str) {
    let raw = temporary.join(format!("raw-{name}"));
    std::fs::write(&raw, png).unwrap();
    let small = folder(temporary).join(name);
    script("smaller.py", &json!({ "from": raw, "to": small })).await;
    let bytes = std::fs::metadata(&small).unwrap().len();
    println!("{}: {bytes} bytes", small.display());
    assert!(bytes < MOST, "{name} has {bytes} bytes");
}

/// Text as a terminal shows it, with the command that wrote it.
async fn terminal(browser: &mut Browser, temporary: &Path, command: &str, text: &str) -> Vec<u8> {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    let page = format!(
        "<!doctype html><meta charset=utf-8><style>\
         body{{margin:0;background:#15181c;color:#e8ebee}}\
         pre{{margin:0;padding:20px 24px;display:inline-block;font:14px/1.45 'DejaVu Sans Mono',monospace}}b{{color:#43c6aa}}\
         </style><pre><b>$ {}</b>\n\n{}</pre>",
        escaped(command),
        escaped(text.trim_end())
    );
    let file = temporary.join("terminal.html");
    std::fs::write(&file, page).unwrap();
    browser.open(&file, View { width: 1600, height: 900, dark: true, script: true, scale: 2.0 }).await;
    let area = area(browser, "document.querySelector('pre')").await;
    browser.picture(Some(area)).await
}

/// The page from its upper left corner to the lower right one of an element.
async fn area(browser: &mut Browser, element: &str) -> Area {
    let corner = format!("(({{right, bottom}}) => [right, bottom])({element}.getBoundingClientRect())");
    let corner = browser.value(&corner).await;
    let side = |index: usize| corner[index].as_f64().unwrap().ceil();
    Area { width: side(0), height: side(1) }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: cargo xtask test"]
async fn the_report_is_pictured() {
    let temporary = tempfile::tempdir().unwrap();
    let page = temporary.path().join("page.html");
    let output = run("s3-upload", &workspace().join(FILE), &["--timeout", "2s", "--kill", "1"], &page).await;
    assert!(output.status.success(), "{output:?}");
    let mut browser = Browser::start().await;
    browser.open(&page, View { width: 1080, height: 900, dark: false, script: false, scale: 1.5 }).await;
    let figure = area(&mut browser, "document.querySelector('figure')").await;
    let png = browser.picture(Some(Area { width: 1080.0, height: figure.height + 8.0 })).await;
    keep(png, temporary.path(), "report.png").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: cargo xtask test"]
async fn a_plan_is_pictured() {
    let temporary = tempfile::tempdir().unwrap();
    let arguments = ["plan", "--size", "100GB", "--records", "1000000000"];
    let output = command().args(arguments).output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let mut browser = Browser::start().await;
    // Its first page; the rest explains each line.
    let text = String::from_utf8(output.stdout).unwrap();
    let first: Vec<_> = text.lines().take(LINES).collect();
    let line = format!("cargo recursive-lambda {} | head -{LINES}", arguments.join(" "));
    let png = terminal(&mut browser, temporary.path(), &line, &first.join("\n")).await;
    keep(png, temporary.path(), "plan.png").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: cargo xtask test"]
async fn the_status_of_a_run_is_pictured() {
    let temporary = tempfile::tempdir().unwrap();
    let platform =
        Platform::for_job(program("s3-upload")).function_name("import").timeout(Duration::from_secs(4)).start().await.unwrap();
    let s3 = platform.s3();
    for bucket in ["uploads", "state"] {
        s3.create_bucket(bucket).unwrap();
    }
    s3.put_file("uploads", "2026/birdstrikes.csv", workspace().join(FILE)).await.unwrap();
    platform.notify(&Channel::S3, "uploads", "2026/birdstrikes.csv").unwrap();
    let arguments = ["status", "s3://uploads/2026/birdstrikes.csv", "--function", "import"];
    let status = async |more: &[&str]| {
        let output = command().args(arguments).args(more).envs(platform.env_for_clients()).output().await.unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    // In the second half of a run of seven seconds.
    let shown = loop {
        let shown: Value = serde_json::from_str(&status(&["--json"]).await).unwrap_or_default();
        if shown["percent"].as_f64().is_some_and(|percent| percent > 60.0) {
            break status(&[]).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(shown.contains("records/s"), "{shown}");
    let mut browser = Browser::start().await;
    let line = format!("cargo recursive-lambda {} --watch", arguments.join(" "));
    let png = terminal(&mut browser, temporary.path(), &line, &shown).await;
    keep(png, temporary.path(), "status.png").await;
    platform.shutdown().await;
}
