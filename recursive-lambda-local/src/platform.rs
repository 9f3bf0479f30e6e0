//! The platform: S3, Lambda, and what a test can do to them. Only connects the parts.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::broadcast;

use crate::builder::Builder;
use crate::cleanup::{Folder, end_on_signal};
use crate::concurrency::{Owned, locked};
use crate::error::Error;
use crate::faults::{ApiCall, Fault, Faults};
use crate::http::Server;
use crate::journal::{ContainerId, Counters, DeadLetter, Entry, Journal, Outcome, What};
use crate::lambda::{Event, Lambda, QueueFaults, kill_all};
use crate::s3::S3;
use crate::triggers::{Channel, Trigger};
use crate::{ACCESS_KEY, REGION, SECRET_KEY};

static PLATFORMS: AtomicU64 = AtomicU64::new(0);

/// S3 and one Lambda function on loopback. Stops everything it started when it is dropped or shut down.
///
/// ```
/// use std::time::Duration;
/// use recursive_lambda_local::{Channel, Error, Platform};
///
/// async fn one_upload() -> Result<(), Error> {
///     let platform = Platform::builder()
///         .binary("target/debug/s3-upload")
///         .retry_delays([Duration::from_millis(50); 2])
///         .start()
///         .await?;
///     platform.s3().create_bucket("uploads")?;
///     platform.s3().put_file("uploads", "in/orders.csv", "orders.csv").await?;
///     platform.notify(&Channel::S3SnsSqs, "uploads", "in/orders.csv")?;
///     platform.idle().await;
///     assert!(platform.dead_letters().is_empty());
///     platform.shutdown().await;
///     Ok(())
/// }
/// ```
pub struct Platform {
    id: u64,
    s3: S3,
    lambda: Arc<Lambda>,
    faults: Arc<Faults>,
    api: Option<Server>,
    lambda_url: String,
    _folder: Folder,
    _signals: Option<Owned>,
}

/// A container that is not processing an event.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct IdleContainer {
    /// Its id.
    pub id: ContainerId,
    /// Its process; `None` after the last one ended.
    pub pid: Option<u32>,
    /// Its /tmp.
    pub tmp: PathBuf,
}

impl Platform {
    /// Creates the settings of a new platform.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) async fn start(builder: Builder) -> Result<Self, Error> {
        let id = PLATFORMS.fetch_add(1, Ordering::Relaxed);
        let folder = Folder::create().map_err(|error| Error::io("cannot create a temporary folder", error))?;
        let faults = Arc::new(Faults::default());
        let objects = builder.state_folder.unwrap_or_else(|| folder.path().join("s3"));
        let journal = Arc::new(Journal::new());
        let s3 = S3::start(objects, Arc::clone(&faults), Arc::clone(&journal)).await?;

        let mut function = builder.function;
        function.platform = id;
        function.tmp = match builder.tmp_folder {
            Some(path) => path,
            None => {
                let path = folder.path().join("tmp");
                std::fs::create_dir(&path).map_err(|error| Error::io("cannot create the folder for /tmp", error))?;
                path
            }
        };
        let listener = Server::bind().await.map_err(|error| Error::io("Lambda cannot listen on loopback", error))?;
        let lambda_url = format!("http://{}", listener.address());
        function.client_environment = client_environment(&s3.url(), &lambda_url);
        let lambda = Arc::new(Lambda::new(function, journal, Arc::clone(&faults), builder.queue_faults, builder.seed));
        let served = Arc::clone(&lambda);
        let api = listener.serve(move |request| Arc::clone(&served).serve(request));
        let signals = builder.handle_signals.then(|| Owned::spawn(end_on_signal()));
        Ok(Self { id, s3, lambda, faults, api: Some(api), lambda_url, _folder: folder, _signals: signals })
    }

    /// The platform's S3.
    #[must_use]
    pub fn s3(&self) -> &S3 {
        &self.s3
    }

    /// S3's address, `http://127.0.0.1:port`. The function gets it as `AWS_ENDPOINT_URL_S3`.
    #[must_use]
    pub fn s3_url(&self) -> String {
        self.s3.url()
    }

    /// Lambda's address, `http://127.0.0.1:port`. The function gets it as `AWS_ENDPOINT_URL_LAMBDA`.
    #[must_use]
    pub fn lambda_url(&self) -> String {
        self.lambda_url.clone()
    }

    /// The function's name.
    #[must_use]
    pub fn function_name(&self) -> &str {
        &self.lambda.function.name
    }

    /// The function's ARN, without a qualifier.
    #[must_use]
    pub fn function_arn(&self) -> &str {
        &self.lambda.function.arn
    }

    /// The environment variables with which an SDK finds this platform: region, credentials, endpoints.
    #[must_use]
    pub fn env_for_clients(&self) -> Vec<(String, String)> {
        self.lambda.function.client_environment.clone()
    }

    /// Invokes the function and waits for its answer. `None` if no container was free.
    pub async fn invoke(&self, payload: impl Into<Bytes>) -> Option<Outcome> {
        self.lambda.run_synchronously(self.lambda.first_event(payload.into())).await
    }

    /// Sends an event to the asynchronous queue, as the start of a chain of requests. Returns the request id.
    pub fn send(&self, payload: impl Into<Bytes>) -> String {
        self.accept(self.lambda.first_event(payload.into()))
    }

    /// Like [`send`](Self::send), for a tenant. The function gets the tenant's id.
    pub fn send_for_tenant(&self, tenant_id: impl Into<String>, payload: impl Into<Bytes>) -> String {
        self.accept(Event { tenant_id: Some(tenant_id.into()), ..self.lambda.first_event(payload.into()) })
    }

    fn accept(&self, event: Event) -> String {
        let request_id = event.request_id.clone();
        self.lambda.accept(event, None);
        request_id
    }

    /// Sends messages to the function's SQS queue. The function receives them in one batch. Returns the message ids.
    pub fn send_messages(&self, bodies: impl IntoIterator<Item = impl Into<String>>) -> Vec<String> {
        self.lambda.send_messages(bodies.into_iter().map(Into::into).collect())
    }

    /// Notifies the function of an object in the way of `channel`. Returns the request ids or message ids.
    ///
    /// # Errors
    ///
    /// Fails if the bucket or key does not exist.
    pub fn notify(&self, channel: &Channel, bucket: &str, key: &str) -> Result<Vec<String>, Error> {
        self.notify_all(channel, bucket, &[key])
    }

    /// Notifies the function of several objects. A channel with a queue sends them in one batch of messages.
    ///
    /// # Errors
    ///
    /// Fails if the bucket or a key does not exist.
    pub fn notify_all(&self, channel: &Channel, bucket: &str, keys: &[&str]) -> Result<Vec<String>, Error> {
        let objects = keys.iter().map(|key| self.s3.head(bucket, key)).collect::<Result<Vec<_>, _>>()?;
        Ok(match channel.trigger(&objects) {
            Trigger::Events(events) => events.iter().map(|event| self.send(event.to_string())).collect(),
            Trigger::Messages(bodies) => self.send_messages(bodies),
        })
    }

    /// Waits until no event or message is queued, delayed or running.
    pub async fn idle(&self) {
        self.lambda.idle().await;
    }

    /// Everything that has happened so far. At most the last 200,000 entries are kept.
    #[must_use]
    pub fn journal(&self) -> Vec<Entry> {
        self.lambda.journal.entries()
    }

    /// What has happened after the entry with this number, so that a reader can follow a run of any length. At most the last 200,000
    /// entries are kept; the first number says whether some are missing.
    #[must_use]
    pub fn journal_after(&self, number: u64) -> Vec<Entry> {
        self.lambda.journal.entries_after(number)
    }

    /// The lines that the function has written so far, to both streams.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        let lines = self.journal().into_iter().filter_map(|entry| match entry.what {
            What::LogLine { line, .. } => Some(line),
            _ => None,
        });
        lines.collect()
    }

    /// A receiver of everything that happens from now on. If it lags by more than 4,096 entries, it loses the oldest.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Entry>> {
        self.lambda.journal.subscribe()
    }

    /// The number of times that each thing has happened.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.lambda.journal.counters()
    }

    /// The events and messages that were given up, in order.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        self.lambda.journal.dead_letters()
    }

    /// Sets the closure that chooses a fault for each request to S3 and to Lambda's Invoke.
    ///
    /// ```
    /// # use recursive_lambda_local::{Fault, Operation, Platform};
    /// # fn example(platform: &Platform) {
    /// platform.set_faults(|call| match (call.operation, call.nth) {
    ///     (Operation::GetObject, 2) => Some(Fault::CutBody(1000)),
    ///     (Operation::PutObject, n) if n % 3 == 0 => Some(Fault::LoseResponse),
    ///     _ => None,
    /// });
    /// # }
    /// ```
    pub fn set_faults(&self, choose: impl Fn(&ApiCall) -> Option<Fault> + Send + Sync + 'static) {
        self.faults.set(Some(Arc::new(choose)));
    }

    /// Removes the closure: requests have no faults from now on.
    pub fn clear_faults(&self) {
        self.faults.set(None);
    }

    /// Sets the faults of the asynchronous queue from now on.
    pub fn set_queue_faults(&self, faults: QueueFaults) {
        *locked(&self.lambda.queue_faults) = faults;
    }

    /// Kills the container of the oldest invocation in progress. Returns the container and the request id; `None` if nothing is running.
    #[allow(clippy::must_use_candidate, reason = "called for its effect")]
    pub fn kill_one(&self) -> Option<(ContainerId, String)> {
        self.lambda.kill_running(None)
    }

    /// Kills the container that is processing this request id. `None` if there is no such container.
    #[allow(clippy::must_use_candidate, reason = "called for its effect")]
    pub fn kill_request(&self, request_id: &str) -> Option<(ContainerId, String)> {
        self.lambda.kill_running(Some(request_id))
    }

    /// Arms `count` kills. Each kill applies to the next invocation that starts and happens at a time within `moment`, measured from the
    /// start of the invocation and chosen by the seed. If the invocation ends first, the kill is armed again.
    pub fn arm_kills(&self, count: u32, moment: RangeInclusive<Duration>) {
        self.lambda.arm_kills(count, moment);
    }

    /// The containers that are not processing an event.
    #[must_use]
    pub fn idle_containers(&self) -> Vec<IdleContainer> {
        let containers = self.lambda.idle_containers();
        containers.into_iter().map(|(id, pid, tmp)| IdleContainer { id, pid, tmp }).collect()
    }

    /// Stops the idle containers and removes their /tmp. The next events start cold, as after a quiet hour on Lambda.
    pub async fn retire_idle_containers(&self) {
        self.lambda.retire_idle().await;
    }

    /// Stops everything: drops queued events and kills running processes. Every process has ended when this returns.
    pub async fn shutdown(mut self) {
        self.api = None;
        self.lambda.stop().await;
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.lambda.close();
        kill_all(Some(self.id));
    }
}

impl std::fmt::Debug for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Platform").field("s3", &self.s3_url()).field("lambda", &self.lambda_url).finish_non_exhaustive()
    }
}

fn client_environment(s3_url: &str, lambda_url: &str) -> Vec<(String, String)> {
    let variables = [
        ("AWS_REGION", REGION),
        ("AWS_DEFAULT_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
        ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
        ("AWS_ENDPOINT_URL_S3", s3_url),
        ("AWS_ENDPOINT_URL_LAMBDA", lambda_url),
        // The instance metadata service does not exist here; asking for it would only cost time.
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
