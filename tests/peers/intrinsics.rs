//! A CloudFormation template with its functions applied: `Ref`, `Fn::GetAtt`, `Fn::Sub` and `Fn::If`, as far as the template uses them.
//!
//! A reference to a resource becomes a text such as `Queue.Arn`, or `Queue.Ref` for the resource itself.

use serde_json::{Map, Value, json};

pub(crate) struct Template<'a> {
    /// The values of parameters and of CloudFormation's own, such as `AWS::Region`.
    pub(crate) values: &'a [(&'a str, &'a str)],
    /// The conditions that hold.
    pub(crate) holds: &'a [&'a str],
}

impl Template<'_> {
    pub(crate) fn resolved(&self, value: &Value) -> Value {
        match value {
            Value::Object(fields) => match function(fields) {
                Some(("Ref", name)) => json!(self.named(name.as_str().unwrap())),
                Some(("Fn::GetAtt", path)) => json!(path.as_array().unwrap().iter().map(text).collect::<Vec<_>>().join(".")),
                Some(("Fn::Sub", pattern)) => json!(self.substituted(text(pattern))),
                Some(("Fn::If", parts)) => {
                    let holds = self.holds.contains(&text(&parts[0]));
                    self.resolved(&parts[if holds { 1 } else { 2 }])
                }
                Some((other, _)) => panic!("{other} is not known here"),
                None => fields.iter().map(|(name, value)| (name.clone(), self.resolved(value))).collect::<Map<_, _>>().into(),
            },
            Value::Array(parts) => parts.iter().map(|part| self.resolved(part)).collect(),
            other => other.clone(),
        }
    }

    fn named(&self, name: &str) -> String {
        let value = self.values.iter().find(|(each, _)| *each == name).map(|(_, value)| (*value).to_owned());
        value.unwrap_or_else(|| if name.contains('.') { name.to_owned() } else { format!("{name}.Ref") })
    }

    fn substituted(&self, pattern: &str) -> String {
        let mut parts = pattern.split("${");
        let mut text = parts.next().unwrap().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').unwrap();
            text += &self.named(name);
            text += rest;
        }
        text
    }
}

fn function(fields: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (name, value) = fields.iter().next().filter(|_| fields.len() == 1)?;
    (name == "Ref" || name.starts_with("Fn::")).then_some((name, value))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
