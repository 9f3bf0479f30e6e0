//! Who may send, by a resource policy.

use super::super::facts::Senders;
use serde_json::Value;

/// The ARNs that the policy's conditions name as source; without such a condition, the services that it allows.
pub(super) fn senders(policy: &str) -> Senders {
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    let statements = list(policy.get("Statement"));
    let allows = |statement: &&Value| statement.get("Effect").is_some_and(|effect| effect == "Allow");
    statements.into_iter().filter(allows).flat_map(of_statement).collect()
}

fn of_statement(statement: &Value) -> Vec<String> {
    let conditions = statement.get("Condition").and_then(Value::as_object);
    let tests = conditions.into_iter().flat_map(|conditions| conditions.values()).filter_map(Value::as_object).flatten();
    let sources: Vec<_> =
        tests.filter(|(key, _)| key.eq_ignore_ascii_case("aws:SourceArn")).flat_map(|(_, arns)| list(Some(arns))).collect();
    let services = || list(statement.get("Principal").and_then(|principal| principal.get("Service")));
    let named = if sources.is_empty() { services() } else { sources };
    named.into_iter().filter_map(Value::as_str).map(String::from).collect()
}

/// A policy writes one value or a list of them.
fn list(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::Array(all)) => all.iter().collect(),
        Some(Value::Null) | None => Vec::new(),
        Some(one) => vec![one],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_are_those_of_the_conditions() {
        for (policy, expected) in [
            (
                r#"{"Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Condition":{"ArnEquals":{"aws:SourceArn":"arn:t"}}}]}"#,
                &["arn:t"][..],
            ),
            (
                r#"{"Statement":{"Effect":"Allow","Condition":{"ArnLike":{"AWS:SourceArn":["arn:a","arn:b"]},"StringEquals":{"aws:SourceAccount":"1"}}}}"#,
                &["arn:a", "arn:b"],
            ),
            (r#"{"Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"}}]}"#, &["events.amazonaws.com"]),
            (r#"{"Statement":[{"Effect":"Deny","Condition":{"ArnEquals":{"aws:SourceArn":"arn:t"}}}]}"#, &[]),
            (r#"{"Statement":[{"Effect":"Allow","Principal":"*"}]}"#, &[]),
            ("", &[]),
            ("[]", &[]),
        ] {
            assert_eq!(senders(policy), expected, "{policy}");
        }
    }
}
