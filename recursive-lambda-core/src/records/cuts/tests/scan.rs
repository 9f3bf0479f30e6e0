//! How a scan is divided, stopped, saved and joined does not change its result.

use super::{SCANNED, csv, scan, scan_rules, symbols};
use crate::records::cuts::state::{Break, State};
use crate::records::cuts::{Scan, Scanned};
use crate::records::tests::{LIMIT, Random, every};

#[test]
fn parts_and_joins_change_nothing() {
    for options in &SCANNED {
        let rules = scan_rules(&csv(options));
        for object in (0..=symbols() - 1).flat_map(|length| every(options.1, length)) {
            for limit in [1, 3, LIMIT] {
                let scan = |from: usize, to: usize| scan(rules, &object, from..to, limit);
                let (size, whole) = (object.len(), scan(0, object.len()));
                let shown = object.escape_ascii();
                let mut bytes = Scan::new(rules, 0, limit);
                object.iter().for_each(|byte| bytes.push(&[*byte]));
                assert_eq!(bytes.scanned(), &whole, "{shown}");
                for cut in 0..=size {
                    let mut resumed = Scan::resume(rules, scan(0, cut));
                    resumed.push(&object[cut..]);
                    assert_eq!((resumed.scanned(), resumed.wanted()), (&whole, size as u64), "{shown}");
                    for next in cut..=size {
                        let [a, b, c] = [scan(0, cut), scan(cut, next), scan(next, size)];
                        assert_eq!(a.then(&b).unwrap().then(&c).unwrap(), whole, "{shown} at {cut} and {next}");
                        assert_eq!(a.then(&b.then(&c).unwrap()).unwrap(), whole, "{shown} at {cut} and {next}");
                    }
                }
            }
        }
    }
}

/// Over many blocks.
#[test]
fn a_long_scan_is_its_parts_and_small() {
    let mut random = Random(11);
    for options in &SCANNED {
        let rules = scan_rules(&csv(options));
        let object = random.text(&["a", ",", ",\"", "\",", "\"\n", "\n", "\r\n", "#", "'", ";", "\\", "some text"], 100_000);
        let whole = scan(rules, &object, 0..object.len(), 1 << 16);
        let mut parts = Scan::new(rules, 0, 1 << 16);
        let mut at = 0;
        while at < object.len() {
            let part = (at + random.below(70_000)).min(object.len());
            parts.push(&object[at..part]);
            let saved = serde_json::to_string(parts.scanned()).unwrap();
            assert!(saved.len() < 2_500, "{} bytes", saved.len());
            parts = Scan::resume(rules, serde_json::from_str::<Scanned>(&saved).unwrap());
            at = part;
        }
        assert_eq!(parts.scanned(), &whole);
    }
}

/// Else a file without quotes would be read twice to its end.
#[test]
fn a_state_that_cannot_be_is_dropped() {
    let object = b"1,2\n3,4\n5,6\n";
    for (limit, to) in [(5, State::Astray), (LIMIT, State::Quoted(Break::With))] {
        let scanned = scan(scan_rules(&csv(&SCANNED[0])), object, 0..object.len(), limit);
        assert_eq!(scanned.path(State::Quoted(Break::Without)).unwrap().to, to);
        assert_eq!(scanned.path(State::Text).unwrap().to, State::RowStart);
    }
}

#[test]
fn only_adjacent_ranges_join() {
    let rules = scan_rules(&csv(&SCANNED[0]));
    let scan = |from, to, limit| scan(rules, b"1\n2\n3\n", from..to, limit);
    assert!(scan(0, 2, 9).then(&scan(2, 4, 9)).is_some());
    assert_eq!(scan(0, 2, 9).then(&scan(3, 4, 9)), None, "a gap");
    assert_eq!(scan(0, 2, 9).then(&scan(2, 4, 8)), None, "another limit");
}
