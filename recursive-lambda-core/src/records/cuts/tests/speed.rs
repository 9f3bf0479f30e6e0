//! How fast a scan is: `cargo test --release -p recursive-lambda-core --lib -- --ignored --nocapture cuts::tests::speed`.

use crate::records::cuts::{Cut, Scan};
use crate::records::{Csv, Format};

#[test]
#[ignore = "it measures; run it optimised"]
fn bytes_per_second() {
    let rows: [(&str, fn(Csv) -> Csv, &str); 9] = [
        (
            "plain rows of 100 bytes",
            |csv| csv,
            "1234567,some name,2024-05-06T07:08:09Z,Paris,12.50,true,open,the last one of the fields of this row\n",
        ),
        (
            "the same with \\r\\n",
            |csv| csv,
            "1234567,some name,2024-05-06T07:08:09Z,Paris,12.50,true,open,the last one of the fields of this ro\r\n",
        ),
        ("plain rows of 20 bytes", |csv| csv, "1234567,abc,2.5,open\n"),
        (
            "one quoted field of nine",
            |csv| csv,
            "1234567,some name,2024-05-06T07:08:09Z,\"Paris, Texas\",12.50,true,open,the last of the fields of it\n",
        ),
        (
            "every field quoted",
            |csv| csv,
            "\"1234567\",\"some name\",\"2024-05-06T07:08:09Z\",\"Paris\",\"12.50\",\"true\",\"open\",\"the last one\"\n",
        ),
        (
            "the same with an escape",
            |csv| csv.escape(b'\\'),
            "\"1234567\",\"some name\",\"2024-05-06T07:08:09Z\",\"Paris\",\"12.50\",\"true\",\"open\",\"the last one\"\n",
        ),
        (
            "every field quoted, of one byte",
            |csv| csv,
            "\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"0\",\"1\",\"2\",\"3\",\"4\",\"5\"\n",
        ),
        (
            "quoted text of many lines",
            |csv| csv,
            "1,\"one line of some length\nand one more with a \"\"word\"\" in quotes\nand the last\",x\n",
        ),
        (
            "comments",
            |csv| csv.comment(b'#'),
            "#1234567,some name,2024-05-06T07:08:09Z,Paris\n1234567,some name,2024-05-06T07:08:09Z,Paris\n",
        ),
    ];
    for (name, options, row) in rows {
        let Cut::ByScan(rules) = options(Csv::default()).cut() else { unreachable!() };
        let range = &row.repeat((64 << 20) / row.len())[7..];
        let seconds = (0..5).map(|_| {
            let started = busy();
            let mut scan = Scan::new(rules, 7, 16 << 20);
            range.as_bytes().chunks(4 << 20).for_each(|part| scan.push(part));
            std::hint::black_box(&scan);
            busy() - started
        });
        let best = seconds.fold(f64::INFINITY, f64::min);
        println!("{:5.2} GB/s  {name}", range.len() as f64 / best / 1e9);
    }
}

/// Seconds that this thread has run, if the system says so: other processes do not change it.
fn busy() -> f64 {
    let nanoseconds = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = nanoseconds.and_then(|stat| stat.split(' ').next()?.parse::<f64>().ok());
    nanoseconds.unwrap() / 1e9
}
