//! Asks AWS for the facts. It changes nothing and judges nothing: what a call refuses becomes an unknown.

mod function;
mod logs;
mod needs;
mod policy;
mod queues;
mod role;
mod rules;
mod runs;
mod store;

use super::facts::{Facts, Known, Unknown};
use crate::remote::trouble;
use aws_config::SdkConfig;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

/// `named`: the function's name or ARN, with the alias that its triggers invoke. Fails if its settings cannot be read.
pub(super) async fn facts(config: &SdkConfig, named: &str) -> Result<Facts, String> {
    let lambda = aws_sdk_lambda::Client::new(config);
    let function = function::deployed(&lambda, named).await?;
    let (recursion_is_allowed, reserved_concurrency, failed_events, senders, queues, aliases, runs) = tokio::join!(
        function::recursion_is_allowed(&lambda, &function),
        function::reserved_concurrency(&lambda, &function),
        function::failed_events(&lambda, &function),
        function::senders(&lambda, &function),
        queues::queues(config, &lambda, named),
        function::aliases(&lambda, &function),
        runs::runs(config, &function),
    );
    let (store, schedules, refused, logs) = tokio::join!(
        store::store(config, &function, &queues),
        rules::schedules(config, &function, aliases),
        role::refused(config, &function, &failed_events, &queues, &runs),
        logs::logs(config, &function, &failed_events, &queues),
    );
    let (notifications, store_rules, lifecycle) = store;
    let (invocations, retention_days, alarms) = logs;
    Ok(Facts {
        function,
        recursion_is_allowed,
        reserved_concurrency,
        failed_events,
        queues,
        senders,
        notifications,
        store_rules,
        lifecycle,
        runs,
        schedules,
        invocations,
        refused,
        retention_days,
        alarms,
    })
}

/// A call that failed. `doing`: as in [`trouble`].
fn unknown<E>(doing: &str, error: &SdkError<E>) -> Unknown
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    Unknown { why: trouble(doing, error), failed: true }
}

/// There is nothing to see yet.
fn nothing(why: impl Into<String>) -> Unknown {
    Unknown { why: why.into(), failed: false }
}

/// The answer, or `absent` if the service says that there is no such thing.
fn or_absent<T, E>(doing: &str, answer: Result<T, SdkError<E>>, codes: &[&str]) -> Known<Option<T>>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.code().is_some_and(|code| codes.contains(&code)) => Ok(None),
        Err(error) => Err(unknown(doing, &error)),
    }
}
