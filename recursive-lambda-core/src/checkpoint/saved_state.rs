//! What the checkpoint carries unchanged: bytes of the object, and the job's state as JSON. It never looks inside.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Bytes of the object: as text where they are text, so that a person can read them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RawBytes(pub Arc<[u8]>);

impl Serialize for RawBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => serializer.collect_seq(self.0.iter()),
        }
    }
}

impl<'de> Deserialize<'de> for RawBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Text(String),
            Bytes(Vec<u8>),
        }
        Ok(match Form::deserialize(deserializer)? {
            Form::Text(text) => Self(text.into_bytes().into()),
            Form::Bytes(bytes) => Self(bytes.into()),
        })
    }
}

/// The job's state as JSON text. The engine carries it and never looks inside.
#[derive(Clone, Debug)]
pub struct SavedState(Arc<RawValue>);

impl SavedState {
    #[must_use]
    pub fn new(json: Box<RawValue>) -> Self {
        Self(json.into())
    }

    #[must_use]
    pub fn json(&self) -> &str {
        self.0.get()
    }
}

impl PartialEq for SavedState {
    fn eq(&self, other: &Self) -> bool {
        self.json() == other.json()
    }
}

impl Eq for SavedState {}

impl Hash for SavedState {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.json().hash(state);
    }
}

impl Serialize for SavedState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SavedState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self::new)
    }
}
