//! The sweep: looks at the job's runs, signals those whose signal was lost, and reports those that need a person.
//!
//! It never writes a checkpoint. One that it cannot read does not stop it; its deadline does.

use super::deployment::Deployment;
use super::execution::deliver;
use crate::Error;
use crate::invocation::Invocation;
use crate::job::Handler;
use crate::ports::{Clock, Disk, Objects, RunKey, Signals, Store};
use recursive_lambda_core::checkpoint::{Checkpoint, LastError};
use recursive_lambda_core::engine::messages::{Refusal, Rules, Trigger};
use recursive_lambda_core::engine::refusal::how_to_resume;
use recursive_lambda_core::engine::save::{Read, Stored};
use recursive_lambda_core::engine::sweep::{Swept, Trouble, Verdict, is_worth_reading, judge};
use std::sync::Arc;
use std::time::Duration;

/// Sweeps the runs of the deployment's job, with one page of the list in memory at a time.
pub(super) async fn sweep<H, P, R>(
    deployment: &Deployment<H, P>,
    records: Arc<R>,
    invocation: &Invocation,
) -> Result<Swept, Error>
where
    H: Handler,
    P: Objects + Signals + Disk + Clock,
    R: Store,
{
    let mut sweep = Sweep { deployment, rules: deployment.rules(), records, invocation, swept: Swept::default() };
    sweep.swept.complete = sweep.all().await?;
    let Swept { looked_at, signalled, not_signalled, waiting, failed, stuck, unreadable, complete } = sweep.swept;
    tracing::info!(job = H::NAME, looked_at, signalled, not_signalled, waiting, failed, stuck, unreadable, complete, "swept");
    if !complete {
        tracing::warn!(
            job = H::NAME,
            "there was not enough time to sweep every run; give the function a longer time-out, or let old checkpoints expire sooner"
        );
    }
    Ok(sweep.swept)
}

struct Sweep<'a, H: Handler, P, R> {
    deployment: &'a Deployment<H, P>,
    rules: Rules,
    records: Arc<R>,
    invocation: &'a Invocation,
    swept: Swept,
}

impl<H, P, R> Sweep<'_, H, P, R>
where
    H: Handler,
    P: Objects + Signals + Disk + Clock,
    R: Store,
{
    /// Whether there was time for all.
    async fn all(&mut self) -> Result<bool, Error> {
        let mut page = None;
        loop {
            let listed = self.records.list(H::NAME, page).await?;
            for run in listed.runs {
                if !is_worth_reading(&self.rules, run.age) {
                    continue;
                }
                if !self.time_is_left() {
                    return Ok(false);
                }
                self.look(run.run).await;
            }
            page = match listed.next {
                None => return Ok(true),
                Some(_) if !self.time_is_left() => return Ok(false),
                next => next,
            };
        }
    }

    /// Without a known deadline there is no reason to stop: an environment that does not report it does not enforce it.
    fn time_is_left(&self) -> bool {
        let now = self.deployment.platform.now();
        let left = self.invocation.time_left(now);
        left.is_none() || self.deployment.budget(self.invocation).allows(0, left) > 0
    }

    async fn look(&mut self, run: String) {
        self.swept.looked_at += 1;
        let id = RunKey { job: H::NAME, run };
        let unreadable = match self.records.read(&id).await {
            Read::Found(stored) => return self.found(id, *stored).await,
            // It has expired since it was listed.
            Read::Absent => return,
            Read::Unreadable(why) => Refusal::Unreadable(why),
            Read::Failed(why) => Refusal::StoreFailed(why),
        };
        self.swept.unreadable += 1;
        tracing::error!(job = H::NAME, run = id.run, kind = ?unreadable.kind(), trouble = "Unreadable", "{}", unreadable.message(&id.run));
    }

    async fn found(&mut self, id: RunKey, Stored { checkpoint, age, .. }: Stored) {
        let Verdict { signals, waits, report: trouble } = judge(&self.rules, &checkpoint, age);
        self.swept.waiting += u64::from(waits);
        if let Some(trouble) = trouble {
            self.swept.reported(trouble);
            report(&id, &checkpoint, age, trouble);
        }
        if signals {
            self.signal(id, checkpoint, age).await;
        }
    }

    /// With the same tries as any other signal.
    async fn signal(&mut self, id: RunKey, checkpoint: Checkpoint, age: Duration) {
        let Checkpoint { status, position, seq, .. } = checkpoint;
        let last_error = kind_of(&checkpoint);
        let (records, trigger) = (Arc::clone(&self.records), Trigger::Sweep(Box::new(checkpoint)));
        let (job, run) = (id.job, id.run.clone());
        match Box::pin(deliver(self.deployment, records, self.invocation, id.run, seq, trigger)).await {
            Ok(_) => {
                self.swept.signalled += 1;
                tracing::warn!(
                    job,
                    run,
                    ?status,
                    position,
                    seq,
                    ?age,
                    last_error,
                    "no invocation was working on the run; it was signalled again"
                );
            }
            Err(error) => {
                self.swept.not_signalled += 1;
                tracing::error!(
                    job,
                    run,
                    ?status,
                    position,
                    seq,
                    ?age,
                    last_error,
                    ?error,
                    "the run could not be signalled again"
                );
            }
        }
    }
}

fn report(id: &RunKey, checkpoint: &Checkpoint, age: Duration, trouble: Trouble) {
    let Checkpoint { status, position, seq, .. } = checkpoint;
    let (last_error, said) = (kind_of(checkpoint), checkpoint.last_error.as_ref().map(LastError::shown));
    let resume = (trouble != Trouble::OtherPlan).then(|| how_to_resume(&id.run));
    let (job, run, what) = (id.job, id.run.as_str(), trouble.message());
    tracing::error!(job, run, ?status, position, seq, ?age, ?trouble, last_error, said, resume, "{what}");
}

/// The kind of the last error. Anyone may have written the checkpoint.
fn kind_of(checkpoint: &Checkpoint) -> Option<String> {
    checkpoint.last_error.as_ref().map(|error| error.kind.escape_debug().to_string())
}
