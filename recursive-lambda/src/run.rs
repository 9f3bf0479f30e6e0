//! `run` and `run_with`: from a job to a running Lambda function.

use crate::job::Handler;
use crate::settings::{Settings, parse_buckets, parse_state};
use crate::{Error, Job, Shards};
use futures_util::future::BoxFuture;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// A job that is ready to run: await it in `main`.
///
/// Each method sets a default for the environment variable of its name. The variable wins if it is set, because it belongs to the
/// deployment.
///
/// ```no_run
/// use recursive_lambda::{Batch, Error, recursive_lambda};
///
/// #[recursive_lambda(batch = 400)]
/// async fn count(batch: Batch<String>) -> Result<(), Error> {
///     println!("{} lines", batch.len());
///     Ok(())
/// }
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Error> {
/// recursive_lambda::run::<count>().state("s3://my-state/runs").max_invocations(100).await
/// # }
/// ```
#[must_use = "a run does nothing unless it is awaited"]
pub struct Run {
    settings: Settings,
    mistake: Option<Error>,
    stage: Stage,
}

enum Stage {
    Ready(Box<dyn FnOnce(Settings) -> BoxFuture<'static, Result<(), Error>> + Send>),
    Serving(BoxFuture<'static, Result<(), Error>>),
    Over,
}

impl Run {
    fn new<H: Handler>(_: H, resources: H::Resources) -> Self {
        let serve = |settings| serve::<H>(settings, resources);
        Self { settings: Settings::default(), mistake: None, stage: Stage::Ready(Box::new(serve)) }
    }

    /// `RECURSIVE_LAMBDA_STATE`: the store of checkpoints, `s3://bucket/prefix`, or `none`. It has no default. Any other text is
    /// an error of the awaited run.
    pub fn state(mut self, place: &str) -> Self {
        match parse_state(place) {
            Ok(state) => self.settings.state = Some(state),
            Err(mistake) => _ = self.mistake.get_or_insert(mistake),
        }
        self
    }

    /// `RECURSIVE_LAMBDA_LEASE`: how long an invocation counts as working after its last renewal, 2 s to 50 s; 45 s by default.
    /// Any other time is an error of the awaited run.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.settings.lease = lease;
        self
    }

    /// `RECURSIVE_LAMBDA_CHECKPOINT`: time between saves, 10 s by default. Zero, or the text `batch`, saves after every batch.
    pub fn checkpoint(mut self, checkpoint: Duration) -> Self {
        self.settings.checkpoint = checkpoint;
        self
    }

    /// `RECURSIVE_LAMBDA_MAX_ATTEMPTS`: how many times a batch that panics or kills its invocation is tried before the run fails
    /// or skips; 3 by default.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.settings.max_attempts = attempts.max(1);
        self
    }

    /// `RECURSIVE_LAMBDA_RETRY_FOR`: how long the run retries errors at one position before it fails, counted from the first of
    /// them; 24 hours by default. Zero: the run fails with the last of `max_attempts` errors.
    pub fn retry_for(mut self, time: Duration) -> Self {
        self.settings.retry_for = time;
        self
    }

    /// `RECURSIVE_LAMBDA_MAX_INVOCATIONS`: the number of invocations after which a run is stopped; 10,000 by default.
    pub fn max_invocations(mut self, invocations: u64) -> Self {
        self.settings.max_invocations = invocations.max(1);
        self
    }

    /// `RECURSIVE_LAMBDA_BUCKETS`: the buckets that events may name, `name` or `name@account`, separated by commas; by default
    /// any bucket of the function's own account. An account that is not 12 digits is an error of the awaited run.
    pub fn buckets(mut self, names: &str) -> Self {
        match parse_buckets(names) {
            Ok(buckets) => self.settings.buckets = Some(buckets),
            Err(mistake) => _ = self.mistake.get_or_insert(mistake),
        }
        self
    }

    /// `RECURSIVE_LAMBDA_RESERVE`: time kept free before the deadline. It overrides the attribute's, which is 10 s by default,
    /// and is at most a quarter of the function's time-out.
    pub fn reserve(mut self, reserve: Duration) -> Self {
        self.settings.reserve = Some(reserve);
        self
    }

    /// `RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION`: the most batches of one invocation. It overrides the attribute's.
    pub fn batches_per_invocation(mut self, batches: u64) -> Self {
        self.settings.batches_per_invocation = Some(batches.max(1));
        self
    }

    /// `RECURSIVE_LAMBDA_SHARDS`: how many shards a new run has, 1 to 1,000, or `auto`. It overrides the attribute's `shards`, which
    /// the job must have. A run keeps the shards that it began with.
    pub fn shards(mut self, shards: Shards) -> Self {
        self.settings.shards = Some(shards);
        self
    }
}

impl Future for Run {
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(mistake) = self.mistake.take() {
            return Poll::Ready(Err(mistake));
        }
        let mut serving = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Ready(serve) => serve(self.settings.clone()),
            Stage::Serving(serving) => serving,
            Stage::Over => return Poll::Ready(Ok(())),
        };
        let poll = serving.as_mut().poll(cx);
        if poll.is_pending() {
            self.stage = Stage::Serving(serving);
        }
        poll
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[cfg(feature = "aws")]
fn serve<H: Handler>(settings: Settings, resources: H::Resources) -> BoxFuture<'static, Result<(), Error>> {
    Box::pin(crate::aws::serve::<H>(settings, resources))
}

#[cfg(not(feature = "aws"))]
fn serve<H: Handler>(_: Settings, _: H::Resources) -> BoxFuture<'static, Result<(), Error>> {
    let error = "recursive-lambda was built without its feature `aws`, which runs jobs; enable it in Cargo.toml";
    Box::pin(std::future::ready(Err(Error::new(crate::ErrorKind::Config, error))))
}

/// Runs a job without resources.
///
/// # Errors
/// The settings are wrong, the program was not started by Lambda, or Lambda's runtime API failed. An error of the job does not
/// end the program: Lambda is told, and the next event is served.
pub fn run<J: Job>() -> Run {
    Run::new(J::handler(), ())
}

/// Runs a job with its resources, which it takes by `&`.
///
/// ```no_run
/// use recursive_lambda::{Batch, Error, recursive_lambda};
///
/// struct Db;
///
/// #[recursive_lambda(batch = 400)]
/// async fn import(batch: Batch<String>, db: &Db) -> Result<(), Error> {
///     # let _ = (batch, db);
///     Ok(())
/// }
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Error> {
/// recursive_lambda::run_with::<import>(Db).await
/// # }
/// ```
///
/// # Errors
/// The same as [`run`].
pub fn run_with<J>(resources: impl ResourcesOf<J>) -> Run {
    resources.start()
}

/// The resources of the job `J`.
#[diagnostic::on_unimplemented(
    message = "`{J}` does not run with resources of type `{Self}`",
    label = "not what the job takes by `&`",
    note = "`run_with::<job>(resources)` takes the value that the job's `&R` parameter points to"
)]
pub trait ResourcesOf<J> {
    #[doc(hidden)]
    fn start(self) -> Run;
}

/// Without `Send + Sync`, which `Handler::Resources` requires: the compiler reports a missing one there, once.
#[diagnostic::do_not_recommend]
impl<J: Job<R>, R> ResourcesOf<J> for R {
    fn start(self) -> Run {
        Run::new(J::handler(), self)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may")]
mod tests {
    use super::*;
    use crate::format::Lines;
    use crate::{Batch, Config, Flow, Handler};
    use futures_util::FutureExt;

    struct Nothing;

    impl Handler for Nothing {
        const NAME: &'static str = "nothing";
        const CONFIG: Config = Config::new(1);
        type Format = Lines;
        type Input = Batch<String>;
        type State = ();
        type Resources = ();

        async fn call(_: Batch<String>, (): &mut (), (): &()) -> Result<Flow, Error> {
            Ok(Flow::Continue)
        }
    }

    #[test]
    fn a_variable_wins_over_its_method() {
        const S: fn(u64) -> Duration = Duration::from_secs;
        /// The variable, a method with a value, the same as text, and another value.
        type Line = (&'static str, fn(Run) -> Run, &'static str, &'static str);
        let table: [Line; 9] = [
            ("STATE", |run| run.state("s3://state/runs"), "s3://state/runs", "none"),
            ("LEASE", |run| run.lease(S(7)), "7s", "8s"),
            ("CHECKPOINT", |run| run.checkpoint(Duration::ZERO), "batch", "3s"),
            ("MAX_ATTEMPTS", |run| run.max_attempts(4), "4", "5"),
            ("RETRY_FOR", |run| run.retry_for(S(3600)), "1h", "0s"),
            ("MAX_INVOCATIONS", |run| run.max_invocations(20), "20", "21"),
            ("BUCKETS", |run| run.buckets("one, two@123456789012"), "one,two@123456789012", "three"),
            ("RESERVE", |run| run.reserve(S(2)), "2s", "1s"),
            ("BATCHES_PER_INVOCATION", |run| run.batches_per_invocation(1), "1", "2"),
        ];
        for (name, set, text, other) in table {
            let variable =
                |value: &'static str| move |asked: &str| (asked == format!("RECURSIVE_LAMBDA_{name}")).then(|| value.to_string());
            let set = set(run::<Nothing>()).settings;
            assert_ne!(set, Settings::default(), "{name}");
            assert_eq!(set, Settings::default().read(variable(text)).unwrap(), "{name}");
            let alone = Settings::default().read(variable(other)).unwrap();
            assert_eq!(set.read(variable(other)).unwrap(), alone, "{name}: the variable wins");
        }
    }

    #[test]
    fn a_bad_method_value_fails_the_run() {
        for (run, words) in [
            (run::<Nothing>().state("bucket"), "RECURSIVE_LAMBDA_STATE is `bucket`"),
            (run::<Nothing>().buckets("one@b").state("none"), "RECURSIVE_LAMBDA_BUCKETS has `one@b`"),
        ] {
            let error = run.now_or_never().unwrap().unwrap_err();
            assert!(error.to_string().starts_with(words), "{error}");
        }
    }
}
