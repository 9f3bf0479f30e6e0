use super::super::marks::{Kind, Strip};
use super::super::recorded::{Cause, Ending};
use super::super::recording::Recording;
use super::super::work::{Fate, Role, Use, judge, uses};
use super::made_up::{Journal, STORE, UPLOADS};
use recursive_lambda_local::{ContainerId, Fault, Operation, Outcome, Stream, What};
use std::time::Duration;

/// A run that is killed once: its third batch is lost, the event waits, and another container goes on.
fn killed_once() -> Recording {
    let mut journal = Journal::new();
    journal.accepted(0, "a");
    journal.process(10, 1);
    journal.started(90, 1, "a", 1);
    for (record, after) in [(0, 100), (100, 100), (200, 100)] {
        journal.batch(after, 1, record);
    }
    journal.killed(99, 1, "a");
    journal.retried(0, "a", 2);
    journal.process(3_900, 2);
    journal.started(100, 2, "a", 2);
    journal.batch(0, 2, 200);
    journal.answered(500, 2, "a");
    journal.recording
}

#[test]
fn the_time_is_accounted_for() {
    let recording = killed_once();
    let judged = judge(&recording, Some(300));
    let millis: Vec<_> = uses(&recording, &judged).iter().map(|(of, time)| (*of, time.as_millis())).collect();
    let expected =
        [(Use::Work, 800), (Use::Lost, 100), (Use::After, 0), (Use::Starting, 190), (Use::Retry, 3_900), (Use::Between, 10)];
    assert_eq!(millis, expected);
    let (from, to) = recording.span();
    assert_eq!(millis.iter().map(|(_, ms)| ms).sum::<u128>(), (to - from).as_millis());
}

#[test]
fn lost_batches_are_those_that_begin_again() {
    use Fate::{Again, Counted, Lost};
    // The first records of each invocation's batches of 100, the last position, and what came of each batch.
    for (begun, position, expected) in [
        (&[&[][..]][..], Some(0), vec![vec![]]),
        (&[&[0, 100, 200]], None, vec![vec![Counted; 3]]),
        (&[&[0, 100], &[200]], Some(300), vec![vec![Counted; 2], vec![Counted]]),
        (&[&[0, 100, 200], &[100, 200, 300]], Some(400), vec![vec![Counted, Lost, Lost], vec![Again, Again, Counted]]),
        (&[&[0], &[0], &[0]], Some(100), vec![vec![Lost], vec![Lost], vec![Again]]),
        (&[&[0, 100, 200]], Some(100), vec![vec![Counted, Lost, Lost]]),
        // Half a batch, as in a search for a bad record.
        (&[&[0, 100], &[150]], Some(250), vec![vec![Counted, Lost], vec![Again]]),
    ] {
        let mut journal = Journal::new();
        for (number, records) in begun.iter().enumerate() {
            journal.accepted(1, &number.to_string());
            journal.started(1, 1, &number.to_string(), 1);
            records.iter().for_each(|record| journal.batch(10, 1, *record));
            journal.answered(10, 1, &number.to_string());
        }
        let judged = judge(&journal.recording, position);
        assert_eq!(judged.into_iter().map(|judged| judged.fates).collect::<Vec<_>>(), expected, "{begun:?}");
    }
}

#[test]
fn invocations_have_a_cause_and_an_end() {
    let mut journal = Journal::new();
    let error = || Outcome::Error { error_type: "Busy".into(), message: "later".into() };
    journal.accepted(0, "a");
    journal.started(1, 1, "a", 1);
    journal.batch(1, 1, 0);
    journal.accepted(1, "b");
    journal.after(0, What::Duplicated { request_id: "b".into() });
    journal.started(1, 2, "b", 1);
    journal.started(1, 3, "b", 1);
    journal.answered(1, 1, "a");
    journal.ended(1, 3, "b", error());
    journal.retried(1, "b", 2);
    journal.saved(1, 2);
    journal.ended(1, 2, "b", Outcome::TimedOut);
    journal.started(1, 1, "b", 2);
    journal.answered(1, 1, "b");
    journal.accepted(1, "c");
    journal.started(1, 1, "c", 1);
    let recording = journal.recording;
    let judged = judge(&recording, None);
    let found: Vec<_> = recording
        .invocations
        .iter()
        .zip(&judged)
        .map(|(invocation, judged)| (invocation.cause, judged.role, invocation.ending.clone()))
        .collect();
    let expected = [
        (Cause::Start, Role::Worked, Ending::Answered),
        (Cause::Signal, Role::Worked, Ending::Died("timed out".into())),
        (Cause::Duplicate, Role::TurnedAway, Ending::Error("Busy".into(), "later".into())),
        (Cause::Retry(2), Role::Idle, Ending::Answered),
        (Cause::Signal, Role::Worked, Ending::Open),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_batch_belongs_to_its_request() {
    let mut journal = Journal::new();
    for id in ["a1", "b2"] {
        journal.accepted(1, id);
        journal.started(1, 1, id, 1);
        if id == "a1" {
            journal.answered(1, 1, id);
        }
    }
    // The line of the first invocation is read after the second one began.
    let line = "DEBUG run{request_id=a1}: a batch begins record=0 line=1 records=5 object=o".to_owned();
    journal.after(0, What::LogLine { container: ContainerId::new(1), stream: Stream::Stderr, line });
    let batches: Vec<_> = journal.recording.invocations.iter().map(|invocation| invocation.batches.len()).collect();
    assert_eq!(batches, [1, 0]);
}

#[test]
fn requests_become_marks() {
    use Operation::{GetObject, HeadObject, Invoke, PutObject};
    let lost = Some(Fault::LoseResponse);
    for (operation, bucket, status, fault, expected) in [
        (PutObject, STORE, 200, None, Some((Strip::Store, Kind::Saved))),
        (PutObject, STORE, 200, lost, Some((Strip::Store, Kind::AnswerLost))),
        (PutObject, STORE, 412, None, Some((Strip::Store, Kind::Conflict))),
        (PutObject, STORE, 503, Some(Fault::Unavailable), Some((Strip::Store, Kind::Refused))),
        (GetObject, STORE, 404, None, None),
        (GetObject, STORE, 200, lost, Some((Strip::Store, Kind::AnswerLost))),
        (GetObject, UPLOADS, 206, None, None),
        (GetObject, UPLOADS, 206, Some(Fault::CutBody(7)), Some((Strip::Object, Kind::AnswerLost))),
        (HeadObject, UPLOADS, 200, lost, Some((Strip::Object, Kind::AnswerLost))),
        (Invoke, "f", 202, None, None),
        (Invoke, "f", 429, Some(Fault::Refuse(429, "TooMany")), Some((Strip::Queue, Kind::Throttled))),
        (Invoke, "f", 202, lost, Some((Strip::Queue, Kind::AnswerLost))),
        (PutObject, "the job's own", 503, None, None),
        (GetObject, STORE, 200, Some(Fault::Delay(Duration::ZERO)), None),
    ] {
        let mut journal = Journal::new();
        journal.request(0, 1, operation, bucket, (status, fault));
        let marks: Vec<_> = journal.recording.marks.iter().map(|mark| (mark.strip, mark.kind)).collect();
        assert_eq!(marks, expected.into_iter().collect::<Vec<_>>(), "{operation:?} {bucket} {status} {fault:?}");
    }
}
