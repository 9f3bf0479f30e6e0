use super::*;
use crate::remote::RunFile;
use recursive_lambda_core::checkpoint::{Action, Command, LastError, Owner, Waiting};
use std::time::UNIX_EPOCH;

const RUN: &str = "0123456789abcdef0123456789abcdef";

fn found(checkpoint: Checkpoint) -> Found {
    let file = RunFile::for_tests(RUN, SystemTime::now());
    Found { file, checkpoint: Ok(checkpoint) }
}

fn shown(checkpoint: Checkpoint, look: impl FnOnce(Shown<'_>)) {
    let found = found(checkpoint.clone());
    look(Shown::new(&found, &checkpoint, None));
}

/// Half of 1,000 bytes and 50 records in 10 s.
fn half() -> Checkpoint {
    let started = UNIX_EPOCH + Duration::from_secs(1_795_000_000);
    let owner = Some(Owner { request_id: "req-1".into(), nonce: "n".into() });
    let updated = started + Duration::from_secs(10);
    Checkpoint { status: Status::Running, position: 50, offset: 500, owner, started, updated, ..Checkpoint::for_tests() }
}

#[test]
fn the_json_has_its_documented_fields() {
    shown(half(), |shown| {
        let json: serde_json::Value = serde_json::from_str(&shown.json()).unwrap();
        let fields = [
            "run",
            "job",
            "status",
            "object",
            "position",
            "offset",
            "percent",
            "records_per_second",
            "eta",
            "batches",
            "invocations",
            "attempts",
            "skipped",
            "started",
            "updated",
            "stuck",
            "owner",
            "last_error",
        ];
        let missing: Vec<_> = fields.iter().filter(|field| json.get(field).is_none()).collect();
        assert!(missing.is_empty(), "{missing:?} in {json}");
        let object = ["bucket", "key", "etag", "size"].map(|field| json["object"].get(field).is_some());
        assert_eq!(object, [true; 4], "{json}");
        assert_eq!((&json["percent"], &json["records_per_second"]), (&50.0.into(), &5.0.into()), "{json}");
        assert_eq!((&json["owner"], &json["stuck"]), (&"req-1".into(), &false.into()), "{json}");
    });
}

#[test]
fn a_page_says_what_to_do_next() {
    let error =
        LastError { kind: "Job".into(), message: "bad\u{1b}[31m row".into(), record: Some(7), line: Some(8), offset: Some(70) };
    let command = Command { by: Some("ann".into()), reason: Some("full disk".into()), ..Command::new(Action::Pause) };
    let mut paused = half();
    paused.obey(command, UNIX_EPOCH);
    let waiting = Waiting { since: UNIX_EPOCH, next: UNIX_EPOCH, errors: 4, waited_ms: 1 };
    let over = |status| Checkpoint { status, owner: None, ..half() };
    for (checkpoint, expected) in [
        (
            half(),
            vec!["[#####-----] 50%  Running", "50 records, 500 B of 1000 B", "5 records/s, 10 seconds left", "(request req-1)"],
        ),
        (paused, vec!["pause at 1970-01-01T00:00:00Z by ann: full disk", "To go on: resume 0123"]),
        (
            Checkpoint { last_error: Some(error), ..over(Status::Failed) },
            vec!["bad\\u{1b}[31m row", "record 7, line 8, byte 70", "resume 0123"],
        ),
        (
            Checkpoint { waiting: Some(waiting), ..over(Status::Ready) },
            vec!["It waits after 4 errors", "1970-01-01T00:00:00Z", "attempts    5 of the batch"],
        ),
        (over(Status::Ready), vec!["its signal is on its way"]),
        (Checkpoint { skipped: 2, ..over(Status::Done) }, vec!["100%  Done", "2 records", "skipped 0123"]),
        (over(Status::Cancelled), vec!["start it under another name"]),
    ] {
        shown(checkpoint, |shown| {
            let page = shown.page(10);
            for text in expected {
                assert!(page.contains(text), "{text:?} in\n{page}");
            }
            assert!(page.lines().all(|line| !line.contains('\u{1b}')), "{page:?}");
        });
    }
}

#[test]
fn a_silent_run_is_stuck() {
    for (minutes, status, stuck) in
        [(0, Status::Ready, false), (21, Status::Ready, true), (21, Status::Done, false), (21, Status::Paused, false)]
    {
        let checkpoint = Checkpoint { status, owner: None, ..half() };
        let written = SystemTime::now() - Duration::from_secs(60 * minutes);
        let found = Found { file: RunFile::for_tests(RUN, written), checkpoint: Ok(checkpoint.clone()) };
        assert_eq!(Shown::new(&found, &checkpoint, None).stuck, stuck, "{status:?} {minutes}");
    }
}

#[test]
fn times_are_short() {
    for (seconds, expected) in [(0, "0s"), (59, "59s"), (60, "1m 0s"), (3_725, "1h 2m"), (200_000, "2d 7h")] {
        assert_eq!(short_time(Duration::from_secs(seconds)), expected);
    }
}
