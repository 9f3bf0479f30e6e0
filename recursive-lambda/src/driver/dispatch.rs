//! From a trigger to what handles it: a sweep, or the execution of a run.

use super::answer::Answer;
use super::deployment::Deployment;
use super::execution::deliver;
use super::start::{Beginning, begin};
use super::sweep::sweep;
use crate::invocation::Invocation;
use crate::job::Handler;
use crate::ports::{Clock, Disk, Objects, Signals, Store};
use crate::{Error, ErrorKind};
use recursive_lambda_core::engine::messages::{Mode, Start, Trigger};
use recursive_lambda_core::event::{Request, Signal};
use std::sync::Arc;

/// Handles one trigger. `alone`: it is the only one of an event that Lambda itself delivers again.
pub(crate) async fn handle<H, P, R>(
    deployment: &Deployment<H, P>,
    store: Arc<R>,
    invocation: &Invocation,
    trigger: Request,
    alone: bool,
) -> Result<Answer, Error>
where
    H: Handler,
    P: Objects + Signals + Disk + Clock,
    R: Store,
{
    let (run, seq, trigger) = match trigger {
        Request::Nothing(why) => return Ok(Answer::Nothing(why)),
        Request::Sweep => return Box::pin(sweep(deployment, store, invocation)).await.map(Answer::Swept),
        Request::Signal(signal) if signal.job != H::NAME => return Err(other_job(&signal, H::NAME)),
        Request::Signal(Signal { run, seq, token, swept, .. }) => (run, seq, Trigger::Signal { seq, token, swept }),
        Request::Command { run, command } => (run, 0, Trigger::Command(command)),
        Request::Start(named) => {
            let in_place = alone && store.keeps() && named.name.is_none();
            let mode = if in_place { Mode::InPlace } else { Mode::Admit };
            match begin(deployment, &*store, invocation, named).await? {
                Beginning::OwnFile => {
                    tracing::error!(
                        "RECURSIVE_LAMBDA_STATE is in a bucket and prefix that trigger this function: every checkpoint starts it again; \
                         move the state, or filter the trigger by prefix"
                    );
                    return Ok(Answer::Nothing("a checkpoint of a run"));
                }
                Beginning::Run { id, object } => (id, mode.first_seq(), Trigger::Start(Start { object, mode })),
            }
        }
    };
    let is_command = matches!(trigger, Trigger::Command(_));
    // Boxed, because the depth of a future's type counts against a limit of the user's crate.
    match Box::pin(deliver(deployment, store, invocation, run, seq, trigger)).await {
        Ok(result) if is_command => Ok(Answer::Commanded(result)),
        result => result.map(Answer::Run),
    }
}

fn other_job(signal: &Signal, name: &str) -> Error {
    Error::new(
        ErrorKind::UnknownRun,
        format!(
            "the signal is for job `{}`, this function runs `{name}`; a job must keep its name while runs are in progress",
            signal.job
        ),
    )
}
