use super::super::recording::Recording;
use super::super::{Facts, SCRIPT, STYLE, Verdict, page};
use super::made_up::{Journal, run};
use recursive_lambda_local::Outcome;
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

fn facts(position: u64) -> Facts {
    Facts {
        file: "birdstrikes.csv".into(),
        verdict: Verdict::Done,
        reason: String::new(),
        position: Some(position),
        batches: Some(position / 100),
        skipped: 0,
        size: 60_000,
        timeout: Duration::from_secs(2),
        chaos: Some(7),
        made: "2026-11-27T06:00:00Z".into(),
    }
}

fn page_of(invocations: u64, has_faults: bool) -> String {
    let (recording, position) = run(invocations, has_faults);
    page(&facts(position), &recording)
}

/// The values of an attribute.
fn values<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    page.split(start.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn hostile_text_stays_text() {
    const HOSTILE: &str = "</script></title><img src=x onerror=alert(1)>\"'><svg onload=alert(2)>&\u{202e}\u{1b}[31m";
    let mut journal = Journal::new();
    journal.accepted(0, HOSTILE);
    journal.process(1, 1);
    journal.started(1, 1, HOSTILE, 1);
    journal.batch(1, 1, 0);
    journal.ended(1, 1, HOSTILE, Outcome::Error { error_type: HOSTILE.into(), message: format!("{HOSTILE}\n{HOSTILE}") });
    let reason = format!("the run failed\n  {HOSTILE}");
    let facts = Facts { file: HOSTILE.into(), verdict: Verdict::Failed, reason, ..facts(0) };
    let page = page(&facts, &journal.recording);
    for (raw, times) in
        [("<img", 0), ("<script", 1), ("</script", 1), ("<title>birds", 0), ("</title></title", 0), ("<svg onload", 0)]
    {
        assert_eq!(page.matches(raw).count(), times, "{raw}");
    }
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;") && page.contains("\\u{202e}\\u{1b}[31m"), "{page}");
    assert!(!page.contains('\u{202e}') && !page.contains('\u{1b}'));
    assert_eq!(values(&page, "onerror").len() + values(&page, "onload").len(), 0);
}

#[test]
fn a_page_is_bounded_and_its_links_lead() {
    // The invocations, whether there are faults, and the most bytes of the page.
    for (invocations, has_faults, most) in
        [(1, false, 40_000), (9, true, 60_000), (120, true, 250_000), (5_000, false, 200_000), (5_000, true, 400_000)]
    {
        let page = page_of(invocations, has_faults);
        assert!(page.len() < most, "{invocations} {has_faults}: {} bytes", page.len());
        let ids: Vec<_> = values(&page, "id");
        let unique: HashSet<_> = ids.iter().collect();
        assert_eq!(unique.len(), ids.len(), "an id is there twice");
        let links = values(&page, "href");
        assert!(links.iter().filter(|link| link.starts_with("#i")).count() > 1);
        for link in links {
            assert!(ids.contains(&link.strip_prefix('#').unwrap()), "{invocations}: no place for {link}");
        }
    }
}

/// A mark that is drawn is in the legend of its strip.
#[test]
fn every_mark_has_a_legend() {
    for (invocations, has_faults) in [(1, false), (40, true), (5_000, true)] {
        let page = page_of(invocations, has_faults);
        for strip in page.split("<div class=\"strip\">").skip(1) {
            let (legend, plot) = strip.split_once("<svg class=\"plot\"").unwrap();
            let named: HashSet<_> = values(legend, "class").into_iter().flat_map(|class| class.split(' ')).collect();
            let drawn = values(plot.split("</figure>").next().unwrap(), "class").into_iter().flat_map(|class| class.split(' '));
            let others = ["grid", "over", "invocation", "number", "wide", "slim", "many", "axis", "even", "odd"];
            for class in drawn.filter(|class| !others.contains(class)) {
                assert!(named.contains(class), "{class} is not in the legend of {}", legend.split("</h3>").next().unwrap());
            }
        }
    }
}

#[test]
fn a_page_says_what_happened() {
    let empty = || (Recording::new("uploads", "state"), 0);
    for ((recording, position), expected) in [
        (empty(), &["done in 0 ms", "The function was never invoked."][..]),
        (run(3, false), &["Nothing went wrong: no retry", "2,400", "3 saves", "invocation at work"]),
        (
            run(9, true),
            &[
                "1 container was killed during an invocation (no. 3).",
                "3 of 79 batches were lost before a save; 3 done again.",
                "passed while nothing ran and an event waited for its retry.",
                "1 event was delivered twice; no duplicate did any work.",
                "answers were lost on the way: 2 from the store.",
                "1 request was throttled.",
                "1 container was thrown away after an invocation.",
                "died: killed",
                "Busy: another invocation has the run",
            ],
        ),
    ] {
        let page = page(&facts(position), &recording);
        for words in expected {
            assert!(page.contains(words), "no {words:?}");
        }
    }
}

#[test]
fn a_page_loads_nothing() {
    let page = page_of(9, true);
    for foreign in ["http://", "https://", "url(http", "@import", "src=\"", "<link", "<iframe"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    assert!(page.contains("default-src 'none'") && page.contains(STYLE) && page.contains(SCRIPT));
}

/// WCAG's contrast: 4.5 for text, 3 for marks, on both grounds, in both themes.
#[test]
fn colours_have_enough_contrast() {
    let themes: Vec<_> = STYLE.split(":root {").skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
    assert_eq!(themes.len(), 2);
    for theme in themes {
        let pairs = theme.split(';').filter_map(|line| line.trim().strip_prefix("--")?.split_once(": #"));
        let colours: BTreeMap<_, _> = pairs.map(|(name, value)| (name, luminance(value))).collect();
        let contrast = |one: &str, other: &str| {
            let (one, other) = (colours[one], colours[other]);
            (one.max(other) + 0.05) / (one.min(other) + 0.05)
        };
        for (names, least) in
            [(&["text", "muted", "work", "bad", "good"][..], 4.5), (&["idle", "away", "save", "signal", "start", "edge"], 3.0)]
        {
            for (name, ground) in names.iter().flat_map(|name| ["ground", "panel"].map(|ground| (name, ground))) {
                assert!(contrast(name, ground) >= least, "{name} on {ground}: {:.2}", contrast(name, ground));
            }
        }
        assert!(contrast("on-work", "work") >= 4.5);
    }
}

fn luminance(hex: &str) -> f64 {
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
}
