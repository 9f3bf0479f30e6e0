//! The clients, built once, and the thread that their calls run on.

use crate::ports::{Clock, Disk};
use crate::{Error, ErrorKind};
use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use std::collections::HashMap;
use std::future::Future;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tracing::Instrument;

/// Only a long body takes longer than this; a lease is renewed three times within it.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// The platform a job runs on: AWS, or the servers in the SDK's endpoint variables.
pub(crate) struct Aws {
    /// `None` once the process ends.
    io: Option<Runtime>,
    origin: Instant,
    pub(super) s3: aws_sdk_s3::Client,
    /// For checkpoints: one try each, because a retry could be refused after the first try succeeded.
    pub(super) s3_once: aws_sdk_s3::Client,
    pub(super) lambda: aws_sdk_lambda::Client,
    other_regions: Mutex<HashMap<String, aws_sdk_s3::Client>>,
}

/// The number of clients kept for other regions. They share connections, and are built again when needed.
const MOST_REGIONS: usize = 64;

impl Aws {
    pub(crate) async fn new() -> Result<Self, Error> {
        let io = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("recursive-lambda-io")
            .enable_all()
            .build()
            .map_err(|error| Error::new(ErrorKind::Config, "no thread for the calls to AWS").because(error))?;
        let load = io.spawn(aws_config::defaults(BehaviorVersion::v2026_01_12()).load());
        let config =
            load.await.map_err(|error| Error::new(ErrorKind::Config, "the AWS configuration cannot be read").because(error))?;
        let once = RetryConfig::disabled();
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(CALL_TIMEOUT).build();
        // For a read this limits the time to the head of the answer; the SDK itself notices a body that stalls.
        let s3 = s3_config(&config).timeout_config(timeouts.clone());
        let lambda = aws_sdk_lambda::config::Builder::from(&config).retry_config(once.clone()).timeout_config(timeouts);
        Ok(Self {
            io: Some(io),
            origin: Instant::now(),
            s3: aws_sdk_s3::Client::from_conf(s3.clone().build()),
            s3_once: aws_sdk_s3::Client::from_conf(s3.retry_config(once).build()),
            lambda: aws_sdk_lambda::Client::from_conf(lambda.build()),
            other_regions: Mutex::default(),
        })
    }

    /// The client for a bucket's region, if that is known and is another one.
    pub(super) fn s3_in(&self, region: Option<&str>) -> aws_sdk_s3::Client {
        let own = self.s3.config().region().map(Region::as_ref);
        let Some(region) = region.filter(|region| own != Some(*region)) else { return self.s3.clone() };
        let mut others = self.other_regions.lock().unwrap_or_else(PoisonError::into_inner);
        // Events can name more regions than exist.
        if others.len() >= MOST_REGIONS {
            others.clear();
        }
        let client = others.entry(region.to_string()).or_insert_with(|| {
            let config = self.s3.config().to_builder().region(Region::new(region.to_string()));
            aws_sdk_s3::Client::from_conf(config.build())
        });
        client.clone()
    }

    /// Starts a call at once, on the thread for calls. Dropping the future ends the call. `None`: the process is shutting down.
    pub(super) fn call<T: Send + 'static>(
        &self,
        call: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = Option<T>> + Send + 'static {
        let running = self.io.as_ref().map(|io| Call(io.spawn(call.in_current_span())));
        async move { (&mut running?.0).await.ok() }
    }
}

/// Nothing may run after the answer to an event: Lambda freezes it, and it would continue in the middle of another event.
struct Call<T>(JoinHandle<T>);

impl<T> Drop for Call<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Drop for Aws {
    fn drop(&mut self) {
        // A plain drop waits for the thread, which is not allowed in async code.
        if let Some(io) = self.io.take() {
            io.shutdown_background();
        }
    }
}

/// A custom endpoint does not have a host name for each bucket.
fn s3_config(config: &SdkConfig) -> aws_sdk_s3::config::Builder {
    let custom = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"].iter().any(|name| std::env::var_os(name).is_some());
    aws_sdk_s3::config::Builder::from(config).force_path_style(custom)
}

impl Disk for Aws {
    fn temporary(&self) -> PathBuf {
        std::env::temp_dir()
    }

    fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = Option<T>> + Send + 'static {
        // On separate threads: a slow disk must not delay a renewal on the thread for calls, and user code that blocks its thread
        // must not delay the disk.
        let running = self.io.as_ref().map(|io| io.spawn_blocking(work));
        async move { running?.await.ok() }
    }
}

impl Clock for Aws {
    fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    async fn sleep(&self, duration: Duration) {
        // On the thread for calls, and created there: the user's runtime may have been built without a timer.
        self.call(async move { tokio::time::sleep(duration).await }).await;
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> impl Future<Output = ()> + Send + 'static {
        let running = self.call(task);
        async move { running.await.unwrap_or_default() }
    }

    fn spawn_user_code(&self, task: impl Future<Output = ()> + Send + 'static) -> impl Future<Output = ()> + Send + 'static {
        let running = tokio::spawn(task.in_current_span());
        // An error means that the runtime shuts down, or that the task panicked; whoever waits for its result sees that.
        async move { running.await.unwrap_or_default() }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may")]
mod tests {
    use super::*;

    #[test]
    fn pauses_work_without_a_users_timer() {
        let users = Builder::new_current_thread().build().unwrap();
        users.block_on(async {
            let aws = Aws::new().await.unwrap();
            let begun = aws.now();
            aws.sleep(Duration::from_millis(20)).await;
            assert!(aws.now() - begun >= Duration::from_millis(20));
        });
    }
}
