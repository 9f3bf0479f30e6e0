//! A person who pauses, cancels and resumes runs, by the id in the log and the store.

use super::options::Options;
use super::run::is_over;
use super::world::{Source, World};
use recursive_lambda_core::checkpoint::{Action, Command, Status};
use recursive_lambda_core::event::command_event;
use std::sync::Arc;
use std::time::Duration;

/// How long a person waits before a paused run is resumed again, because the command was lost.
const PATIENCE: Duration = Duration::from_secs(600);

/// For two days at most.
const TRIES: u32 = 288;

/// Gives the commands at their times to all runs. No run stays paused.
pub(super) fn operate(world: &Arc<World>) {
    if world.options.commands.is_empty() {
        return;
    }
    let clone = Arc::clone(world);
    world.spawn(async move {
        for (at, action) in clone.options.commands.clone() {
            let now = clone.with(|state| state.now);
            clone.sleep(at.saturating_sub(now)).await;
            command(&clone, action, |_| true);
        }
        for _ in 0..TRIES {
            clone.sleep(PATIENCE).await;
            if is_over(&clone) {
                return;
            }
            resume_paused(&clone);
        }
    });
}

/// False: no run is paused.
pub(super) fn resume_paused(world: &Arc<World>) -> bool {
    command(world, Action::Resume, |status| status == Status::Paused)
}

/// False: no run is like that.
fn command(world: &Arc<World>, action: Action, is_meant: fn(Status) -> bool) -> bool {
    let meant = world.with(|state| {
        let meant = state.records.iter().filter(|(_, stored)| is_meant(stored.checkpoint.status));
        // A person knows the run.
        let meant = meant.filter(|(_, stored)| stored.checkpoint.shard.is_none());
        let run = |name: &String| name.split('/').next_back().unwrap_or_default().to_owned();
        let meant: Vec<_> = meant.map(|(name, stored)| (run(name), stored.checkpoint.commands())).collect();
        state.commands += meant.len() as u64;
        meant
    });
    for (run, after) in &meant {
        let command = Command { by: Some("ann".into()), after: Some(*after), ..Command::new(action) };
        world.accept(Source::Lambda, command_event(run, &command));
    }
    !meant.is_empty()
}

impl Options {
    pub(super) fn is_commanded(&self, action: Action) -> bool {
        self.commands.iter().any(|(_, command)| *command == action)
    }
}
