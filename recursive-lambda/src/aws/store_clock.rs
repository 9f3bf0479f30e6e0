//! The store's own clock: the age of a checkpoint by the `Date` and `Last-Modified` of one answer.

use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Keeps the `Date` of an answer, which the SDK's outputs do not have.
#[derive(Clone, Debug, Default)]
pub(super) struct StoreDate(Arc<Mutex<Option<DateTime>>>);

impl StoreDate {
    /// How long before the answer's date this was. Zero without a date: what is not known to be old counts as young.
    pub(super) fn since(&self, last_modified: Option<&DateTime>) -> Duration {
        let date = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (date, last_modified) {
            (Some(date), Some(modified)) => Duration::from_secs(u64::try_from(date.secs() - modified.secs()).unwrap_or_default()),
            _ => Duration::ZERO,
        }
    }
}

impl Intercept for StoreDate {
    fn name(&self) -> &'static str {
        "StoreDate"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let date = date.and_then(|date| DateTime::from_str(date, DateTimeFormat::HttpDate).ok());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = date;
        Ok(())
    }
}
