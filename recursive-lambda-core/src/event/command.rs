//! The events with which a person pauses, cancels or resumes a run.
//!
//! Anyone who may invoke the function can send them: a name or reason is text for people, never more.

use super::fields::Fields;
use super::names;
use super::{Error, Request};
use crate::checkpoint::{Action, Command};
use serde_json::Value;

/// The version of these events that this crate writes, and the only one it reads.
const VERSION: u64 = 1;

/// The longest name or reason in a command, in bytes.
pub const MAX_NOTE: usize = 1_000;

/// The event that commands a run. `run`: its id.
///
/// ```
/// use recursive_lambda_core::checkpoint::{Action, Command};
/// use recursive_lambda_core::event::command_event;
///
/// let pause = Command { by: Some("ann".into()), after: Some(0), ..Command::new(Action::Pause) };
/// assert_eq!(command_event("9f86d0", &pause), r#"{"recursive_lambda_pause":{"v":1,"run":"9f86d0","by":"ann","after":0}}"#);
/// ```
#[must_use]
pub fn command_event(run: &str, Command { command, by, reason, after }: &Command) -> String {
    let note = |name: &str, text: &Option<String>| {
        text.as_ref().map(|text| format!(r#","{name}":{}"#, Value::from(text.as_str()))).unwrap_or_default()
    };
    let after = after.map(|after| format!(r#","after":{after}"#)).unwrap_or_default();
    let (by, reason) = (note("by", by), note("reason", reason));
    format!(r#"{{"{}":{{"v":{VERSION},"run":{}{by}{reason}{after}}}}}"#, field(*command), Value::from(run))
}

/// The event that resumes a failed run. `run`: its id.
#[must_use]
pub fn resume_event(run: &str) -> String {
    command_event(run, &Command::new(Action::Resume))
}

fn field(action: Action) -> String {
    format!("recursive_lambda_{}", action.name())
}

/// Which command the event is, if it is one.
pub(super) fn action_of(event: &Fields<'_>) -> Option<Action> {
    Action::ALL.into_iter().find(|action| event.has(&field(*action)))
}

pub(super) fn read(event: &Fields<'_>, action: Action) -> Result<Request, Error> {
    let name = field(action);
    event.only(&[&name])?;
    let command = event.object(&name)?;
    let version = command.number("v")?;
    if version != VERSION {
        return Err(command.fault("v", &format!("is {version}, and this release only knows {VERSION}")));
    }
    command.only(&["v", "run", "by", "reason", "after"])?;
    let note = |name| command.name_if_any(name, names::note);
    let run = command.name("run", names::run)?;
    let after = command.number_if_any("after")?;
    Ok(Request::Command { run, command: Command { command: action, by: note("by")?, reason: note("reason")?, after } })
}
