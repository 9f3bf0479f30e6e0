//! The record: its JSON, and which ones are none.

use super::*;
use serde_json::value::RawValue;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, UNIX_EPOCH};

pub(crate) fn fresh() -> Record {
    let start = UNIX_EPOCH + Duration::from_millis(1_795_000_000_123);
    Record {
        v: VERSION,
        status: Status::Ready,
        position: 0,
        offset: 0,
        line: 0,
        size: 1_000,
        batches: 0,
        seq: 1,
        epoch: 0,
        owner: None,
        handed_over_by: None,
        attempts: 0,
        invocations: 0,
        forgiven: 0,
        set_aside: 0,
        plan: Plan { batch: 10, format: "lines".into(), hash: "00".into() },
        object: Object { size: 1_000, ..Object::for_tests() },
        header: None,
        state: None,
        started: start,
        updated: start,
        last_error: None,
        waiting: None,
        careful_ms: 0,
        input_finished: false,
        search: None,
        w: "n.0".into(),
    }
}

#[test]
fn a_record_survives_its_json() {
    let full = Record {
        header: Some(Verbatim(b"a,b\n".as_slice().into())),
        state: Some(Carried::new(RawValue::from_string("{\"big\":18446744073709551615, \"f\":0.1}".into()).unwrap())),
        owner: Some(Owner { request_id: "r".into(), nonce: "n".into() }),
        last_error: Some(LastError { kind: "Job".into(), message: "no".into(), record: Some(1), line: None, offset: None }),
        search: Some(Search { witness: true, alone: 2, alone_until: 9, proven: true, ..Search::begun(10, 5, true) }),
        handed_over_by: Some("n.1".into()),
        invocations: 2,
        forgiven: 1,
        waiting: Some(Waiting { since: UNIX_EPOCH, next: UNIX_EPOCH, errors: 2, waited_ms: 60_000 }),
        careful_ms: 20_000,
        input_finished: true,
        ..fresh()
    };
    let binary_header = Record { header: Some(Verbatim(vec![0xff, 0, 1].into())), ..fresh() };
    for record in [fresh(), full, binary_header] {
        assert_eq!(Record::from_json(&record.to_json().unwrap()), Ok(record));
    }
    let json = String::from_utf8(fresh().to_json().unwrap()).unwrap();
    assert!(json.starts_with(r#"{"v":1,"status":"Ready","position":0,"offset":0,"#), "readable from the left: {json}");
    assert!(json.contains(r#""started":"2026-11-18T"#), "{json}");
}

#[test]
fn a_newer_or_broken_record_is_not_taken_for_ours() {
    assert_eq!(Record::from_json(br#"{"v":2,"all":"new"}"#), Err(Unreadable::Newer(2)));
    for broken in ["", "{}", "[]", r#"{"v":1}"#, "\u{0}"] {
        assert!(matches!(Record::from_json(broken.as_bytes()), Err(Unreadable::Corrupt(_))), "{broken:?}");
    }
}

#[test]
fn an_object_says_which_it_is() {
    let object = Object { version: Some("v".into()), size: 7, ..Object::for_tests() };
    let said = (object.bucket(), object.key(), object.version(), object.etag(), object.size());
    assert_eq!(said, ("bucket", "key", Some("v"), "etag", 7));
    assert_eq!(Object::for_tests().version(), None);
}

#[test]
fn carried_states_are_the_same_as_far_as_their_json_is() {
    let carried = |json: &str| Carried::new(RawValue::from_string(json.into()).unwrap());
    let hash = |carried: &Carried| {
        let mut hasher = DefaultHasher::new();
        carried.hash(&mut hasher);
        hasher.finish()
    };
    assert_eq!(carried("[1]").json(), "[1]");
    for (one, other, same) in [("[1]", "[1]", true), ("[1]", "[2]", false), ("[1]", "[1 ]", false)] {
        let (one, other) = (carried(one), carried(other));
        assert_eq!((one == other, hash(&one) == hash(&other)), (same, same), "{one:?} {other:?}");
    }
}

/// What an invocation takes up is what the one before left, however often.
#[test]
fn numbers_in_carried_state_are_read_to_the_last_bit() {
    let mut bits = 0x410e_2829_b50d_2bab_u64;
    for _ in 0..10_000 {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let number = f64::from_bits(bits);
        if number.is_finite() {
            let json = serde_json::to_string(&number).unwrap();
            assert_eq!(serde_json::from_str::<f64>(&json).unwrap().to_bits(), bits, "{json}");
        }
    }
}

fn is_read(record: &Record) -> bool {
    match Record::from_json(&record.to_json().unwrap()) {
        Ok(read) => read == *record,
        Err(why) => {
            assert_eq!(why, Unreadable::Corrupt("its numbers contradict each other".into()));
            false
        }
    }
}

#[test]
fn a_count_that_could_overflow_is_in_no_record() {
    let counts: [fn(&mut Record) -> &mut u64; 8] = [
        |record| &mut record.position,
        |record| &mut record.size,
        |record| &mut record.line,
        |record| &mut record.batches,
        |record| &mut record.seq,
        |record| &mut record.epoch,
        |record| &mut record.invocations,
        |record| &mut record.set_aside,
    ];
    for (line, count) in counts.into_iter().enumerate() {
        for (value, want) in [(0, true), ((1 << 53) - 1, true), (1 << 53, false), (u64::MAX, false)] {
            let mut record = fresh();
            *count(&mut record) = value;
            record.object.size = record.size;
            assert_eq!(is_read(&record), want, "line {line}: {value}");
        }
    }
}

#[test]
fn numbers_that_contradict_each_other_are_no_record() {
    let header = || Some(Verbatim(b"".as_slice().into()));
    let at = |offset, header| Record { offset, header, ..fresh() };
    let searching = |until, step| Record { position: 10, search: Some(Search::begun(until, step, false)), ..fresh() };
    for (name, record, want) in [
        ("as it begins", fresh(), true),
        ("the most attempts", Record { attempts: (1 << 20) - 1, ..fresh() }, true),
        ("resumed before it began", Record { forgiven: 1, ..fresh() }, false),
        (
            "too many errors",
            Record { waiting: Some(Waiting { since: UNIX_EPOCH, next: UNIX_EPOCH, errors: 1 << 20, waited_ms: 0 }), ..fresh() },
            false,
        ),
        ("too many attempts", Record { attempts: 1 << 20, ..fresh() }, false),
        ("far too many attempts", Record { attempts: u32::MAX, ..fresh() }, false),
        ("under way", at(1, header()), true),
        ("at the end", at(1_000, header()), true),
        ("behind the end", at(1_001, header()), false),
        ("under way, and the header was not read", at(1, None), false),
        ("at the start, and the header was read", at(0, header()), true),
        ("smaller than its object", Record { size: 999, ..fresh() }, false),
        ("larger than its object", Record { size: 1_001, ..fresh() }, false),
        ("a search", searching(20, 5), true),
        ("a search of nothing at once", searching(20, 0), false),
        ("a search of one at once", searching(20, 1), true),
        ("a search that is over", searching(10, 1), true),
        ("a search behind the position", searching(9, 1), false),
        ("a search as far as it goes", searching((1 << 53) - 1, 1), true),
        ("a search too far", searching(1 << 53, 1), false),
    ] {
        assert_eq!(is_read(&record), want, "{name}");
    }
}

#[test]
fn a_batch_is_as_large_as_plan_and_search_allow_and_never_empty() {
    let searching = |position, until, step| Record { position, search: Some(Search::begun(until, step, false)), ..fresh() };
    for (name, record, want) in [
        ("the plan's", fresh(), 10),
        ("a forged plan's", Record { plan: Plan { batch: 0, ..fresh().plan }, ..fresh() }, 1),
        ("a search's", searching(10, 20, 5), 5),
        ("the rest of a search", searching(10, 13, 5), 3),
        ("a search that is over", searching(10, 10, 5), 1),
    ] {
        assert_eq!(record.next_batch(), want, "{name}");
    }
}
