//! The object of a run, as a job sees it.

use recursive_lambda_core::object::PinnedObject;

/// The object that a run reads. It is pinned: every invocation reads the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Object(PinnedObject);

impl Object {
    /// The bucket's name.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.0.bucket
    }

    /// The key, decoded. The uploader chose it: do not use it as a path.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.0.key
    }

    /// The version that is read, if the bucket keeps versions.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.0.version.as_deref()
    }

    /// The ETag that every read requires, without quotes.
    #[must_use]
    pub fn etag(&self) -> &str {
        &self.0.etag
    }

    /// The object's size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.0.size
    }
}

impl From<PinnedObject> for Object {
    fn from(pinned: PinnedObject) -> Self {
        Self(pinned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_has_its_pinned_data() {
        let pinned = PinnedObject { version: Some("v".into()), size: 7, ..PinnedObject::for_tests() };
        let object = Object::from(pinned);
        assert_eq!((object.bucket(), object.key(), object.etag(), object.size()), ("bucket", "key", "etag", 7));
        assert_eq!((object.version(), Object::from(PinnedObject::for_tests()).version()), (Some("v"), None));
    }
}
