//! The deployed function: its settings, and events for it.

use super::Place;
use super::trouble::trouble;
use aws_config::SdkConfig;
use aws_sdk_lambda::types::InvocationType;
use std::collections::HashMap;
use std::time::Duration;

/// The variable that names the store.
const STATE: &str = "RECURSIVE_LAMBDA_STATE";

/// The variable that names the buckets which events may name.
const BUCKETS: &str = "RECURSIVE_LAMBDA_BUCKETS";

/// The default of RECURSIVE_LAMBDA_LEASE.
const LEASE: Duration = Duration::from_secs(45);

pub(crate) struct Function {
    lambda: aws_sdk_lambda::Client,
    /// Without account, region and qualifier.
    pub(crate) name: String,
    /// As the user named it.
    named: String,
    variables: HashMap<String, String>,
}

impl Function {
    pub(super) async fn find(config: &SdkConfig, named: &str) -> Result<Self, String> {
        let lambda = aws_sdk_lambda::Client::new(config);
        let answer = lambda.get_function_configuration().function_name(named).send().await;
        let found =
            answer.map_err(|error| trouble(&format!("read the settings of function `{}`", named.escape_debug()), &error))?;
        let variables = found.environment.and_then(|environment| environment.variables).unwrap_or_default();
        Ok(Self { lambda, name: found.function_name.unwrap_or_else(|| named.into()), named: named.into(), variables })
    }

    /// The store that the function is told to use.
    pub(super) fn store(&self) -> Result<Place, String> {
        match self.variables.get(STATE).map(|state| state.trim()) {
            Some("none") => Err(format!("function `{}` keeps no checkpoints: {STATE} is `none`", self.name)),
            Some(state) => Place::parse(state),
            None => Err(format!("function `{}` has no {STATE}: is it a recursive-lambda function?", self.name)),
        }
    }

    /// How long an invocation counts as working after its last save.
    pub(crate) fn lease(&self) -> Duration {
        let lease = self.variables.get("RECURSIVE_LAMBDA_LEASE").and_then(|lease| humantime::parse_duration(lease.trim()).ok());
        lease.unwrap_or(LEASE)
    }

    /// Fails if the function may not read from this bucket.
    pub(crate) fn allows(&self, bucket: &str) -> Result<(), String> {
        let Some(allowed) = self.variables.get(BUCKETS) else { return Ok(()) };
        let mut names = allowed.split(',').map(|entry| entry.trim().split('@').next().unwrap_or_default());
        if names.any(|name| name == bucket) {
            return Ok(());
        }
        Err(format!(
            "function `{}` may not read bucket `{bucket}`: add it to {BUCKETS}, or write the records to a bucket that is allowed, with `--to`",
            self.name
        ))
    }

    /// Puts an event into the function's queue.
    pub(crate) async fn send(&self, event: String) -> Result<(), String> {
        let request = self.lambda.invoke().function_name(&self.named).invocation_type(InvocationType::Event);
        let sent = request.payload(event.into_bytes().into()).send().await;
        sent.map(|_| ()).map_err(|error| trouble(&format!("invoke function `{}`", self.named.escape_debug()), &error))
    }
}
