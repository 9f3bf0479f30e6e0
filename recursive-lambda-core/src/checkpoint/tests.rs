//! The checkpoint: its JSON, and which texts are not checkpoints.

use super::*;
use serde_json::value::RawValue;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, UNIX_EPOCH};

pub(crate) fn fresh() -> Checkpoint {
    Checkpoint::for_tests()
}

#[test]
fn a_record_survives_its_json() {
    let full = Checkpoint {
        header: Some(RawBytes(b"a,b\n".as_slice().into())),
        state: Some(SavedState::new(RawValue::from_string("{\"big\":18446744073709551615, \"f\":0.1}".into()).unwrap())),
        owner: Some(Owner { request_id: "r".into(), nonce: "n".into() }),
        last_error: Some(LastError { kind: "Job".into(), message: "no".into(), record: Some(1), line: None, offset: None }),
        search: Some(Search { witness: true, alone: 2, alone_until: 9, proven: true, ..Search::begun(10, 5, true) }),
        handed_over_by: Some("n.1".into()),
        invocations: 2,
        forgiven: 1,
        waiting: Some(Waiting { since: UNIX_EPOCH, next: UNIX_EPOCH, errors: 2, waited_ms: 60_000 }),
        one_at_a_time_ms: 20_000,
        input_finished: true,
        ..fresh()
    };
    let binary_header = Checkpoint { header: Some(RawBytes(vec![0xff, 0, 1].into())), ..fresh() };
    for checkpoint in [fresh(), full, binary_header] {
        assert_eq!(Checkpoint::from_json(&checkpoint.to_json().unwrap()), Ok(checkpoint));
    }
    let json = String::from_utf8(fresh().to_json().unwrap()).unwrap();
    assert!(json.starts_with(r#"{"v":1,"status":"Ready","position":0,"offset":0,"#), "readable from the left: {json}");
    assert!(json.contains(r#""started":"2026-11-18T"#), "{json}");
}

#[test]
fn newer_or_broken_checkpoints_are_refused() {
    assert_eq!(Checkpoint::from_json(br#"{"v":2,"all":"new"}"#), Err(Unreadable::Newer(2)));
    for broken in ["", "{}", "[]", r#"{"v":1}"#, "\u{0}"] {
        assert!(matches!(Checkpoint::from_json(broken.as_bytes()), Err(Unreadable::Corrupt(_))), "{broken:?}");
    }
}

#[test]
fn equal_json_is_equal_state() {
    let carried = |json: &str| SavedState::new(RawValue::from_string(json.into()).unwrap());
    let hash = |carried: &SavedState| {
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

/// An invocation acquires exactly what the last one left, however often.
#[test]
fn state_numbers_keep_every_bit() {
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

fn is_read(checkpoint: &Checkpoint) -> bool {
    match Checkpoint::from_json(&checkpoint.to_json().unwrap()) {
        Ok(read) => read == *checkpoint,
        Err(why) => {
            assert_eq!(why, Unreadable::Corrupt("its numbers contradict each other".into()));
            false
        }
    }
}

#[test]
fn counts_that_could_overflow_are_refused() {
    let counts: [fn(&mut Checkpoint) -> &mut u64; 8] = [
        |checkpoint| &mut checkpoint.position,
        |checkpoint| &mut checkpoint.size,
        |checkpoint| &mut checkpoint.line,
        |checkpoint| &mut checkpoint.batches,
        |checkpoint| &mut checkpoint.seq,
        |checkpoint| &mut checkpoint.epoch,
        |checkpoint| &mut checkpoint.invocations,
        |checkpoint| &mut checkpoint.skipped,
    ];
    for (line, count) in counts.into_iter().enumerate() {
        for (value, want) in [(0, true), ((1 << 53) - 1, true), (1 << 53, false), (u64::MAX, false)] {
            let mut checkpoint = fresh();
            *count(&mut checkpoint) = value;
            checkpoint.object.size = checkpoint.size;
            assert_eq!(is_read(&checkpoint), want, "line {line}: {value}");
        }
    }
}

#[test]
fn contradicting_numbers_are_refused() {
    let header = || Some(RawBytes(b"".as_slice().into()));
    let at = |offset, header| Checkpoint { offset, header, ..fresh() };
    let searching = |until, step| Checkpoint { position: 10, search: Some(Search::begun(until, step, false)), ..fresh() };
    for (name, checkpoint, want) in [
        ("as it begins", fresh(), true),
        ("the most attempts", Checkpoint { attempts: (1 << 20) - 1, ..fresh() }, true),
        ("resumed before it began", Checkpoint { forgiven: 1, ..fresh() }, false),
        (
            "too many errors",
            Checkpoint {
                waiting: Some(Waiting { since: UNIX_EPOCH, next: UNIX_EPOCH, errors: 1 << 20, waited_ms: 0 }),
                ..fresh()
            },
            false,
        ),
        ("too many attempts", Checkpoint { attempts: 1 << 20, ..fresh() }, false),
        ("far too many attempts", Checkpoint { attempts: u32::MAX, ..fresh() }, false),
        ("under way", at(1, header()), true),
        ("at the end", at(1_000, header()), true),
        ("after the end", at(1_001, header()), false),
        ("under way, and the header was not read", at(1, None), false),
        ("at the start, and the header was read", at(0, header()), true),
        ("smaller than its object", Checkpoint { size: 999, ..fresh() }, false),
        ("larger than its object", Checkpoint { size: 1_001, ..fresh() }, false),
        ("a search", searching(20, 5), true),
        ("a search of nothing at once", searching(20, 0), false),
        ("a search of one at once", searching(20, 1), true),
        ("a search that is over", searching(10, 1), true),
        ("a search before the position", searching(9, 1), false),
        ("a search as far as it goes", searching((1 << 53) - 1, 1), true),
        ("a search too far", searching(1 << 53, 1), false),
    ] {
        assert_eq!(is_read(&checkpoint), want, "{name}");
    }
}

#[test]
fn plan_and_search_limit_a_batch() {
    let searching = |position, until, step| Checkpoint { position, search: Some(Search::begun(until, step, false)), ..fresh() };
    for (name, checkpoint, want) in [
        ("the plan's", fresh(), 10),
        ("a forged plan's", Checkpoint { plan: Plan { batch: 0, ..fresh().plan }, ..fresh() }, 1),
        ("a search's", searching(10, 20, 5), 5),
        ("the rest of a search", searching(10, 13, 5), 3),
        ("a search that is over", searching(10, 10, 5), 1),
    ] {
        assert_eq!(checkpoint.next_batch(), want, "{name}");
    }
}

#[test]
fn a_lease_ends_one_second_later() {
    let [lease, second] = [2_000, 1_000].map(Duration::from_millis);
    let owner = || Some(Owner { request_id: "r".into(), nonce: "n".into() });
    for (owner, age, left) in [
        (owner(), Duration::ZERO, Some(3 * second)),
        (owner(), second / 2, Some(second * 5 / 2)),
        (owner(), 3 * second, None),
        (owner(), Duration::MAX, None),
        (None, Duration::ZERO, None),
    ] {
        let checkpoint = Checkpoint { owner, ..fresh() };
        assert_eq!(checkpoint.lease_left(lease, age), left, "{age:?}");
    }
}
