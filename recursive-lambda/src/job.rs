//! The traits `Job` and `Handler`: the whole contract between the macro and the runtime, including the compiler's messages about
//! it.
//!
//! Nothing here runs; the driver does that. Everything the attribute generates can be written by hand against [`Handler`].

use crate::input::{Flows, Input};
use crate::{Advance, Batch, Config, Error, Flow, Progress, Summary};
use serde::{Serialize, de::DeserializeOwned};
use std::future::Future;
use std::marker::PhantomData;

/// A job that runs with resources of type `R`. [`run`](fn@crate::run) and [`run_with`](crate::run_with) take one, and the struct
/// with the name of an annotated function is one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a job that runs with resources of type `{R}`",
    label = "cannot be run this way",
    note = "a job with a `&R` parameter is started by `run_with::<job>(resources)`, one without by `run::<job>()`",
    note = "an async function becomes a job with `#[recursive_lambda(batch = ..)]`"
)]
pub trait Job<R = ()>: 'static {
    /// The job's handler.
    fn handler() -> impl Handler<Resources = R>;
}

/// The contract in full. The attribute writes an implementation of it; you can write one by hand.
///
/// ```
/// use recursive_lambda::{Batch, Config, Error, Flow, Handler, Progress, Summary, format::Lines};
///
/// struct Count;
///
/// impl Handler for Count {
///     const NAME: &'static str = "count";
///     const CONFIG: Config = Config::new(400);
///     type Format = Lines;
///     type Input = Batch<String>;
///     type State = u64;
///     type Resources = ();
///
///     async fn call(batch: Batch<String>, rows: &mut u64, _: &()) -> Result<Flow, Error> {
///         *rows += batch.len() as u64;
///         Ok(Flow::Continue)
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler",
    label = "does not implement `Handler`",
    note = "an annotated function is a `Job`; `Job::handler()` returns its handler"
)]
pub trait Handler: Send + Sync + 'static {
    /// The job's name: part of every run's id, of the signal and of the checkpoint's key. 1 to 128 bytes without white space,
    /// control characters, quotes, slashes and backslashes; otherwise the program ends when it starts.
    const NAME: &'static str;
    /// The attribute's arguments.
    const CONFIG: Config;
    /// How bytes become records.
    type Format: 'static;
    /// What the function takes by value.
    type Input: Input<Self::Format>;
    /// The job's state, `()` if it has none. It is kept as JSON, with every bit of a number, and read back after every batch, so
    /// the result of a run does not depend on where its invocations end. A field with `#[serde(skip)]` has its default value
    /// before every batch. A value that JSON cannot hold fails the run at once, and the error names the field: NaN, infinity,
    /// `Some(None)`, a map whose keys are not text or numbers.
    ///
    /// Reading back takes about half a microsecond for a few counters, 40 µs for a map of 4 kB and 0.7 ms for one of 64 kB. Use
    /// large batches with large state.
    type State: Serialize + DeserializeOwned + Default + Clone + Send + 'static;
    /// The shared resources, `()` if there are none.
    type Resources: Send + Sync + 'static;

    /// Sets the options of the format, as `format = csv(..)` does; by default there are none.
    ///
    /// ```
    /// use recursive_lambda::format::Csv;
    ///
    /// fn configure_format(csv: Csv) -> Csv {
    ///     csv.delimiter(b';').trim()
    /// }
    /// ```
    #[must_use]
    fn configure_format(format: Self::Format) -> Self::Format {
        format
    }

    /// Processes one batch. The result is [`Flow`] for a [`Batch`], [`Advance`] for a [`FileBatch`](crate::FileBatch).
    fn call(
        input: Self::Input,
        state: &mut Self::State,
        resources: &Self::Resources,
    ) -> impl Future<Output = Result<FlowOf<Self>, Error>> + Send;

    /// Whether the run is complete before the end of the object; asked after every batch.
    #[allow(unused_variables, reason = "named for implementors")]
    fn is_complete(progress: &Progress, state: &Self::State) -> bool {
        false
    }

    /// Adds to `state` what a later shard made of its part of the object. The run does this with the states of all shards, in the
    /// order of their parts, before [`on_complete`](Self::on_complete). It begins with the state of the first shard.
    #[allow(unused_variables, reason = "named for implementors")]
    fn merge(state: &mut Self::State, later: Self::State) {}

    /// Called at the end of the run. Its completion is saved once; after a crash it may be called again.
    #[allow(unused_variables, reason = "named for implementors")]
    fn on_complete(
        summary: &Summary,
        state: &Self::State,
        resources: &Self::Resources,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        async { Ok(()) }
    }
}

/// The result of a call: [`Flow`] for a [`Batch`], [`Advance`] for a [`FileBatch`](crate::FileBatch).
pub type FlowOf<H> = <<H as Handler>::Input as Flows>::Flow;

/// A handler written by hand is a job.
#[diagnostic::do_not_recommend]
impl<H: Handler> Job<H::Resources> for H {
    fn handler() -> impl Handler<Resources = H::Resources> {
        Same::<H>(PhantomData)
    }
}

struct Same<H>(PhantomData<fn() -> H>);

impl<H: Handler> Handler for Same<H> {
    const NAME: &'static str = H::NAME;
    const CONFIG: Config = H::CONFIG;
    type Format = H::Format;
    type Input = H::Input;
    type State = H::State;
    type Resources = H::Resources;

    fn configure_format(format: Self::Format) -> Self::Format {
        H::configure_format(format)
    }

    fn call(
        input: Self::Input,
        state: &mut Self::State,
        resources: &Self::Resources,
    ) -> impl Future<Output = Result<FlowOf<Self>, Error>> + Send {
        H::call(input, state, resources)
    }

    fn is_complete(progress: &Progress, state: &Self::State) -> bool {
        H::is_complete(progress, state)
    }

    fn merge(state: &mut Self::State, later: Self::State) {
        H::merge(state, later);
    }

    fn on_complete(
        summary: &Summary,
        state: &Self::State,
        resources: &Self::Resources,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        H::on_complete(summary, state, resources)
    }
}

/// What a job can return.
#[diagnostic::on_unimplemented(
    message = "a job cannot return `{Self}`",
    label = "must be `Result<(), E>` or `Result<Flow, E>`, and over a `FileBatch` may be `Result<Advance, E>`",
    note = "`E` is any error: `recursive_lambda::Error`, `anyhow::Error`, `Box<dyn Error + Send + Sync>` or your own"
)]
pub trait IntoOutcome<F = Flow> {
    /// The outcome of one batch.
    ///
    /// # Errors
    /// The job's own.
    fn into_outcome(self) -> Result<F, Error>;
}

#[diagnostic::do_not_recommend]
impl<F: From<Flow>, E: Into<Error>> IntoOutcome<F> for Result<(), E> {
    fn into_outcome(self) -> Result<F, Error> {
        self.map(|()| Flow::Continue.into()).map_err(Into::into)
    }
}

#[diagnostic::do_not_recommend]
impl<F: From<Flow>, E: Into<Error>> IntoOutcome<F> for Result<Flow, E> {
    fn into_outcome(self) -> Result<F, Error> {
        self.map(Into::into).map_err(Into::into)
    }
}

#[diagnostic::do_not_recommend]
impl<E: Into<Error>> IntoOutcome<Advance> for Result<Advance, E> {
    fn into_outcome(self) -> Result<Advance, Error> {
        self.map_err(Into::into)
    }
}

/// What an `on_complete` function can return.
#[diagnostic::on_unimplemented(
    message = "`on_complete` cannot return `{Self}`",
    label = "must be `Result<(), E>`",
    note = "`E` is any error: `recursive_lambda::Error`, `anyhow::Error`, `Box<dyn Error + Send + Sync>` or your own"
)]
pub trait IntoFinished {
    /// The outcome of `on_complete`.
    ///
    /// # Errors
    /// The function's own.
    fn into_finished(self) -> Result<(), Error>;
}

#[diagnostic::do_not_recommend]
impl<E: Into<Error>> IntoFinished for Result<(), E> {
    fn into_finished(self) -> Result<(), Error> {
        self.map_err(Into::into)
    }
}

/// The job of a function whose attribute has an error. It satisfies every caller, so that the compiler reports only the mistake.
#[derive(Debug)]
pub struct Stub<R>(PhantomData<fn() -> R>);

impl<R> Stub<R> {
    /// A stub.
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<R> Default for Stub<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R: Send + Sync + 'static> Handler for Stub<R> {
    const NAME: &'static str = "stub";
    const CONFIG: Config = Config::new(1);
    type Format = crate::format::Lines;
    type Input = Batch<String>;
    type State = ();
    type Resources = R;

    async fn call(_: Batch<String>, (): &mut (), _: &R) -> Result<Flow, Error> {
        Ok(Flow::Complete)
    }
}
