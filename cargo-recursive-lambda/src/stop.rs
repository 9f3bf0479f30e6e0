//! Ctrl-C and SIGTERM: the command stops its containers, prints how far the run got, and exits with the signal's usual status.

use indicatif::{HumanBytes, HumanCount};
use recursive_lambda_core::checkpoint::Checkpoint;
use tokio::signal::unix::{Signal, SignalKind, signal};

pub(crate) struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    /// Starts to listen. From now on, neither signal ends the process by itself.
    pub(crate) fn listen() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for either signal and returns the exit status.
    pub(crate) async fn requested(&mut self) -> u8 {
        tokio::select! {
            _ = self.interrupt.recv() => 130,
            _ = self.terminate.recv() => 143,
        }
    }
}

/// The message about how far the run got and how to continue it. `command` is the command line as the user wrote it.
pub(crate) fn stopped(file: &str, checkpoint: Option<&Checkpoint>, kept: bool, command: &str) -> String {
    let place = match checkpoint {
        Some(checkpoint) => format!(
            "stopped: {file} is processed up to record {}, {} of {}",
            HumanCount(checkpoint.position),
            HumanBytes(checkpoint.offset),
            HumanBytes(checkpoint.size)
        ),
        None => format!("stopped before the first checkpoint of {file}"),
    };
    match (checkpoint, kept) {
        (Some(_), true) => format!("\n{place}\n  to continue:  {command}"),
        (None, true) => format!("\n{place}\n  to start again:  {command}"),
        (_, false) => {
            format!("\n{place}\n  checkpoints are deleted on exit; for a run that can continue:  {command} --state FOLDER")
        }
    }
}

/// The command line, quoted for a shell.
pub(crate) fn command_line(arguments: impl IntoIterator<Item = String>) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,@+%".contains(&byte);
    let quoted = |argument: String| match argument.bytes().all(plain) && !argument.is_empty() {
        true => argument,
        false => format!("'{}'", argument.replace('\'', r"'\''")),
    };
    std::iter::once("cargo".into()).chain(arguments.into_iter().map(quoted)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_run_says_how_to_resume() {
        let checkpoint = Checkpoint { position: 4_000, offset: 2 << 20, size: 5 << 20, ..Checkpoint::for_tests() };
        for (checkpoint, kept, expected) in [
            (
                Some(&checkpoint),
                true,
                "\nstopped: a.csv is processed up to record 4,000, 2.00 MiB of 5.00 MiB\n  to continue:  cargo recursive-lambda run a.csv",
            ),
            (
                Some(&checkpoint),
                false,
                "\nstopped: a.csv is processed up to record 4,000, 2.00 MiB of 5.00 MiB\n  checkpoints are deleted on exit; for a run that \
                 can continue:  cargo recursive-lambda run a.csv --state FOLDER",
            ),
            (None, true, "\nstopped before the first checkpoint of a.csv\n  to start again:  cargo recursive-lambda run a.csv"),
        ] {
            assert_eq!(stopped("a.csv", checkpoint, kept, "cargo recursive-lambda run a.csv"), expected);
        }
    }

    #[test]
    fn the_command_is_quoted_for_a_shell() {
        for (arguments, expected) in [
            (&["recursive-lambda", "run", "a.csv", "--timeout", "3s"][..], "cargo recursive-lambda run a.csv --timeout 3s"),
            (&["run", "a b.csv", "it's", ""], r"cargo run 'a b.csv' 'it'\''s' ''"),
        ] {
            assert_eq!(command_line(arguments.iter().map(ToString::to_string)), expected);
        }
    }
}
