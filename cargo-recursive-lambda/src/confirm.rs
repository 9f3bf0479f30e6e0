//! Asks a person before a command changes something.

use std::io::{BufRead, IsTerminal, Write};

/// Asks on a terminal. Without one, the person must have said `--yes`.
pub(crate) fn confirm(what: &str) -> Result<bool, String> {
    if !std::io::stdin().is_terminal() {
        return Err(format!("there is no terminal to ask on: to {what}, say `--yes`"));
    }
    eprint!("{what}? [y/N] ");
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(|error| error.to_string())?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
