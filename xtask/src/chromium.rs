//! Chromium, in which the page of `run --report` is tested. It is a package of the system: this finds it, and never installs it.

use std::process::{Command, Stdio};

/// The names of the program, also of its relatives.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// What to do if there is none.
pub(crate) const ADVICE: &str = "install it, for example with `apt-get install chromium`";

/// The program's name; `PEERS_CHROMIUM` comes before the usual ones.
pub(crate) fn find() -> Option<String> {
    let chosen = std::env::var("PEERS_CHROMIUM").ok();
    chosen.into_iter().chain(NAMES.map(String::from)).find(|name| {
        let mut command = Command::new(name);
        command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    })
}
