//! From Lambda's events to the driver, and back to Lambda's answers.

use super::clients::Aws;
use super::store::S3Store;
use super::watch::{self, watch};
use crate::driver::{Answer, Deployment, InlineCheckpoints, check, handle};
use crate::invocation::Invocation;
use crate::job::Handler;
use crate::ports::Clock;
use crate::settings::{Settings, StoreLocation, unknown};
use crate::{Error, ErrorKind};
use futures_util::future::{Either, select};
use lambda_runtime::{Context, Diagnostic, LambdaEvent, service_fn};
use recursive_lambda_core::checkpoint::Checkpoint;
use recursive_lambda_core::engine::recursion;
use recursive_lambda_core::event::{Item, Request, is_region_name, parse};
use recursive_lambda_core::identity::unqualified;
use serde_json::Value;
use serde_json::value::RawValue;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, UNIX_EPOCH};

/// The log target for recursion detection, so that it can be silenced once the function is set up for it.
const RECURSION: &str = "recursive_lambda::recursion";

/// Logged for an invocation that stops immediately.
const TIME_IS_UP: &str = "the invocation's time was up before its batch was done; Lambda will deliver its event again";

/// Serves invocations until the process ends.
pub(crate) async fn serve<H: Handler>(settings: Settings, resources: H::Resources) -> Result<(), Error> {
    let function = function_name()?;
    super::logging::init();
    let settings = settings.read(|name| std::env::var(name).ok())?;
    let place = settings.check()?.clone();
    check::<H>(&settings, &place)?;
    for name in unknown(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok())) {
        tracing::warn!("{} is not a variable of recursive-lambda; if it is misspelt, the default applies", name.escape_debug());
    }
    let aws = Arc::new(Aws::new().await?);
    let records = match &place {
        StoreLocation::S3 { bucket, prefix } => Some(Arc::new(S3Store::new(Arc::clone(&aws), bucket, prefix, &function))),
        StoreLocation::None => {
            tracing::warn!(
                "RECURSIVE_LAMBDA_STATE=none: runs are not saved; a signal that Lambda delivers twice forks the run, and one that it loses ends it silently"
            );
            None
        }
    };
    let (deployment, warned) = (Deployment::new(settings, resources, aws), AtomicBool::new(false));
    let function = Arc::new(Function::<H> { deployment, records, warned, in_company: in_company() });
    // One at a time, unless AWS_LAMBDA_MAX_CONCURRENCY says otherwise.
    let served = lambda_runtime::run_concurrent(service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let function = Arc::clone(&function);
        async move { function.in_time(&event.payload, &event.context).await.map_err(|error| diagnostic(&error)) }
    }));
    served.await.map_err(|error| Error::new(ErrorKind::NotOnLambda, "Lambda's runtime API failed").because(error))
}

/// The function's name, if Lambda started this program.
fn function_name() -> Result<String, Error> {
    let variable = |name: &str| std::env::var(name).ok();
    let needed = ["AWS_LAMBDA_RUNTIME_API", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION"];
    match variable("AWS_LAMBDA_FUNCTION_NAME") {
        Some(name) if needed.iter().all(|needed| variable(needed).is_some()) => Ok(name),
        _ => Err(Error::new(
            ErrorKind::NotOnLambda,
            "this program runs on AWS Lambda, but was started outside of it\n  \
             run it here:  cargo recursive-lambda run FILE\n  \
             deploy it:    cargo lambda build --release --arm64, then your template; examples/s3-upload has both",
        )),
    }
}

/// Whether Lambda gives this process several events at once, as Managed Instances do.
fn in_company() -> bool {
    let most = std::env::var("AWS_LAMBDA_MAX_CONCURRENCY").ok().and_then(|most| most.parse::<u32>().ok());
    most.is_some_and(|most| most > 1)
}

fn diagnostic(error: &Error) -> Diagnostic {
    Diagnostic { error_type: format!("{:?}", error.kind()), error_message: format!("{error:?}") }
}

/// An error with its causes, safe for a log: a job's message may hold anything, even text that looks like a log line of this
/// crate.
fn shown(error: &Error) -> String {
    let text = format!("{error:?}");
    let escaped = |line: &str| {
        line.trim_start().chars().fold(String::new(), |line, c| match c {
            c if c.is_control() => line + &c.escape_debug().to_string(),
            c => line + c.encode_utf8(&mut [0; 4]),
        })
    };
    text.lines().map(escaped).collect::<Vec<_>>().join("\n  ")
}

struct Function<H: Handler> {
    deployment: Deployment<H, Aws>,
    /// `None`: checkpoints travel in the signals.
    records: Option<Arc<S3Store>>,
    warned: AtomicBool,
    in_company: bool,
}

impl<H: Handler> Function<H> {
    /// Lambda kills a process whose only invocation runs out of time. With several invocations it kills nothing, and delivers the
    /// event again while the old invocation still runs. So that one ends here, at any point, as by a kill.
    async fn in_time(&self, event: &RawValue, context: &Context) -> Result<Value, Error> {
        let invocation = self.invocation(context);
        let work = self.invoked(event, &invocation);
        // Ends when it is dropped.
        let _watch = invocation.left.map(|left| watch(&self.deployment.platform, left, Arc::clone(&invocation.trail)));
        let Some(left) = invocation.left.filter(|_| self.in_company) else { return work.await };
        match select(pin!(work), pin!(self.deployment.platform.sleep(left))).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => {
                let running = invocation.trail.now().map(|called| format!("\n  {called} was running: {}", watch::WHAT_TO_CHANGE));
                let message = format!("{TIME_IS_UP}{}", running.unwrap_or_default());
                tracing::error!(request_id = %invocation.request_id, "{message}");
                Err(Error::new(ErrorKind::Job, message))
            }
        }
    }

    async fn invoked(&self, event: &RawValue, invocation: &Invocation) -> Result<Value, Error> {
        self.warn(invocation);
        let request_id = &invocation.request_id;
        let delivery = parse(event.get().as_bytes())
            .inspect_err(|error| tracing::error!(%request_id, kind = ?error.kind(), %error, "unrecognised event"))?;
        let alone = delivery.is_alone();
        let mut outcomes = Vec::with_capacity(delivery.items.len());
        for (index, item) in delivery.items.into_iter().enumerate() {
            let Item { message_id, trigger } = item;
            let outcome = match trigger {
                Ok(trigger) => self.handled(invocation, trigger, alone, index).await,
                Err(error) => Err(error),
            };
            if let Err(error) = &outcome {
                tracing::error!(%request_id, kind = ?error.kind(), error = %shown(error), "not done");
            }
            outcomes.push((message_id, outcome));
        }
        delivery.channel.answer(outcomes)
    }

    /// The error text for the caller.
    async fn handled(&self, invocation: &Invocation, trigger: Request, alone: bool, index: usize) -> Result<Value, Error> {
        if !invocation.has_time_for(index, self.deployment.platform.now()) {
            return Err(Error::new(ErrorKind::Store, "there is no time left to admit this object; it is given back"));
        }
        let invocation = Invocation { nonce: format!("{}-{index}", invocation.nonce), ..invocation.clone() };
        let answer = match &self.records {
            Some(records) => handle(&self.deployment, Arc::clone(records), &invocation, trigger, alone).await?,
            None => {
                let records = Arc::new(InlineCheckpoints(carried(&trigger)?));
                handle(&self.deployment, records, &invocation, trigger, alone).await?
            }
        };
        if let Answer::Nothing(why) = answer {
            tracing::info!(request_id = %invocation.request_id, why, "nothing to do");
        }
        Ok(answer.said())
    }

    fn invocation(&self, context: &Context) -> Invocation {
        let clock = &self.deployment.platform;
        let deadline = UNIX_EPOCH + Duration::from_millis(context.deadline);
        Invocation {
            request_id: context.request_id.clone(),
            function_arn: context.invoked_function_arn.clone(),
            tenant: context.tenant_id.clone(),
            trace_header: context.xray_trace_id.clone(),
            started: clock.now(),
            // A deadline in the past means that an emulator does not know it.
            left: deadline.duration_since(clock.wall()).ok().filter(|left| !left.is_zero()),
            nonce: format!("{:016x}", RandomState::new().build_hasher().finish()),
            trail: Arc::default(),
        }
    }

    /// What is wrong with the deployment, while it can still be fixed.
    fn warn(&self, invocation: &Invocation) {
        let depth = invocation.trace_header.as_deref().and_then(recursion::depth);
        if let Some(depth) = depth.filter(|depth| recursion::is_near_the_limit(*depth)) {
            tracing::warn!(
                target: RECURSION,
                depth,
                "invocation {depth} of one chain; Lambda stops a chain after about 16 unless the function's `RecursiveLoop` is `Allow`: \
                 set it in the template, or: aws lambda put-function-recursion-config --function-name {} --recursive-loop Allow",
                unqualified(&invocation.function_arn)
            );
        }
        let wanted = self.deployment.reserve();
        // Time-outs are whole seconds, and a part of the first one has passed.
        let timeout = invocation.left.map(|left| Duration::from_secs(left.as_secs() + 1));
        let capped = timeout.map(|timeout| timeout / 4).filter(|quarter| *quarter < wanted);
        if let Some(quarter) = capped.filter(|_| !self.warned.swap(true, Ordering::Relaxed)) {
            tracing::warn!(
                "the function's time-out of {:?} leaves a reserve of {quarter:?} instead of {wanted:?}; set the time-out to {:?} or more, or a \
                 shorter reserve",
                quarter.saturating_mul(4),
                wanted.saturating_mul(4)
            );
        }
    }
}

/// The checkpoint that came in the signal.
fn carried(trigger: &Request) -> Result<Option<Checkpoint>, Error> {
    let Request::Signal(signal) = trigger else { return Ok(None) };
    let Some(json) = &signal.carried else { return Ok(None) };
    let unreadable =
        |why: String| Error::new(ErrorKind::CheckpointUnreadable, format!("the signal's checkpoint cannot be read: {why}"));
    let checkpoint = Checkpoint::from_json(json.get().as_bytes()).map_err(|why| unreadable(format!("{why:?}")))?;
    // It becomes part of a host name.
    match &checkpoint.object.region {
        Some(region) if !is_region_name(region) => Err(unreadable("the region of its object is invalid".into())),
        _ => Ok(Some(checkpoint)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may")]
mod tests {
    use super::*;
    use recursive_lambda_core::event::Signal;
    use recursive_lambda_core::object::PinnedObject;
    use serde_json::value::to_raw_value;

    #[test]
    fn a_forged_checkpoint_is_refused() {
        let told = |region: Option<&str>, attempts| {
            let object = PinnedObject { region: region.map(String::from), ..Checkpoint::for_tests().object };
            let checkpoint = Some(to_raw_value(&Checkpoint { object, attempts, ..Checkpoint::for_tests() }).unwrap());
            let signal = Signal {
                job: "count".into(),
                run: "r".into(),
                seq: 1,
                token: "n.1".into(),
                swept: false,
                position: 0,
                carried: checkpoint,
            };
            carried(&Request::Signal(signal)).map(|checkpoint| assert!(checkpoint.is_some()))
        };
        for (region, attempts, says) in [
            (None, 0, ""),
            (Some("eu-west-1"), 0, ""),
            (Some("evil.example/"), 0, "the region of its object is invalid"),
            (None, u32::MAX, "its numbers contradict each other"),
        ] {
            let said = told(region, attempts).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(said.contains(says) && said.is_empty() == says.is_empty(), "{region:?}: {said}");
        }
    }

    #[test]
    fn a_jobs_message_is_one_log_entry() {
        let error =
            Error::new(ErrorKind::Job, "no row").because(std::io::Error::other("\u{1b}[31mred\r\nERROR forged\n\tand more"));
        assert_eq!(shown(&error), "no row\n  because: \\u{1b}[31mred\n  ERROR forged\n  and more");
    }
}
