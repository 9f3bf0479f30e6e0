//! The alarm of the bundled example's template, over lines that the program really logs: what no retry mends matches its filter, and
//! nothing else does.

use super::stage::{KEY, Stage, UPLOADS, workspace};
use super::sweep::{SWEEP, SWEPT_AFTER};
use serde_json::{Value, json};

/// The template's filter pattern.
fn pattern() -> String {
    let template = std::fs::read_to_string(workspace().join("examples/s3-upload/template.yaml")).unwrap();
    let line = template.lines().find_map(|line| line.trim().strip_prefix("FilterPattern: '")).unwrap();
    line.trim_end_matches('\'').to_owned()
}

/// CloudWatch's filter over a JSON line, as far as the template uses it: `{ $.a = "x" && ($.b = "y" || $.c = "*") }`.
fn matches(pattern: &str, line: &str) -> bool {
    let Ok(line) = serde_json::from_str::<Value>(line) else { return false };
    let inner = pattern.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap();
    any(inner, &line)
}

fn any(terms: &str, line: &Value) -> bool {
    apart(terms, "||").iter().any(|term| all(term, line))
}

fn all(terms: &str, line: &Value) -> bool {
    apart(terms, "&&").iter().all(|term| match term.strip_prefix('(') {
        Some(rest) => any(rest.strip_suffix(')').unwrap(), line),
        None => {
            let (field, wanted) = term.split_once(" = ").unwrap();
            let found = &line[field.strip_prefix("$.").unwrap()];
            let wanted = wanted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap();
            if wanted == "*" { !found.is_null() } else { found.as_str() == Some(wanted) }
        }
    })
}

/// The parts between an operator that stands in no parentheses.
fn apart<'a>(terms: &'a str, operator: &str) -> Vec<&'a str> {
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
    assert!(!matches(pattern, "a line of another kind"));
}

#[tokio::test]
async fn alarms_ring_for_lasting_errors_only() {
    let stage = Stage::new("rows", |platform| {
        platform.env("AWS_LAMBDA_LOG_FORMAT", "JSON").env("TALLY_AT", "800").env("TALLY_DO", "terminal")
    })
    .await;
    let pattern = pattern();
    let alarms = |stage: &Stage| stage.said().into_iter().filter(|line| matches(&pattern, line)).collect::<Vec<_>>();
    stage.run_birdstrikes().await;
    assert_eq!(stage.status(), "Failed");
    let failed = alarms(&stage);
    let tells = |lines: &[String]| lines.iter().filter(|line| line.contains("\"trouble\":\"Failed\"")).count();
    assert_eq!(tells(&failed), 1, "as it failed: {}", stage.said().join("\n"));
    let again = failed.iter().find(|line| line.contains("\"RunFailed\"")).unwrap();

    // A duplicate that is given back because its run is at work differs in its kind alone.
    let given_back = again.replace("\"RunFailed\"", "\"DuplicateInFlight\"");
    assert!(given_back != *again && !matches(&pattern, &given_back), "{given_back}");

    tokio::time::sleep(SWEPT_AFTER).await;
    stage.platform.send(SWEEP);
    stage.settle().await;
    assert_eq!(tells(&alarms(&stage)), 2, "and by each sweep: {}", stage.said().join("\n"));

    let before = alarms(&stage).len();
    for event in [
        json!({ "source": "aws.s3", "detail-type": "Object Renamed", "detail": {} }),
        json!({ "bucket": UPLOADS, "key": "not-there", "run": "by-hand" }),
    ] {
        stage.platform.send(event.to_string());
        stage.settle().await;
    }
    assert_eq!(alarms(&stage).len(), before + 6, "each is delivered three times: {}", stage.said().join("\n"));

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
    assert!(quiet.said().iter().any(|line| line.contains("\"level\":\"ERROR\"")), "the batch that failed once is told of");
    assert_eq!(alarms(&quiet), [""; 0], "what mends itself raises none");
}
