//! The result of a trigger, if it was not an error.

use recursive_lambda_core::engine::messages::AckReason;
use recursive_lambda_core::engine::sweep::Swept;
use serde_json::{Value, json};

/// Why a trigger needs no other delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Run(AckReason),
    /// The result of a person's command.
    Commanded(AckReason),
    Swept(Swept),
    /// The event asks for nothing; the reason.
    Nothing(&'static str),
}

impl Answer {
    /// The text for the sender of the trigger.
    pub(crate) fn said(self) -> Value {
        match self {
            Self::Swept(swept) => serde_json::to_value(swept).unwrap_or_default(),
            Self::Commanded(result) => json!({ "result": format!("{result:?}") }),
            Self::Run(_) | Self::Nothing(_) => Value::Null,
        }
    }
}
