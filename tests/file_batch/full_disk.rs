//! A /tmp that is too small for its object, on a disk of its own, and made large enough afterwards.
//!
//! The disk is a tmpfs that is mounted in a mount namespace of the test's own process, and gone with it.

use super::stage::{Stage, bytes, sum};
use std::collections::BTreeSet;
use std::io::Write;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

const NAME: &str = "file_batch::full_disk::a_full_tmp_says_how_much_it_needs";

/// Set in the process that may mount.
const OWN_MOUNTS: &str = "FILE_BATCH_OWN_MOUNTS";

const MB: usize = 1 << 20;

#[test]
fn a_full_tmp_says_how_much_it_needs() {
    if std::env::var_os(OWN_MOUNTS).is_some() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        return runtime.block_on(on_a_small_disk());
    }
    let ways: [&[&str]; 2] = [&["--map-root-user", "--mount"], &["--mount"]];
    let works = |way: &&[&str]| Command::new("unshare").args(*way).arg("true").status().is_ok_and(|status| status.success());
    let Some(way) = ways.into_iter().find(works) else {
        // Not through the test harness, which would hide it: this must not look like a test that passed.
        let _ = writeln!(
            std::io::stderr(),
            "NOT TESTED: {NAME}: this machine allows no mount, neither in a namespace of a user nor as root"
        );
        return;
    };
    let mut itself = Command::new("unshare");
    itself.args(way).arg(std::env::current_exe().unwrap()).args([NAME, "--exact", "--nocapture"]).env(OWN_MOUNTS, "1");
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
        // The folder below cannot be removed before; the disk itself would go with the process.
        drop(Command::new("umount").arg(self.0.path()).status());
    }
}

async fn on_a_small_disk() {
    const UNIT: u64 = 4096;
    for job in ["whole", "lines"] {
        let disk = Disk::of("size=3m");
        let stage =
            Stage::new(job, UNIT, |builder| builder.tmp_folder(disk.0.path()).retry_delays([Duration::from_millis(50); 2])).await;
        // What the job adds up: bytes, or the numbers of lines that fill as many.
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
        let [letter] = &letters[..] else { panic!("{job}: {letters:?}\n{}", stage.said()) };
        assert_eq!((letter.error_type.as_str(), letter.attempts), ("NoSpace", 3), "{job}: {}", letter.error_message);
        for words in ["s3://uploads/film has 7340032 bytes and does not fit into /tmp", "`EphemeralStorage: Size: 512`"] {
            assert!(letter.error_message.contains(words), "{job}: {}", letter.error_message);
        }
        let record = &stage.records()[0];
        assert_eq!((&record["status"], &record["position"], &record["owner"]), (&"Ready".into(), &0.into(), &().into()), "{job}");
        assert_eq!((stage.calls().len(), stage.cached()), (0, vec![]), "{job}: nothing half fetched is worked on, or left");

        disk.mount("remount,size=32m");
        stage.platform.send(letter.payload.clone());
        stage.settle().await;
        assert_eq!(stage.sums(), [expected], "{job}: {}", stage.said());
        assert_eq!((stage.records().len(), &stage.records()[0]["status"]), (1, &"Done".into()), "{job}");
        let positions = stage.positions();
        assert_eq!(positions.iter().collect::<BTreeSet<_>>().len(), positions.len(), "{job}: nothing was done twice");
        assert_eq!(stage.platform.dead_letters().len(), 1, "{job}");
        stage.platform.shutdown().await;
    }
}
