//! `run` and `run_with`: from a job to a running Lambda function.

use crate::{Error, Job};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A job about to run: await it in `main`.
#[must_use = "a run does nothing unless it is awaited"]
pub struct Run(Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>);

impl Future for Run {
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").finish_non_exhaustive()
    }
}

/// Runs a job that takes no resources.
pub fn run<J: Job>() -> Run {
    ().start_as(std::marker::PhantomData::<J>)
}

/// Runs a job with its resources: what it takes by `&`.
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

#[diagnostic::do_not_recommend]
impl<J: Job<R>, R: Send + Sync + 'static> ResourcesOf<J> for R {
    fn start(self) -> Run {
        let _ = (J::handler(), self);
        Run(Box::pin(async { Ok(()) }))
    }
}

trait StartAs {
    fn start_as<J: Job>(self, job: std::marker::PhantomData<J>) -> Run;
}

impl StartAs for () {
    fn start_as<J: Job>(self, _: std::marker::PhantomData<J>) -> Run {
        ResourcesOf::<J>::start(self)
    }
}
