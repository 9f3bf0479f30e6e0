//! Ctrl-C and SIGTERM: the command stops its containers, says how far the run got, and ends as a program does that is stopped so.

use indicatif::{HumanBytes, HumanCount};
use recursive_lambda_core::checkpoint::Checkpoint;
use tokio::signal::unix::{Signal, SignalKind, signal};

pub(crate) struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    /// From here on neither ends the process by itself.
    pub(crate) fn listen() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for one of them; the status to end with.
    pub(crate) async fn asked(&mut self) -> u8 {
        tokio::select! {
            _ = self.interrupt.recv() => 130,
            _ = self.terminate.recv() => 143,
        }
    }
}

/// How far it got, and how to go on. `command`: this one, as it was written.
pub(crate) fn stopped(file: &str, checkpoint: Option<&Checkpoint>, kept: bool, command: &str) -> String {
    let place = match checkpoint {
        Some(checkpoint) => format!(
            "stopped: {file} is done up to record {}, {} of {}",
            HumanCount(checkpoint.position),
            HumanBytes(checkpoint.offset),
            HumanBytes(checkpoint.size)
        ),
        None => format!("stopped before anything of {file} was saved"),
    };
    match (checkpoint, kept) {
        (Some(_), true) => format!("\n{place}\n  to go on from there:  {command}"),
        (None, true) => format!("\n{place}\n  to start it again:  {command}"),
        (_, false) => {
            format!("\n{place}\n  nothing is kept without --state; a run that can be continued:  {command} --state FOLDER")
        }
    }
}

/// The command line as a shell takes it again.
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
        for (checkpoint, kept, wanted) in [
            (
                Some(&checkpoint),
                true,
                "\nstopped: a.csv is done up to record 4,000, 2.00 MiB of 5.00 MiB\n  to go on from there:  cargo recursive-lambda run a.csv",
            ),
            (
                Some(&checkpoint),
                false,
                "\nstopped: a.csv is done up to record 4,000, 2.00 MiB of 5.00 MiB\n  nothing is kept without --state; a run that can be \
                 continued:  cargo recursive-lambda run a.csv --state FOLDER",
            ),
            (None, true, "\nstopped before anything of a.csv was saved\n  to start it again:  cargo recursive-lambda run a.csv"),
        ] {
            assert_eq!(stopped("a.csv", checkpoint, kept, "cargo recursive-lambda run a.csv"), wanted);
        }
    }

    #[test]
    fn the_command_is_quoted_for_a_shell() {
        for (arguments, wanted) in [
            (&["recursive-lambda", "run", "a.csv", "--timeout", "3s"][..], "cargo recursive-lambda run a.csv --timeout 3s"),
            (&["run", "a b.csv", "it's", ""], r"cargo run 'a b.csv' 'it'\''s' ''"),
        ] {
            assert_eq!(command_line(arguments.iter().map(ToString::to_string)), wanted);
        }
    }
}
