//! A /tmp that is too small for the object, on its own disk, which is enlarged later.
//!
//! The disk is a tmpfs in a mount namespace of the test's own process, and disappears with the process.

use super::stage::{Stage, bytes, sum};
use std::collections::BTreeSet;
use std::io::Write;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

const NAME: &str = "file_batch::full_disk::a_full_tmp_says_how_much_it_needs";

/// Set in the process that is allowed to mount.
const OWN_MOUNTS: &str = "FILE_BATCH_OWN_MOUNTS";

const MB: usize = 1 << 20;

#[test]
fn a_full_tmp_says_how_much_it_needs() {
    if std::env::var_os(OWN_MOUNTS).is_some() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        return runtime.block_on(on_a_small_disk());
    }
    let options: [&[&str]; 2] = [&["--map-root-user", "--mount"], &["--mount"]];
    let works =
        |option: &&[&str]| Command::new("unshare").args(*option).arg("true").status().is_ok_and(|status| status.success());
    let Some(option) = options.into_iter().find(works) else {
        // Bypasses the test harness, which would hide the message: this must not look like a passed test.
        let _ = writeln!(
            std::io::stderr(),
            "NOT TESTED: {NAME}: this machine does not allow mounts, neither in a user namespace nor as root"
        );
        return;
    };
    let mut itself = Command::new("unshare");
    itself.args(option).arg(std::env::current_exe().unwrap()).args([NAME, "--exact", "--nocapture"]).env(OWN_MOUNTS, "1");
    let output = itself.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

struct Disk(TempDir);

impl Disk {
    fn of(options: &str) -> Self {
        let disk = Self(tempfile::tempdir().unwrap());
        disk.mount(options);
        disk
    }

    fn mount(&self, options: &str) {
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(self.0.path()).status().unwrap();
        assert!(mounted.success(), "mount {options}: {mounted}");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Needed only to remove the folder. The disk would disappear with the process.
        drop(Command::new("umount").arg(self.0.path()).status());
    }
}

async fn on_a_small_disk() {
    const UNIT: u64 = 4096;
    for job in ["whole", "lines"] {
        let disk = Disk::of("size=3m");
        let stage =
            Stage::new(job, UNIT, |builder| builder.tmp_folder(disk.0.path()).retry_delays([Duration::from_millis(50); 2])).await;
        // The job adds up bytes, or the numbers in lines of the same total size.
        let (body, expected) = if job == "whole" {
            let body = bytes(9, 7 * MB);
            let expected = sum(&body);
            (body, expected)
        } else {
            let lines: String = (0..7 * 1024).map(|number| format!("{number:>1023}\n")).collect();
            (lines.into_bytes(), (0..7 * 1024).sum())
        };
        stage.upload("film", &body);
        stage.settle().await;
        let letters = stage.platform.dead_letters();
        let [letter] = &letters[..] else { panic!("{job}: {letters:?}\n{}", stage.logged()) };
        assert_eq!((letter.error_type.as_str(), letter.attempts), ("NoSpace", 3), "{job}: {}", letter.error_message);
        for words in ["s3://uploads/film has 7340032 bytes and does not fit into /tmp", "`EphemeralStorage: Size: 512`"] {
            assert!(letter.error_message.contains(words), "{job}: {}", letter.error_message);
        }
        let checkpoint = &stage.checkpoints()[0];
        assert_eq!(
            (&checkpoint["status"], &checkpoint["position"], &checkpoint["owner"]),
            (&"Ready".into(), &0.into(), &().into()),
            "{job}"
        );
        assert_eq!((stage.calls().len(), stage.cached()), (0, vec![]), "{job}: a partial file is neither processed nor kept");

        disk.mount("remount,size=32m");
        stage.platform.send(letter.payload.clone());
        stage.settle().await;
        assert_eq!(stage.sums(), [expected], "{job}: {}", stage.logged());
        assert_eq!((stage.checkpoints().len(), &stage.checkpoints()[0]["status"]), (1, &"Done".into()), "{job}");
        let positions = stage.positions();
        assert_eq!(positions.iter().collect::<BTreeSet<_>>().len(), positions.len(), "{job}: no batch is repeated");
        assert_eq!(stage.platform.dead_letters().len(), 1, "{job}");
        stage.platform.shutdown().await;
    }
}
