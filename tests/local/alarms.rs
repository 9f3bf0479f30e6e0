//! The alarm and the queries in the bundled example's template, tested with real log lines: only errors that no retry can fix match the
//! alarm's filter, and the queries name fields that the lines have.

use super::stage::{KEY, Stage, UPLOADS, workspace};
use super::sweep::{SWEEP, SWEPT_AFTER};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn template() -> String {
    std::fs::read_to_string(workspace().join("examples/s3-upload/template.yaml")).unwrap()
}

/// The template's filter pattern.
fn pattern() -> String {
    let template = template();
    let line = template.lines().find_map(|line| line.trim().strip_prefix("FilterPattern: '")).unwrap();
    line.trim_end_matches('\'').to_owned()
}

/// The words of CloudWatch Logs Insights that the template uses.
const WORDS: [&str; 14] =
    ["filter", "fields", "stats", "sort", "limit", "desc", "by", "as", "bin", "latest", "sum", "max", "coalesce", "SOURCE"];

/// The fields that the template's queries and its dashboard read. A name after `as` is not one.
fn queried() -> BTreeSet<String> {
    let template = template();
    let of_dashboard = template.lines().filter_map(|line| line.trim().strip_prefix("\"query\": \""));
    let of_queries = template.split("QueryString: |\n").skip(1).flat_map(|rest| rest.lines().take_while(|line| !line.is_empty()));
    let queries: Vec<&str> = of_dashboard.chain(of_queries).collect();
    assert!(queries.len() > 10, "{queries:?}");
    let mut fields = BTreeSet::new();
    for query in queries {
        let unquoted: String = query.split('\'').step_by(2).collect();
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '@');
        let words: Vec<&str> = unquoted.split(|c| !is_part(c)).filter(|word| !word.is_empty()).collect();
        for (at, word) in words.iter().enumerate() {
            let is_alias = at > 0 && words[at - 1] == "as";
            if !is_alias && !WORDS.contains(word) && word.starts_with(|c: char| c.is_alphabetic()) {
                fields.insert((*word).to_owned());
            }
        }
    }
    fields
}

/// The fields that no line has.
fn missing(lines: &[String]) -> Vec<String> {
    let lines: Vec<Value> = lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let has = |field: &String| lines.iter().any(|line| line.pointer(&format!("/{}", field.replace('.', "/"))).is_some());
    queried().into_iter().filter(|field| !has(field)).collect()
}

/// Applies a CloudWatch filter to a JSON line. Supports only what the template uses: `{ $.a = "x" && ($.b = "y" || $.c = "*") }`.
fn matches(pattern: &str, line: &str) -> bool {
    let Ok(line) = serde_json::from_str::<Value>(line) else { return false };
    let inner = pattern.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap();
    any(inner, &line)
}

fn any(terms: &str, line: &Value) -> bool {
    split_outside_parentheses(terms, "||").iter().any(|term| all(term, line))
}

fn all(terms: &str, line: &Value) -> bool {
    split_outside_parentheses(terms, "&&").iter().all(|term| match term.strip_prefix('(') {
        Some(rest) => any(rest.strip_suffix(')').unwrap(), line),
        None => {
            let (field, expected) = term.split_once(" = ").unwrap();
            let found = &line[field.strip_prefix("$.").unwrap()];
            let expected = expected.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap();
            if expected == "*" { !found.is_null() } else { found.as_str() == Some(expected) }
        }
    })
}

/// Splits at an operator that is outside parentheses.
fn split_outside_parentheses<'a>(terms: &'a str, operator: &str) -> Vec<&'a str> {
    let (mut parts, mut depth, mut from) = (Vec::new(), 0, 0);
    for (at, c) in terms.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ if depth == 0 && terms[at..].starts_with(operator) => {
                parts.push(terms[from..at].trim());
                from = at + operator.len();
            }
            _ => {}
        }
    }
    parts.push(terms[from..].trim());
    parts
}

#[test]
fn the_filter_works_as_in_cloudwatch() {
    let pattern = r#"{ $.a = "x" && ($.b = "y" || $.c = "*") }"#;
    for (line, want) in [
        (json!({ "a": "x", "b": "y" }), true),
        (json!({ "a": "x", "c": "anything" }), true),
        (json!({ "a": "x", "b": "z" }), false),
        (json!({ "a": "z", "b": "y" }), false),
        (json!({}), false),
    ] {
        assert_eq!(matches(pattern, &line.to_string()), want, "{line}");
    }
    assert!(!matches(pattern, "not a JSON line"));
}

#[tokio::test]
async fn alarms_ring_for_lasting_errors_only() {
    let stage = Stage::new("rows", |platform| {
        platform.env("AWS_LAMBDA_LOG_FORMAT", "JSON").env("TALLY_AT", "800").env("TALLY_DO", "terminal")
    })
    .await;
    let pattern = pattern();
    let alarms = |stage: &Stage| stage.logged().into_iter().filter(|line| matches(&pattern, line)).collect::<Vec<_>>();
    stage.run_birdstrikes().await;
    assert_eq!(stage.status(), "Failed");
    let failed = alarms(&stage);
    let failures = |lines: &[String]| lines.iter().filter(|line| line.contains("\"trouble\":\"Failed\"")).count();
    assert_eq!(failures(&failed), 1, "logged once when the run fails: {}", stage.logged().join("\n"));
    let again = failed.iter().find(|line| line.contains("\"RunFailed\"")).unwrap();

    // The error for a duplicate whose run is being processed differs only in its kind.
    let in_flight = again.replace("\"RunFailed\"", "\"DuplicateInFlight\"");
    assert!(in_flight != *again && !matches(&pattern, &in_flight), "{in_flight}");

    tokio::time::sleep(SWEPT_AFTER).await;
    stage.platform.send(SWEEP);
    stage.settle().await;
    assert_eq!(failures(&alarms(&stage)), 2, "logged again by each sweep: {}", stage.logged().join("\n"));

    assert_eq!(missing(&stage.logged()), [""; 0], "of {:?}", queried());

    let before = alarms(&stage).len();
    for event in [
        json!({ "source": "aws.s3", "detail-type": "Object Renamed", "detail": {} }),
        json!({ "bucket": UPLOADS, "key": "not-there", "run": "by-hand" }),
    ] {
        stage.platform.send(event.to_string());
        stage.settle().await;
    }
    assert_eq!(alarms(&stage).len(), before + 6, "each event is delivered three times: {}", stage.logged().join("\n"));

    let quiet = Stage::new("rows", |platform| {
        platform.env("AWS_LAMBDA_LOG_FORMAT", "JSON").env("TALLY_AT", "800").env("TALLY_DO", "error-once")
    })
    .await;
    quiet.run_birdstrikes().await;
    quiet
        .platform
        .send(json!({ "source": "aws.s3", "detail-type": "Object Deleted", "detail": { "object": { "key": KEY } } }).to_string());
    quiet.platform.send(SWEEP);
    quiet.settle().await;
    assert_eq!(quiet.status(), "Done");
    assert!(quiet.logged().iter().any(|line| line.contains("\"level\":\"ERROR\"")), "the batch that failed once is logged");
    assert_eq!(alarms(&quiet), [""; 0], "an error that a retry fixes raises no alarm");
}
