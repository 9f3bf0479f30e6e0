//! The job's state between two batches: always what its JSON reads as.
//!
//! An invocation ends when its time is up, and its state then goes through JSON. So the state goes through JSON after every
//! batch: the result of a run does not depend on that moment. A field that serde skips has its default before every batch, not
//! only before the first one of an invocation. A value that JSON cannot hold is refused after the batch that produced it, and the
//! error names the field. This module knows nothing about records, saves or time.

mod exact;

use super::failed::{Failed, panicked};
use crate::{Error, ErrorKind};
use exact::Exact;
use recursive_lambda_core::checkpoint::SavedState;
use recursive_lambda_core::excerpt;
use serde::{Serialize, Serializer, de::DeserializeOwned};
use std::any::TypeId;
use std::fmt::Display;
use std::io::sink;
use std::panic::AssertUnwindSafe;

/// The state and its JSON; the JSON is missing for a job without state.
pub(super) struct Saved<S> {
    pub(super) live: S,
    json: Option<SavedState>,
}

/// The state after the last batch that counts.
pub(super) struct State<S> {
    /// `None` while a batch has it, and after a batch failed with it.
    live: Option<S>,
    json: Option<SavedState>,
}

impl<S: Serialize + DeserializeOwned + Default + 'static> State<S> {
    /// The state to continue with: the saved one, or that of a new run.
    pub(super) fn open(saved: Option<&SavedState>) -> Result<Self, Error> {
        let saved = match saved {
            Some(json) => Saved { live: read(json)?, json: Some(json.clone()) },
            None => at_first()?,
        };
        Ok(Self { live: Some(saved.live), json: saved.json })
    }

    /// The state for the next batch. It comes back through [`keep`](Self::keep), if the batch counts.
    pub(super) fn take(&mut self) -> Result<S, Error> {
        self.restore()?;
        Ok(self.live.take().unwrap_or_default())
    }

    pub(super) fn keep(&mut self, saved: Saved<S>) {
        *self = Self { live: Some(saved.live), json: saved.json };
    }

    /// Takes the states of a run's shards in order as its own: the first one, with each later one merged into it. A shard without
    /// records has none.
    pub(super) fn merge(&mut self, states: &[Option<SavedState>], merge: fn(&mut S, S)) -> Result<(), Failed> {
        let mut states = states.iter().flatten();
        let Some(first) = states.next() else { return Ok(()) };
        let mut merged = read(first).map_err(Failed::by_the_environment)?;
        for later in states {
            let later = read(later).map_err(Failed::by_the_environment)?;
            std::panic::catch_unwind(AssertUnwindSafe(|| merge(&mut merged, later)))
                .map_err(|panic| Failed::by_a_panic(panicked("`merge`", &*panic)))?;
        }
        self.keep(after_batch(merged)?);
        Ok(())
    }

    pub(super) fn live(&mut self) -> Result<&S, Error> {
        self.restore()?;
        Ok(self.live.get_or_insert_default())
    }

    pub(super) fn json(&self) -> Option<SavedState> {
        self.json.clone()
    }

    /// A batch that fails or panics leaves no trace: its state is dropped and read again.
    fn restore(&mut self) -> Result<(), Error> {
        if let (None, Some(json)) = (&self.live, &self.json) {
            self.live = Some(read(json)?);
        }
        Ok(())
    }
}

/// Whether this type of state holds anything.
pub(super) fn is_carried<S: 'static>() -> bool {
    TypeId::of::<S>() != TypeId::of::<()>()
}

/// What is wrong with a type of state, as far as its default value shows.
pub(super) fn mistake<S: Serialize + DeserializeOwned + Default + 'static>() -> Option<String> {
    at_first::<S>().err().map(|error| error.bare_message())
}

fn at_first<S: Serialize + DeserializeOwned + Default + 'static>() -> Result<Saved<S>, Error> {
    through_json(S::default()).map_err(|error| {
        Error::new(ErrorKind::Config, format!("the job's state, as it is before the first batch, {}", error.bare_message()))
    })
}

/// The state after a batch.
pub(super) fn after_batch<S: Serialize + DeserializeOwned + 'static>(state: S) -> Result<Saved<S>, Error> {
    match std::panic::catch_unwind(AssertUnwindSafe(|| through_json(state))) {
        Ok(saved) => saved.map_err(|error| {
            let message = format!("the state after this batch {}", error.bare_message());
            Error::terminal(Error::new(ErrorKind::Job, message))
        }),
        Err(panic) => Err(Error::terminal(panicked("the `Serialize` or `Deserialize` of the state", &*panic))),
    }
}

/// The message continues "the state ..".
fn through_json<S: Serialize + DeserializeOwned + 'static>(state: S) -> Result<Saved<S>, Error> {
    if !is_carried::<S>() {
        return Ok(Saved { live: state, json: None });
    }
    let json = serde_json::value::to_raw_value(&state)
        .map_err(|error| cannot_be_saved(&state, &mut serde_json::Serializer::new(sink()), error))?;
    // Without a null nothing was lost.
    if memchr::memmem::find(json.get().as_bytes(), b"null").is_some() {
        state.serialize(Exact).map_err(|error| cannot_be_saved(&state, Exact, error))?;
    }
    let json = SavedState::new(json);
    let live = serde_json::from_str(json.json()).map_err(|error| {
        let place = place_of_reading::<S>(json.json());
        Error::new(ErrorKind::Job, format!("does not read back from its own JSON: {place}{error}"))
    })?;
    Ok(Saved { live, json: Some(json) })
}

fn cannot_be_saved<S: Serialize>(state: &S, again: impl Serializer, error: impl Display) -> Error {
    let mut track = serde_path_to_error::Track::new();
    let failed = state.serialize(serde_path_to_error::Serializer::new(again, &mut track)).is_err();
    let place = if failed { shown(&track.path()) } else { String::new() };
    Error::new(ErrorKind::Job, format!("cannot be saved as JSON: {place}{error}"))
}

/// State from a checkpoint, which another deployment may have written.
fn read<S: DeserializeOwned>(json: &SavedState) -> Result<S, Error> {
    serde_json::from_str(json.json()).map_err(|error| {
        let place = place_of_reading::<S>(json.json());
        let message = format!(
            "the saved state does not read as `{}`; the type was changed during the run: deploy one that reads \
             both, or the old one, and redrive this event",
            std::any::type_name::<S>()
        );
        Error::new(ErrorKind::PlanChanged, message).because(format!("{place}{error}"))
    })
}

fn place_of_reading<S: DeserializeOwned>(json: &str) -> String {
    match serde_path_to_error::deserialize::<_, S>(&mut serde_json::Deserializer::from_str(json)) {
        Ok(_) => String::new(),
        Err(error) => shown(error.path()),
    }
}

/// The field's place, before the message. A key in it may come from the object.
fn shown(path: &serde_path_to_error::Path) -> String {
    const SHOWN: usize = 200;
    if path.iter().next().is_none() {
        return String::new();
    }
    format!("`{}`: ", excerpt::short(&path.to_string(), SHOWN))
}

#[cfg(test)]
mod cuts;
#[cfg(test)]
mod tests;
