//! Rules for sources and pages: dependencies of the core, file sizes, cited tests, links, and tested examples.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may")]

use crate::files::{files, workspace};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

const LONGEST: usize = 350;

/// All Rust files below `folder`.
fn sources(folder: &Path) -> Vec<PathBuf> {
    files(folder, &["rs"])
}

/// Whether the file or a parent module is compiled only for tests.
fn is_test(path: &Path) -> bool {
    let upwards = path.ancestors().take_while(|part| part.file_name().is_some_and(|name| name != "src"));
    upwards.filter_map(|part| Some((part.parent()?, part.file_stem()?.to_string_lossy().into_owned()))).any(|(folder, name)| {
        let parents = [folder.join("mod.rs"), folder.join("lib.rs"), folder.with_extension("rs")];
        let texts = parents.iter().filter_map(|parent| std::fs::read_to_string(parent).ok());
        texts.into_iter().any(|text| text.contains(&format!("#[cfg(test)]\nmod {name};")))
    })
}

/// The shipped part of a source: everything before its test module, which comes last.
fn shipped(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let tests = text.match_indices("#[cfg(test)]\n").find(|(at, _)| {
        let item = text[*at..].lines().find(|line| !line.starts_with("#["));
        item.is_some_and(|line| line.contains("mod ") && line.ends_with('{'))
    });
    tests.map_or(text.as_str(), |(at, _)| &text[..at]).to_owned()
}

/// Checks the dependencies. `clippy.toml` in recursive-lambda-core forbids clocks, the environment and IO.
#[test]
fn the_core_needs_no_runtime_or_aws() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let tree = ["tree", "--package", "recursive-lambda-core", "--edges", "normal", "--prefix", "none", "--offline"];
    let output = std::process::Command::new(cargo).args(tree).current_dir(workspace()).output().unwrap();
    let crates = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && crates.starts_with("recursive-lambda-core "),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let outward =
        |name: &&str| name.starts_with("aws-") || ["tokio", "lambda_runtime", "hyper", "tracing", "futures"].contains(name);
    let found = crates.lines().filter_map(|line| line.split(' ').next()).find(outward);
    assert_eq!(found, None, "{crates}");
}

#[test]
fn no_source_is_long() {
    let mut files = 0;
    for package in [
        "recursive-lambda-core",
        "recursive-lambda",
        "recursive-lambda-macros",
        "recursive-lambda-local",
        "cargo-recursive-lambda",
        "xtask",
    ] {
        for path in sources(&workspace().join(package).join("src")) {
            if is_test(&path) {
                continue;
            }
            files += 1;
            let shipped = shipped(&path).lines().count();
            assert!(shipped <= LONGEST, "{} has {shipped} lines", path.display());
        }
    }
    assert!(files >= 60, "only {files} files were checked");
}

/// RELIABILITY.md names existing tests for each claim.
#[test]
fn every_claim_names_its_tests() {
    let page = std::fs::read_to_string(workspace().join("RELIABILITY.md")).unwrap();
    let table = page.split("| claim | shown by |").nth(1).unwrap();
    let lines = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let folders = ["recursive-lambda-core/src", "recursive-lambda/src", "tests"].map(|folder| workspace().join(folder));
    let all: String =
        folders.iter().flat_map(|folder| sources(folder)).map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let mut claims = 0;
    for line in lines {
        let shown_by = line.split('|').nth(2).unwrap();
        let names: Vec<_> = shown_by.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test is named in: {line}");
        for name in names {
            assert!(all.contains(&format!("fn {name}()")), "test `{name}` does not exist: {line}");
        }
        claims += 1;
    }
    assert!(claims >= 10, "only {claims} claims were found");
}

/// The protocol page has all rules and invariants that the code cites, and all faulty designs. A file that cites one names the
/// page.
#[test]
fn the_protocol_page_matches_the_code() {
    let page = std::fs::read_to_string(workspace().join("docs/protocol.md")).unwrap();
    let is_citation = |word: &&str| {
        word.strip_prefix(['R', 'I'])
            .is_some_and(|digits| digits.len() <= 2 && digits.parse::<u8>().is_ok_and(|number| number > 0))
    };
    let citations = |text: &str| -> HashSet<String> {
        text.split(|character: char| !character.is_alphanumeric()).filter(is_citation).map(String::from).collect()
    };
    let mut words = citations(&std::fs::read_to_string(workspace().join("ARCHITECTURE.md")).unwrap());
    for path in sources(workspace()) {
        let text = std::fs::read_to_string(&path).unwrap();
        let found = citations(&text);
        assert!(found.is_empty() || text.contains("docs/protocol.md"), "{}: does not name docs/protocol.md", path.display());
        words.extend(found);
    }
    let cited = |letter: char, most: u32| -> Vec<u32> {
        (1..=most).filter(|number| words.contains(&format!("{letter}{number}"))).collect()
    };
    let (rules, invariants) = (cited('R', 99), cited('I', 9));
    assert!(rules.len() >= 12 && invariants.len() >= 7, "{rules:?} {invariants:?}");
    for anchor in rules
        .iter()
        .map(|rule| format!("id=\"r{rule}\""))
        .chain(invariants.iter().map(|invariant| format!("id=\"i{invariant}\"")))
    {
        assert!(page.contains(&anchor), "docs/protocol.md: no {anchor}");
    }
    let designs = std::fs::read_to_string(workspace().join("recursive-lambda-core/src/engine/model/faulty_designs.rs")).unwrap();
    let designs = designs.split("Shipped,").nth(1).unwrap().split('}').next().unwrap();
    let names = designs.lines().map(str::trim).filter_map(|line| line.strip_suffix(',').filter(|name| !name.contains(' ')));
    let names: Vec<_> = names.collect();
    assert_eq!(names.len(), 11);
    for name in names {
        assert!(page.contains(&format!("`{name}`")), "docs/protocol.md: no {name}");
    }
}

/// Links between the pages lead to existing files and headings.
#[test]
fn links_between_pages_lead_somewhere() {
    const OWN: &str = "https://github.com/recursive-lambda/recursive-lambda/";
    let mut links = 0;
    for page in files(workspace(), &["md"]) {
        let folder = page.parent().unwrap();
        let text = std::fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (base, link) = match link.strip_prefix(OWN) {
                Some(rest) => (workspace(), rest.split_once('/').and_then(|(_, rest)| rest.split_once('/')).unwrap().1),
                None if link.contains("://") => continue,
                None => (folder, link),
            };
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page.clone() } else { base.join(file) };
            assert!(target.exists(), "{}: broken link {link}", page.display());
            let heading =
                |line: &str| line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-").replace(['\'', ',', '`'], "");
            let found =
                || std::fs::read_to_string(&target).unwrap().lines().any(|line| line.starts_with('#') && heading(line) == anchor);
            assert!(anchor.is_empty() || found(), "{}: broken link {link}", page.display());
            links += 1;
        }
    }
    assert!(links > 30, "only {links} links were found");
}

/// Each Rust block on the testing page is, apart from indentation, part of a package whose tests are run.
#[test]
fn the_testing_page_shows_tested_code() {
    let flat = |text: &str| text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    let package = workspace().join("examples/tested");
    let tested = ["src/main.rs", "tests/whole_runs.rs"].map(|file| flat(&std::fs::read_to_string(package.join(file)).unwrap()));
    let page = std::fs::read_to_string(workspace().join("docs/testing.md")).unwrap();
    let blocks: Vec<_> = page.split("```").filter_map(|block| block.strip_prefix("rust\n")).map(flat).collect();
    assert!(blocks.len() >= 7, "only {} blocks were found", blocks.len());
    for block in blocks {
        assert!(tested.iter().any(|file| file.contains(&block)), "not in the tested package:\n{block}");
    }
    assert!(std::fs::read_to_string(workspace().join("README.md")).unwrap().contains("docs/testing.md"));
}
