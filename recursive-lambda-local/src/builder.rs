//! The settings of a platform. The defaults are those of AWS.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::lambda::{Function, QueueFaults, RecursiveLoop};
use crate::platform::Platform;
use crate::{ACCOUNT, REGION};

/// The settings of a [`Platform`], and the method that starts it. Only [`binary`](Builder::binary) is required.
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
#[must_use = "the platform does not run until `start` is called"]
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

    /// The function's program: the `bootstrap` binary that you would deploy.
    pub fn binary(mut self, path: impl AsRef<Path>) -> Self {
        self.function.binary = path.as_ref().to_owned();
        self
    }

    /// Adds an argument for the program. Lambda passes no arguments, but tests may need them.
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.function.args.push(arg.into());
        self
    }

    /// Adds a variable to the function's environment. The function does not inherit `AWS_*` or `RECURSIVE_LAMBDA_*` variables from the
    /// current process.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.function.environment.push((name.into(), value.into()));
        self
    }

    /// The program's working folder. Default: that of the current process.
    pub fn working_folder(mut self, path: impl AsRef<Path>) -> Self {
        self.function.working_folder = Some(path.as_ref().to_owned());
        self
    }

    /// The function's name. Default: `function`.
    pub fn function_name(mut self, name: impl Into<String>) -> Self {
        self.function.name = name.into();
        self
    }

    /// Adds a version or alias to invoke the function by, in addition to `$LATEST`. All run the same program.
    pub fn qualifier(mut self, name: impl Into<String>) -> Self {
        self.function.qualifiers.push(name.into());
        self
    }

    /// The function's time-out. The process gets the deadline with each event and is killed when it passes. Default: 3 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.function.timeout = timeout;
        self
    }

    /// The time in which a process must ask for its first event. Default: 10 s.
    pub fn init_timeout(mut self, timeout: Duration) -> Self {
        self.function.init_timeout = timeout;
        self
    }

    /// The memory size reported to the function, in MB. It is not enforced: see [`memory_limit_mb`](Builder::memory_limit_mb). Default: 128.
    pub fn memory_mb(mut self, megabytes: u32) -> Self {
        self.function.memory_mb = megabytes;
        self
    }

    /// The most memory that a process may map, in MB; Linux only. An allocation over the limit fails, which aborts a Rust program.
    /// Lambda instead limits the memory in use, which is less: a process maps some hundred MB that it never touches. Default: no limit.
    pub fn memory_limit_mb(mut self, megabytes: u64) -> Self {
        self.function.memory_limit_mb = Some(megabytes);
        self
    }

    /// The probability, 0 to 1, that a container and its /tmp are removed after an invocation, as Lambda may do at any time. Default: 0.
    pub fn eviction(mut self, chance: f64) -> Self {
        self.function.eviction = chance;
        self
    }

    /// The maximum number of concurrent invocations, 1 to 1000. Default: 10.
    pub fn max_concurrency(mut self, containers: usize) -> Self {
        self.function.max_concurrency = containers;
        self
    }

    /// The maximum number of concurrent invocations in one container, 1 to 1000. Default: 1.
    ///
    /// A larger number emulates Lambda Managed Instances. The program finds it in `AWS_LAMBDA_MAX_CONCURRENCY`. An invocation that times
    /// out fails but continues to run in its process. When a process ends, all its invocations fail.
    pub fn concurrency_per_container(mut self, invocations: usize) -> Self {
        self.function.concurrency_per_container = invocations;
        self
    }

    /// The delays before the second, third, .. attempt at an event. Without delays, there is no second attempt. Default: 60 s, 120 s.
    pub fn retry_delays(mut self, delays: impl IntoIterator<Item = Duration>) -> Self {
        self.function.retry_delays = delays.into_iter().collect();
        self
    }

    /// The maximum age of an event. An older event is given up. Default: 6 hours.
    pub fn max_event_age(mut self, age: Duration) -> Self {
        self.function.max_event_age = age;
        self
    }

    /// What happens at the 17th invocation in one chain of requests. Default: Lambda stops it.
    pub fn recursive_loop(mut self, setting: RecursiveLoop) -> Self {
        self.function.recursive_loop = setting;
        self
    }

    /// Whether the queue uses the function's `batchItemFailures`. Default: yes.
    pub fn report_batch_item_failures(mut self, enabled: bool) -> Self {
        self.function.report_batch_item_failures = enabled;
        self
    }

    /// The number of times that an SQS message is received before it is given up. Default: 3.
    pub fn max_receive_count(mut self, count: u32) -> Self {
        self.function.max_receive_count = count;
        self
    }

    /// The time for which an unprocessed SQS message stays hidden. Default: 30 s.
    pub fn visibility_timeout(mut self, timeout: Duration) -> Self {
        self.function.visibility_timeout = timeout;
        self
    }

    /// The faults of the asynchronous queue. Default: none.
    pub fn queue_faults(mut self, faults: QueueFaults) -> Self {
        self.queue_faults = faults;
        self
    }

    /// The seed that decides every random fault. Default: 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The folder where S3 keeps its objects. A later platform with the same folder finds them. Default: a temporary folder.
    pub fn state_folder(mut self, path: impl AsRef<Path>) -> Self {
        self.state_folder = Some(path.as_ref().to_owned());
        self
    }

    /// An existing folder in which each container gets its /tmp, for example on a small disk. Default: a temporary folder.
    pub fn tmp_folder(mut self, path: impl AsRef<Path>) -> Self {
        self.tmp_folder = Some(path.as_ref().to_owned());
        self
    }

    /// Whether Ctrl-C and SIGTERM kill the containers and end the current process, with status 130 or 143. Otherwise the caller handles
    /// both signals and calls [`Platform::shutdown`]. Default: yes.
    pub fn handle_signals(mut self, handled: bool) -> Self {
        self.handle_signals = handled;
        self
    }

    /// Starts the platform on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// Fails if a setting is invalid, a folder cannot be used, or no port is free.
    pub async fn start(mut self) -> Result<Platform, Error> {
        let invalid = |message: String| Err(Error::new(ErrorKind::Configuration, message));
        let function = &mut self.function;
        if !function.binary.is_file() {
            return invalid(format!("there is no program at {}", function.binary.display()));
        }
        if let Ok(path) = function.binary.canonicalize() {
            function.binary = path;
        }
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if function.name.is_empty() || function.name.len() > 64 || !function.name.bytes().all(allowed) {
            return invalid("a function name must have 1 to 64 letters, digits, hyphens or underscores".to_owned());
        }
        let counts = [function.max_concurrency, function.concurrency_per_container];
        if !counts.iter().all(|count| (1..=1000).contains(count)) || function.max_receive_count == 0 {
            let message = "max_concurrency and concurrency_per_container must be 1 to 1000, and max_receive_count at least 1";
            return invalid(message.to_owned());
        }
        if function.memory_limit_mb.is_some() && !cfg!(target_os = "linux") {
            return invalid("memory_limit_mb works only on Linux".to_owned());
        }
        function.arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", function.name);
        Platform::start(self).await
    }
}
