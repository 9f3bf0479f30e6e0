use super::super::columns::{COLUMNS, WIDTH, cover, sums};
use super::super::merge::{bars, points, rows};
use super::super::scale::{Scale, time};
use super::super::table::{self, Row};
use std::time::Duration;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn the_axis_has_sensible_labels() {
    // The length of the run in milliseconds, and the labels.
    for (length, expected) in [
        (0, "0"),
        (3, "0|1 ms|2 ms|3 ms"),
        (250, "0|50 ms|100 ms|150 ms|200 ms|250 ms"),
        (1_700, "0|200 ms|400 ms|600 ms|800 ms|1.0 s|1.2 s|1.4 s|1.6 s"),
        (9_800, "0|1 s|2 s|3 s|4 s|5 s|6 s|7 s|8 s|9 s"),
        (40_500, "0|5 s|10 s|15 s|20 s|25 s|30 s|35 s|40 s"),
        (95_000, "0|10 s|20 s|30 s|40 s|50 s|1m|1m 10s|1m 20s|1m 30s"),
        (3_424_000, "0|10m|20m|30m|40m|50m"),
        (11_000_000, "0|30m|1h|1h 30m|2h|2h 30m|3h"),
        (86_400_000, "0|6h|12h|18h|1d"),
        (30 * 86_400_000, "0|4d|8d|12d|16d|20d|24d|28d"),
    ] {
        let scale = Scale::new((ms(70), ms(70 + length)));
        let ticks = scale.ticks(10);
        let labels: Vec<_> = ticks.iter().map(|(_, label)| label.as_str()).collect();
        assert_eq!(labels.join("|"), expected, "{length}");
        assert!(ticks.len() <= 11 && ticks.iter().all(|(place, _)| (0.0..=100.0).contains(place)), "{ticks:?}");
    }
}

#[test]
fn a_moment_has_a_place() {
    let (scale, nothing) = (Scale::new((ms(100), ms(300))), Scale::new((ms(100), ms(100))));
    for (scale, at, expected) in
        [(scale, 100, 0.0), (scale, 150, 25.0), (scale, 300, 100.0), (scale, 0, 0.0), (scale, 900, 100.0), (nothing, 100, 0.0)]
    {
        assert_eq!(scale.x(ms(at)), expected, "{at}");
    }
}

#[test]
fn times_are_short() {
    for (at, expected) in [
        (0, "0 ms"),
        (999, "999 ms"),
        (1_000, "1.0 s"),
        (59_940, "59.9 s"),
        (65_000, "1m 5s"),
        (3_700_000, "1h 1m"),
        (90_000_000, "1d 1h"),
    ] {
        assert_eq!(time(ms(at)), expected);
    }
}

#[test]
fn narrow_bars_become_one() {
    // The bars, and the first item and the count of each that is drawn.
    for (given, expected) in [
        (&[][..], &[][..]),
        (&[(0.0, 30.0), (30.0, 60.0), (60.1, 90.0)], &[(0, 1), (1, 1), (2, 1)]),
        (&[(0.0, 0.1), (0.2, 0.3), (0.4, 0.5)], &[(0, 3)]),
        (&[(0.0, 0.1), (0.2, 0.3), (5.0, 5.1)], &[(0, 2), (2, 1)]),
        (&[(0.0, 0.1), (0.1, 20.0), (20.0, 20.1), (20.2, 20.3)], &[(0, 1), (1, 1), (2, 2)]),
    ] {
        let drawn = bars(given.iter().enumerate().map(|(index, (from, to))| (*from, *to, index)));
        let found: Vec<_> = drawn.iter().map(|bar| (bar.first, bar.count)).collect();
        assert_eq!(found, expected, "{given:?}");
        assert_eq!(drawn.last().map(|bar| bar.to), given.last().map(|(_, to)| *to));
    }
}

#[test]
fn marks_are_limited() {
    let many = 50_000;
    let place = |index: usize| index as f64 / many as f64 * 100.0;
    let drawn = [bars((0..many).map(|index| (place(index), place(index + 1), index))), points((0..many).map(|i| (place(i), i)))];
    for drawn in drawn {
        assert!(drawn.len() <= 112, "{}", drawn.len());
        assert_eq!(drawn.iter().map(|bar| bar.count).sum::<usize>(), many, "none is left out");
    }
}

#[test]
fn spans_get_rows() {
    for (given, most, expected) in [
        (&[][..], 2, &[][..]),
        (&[(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)], 2, &[0, 0, 0]),
        (&[(0.0, 2.0), (1.0, 3.0), (2.0, 4.0)], 2, &[0, 1, 0]),
        (&[(0.0, 9.0), (1.0, 3.0), (2.0, 4.0), (5.0, 6.0)], 2, &[0, 1, 1, 1]),
    ] {
        assert_eq!(rows(given.iter().copied(), most), expected, "{given:?}");
    }
}

#[test]
fn columns_add_up() {
    assert_eq!(sums([(0.0, 3), (0.1, 4), (100.0, 5)])[0], 7);
    assert_eq!(sums([(0.0, 3), (0.1, 4), (100.0, 5)])[COLUMNS - 1], 5);
    let all = cover([(0.0, 100.0), (0.0, WIDTH / 2.0)]);
    assert!((all[0] - 1.5).abs() < 1e-9 && (all[COLUMNS - 1] - 1.0).abs() < 1e-9, "{all:?}");
    let sum: f64 = cover([(10.0, 35.0)]).iter().sum();
    assert!((sum - 0.25 * COLUMNS as f64).abs() < 1e-9, "{sum}");
}

#[test]
fn the_table_keeps_the_notable_rows() {
    let ones = |rows: &[Row]| rows.iter().filter(|row| matches!(row, Row::One(_))).count();
    for (invocations, troubled, shown, lines) in [
        (0, &[][..], 0, 0),
        (1, &[], 1, 1),
        (table::ROWS, &[], table::ROWS, table::ROWS),
        (5_000, &[], 20, 21),
        (5_000, &[700, 701, 3_000], 23, 26),
        (5_000, &[12], 21, 23),
    ] {
        let rows = table::rows(invocations, |index| troubled.contains(&index));
        assert_eq!((ones(&rows), rows.len()), (shown, lines), "{invocations} {troubled:?}");
        // Each invocation is in one row.
        let counts = rows.iter().map(|row| match row {
            Row::One(_) => 1,
            Row::Several(first, last) => last - first + 1,
        });
        assert_eq!(counts.sum::<usize>(), invocations);
    }
    let all_troubled = table::rows(5_000, |_| true);
    assert_eq!(ones(&all_troubled), table::ROWS);
}
