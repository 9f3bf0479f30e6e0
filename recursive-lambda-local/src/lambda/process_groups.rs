//! The process groups of containers, so that nothing outlives its platform: a whole group is killed when its owner is dropped,
//! when the platform is dropped, and on Ctrl-C.

use std::collections::BTreeMap;
use std::sync::Mutex;

use rustix::process::{Pid, Signal, kill_process_group};

use crate::sync::locked;

/// Of all platforms of this process: on Ctrl-C the first one to notice ends them all.
static LIVE: Mutex<BTreeMap<i32, u64>> = Mutex::new(BTreeMap::new());

/// A container's process and everything it has started.
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

/// Kills the groups of one platform, or of all.
pub(crate) fn kill_all(platform: Option<u64>) {
    let live = locked(&LIVE);
    for (pid, _) in live.iter().filter(|(_, owner)| platform.is_none_or(|platform| **owner == platform)) {
        kill(*pid);
    }
}

fn kill(pid: i32) {
    if let Some(pid) = Pid::from_raw(pid) {
        // It may be gone already: that is what was wanted.
        let _ = kill_process_group(pid, Signal::KILL);
    }
}
