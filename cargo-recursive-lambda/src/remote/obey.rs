//! Gives a command to a run: the engine decides, as in the function, and this performs what it says.
//!
//! The checkpoint is written from here, not by the function, so that a command needs no free concurrency of it.

use super::{Checkpoints, Function, RunFile};
use recursive_lambda_core::checkpoint::{Action, Checkpoint, Command, Owner};
use recursive_lambda_core::engine::budget::Budget;
use recursive_lambda_core::engine::messages::{AckReason, Effect, Event, How, Now, Refusal, Reply, Rules, Signalled, Trigger};
use recursive_lambda_core::engine::run::Run;
use recursive_lambda_core::engine::save::{Condition, Save, Saved, Step};
use recursive_lambda_core::event::Signal;
use std::time::{Duration, SystemTime};

/// The checkpoint that the person saw, and the command. A run that obeyed another command since is left alone.
pub(crate) async fn obey(
    checkpoints: &Checkpoints,
    function: Option<&Function>,
    file: &RunFile,
    seen: &Checkpoint,
    command: Command,
) -> Result<AckReason, String> {
    if command.command == Action::Resume && function.is_none() {
        return Err("a resumed run needs a signal: say `--function NAME`, too".into());
    }
    let nonce = format!("command-{:016x}", fastrand::u64(..));
    let me = Owner { request_id: nonce.clone(), nonce };
    let command = Command { after: Some(seen.commands()), ..command };
    let mut run = Run::new(rules(function, seen), me.clone(), Trigger::Command(command), Budget::new(None, Duration::ZERO, None));
    let mut writer = Writer { checkpoints, file, me, writes: 0, etag: None };
    let mut because = None;
    let mut event = Event::Begin;
    loop {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        event = match run.step(Now { wall, ..Now::default() }, event) {
            Effect::Read => Event::Read(checkpoints.read(file).await),
            Effect::Save(how, checkpoint) => Event::Saved(writer.save(how, *checkpoint).await, Duration::ZERO),
            Effect::Sleep(duration) => {
                tokio::time::sleep(duration).await;
                Event::Slept
            }
            Effect::Signal { checkpoint, token, .. } => {
                let Checkpoint { seq, position, .. } = *checkpoint;
                let (job, run) = (file.job.clone(), file.run.clone());
                let signal = Signal { job, run, seq, token, swept: false, position, carried: None };
                let sent = match function {
                    Some(function) => function.send(signal.to_json()).await,
                    None => Err("only a resumed run needs a signal".into()),
                };
                because = sent.err();
                Event::Signalled(if because.is_none() { Signalled::Accepted } else { Signalled::Refused })
            }
            Effect::Reply(Reply::Acknowledge(result)) => return Ok(result),
            Effect::Reply(Reply::Refuse(Refusal::SignalFailed)) => return Err(because.unwrap_or_default()),
            Effect::Reply(Reply::Refuse(refusal)) => return Err(refusal.message(&file.run)),
            _ => return Err(Refusal::OutOfStep.message(&file.run)),
        };
    }
}

/// A command needs of them only the lease. The function itself refuses a run with another plan.
fn rules(function: Option<&Function>, seen: &Checkpoint) -> Rules {
    Rules {
        lease: function.map_or(Duration::from_secs(45), Function::lease),
        checkpoint: Duration::ZERO,
        max_attempts: 1,
        retry_for: Duration::ZERO,
        max_invocations: u64::MAX,
        on_complete: false,
        skip: None,
        shards: None,
        plan: seen.plan.clone(),
    }
}

/// Brings each write to a certain end.
struct Writer<'a> {
    checkpoints: &'a Checkpoints,
    file: &'a RunFile,
    me: Owner,
    writes: u64,
    etag: Option<String>,
}

impl Writer<'_> {
    async fn save(&mut self, how: How, mut checkpoint: Checkpoint) -> Saved {
        let condition = match how {
            How::Create => Condition::Absent,
            How::Over { etag } => Condition::Matches(etag),
            How::Swap => match self.etag.clone() {
                Some(etag) => Condition::Matches(etag),
                None => return Saved::Gone,
            },
        };
        self.writes += 1;
        checkpoint.w = format!("{}.{}", self.me.nonce, self.writes);
        checkpoint.updated = SystemTime::now();
        let body = match checkpoint.to_json() {
            Ok(body) => body,
            Err(error) => return Saved::Refused(error.to_string()),
        };
        let mut save = Save::new(condition, checkpoint.w.clone());
        let mut step = save.first();
        loop {
            step = match step {
                Step::Write { condition } => save.written(self.checkpoints.write(self.file, body.clone(), &condition).await),
                Step::Read => {
                    let read = self.checkpoints.read(self.file).await;
                    save.read(read, |w| w.strip_prefix(&self.me.nonce).is_some_and(|rest| rest.starts_with('.')))
                }
                Step::Sleep(duration) => {
                    tokio::time::sleep(duration).await;
                    save.slept()
                }
                Step::End(saved) => {
                    if let Saved::Applied { etag } = &saved {
                        self.etag = Some(etag.clone());
                    }
                    return saved;
                }
            };
        }
    }
}
