//! The settings of a platform, each with the value AWS has by default.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::lambda::{Function, QueueFaults, RecursiveLoop};
use crate::platform::Platform;
use crate::{ACCOUNT, REGION};

/// Builds a [`Platform`]. Only [`binary`](Builder::binary) is required.
///
/// ```
/// use std::time::Duration;
/// use recursive_lambda_local::{Platform, RecursiveLoop};
///
/// let builder = Platform::builder()
///     .binary("target/debug/s3-upload")
///     .env("RECURSIVE_LAMBDA_STATE", "s3://state/runs")
///     .timeout(Duration::from_secs(3))
///     .max_concurrency(2)
///     .retry_delays([Duration::from_millis(50), Duration::from_millis(100)])
///     .recursive_loop(RecursiveLoop::Allow)
///     .seed(7);
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing runs before `start`"]
pub struct Builder {
    pub(crate) function: Function,
    pub(crate) queue_faults: QueueFaults,
    pub(crate) seed: u64,
    pub(crate) state_folder: Option<PathBuf>,
    pub(crate) tmp_folder: Option<PathBuf>,
    pub(crate) handle_signals: bool,
}

impl Builder {
    pub(crate) fn new() -> Self {
        let function = Function {
            platform: 0,
            name: "function".to_owned(),
            arn: String::new(),
            qualifiers: Vec::new(),
            binary: PathBuf::new(),
            args: Vec::new(),
            working_folder: None,
            environment: Vec::new(),
            client_environment: Vec::new(),
            tmp: PathBuf::new(),
            timeout: Duration::from_secs(3),
            init_timeout: Duration::from_secs(10),
            memory_mb: 128,
            memory_limit_mb: None,
            eviction: 0.0,
            max_concurrency: 10,
            concurrency_per_container: 1,
            retry_delays: vec![Duration::from_secs(60), Duration::from_secs(120)],
            max_event_age: Duration::from_secs(6 * 3600),
            recursive_loop: RecursiveLoop::Terminate,
            report_batch_item_failures: true,
            max_receive_count: 3,
            visibility_timeout: Duration::from_secs(30),
        };
        Self {
            function,
            queue_faults: QueueFaults::default(),
            seed: 0,
            state_folder: None,
            tmp_folder: None,
            handle_signals: true,
        }
    }

    /// The function's program: the `bootstrap` that would be deployed.
    pub fn binary(mut self, path: impl AsRef<Path>) -> Self {
        self.function.binary = path.as_ref().to_owned();
        self
    }

    /// An argument for the program. Lambda gives none; tests may want some.
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.function.args.push(arg.into());
        self
    }

    /// A variable of the function's environment. The platform's own `AWS_*` and `RECURSIVE_LAMBDA_*` variables never reach it.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.function.environment.push((name.into(), value.into()));
        self
    }

    /// Where the program is started. Default: here.
    pub fn working_folder(mut self, path: impl AsRef<Path>) -> Self {
        self.function.working_folder = Some(path.as_ref().to_owned());
        self
    }

    /// The function's name. Default: `function`.
    pub fn function_name(mut self, name: impl Into<String>) -> Self {
        self.function.name = name.into();
        self
    }

    /// A version or alias it can be invoked by, besides `$LATEST`; all run the same program.
    pub fn qualifier(mut self, name: impl Into<String>) -> Self {
        self.function.qualifiers.push(name.into());
        self
    }

    /// The function's time-out: the process is killed then, and told so in advance. Default: 3 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.function.timeout = timeout;
        self
    }

    /// How long a process may take until it asks for its first event. Default: 10 s.
    pub fn init_timeout(mut self, timeout: Duration) -> Self {
        self.function.init_timeout = timeout;
        self
    }

    /// What the function is told about its memory, in MB; not enforced, see [`memory_limit_mb`](Builder::memory_limit_mb). Default: 128.
    pub fn memory_mb(mut self, megabytes: u32) -> Self {
        self.function.memory_mb = megabytes;
        self
    }

    /// The most memory that a process may map, in MB; Linux only. An allocation beyond it fails, of which a Rust program dies.
    /// Not what Lambda counts, which is the memory in use: a process maps some hundred MB that it never touches. Default: no limit.
    pub fn memory_limit_mb(mut self, megabytes: u64) -> Self {
        self.function.memory_limit_mb = Some(megabytes);
        self
    }

    /// The chance, 0 to 1, that a container is thrown away after an invocation, /tmp and all, as Lambda does when it likes.
    /// Default: 0.
    pub fn eviction(mut self, chance: f64) -> Self {
        self.function.eviction = chance;
        self
    }

    /// The most invocations at one time, 1 to 1000. Default: 10.
    pub fn max_concurrency(mut self, containers: usize) -> Self {
        self.function.max_concurrency = containers;
        self
    }

    /// The most invocations at one time in one container, 1 to 1000. Default: 1. More is what Lambda Managed Instances do: the program
    /// is told so by `AWS_LAMBDA_MAX_CONCURRENCY`, an invocation whose time is up fails but goes on in its process, and a process that
    /// ends takes all its invocations with it.
    pub fn concurrency_per_container(mut self, invocations: usize) -> Self {
        self.function.concurrency_per_container = invocations;
        self
    }

    /// The waits before the second, third, .. attempt at an event. Default: 60 s, 120 s. None: no second attempt.
    pub fn retry_delays(mut self, delays: impl IntoIterator<Item = Duration>) -> Self {
        self.function.retry_delays = delays.into_iter().collect();
        self
    }

    /// An event older than this is given up. Default: 6 hours.
    pub fn max_event_age(mut self, age: Duration) -> Self {
        self.function.max_event_age = age;
        self
    }

    /// What happens at the 17th invocation in one chain of requests. Default: it is stopped.
    pub fn recursive_loop(mut self, setting: RecursiveLoop) -> Self {
        self.function.recursive_loop = setting;
        self
    }

    /// Whether the function's `batchItemFailures` are heeded. Default: yes.
    pub fn report_batch_item_failures(mut self, heeded: bool) -> Self {
        self.function.report_batch_item_failures = heeded;
        self
    }

    /// How often a message of SQS is received before it is given up. Default: 3.
    pub fn max_receive_count(mut self, count: u32) -> Self {
        self.function.max_receive_count = count;
        self
    }

    /// How long a message that was not processed stays hidden. Default: 30 s.
    pub fn visibility_timeout(mut self, timeout: Duration) -> Self {
        self.function.visibility_timeout = timeout;
        self
    }

    /// What the asynchronous queue does wrong. Default: nothing.
    pub fn queue_faults(mut self, faults: QueueFaults) -> Self {
        self.queue_faults = faults;
        self
    }

    /// Decides every random fault. Default: 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Where S3's objects are kept, and found again by a later platform. Default: a temporary folder.
    pub fn state_folder(mut self, path: impl AsRef<Path>) -> Self {
        self.state_folder = Some(path.as_ref().to_owned());
        self
    }

    /// An existing folder in which each container gets its /tmp; for a disk that is small, for instance. Default: a temporary folder.
    pub fn tmp_folder(mut self, path: impl AsRef<Path>) -> Self {
        self.tmp_folder = Some(path.as_ref().to_owned());
        self
    }

    /// Whether Ctrl-C and SIGTERM kill the containers and end this process, with status 130 or 143. Default: yes. Without it the
    /// caller handles both, with [`Platform::shutdown`].
    pub fn handle_signals(mut self, handled: bool) -> Self {
        self.handle_signals = handled;
        self
    }

    /// Starts the platform on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// A setting that cannot work, a folder that cannot be used, no free port.
    pub async fn start(mut self) -> Result<Platform, Error> {
        let wrong = |message: String| Err(Error::new(ErrorKind::Configuration, message));
        let function = &mut self.function;
        if !function.binary.is_file() {
            return wrong(format!("there is no program at {}", function.binary.display()));
        }
        if let Ok(path) = function.binary.canonicalize() {
            function.binary = path;
        }
        let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if function.name.is_empty() || function.name.len() > 64 || !function.name.bytes().all(good) {
            return wrong("a function's name is 1 to 64 letters, digits, hyphens and underscores".to_owned());
        }
        let counts = [function.max_concurrency, function.concurrency_per_container];
        if !counts.iter().all(|count| (1..=1000).contains(count)) || function.max_receive_count == 0 {
            let message = "max_concurrency and concurrency_per_container are 1 to 1000, and max_receive_count at least 1";
            return wrong(message.to_owned());
        }
        if function.memory_limit_mb.is_some() && !cfg!(target_os = "linux") {
            return wrong("a memory limit needs Linux".to_owned());
        }
        function.arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", function.name);
        Platform::start(self).await
    }
}
