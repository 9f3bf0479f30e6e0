//! A Terraform module, evaluated without Terraform: its variables and references have values that a test gives.

use hcl::eval::{Context, Evaluate, FuncArgs, FuncDef, ParamType};
use hcl::{Block, Body, Value};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::path::Path;

/// The arguments of each resource, by its address. A block is a list, because it may be repeated.
pub(crate) type Resources = BTreeMap<String, Json>;

pub(crate) struct Module(Vec<Block>);

/// What a module cannot know: the values of its variables, and what AWS names its resources.
pub(crate) struct Given<'a> {
    /// `var` and `data`, with the fields that expressions read.
    pub(crate) roots: Json,
    /// A resource's address, its attribute, and the value.
    pub(crate) attributes: &'a [(&'a str, &'a str, &'a str)],
}

impl Module {
    /// All files of the folder.
    pub(crate) fn read(folder: &Path) -> Self {
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        let parsed =
            files.map(|file| hcl::parse(&std::fs::read_to_string(&file).unwrap()).unwrap_or_else(|error| panic!("{error}")));
        Self(parsed.flat_map(|body| body.into_blocks().collect::<Vec<_>>()).collect())
    }

    fn blocks(&self, kind: &str) -> impl Iterator<Item = &Block> {
        self.0.iter().filter(move |block| block.identifier() == kind)
    }

    /// The names of its variables, with their defaults.
    pub(crate) fn variables(&self) -> BTreeMap<String, Json> {
        let default = |block: &Block| {
            let mut attributes = block.body().attributes();
            attributes
                .find(|attribute| attribute.key() == "default")
                .map(|attribute| json(attribute.expr().evaluate(&Context::new())))
        };
        self.blocks("variable").map(|block| (labels(block).remove(0), default(block).unwrap_or_default())).collect()
    }

    pub(crate) fn resources(&self, given: &Given<'_>) -> Resources {
        let context = self.context(given);
        self.blocks("resource").map(|block| (labels(block).join("."), arguments(block.body(), &context))).collect()
    }

    pub(crate) fn outputs(&self, given: &Given<'_>) -> BTreeMap<String, Json> {
        let context = self.context(given);
        self.blocks("output").map(|block| (labels(block).remove(0), arguments(block.body(), &context)["value"].clone())).collect()
    }

    /// Variables, locals, references, and the policies of `data` blocks as JSON.
    fn context(&self, given: &Given<'_>) -> Context<'_> {
        let mut roots = given.roots.clone();
        for (address, attribute, value) in given.attributes {
            let (kind, name) = address.split_once('.').unwrap();
            roots[kind][name][attribute] = json!(value);
        }
        for block in self.blocks("locals") {
            for attribute in block.body().attributes() {
                roots["local"][attribute.key()] = json(attribute.expr().evaluate(&context(&roots)));
            }
        }
        for block in self.blocks("data").filter(|block| labels(block)[0] == "aws_iam_policy_document") {
            let statements = &arguments(block.body(), &context(&roots))["statement"];
            let policy = json!({ "Statement": statements.as_array().unwrap().iter().map(statement).collect::<Vec<_>>() });
            roots["data"]["aws_iam_policy_document"][&labels(block)[1]]["json"] = json!(policy.to_string());
        }
        context(&roots)
    }
}

fn labels(block: &Block) -> Vec<String> {
    block.labels().iter().map(|label| label.as_str().to_owned()).collect()
}

fn context<'a>(roots: &Json) -> Context<'a> {
    let mut context = Context::new();
    for (name, value) in roots.as_object().unwrap() {
        context.declare_var(name.as_str(), serde_json::from_value::<Value>(value.clone()).unwrap());
    }
    context.declare_var("path", serde_json::from_value::<Value>(json!({ "module": "MODULE" })).unwrap());
    context.declare_func("jsonencode", FuncDef::builder().param(ParamType::Any).build(json_encoded));
    context.declare_func("filebase64sha256", FuncDef::builder().param(ParamType::String).build(unchanged));
    context
}

fn json_encoded(args: FuncArgs) -> Result<Value, String> {
    serde_json::to_string(&args[0]).map(Value::from).map_err(|error| error.to_string())
}

fn unchanged(args: FuncArgs) -> Result<Value, String> {
    Ok(args[0].clone())
}

fn json(value: Result<Value, hcl::eval::Error>) -> Json {
    serde_json::to_value(value.unwrap_or_else(|error| panic!("{error}"))).unwrap()
}

fn arguments(body: &Body, context: &Context<'_>) -> Json {
    let mut arguments: Map<String, Json> =
        body.attributes().map(|attribute| (attribute.key().to_owned(), json(attribute.expr().evaluate(context)))).collect();
    for block in body.blocks() {
        let repeated = arguments.entry(block.identifier()).or_insert_with(|| json!([]));
        repeated.as_array_mut().unwrap().push(self::arguments(block.body(), context));
    }
    Json::Object(arguments)
}

/// A statement as a policy has it.
fn statement(block: &Json) -> Json {
    let mut statement = json!({ "Effect": block["effect"], "Action": block["actions"] });
    if let Some(sid) = block.get("sid") {
        statement["Sid"] = sid.clone();
    }
    if let Some(resources) = block.get("resources") {
        statement["Resource"] = resources.clone();
    }
    for principal in block["principals"].as_array().into_iter().flatten() {
        statement["Principal"][principal["type"].as_str().unwrap()] = principal["identifiers"].clone();
    }
    for condition in block["condition"].as_array().into_iter().flatten() {
        let (test, variable) = (condition["test"].as_str().unwrap(), condition["variable"].as_str().unwrap());
        statement["Condition"][test][variable] = condition["values"].clone();
    }
    statement
}
