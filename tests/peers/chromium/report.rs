//! The page as a person sees it: light and dark, wide and narrow, with and without script, with a pointer and with the keyboard.

use super::devtools::{Browser, View};
use super::run;
use crate::peer::workspace;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const WIDE: View = View { width: 1200, height: 900, dark: false, script: true, scale: 1.0 };
const PHONE: View = View { width: 390, height: 844, dark: false, script: true, scale: 2.0 };

fn birdstrikes() -> PathBuf {
    workspace().join("examples/s3-upload/birdstrikes.csv")
}

/// Looks at a page in every way: it has no problem, nothing is cut off at the side, and all text can be read.
async fn looked_at(browser: &mut Browser, page: &Path) {
    let dark = |view: View| View { dark: true, ..view };
    let quiet = |view: View| View { script: false, ..view };
    for view in [WIDE, dark(WIDE), PHONE, dark(PHONE), quiet(WIDE), quiet(dark(PHONE))] {
        browser.open(page, view).await;
        assert_eq!(browser.problems(), [""; 0], "{view:?}");
        let [width, shown] = ["document.documentElement.scrollWidth", "innerWidth"];
        assert_eq!(browser.value(&format!("{width} <= {shown}")).await, json!(true), "{view:?}: {}", browser.value(width).await);
        let smallest = "Math.min(...[...document.querySelectorAll('body *')].filter(e => e.textContent.trim() && e.getClientRects().length)\
                        .map(e => parseFloat(getComputedStyle(e).fontSize)))";
        assert!(browser.value(smallest).await.as_f64().unwrap() >= 10.5, "{view:?}");
        let ground = "getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number)[0]";
        assert_eq!(browser.value(ground).await.as_u64().unwrap() < 128, view.dark, "{view:?}");
        assert_eq!(browser.value("document.getElementById('details').hidden").await, json!(!view.script), "{view:?}");
        assert!(browser.picture(None).await.len() > 10_000, "{view:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: cargo xtask test"]
async fn a_chaotic_run_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.html");
    let output = run("s3-upload", &birdstrikes(), &["--timeout", "4s", "--chaos", "7"], &page).await;
    assert!(output.status.success(), "{output:?}");
    let mut browser = Browser::start().await;
    looked_at(&mut browser, &page).await;
    browser.open(&page, WIDE).await;
    let text = browser.value("document.body.textContent").await;
    for words in ["2 containers were killed", "lost on the way", "died: killed", "waits for attempt 2", "--chaos 7"] {
        assert!(text.as_str().unwrap().contains(words), "no {words:?} in {text}");
    }
    let rows = browser.value("document.querySelectorAll('tbody tr').length").await.as_u64().unwrap();
    assert!(rows >= 4, "{rows} rows");
    for symbol in ["k-start", "k-signal", "k-saved", "k-died", "k-answer-lost"] {
        let drawn = browser.value(&format!("document.querySelectorAll('.plot .{symbol}').length")).await;
        assert!(drawn.as_u64().unwrap() > 0, "no {symbol}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: cargo xtask test"]
async fn the_keyboard_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.html");
    let output = run("s3-upload", &birdstrikes(), &["--timeout", "2s"], &page).await;
    assert!(output.status.success(), "{output:?}");
    let mut browser = Browser::start().await;
    let focused = "document.activeElement.getAttribute('href')";
    let details = "document.getElementById('details').textContent";

    browser.open(&page, WIDE).await;
    // The key, where the focus is then, and what the details begin with.
    for (key, place, shown) in [
        ("Tab", "#invocations", "Point at a mark"),
        ("Tab", "#i1", "Invocation 1, the start, at "),
        ("ArrowRight", "#i2", "Invocation 2, a signal, at "),
        ("ArrowRight", "#i3", "Invocation 3, a signal, at "),
        ("ArrowLeft", "#i2", "Invocation 2, a signal, at "),
        ("Home", "#i1", "Invocation 1, the start, at "),
        ("ArrowLeft", "#i1", "Invocation 1, the start, at "),
        ("ArrowRight", "#i2", "Invocation 2, a signal, at "),
    ] {
        browser.press(key).await;
        assert_eq!(browser.value(focused).await, json!(place), "{key}");
        let told = browser.value(details).await;
        assert!(told.as_str().unwrap().starts_with(shown), "{key}: {told}");
    }
    browser.press("Enter").await;
    assert_eq!(browser.value("location.hash").await, json!("#i2"));
    assert_eq!(browser.value("document.querySelector('tr:target th').textContent").await, json!("2"));
    assert_eq!(browser.problems(), [""; 0]);

    // Without the script each bar is a stop of the tab key, and the first link passes them all.
    browser.open(&page, View { script: false, ..WIDE }).await;
    for place in ["#invocations", "#i1", "#i2", "#i3"] {
        browser.press("Tab").await;
        assert_eq!(browser.value(focused).await, json!(place));
    }
    browser.press("Enter").await;
    assert_eq!(browser.value("document.querySelector('tr:target th').textContent").await, json!("3"));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium: cargo xtask test"]
async fn hostile_names_and_messages_are_text() {
    const HOSTILE: &str = "<\\/script><img src=x onerror=document.title=1>";
    let folder = tempfile::tempdir().unwrap();
    let [page, file] = ["page.html", "<img src=x onerror=document.title=1>&lt;'\".jsonl"].map(|name| folder.path().join(name));
    let order = |quantity: &str| format!("{{\"items\":[{{\"quantity\":{quantity},\"cents\":1}}]}}\n");
    std::fs::write(&file, order("1").repeat(60) + &order(&format!("\"{HOSTILE}\""))).unwrap();
    let output = run("jsonl", &file, &[], &page).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let mut browser = Browser::start().await;
    looked_at(&mut browser, &page).await;
    browser.open(&page, WIDE).await;
    let name = file.file_name().unwrap().to_str().unwrap();
    assert_eq!(browser.value("document.querySelector('h1').textContent").await, json!(name));
    let reason = browser.value("document.querySelector('.reason').textContent").await;
    assert!(reason.as_str().unwrap().contains("</script><img src=x onerror=document.title=1>"), "{reason}");
    assert_eq!(browser.value("document.querySelectorAll('img, iframe, object').length").await, json!(0));
    assert_ne!(browser.value("document.title").await, Value::from("1"));
}
