//! The function as Lambda runs it: from an event to the driver, and back. It does in memory what `aws::runtime` does on Lambda.

use super::environment::Environment;
use super::jobs::{Dialect, Early, EarlyWide, Parts, PartsOfTable, Picky, PickyWide, Plain, Table, Tally, Wide};
use super::options::Kind;
use crate::driver::{Answer, Deployment, handle};
use crate::invocation::Invocation;
use crate::ports::Clock;
use crate::settings::{Settings, StoreLocation};
use crate::{Error, ErrorKind, Handler, Shards};
use futures_util::future::BoxFuture;
use recursive_lambda_core::event::{Item, parse};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

pub(super) const ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:simulated";

/// One request as Lambda delivers it.
pub(super) struct Request {
    pub(super) id: String,
    pub(super) payload: String,
    /// The time to the deadline, as the function sees it.
    pub(super) left: Option<Duration>,
}

pub(super) fn invoked(environment: Environment, request: Request) -> BoxFuture<'static, Result<Value, Error>> {
    match environment.world.options.kind {
        Kind::Plain => Box::pin(serve::<Plain>(environment, request)),
        Kind::Tally => Box::pin(serve::<Tally>(environment, request)),
        Kind::Early => Box::pin(serve::<Early>(environment, request)),
        Kind::Table => Box::pin(serve::<Table>(environment, request)),
        Kind::Dialect => Box::pin(serve::<Dialect>(environment, request)),
        Kind::Wide => Box::pin(serve::<Wide>(environment, request)),
        Kind::EarlyWide => Box::pin(serve::<EarlyWide>(environment, request)),
        Kind::Picky => Box::pin(serve::<Picky>(environment, request)),
        Kind::PickyWide => Box::pin(serve::<PickyWide>(environment, request)),
        Kind::Parts => Box::pin(serve::<Parts>(environment, request)),
        Kind::PartsOfTable => Box::pin(serve::<PartsOfTable>(environment, request)),
    }
}

async fn serve<H: Handler<Resources = Environment>>(environment: Environment, request: Request) -> Result<Value, Error> {
    let options = &environment.world.options;
    let settings = Settings {
        state: Some(StoreLocation::S3 { bucket: "state".into(), prefix: String::new() }),
        lease: options.lease,
        checkpoint: options.checkpoint,
        max_attempts: options.max_attempts,
        retry_for: options.retry_for,
        reserve: Some(options.reserve),
        batches_per_invocation: options.batches_per_invocation,
        shards: options.kind.has_shards().then_some(Shards::Exactly(options.shards)),
        ..Settings::default()
    };
    settings.check()?;
    let (platform, group) = (Arc::new(environment.clone()), environment.group);
    let deployment = Deployment::<H, Environment>::new(settings, environment.clone(), Arc::clone(&platform));
    let delivery = parse(request.payload.as_bytes())?;
    let alone = delivery.is_alone();
    let started = platform.now();
    let mut outcomes = Vec::new();
    for (index, Item { message_id, trigger }) in delivery.items.into_iter().enumerate() {
        let invocation = Invocation {
            request_id: request.id.clone(),
            function_arn: ARN.into(),
            tenant: None,
            trace_header: None,
            started,
            left: request.left,
            nonce: format!("i{}-{index}", group.0),
            trail: Arc::default(),
        };
        let outcome = match trigger {
            Ok(_) if !invocation.has_time_for(index, platform.now()) => Err(Error::new(ErrorKind::Store, "no time is left")),
            Ok(trigger) => handle(&deployment, Arc::clone(&platform), &invocation, trigger, alone).await,
            Err(error) => Err(error),
        };
        match &outcome {
            Ok(answer) => environment.world.with(|state| {
                state.note(group, format_args!("answers {answer:?}"));
                if let Answer::Swept(swept) = answer {
                    state.swept.push(*swept);
                }
            }),
            Err(error) => environment.world.with(|state| {
                state.note(group, format_args!("fails: {:?}: {error}", error.kind()));
                state.refused(group, error.kind());
            }),
        }
        outcomes.push((message_id, outcome.map(Answer::said)));
    }
    delivery.channel.answer(outcomes)
}
