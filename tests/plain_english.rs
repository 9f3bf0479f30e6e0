//! The project's language: few phrases that are hard to read, no replaced words, and short test names.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may")]

use crate::files::{files, workspace};
use std::path::Path;

/// Phrases that make a sentence hard to read. Comments and pages may have one in 1,000 words.
///
/// The same count over other projects, per 1,000 words: axum 0.48, rustls 0.32, mountpoint-s3 0.45. Before this test the count here was 7.4.
const PHRASES: [&str; 26] = [
    "behind",
    "beside",
    "so many",
    "is none",
    "are none",
    "was none",
    "is no",
    "are no",
    "was no",
    "were no",
    "whoever",
    "nobody",
    "come again",
    "comes again",
    "came again",
    "at fault",
    "what there is",
    "there is to say",
    "is to be",
    "are to be",
    "was to be",
    "were to be",
    "whatever",
    "sees to it",
    "see to it",
    "set aside",
];

/// Replaced words and phrases, with their replacements.
const GONE: [(&str, &str); 19] = [
    ("Appetite", "PrefetchPlan"),
    ("read_ahead", "prefetch"),
    ("Verbatim", "RawBytes"),
    ("Travelling", "InlineCheckpoints"),
    ("TRAVELS", "Store::keeps"),
    ("Shelf", "Index, Interner"),
    ("shelf", "index, interner"),
    ("careful_ms", "one_at_a_time_ms"),
    ("is_careful", "is_one_at_a_time"),
    ("set_aside", "skip"),
    ("SetAside", "Skip"),
    ("TooManySetAside", "TooManySkipped"),
    ("record of the run", "checkpoint"),
    ("records of the run", "checkpoints"),
    ("sets aside", "skips"),
    ("aside", "skipped"),
    ("Site", "Deployment"),
    ("Unread", "Buffer"),
    ("laws", "invariants"),
];

/// The longest test name, in characters.
const LONGEST: usize = 50;
/// The longest average of test names, in characters.
const MEAN: usize = 35;

/// The comments of a source or the text of a page, without code.
fn prose(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let is_rust = path.extension().is_some_and(|extension| extension == "rs");
    let mut prose = String::new();
    let mut in_code = false;
    for line in text.lines().map(str::trim) {
        let comment = line.strip_prefix("//").map(|rest| rest.trim_start_matches(['/', '!']));
        let Some(line) = comment.or((!is_rust).then_some(line)) else {
            in_code = false;
            continue;
        };
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        } else if !in_code {
            prose.push_str(line.trim());
            prose.push(' ');
        }
    }
    // Text in backquotes does not count.
    prose.split('`').step_by(2).collect::<Vec<_>>().join(" x ")
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|character: char| !(character.is_alphanumeric() || matches!(character, '\'' | '-' | '_')))
        .filter(|word| word.starts_with(char::is_alphabetic))
        .map(str::to_lowercase)
}

#[test]
fn comments_and_pages_are_plain() {
    let (mut total, mut found) = (0, Vec::new());
    for path in files(workspace(), &["rs", "md"]) {
        let prose = prose(&path);
        let words: Vec<_> = words(&prose).collect();
        total += words.len();
        for phrase in PHRASES {
            let phrase: Vec<_> = phrase.split(' ').collect();
            let hits = words.windows(phrase.len()).filter(|window| *window == phrase).count();
            found.extend(std::iter::repeat_n((path.clone(), phrase.join(" ")), hits));
        }
    }
    println!("{} of {total} words", found.len());
    assert!(total > 30_000, "only {total} words were found");
    assert!(found.len() * 1_000 < total, "{} phrases in {total} words: {found:#?}", found.len());
}

#[test]
fn replaced_words_are_not_used() {
    let own = Path::new(file!()).file_name().unwrap();
    let mut found = Vec::new();
    for path in files(workspace(), &["rs", "md", "toml", "yaml"]).into_iter().filter(|path| path.file_name() != Some(own)) {
        let text = std::fs::read_to_string(&path).unwrap();
        for (gone, new) in GONE {
            let is_word = |at: usize| {
                let is_edge = |byte: Option<&u8>| byte.is_none_or(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_'));
                let before = at.checked_sub(1).and_then(|before| text.as_bytes().get(before));
                is_edge(before) && is_edge(text.as_bytes().get(at + gone.len()))
            };
            if text.match_indices(gone).any(|(at, _)| is_word(at)) {
                found.push(format!("{}: {gone}, write {new}", path.display()));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn test_names_are_short() {
    let mut names = Vec::new();
    for path in files(workspace(), &["rs"]) {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut is_test = false;
        for line in text.lines().map(str::trim) {
            if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                is_test = true;
            } else if let Some((_, rest)) = line.split_once("fn ").filter(|_| is_test && !line.starts_with("//")) {
                names.push(rest.split('(').next().unwrap().to_owned());
                is_test = false;
            }
        }
    }
    let long: Vec<_> = names.iter().filter(|name| name.len() > LONGEST).collect();
    assert!(long.is_empty(), "{long:#?}");
    let mean = names.iter().map(String::len).sum::<usize>() / names.len();
    println!("{} tests, {mean} characters on average", names.len());
    assert!(names.len() > 300 && mean <= MEAN, "{} tests, {mean} characters on average", names.len());
}
