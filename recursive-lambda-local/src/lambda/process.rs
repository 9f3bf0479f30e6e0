//! The user's program as a child process: its environment, its output and its exit. Knows nothing about invocations.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Function;
use super::process_groups::Group;
use super::runtime_api::{self, Answer, Call};
use crate::http::Server;
use crate::journal::{ContainerId, Journal, Stream, What};
use crate::requests::token;

/// The length in bytes at which a line is split into pieces.
const LONGEST_LINE: u64 = 256 << 10;
/// The time to wait for the last lines of a dead process.
const LAST_LINES: Duration = Duration::from_millis(200);

pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) calls: mpsc::Receiver<Call>,
    /// Set while the process waits for an event.
    pub(crate) waiting: Option<Answer>,
    child: Child,
    // Dropped before `_api`: the process is killed before its Runtime API stops.
    group: Option<Group>,
    _api: Server,
    output: [JoinHandle<()>; 2],
    container: ContainerId,
    journal: Arc<Journal>,
}

impl Process {
    pub(crate) async fn start(
        function: &Function,
        container: ContainerId,
        tmp: &Path,
        journal: &Arc<Journal>,
    ) -> std::io::Result<Self> {
        let (api, calls) = runtime_api::start().await?;
        let mut command = Command::new(&function.binary);
        command.args(&function.args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true).process_group(0);
        if let Some(folder) = &function.working_folder {
            command.current_dir(folder);
        }
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("AWS_") || name.starts_with("RECURSIVE_LAMBDA_") {
                command.env_remove(name);
            }
        }
        command.envs(environment(function, container, tmp, &api.address().to_string()));
        command.envs(function.environment.iter().map(|(name, value)| (name, value)));

        let mut child = command.spawn()?;
        let pid = child.id().unwrap_or_default();
        let group = Group::adopt(pid, function.platform);
        if let Some(megabytes) = function.memory_limit_mb {
            limit_memory(pid, megabytes)?;
        }
        journal.record(What::ContainerStarted { container, pid });
        let output = [
            tokio::spawn(lines(child.stdout.take(), container, Stream::Stdout, Arc::clone(journal))),
            tokio::spawn(lines(child.stderr.take(), container, Stream::Stderr, Arc::clone(journal))),
        ];
        let journal = Arc::clone(journal);
        Ok(Self { pid, calls, waiting: None, child, group, _api: api, output, container, journal })
    }

    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// The process's next call, or its exit status if it ended.
    pub(crate) async fn next_call(&mut self) -> Result<Call, String> {
        tokio::select! {
            biased;
            Some(call) = self.calls.recv() => Ok(call),
            status = self.child.wait() => Err(describe(status)),
        }
    }

    /// Kills the process group, waits until its last lines are in the journal, and returns the exit status.
    pub(crate) async fn end(mut self) -> String {
        if let Some(group) = &self.group {
            group.kill();
        }
        let status = describe(self.child.wait().await);
        for reader in &mut self.output {
            let _ = tokio::time::timeout(LAST_LINES, reader).await;
        }
        let (container, pid) = (self.container, self.pid);
        self.journal.record(What::ContainerStopped { container, pid, status: status.clone() });
        status
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        for reader in &self.output {
            reader.abort();
        }
    }
}

/// Limits the memory of a process that has started but has not received an event yet.
#[cfg(target_os = "linux")]
fn limit_memory(pid: u32, megabytes: u64) -> std::io::Result<()> {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let bytes = Some(megabytes.saturating_mul(1 << 20));
    prlimit(pid, Resource::As, Rlimit { current: bytes, maximum: bytes })?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn limit_memory(_: u32, _: u64) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

fn describe(status: std::io::Result<ExitStatus>) -> String {
    status.map_or_else(|error| error.to_string(), |status| status.to_string())
}

/// The variables that Lambda sets, and those with which an SDK finds this platform.
fn environment(function: &Function, container: ContainerId, tmp: &Path, api: &str) -> Vec<(String, String)> {
    let memory = function.memory_mb.to_string();
    let log_group = format!("/aws/lambda/{}", function.name);
    let log_stream = container.to_string();
    let token = token(container);
    let tmp: PathBuf = tmp.to_owned();
    let tmp = tmp.to_string_lossy();
    let shared = function.concurrency_per_container > 1;
    let kind = if shared { "lambda-managed-instances" } else { "on-demand" };
    let own = [
        ("AWS_LAMBDA_RUNTIME_API", api),
        ("AWS_LAMBDA_FUNCTION_NAME", &function.name),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
        ("AWS_LAMBDA_LOG_GROUP_NAME", &log_group),
        ("AWS_LAMBDA_LOG_STREAM_NAME", &log_stream),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", kind),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023"),
        ("AWS_SESSION_TOKEN", &token),
        ("_HANDLER", "bootstrap"),
        ("TZ", ":UTC"),
        ("TMPDIR", &tmp),
    ];
    let own = own.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let workers = shared.then(|| ("AWS_LAMBDA_MAX_CONCURRENCY".to_owned(), function.concurrency_per_container.to_string()));
    own.chain(workers).chain(function.client_environment.iter().cloned()).collect()
}

async fn lines(from: Option<impl AsyncRead + Unpin>, container: ContainerId, stream: Stream, journal: Arc<Journal>) {
    let Some(from) = from else { return };
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut from).take(LONGEST_LINE).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                let line = String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(&line)).into_owned();
                journal.record(What::LogLine { container, stream, line });
            }
        }
    }
}
