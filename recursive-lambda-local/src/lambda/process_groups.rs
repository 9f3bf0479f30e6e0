//! The process groups of containers. A whole group is killed when its owner is dropped, when the platform is dropped, and on Ctrl-C, so
//! that no process outlives its platform.

use std::collections::BTreeMap;
use std::sync::Mutex;

use rustix::process::{Pid, Signal, kill_process_group};

use crate::concurrency::locked;

/// The live groups of all platforms in this process, and their platforms. On Ctrl-C, the first platform to notice kills them all.
static LIVE: Mutex<BTreeMap<i32, u64>> = Mutex::new(BTreeMap::new());

/// A container's process and everything it started.
#[derive(Debug)]
pub(crate) struct Group(i32);

impl Group {
    pub(crate) fn adopt(pid: u32, platform: u64) -> Option<Self> {
        let pid = i32::try_from(pid).ok()?;
        locked(&LIVE).insert(pid, platform);
        Some(Self(pid))
    }

    pub(crate) fn kill(&self) {
        kill(self.0);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
        locked(&LIVE).remove(&self.0);
    }
}

/// Kills the groups of one platform, or of all platforms.
pub(crate) fn kill_all(platform: Option<u64>) {
    let live = locked(&LIVE);
    for (pid, _) in live.iter().filter(|(_, owner)| platform.is_none_or(|platform| **owner == platform)) {
        kill(*pid);
    }
}

fn kill(pid: i32) {
    if let Some(pid) = Pid::from_raw(pid) {
        // An error means that the group is already gone.
        let _ = kill_process_group(pid, Signal::KILL);
    }
}
