//! The signal: what a function sends to itself so that a run goes on.
//!
//! It says which run, never what to do: the checkpoint says where work starts. Only without a store
//! (`RECURSIVE_LAMBDA_STATE=none`) does it carry the checkpoint itself.

use super::fields::Fields;
use super::names;
use crate::Error;
use serde_json::Value;
use serde_json::value::RawValue;
use std::fmt;

/// The version of the signal that this crate writes, and the only one it reads.
const VERSION: u64 = 1;

pub struct Signal {
    pub job: String,
    pub run: String,
    /// The number of the invocation it asks for.
    pub seq: u64,
    /// The sender's name for it: a signal that is delivered twice has the same token twice; a signal that is sent again has a new
    /// one.
    pub token: String,
    /// Whether a sweep sent it.
    pub swept: bool,
    /// Records done, for people who read the payload.
    pub position: u64,
    /// The whole checkpoint of the run, if there is no store.
    pub carried: Option<Box<RawValue>>,
}

impl Signal {
    /// The payload: at most 400 bytes plus the checkpoint it carries, if the names are within their limits.
    #[must_use]
    pub fn to_json(&self) -> String {
        let Self { job, run, seq, token, swept, position, carried } = self;
        let [job, run, token] = [job, run, token].map(|text| Value::from(text.as_str()));
        let swept = if *swept { r#","swept":true"# } else { "" };
        let signal = format!(r#"{{"v":{VERSION},"job":{job},"run":{run},"seq":{seq},"token":{token}{swept}}}"#);
        let head = format!(r#""recursive_lambda":{signal},"position":{position}"#);
        match carried {
            Some(record) => format!(r#"{{{head},"record":{record}}}"#),
            None => format!("{{{head}}}"),
        }
    }

    pub(super) fn read(event: &Fields<'_>) -> Result<Self, Error> {
        let signal = event.object("recursive_lambda")?;
        let version = signal.number("v")?;
        if version != VERSION {
            let what = format!(
                "is {version}, and this release only knows {VERSION}: the run was begun by another release of \
                 recursive-lambda and must not be touched by this one; deploy that release, or a newer one"
            );
            return Err(signal.fault("v", &what));
        }
        Ok(Self {
            job: signal.name("job", names::job)?,
            run: signal.name("run", names::run)?,
            seq: signal.number("seq")?,
            token: signal.name_if_any("token", names::signal_token)?.unwrap_or_default(),
            swept: signal.flag("swept")?,
            position: event.number_if_any("position")?.unwrap_or_default(),
            carried: event.raw("record").map(RawValue::to_owned),
        })
    }
}

/// Without the checkpoint, because that holds the user's state.
impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { job, run, seq, token, swept, position, carried } = self;
        f.debug_struct("Signal")
            .field("job", job)
            .field("run", run)
            .field("seq", seq)
            .field("token", token)
            .field("swept", swept)
            .field("position", position)
            .field("carries", &carried.is_some())
            .finish()
    }
}
