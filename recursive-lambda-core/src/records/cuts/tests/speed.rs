//! How fast a scan is: `cargo test --release -p recursive-lambda-core --lib -- --ignored --nocapture cuts::tests::speed`.

use super::{csv, scan_rules};
use crate::records::Csv;
use crate::records::cuts::Scan;

#[test]
#[ignore = "it measures; run it optimised"]
fn bytes_per_second() {
    type Case = (&'static str, fn(Csv) -> Csv, &'static str);
    let plain = |csv| csv;
    let cases: [Case; 9] = [
        ("plain rows of 80 bytes", plain, "1234567,some name,2024-05-06T07:08:09Z,Paris,12.50,true,open,the last of fields\n"),
        ("the same with \\r\\n", plain, "1234567,some name,2024-05-06T07:08:09Z,Paris,12.50,true,open,the last of field\r\n"),
        ("plain rows of 20 bytes", plain, "1234567,abc,2.5,open\n"),
        ("one quoted field", plain, "1234567,some name,2024-05-06T07:08:09Z,\"Paris, Texas\",12.50,true,open,the last one\n"),
        (
            "every field quoted",
            plain,
            "\"1234567\",\"some name\",\"2024-05-06T07:08:09Z\",\"Paris\",\"12.50\",\"true\",\"open\"\n",
        ),
        (
            "the same with an escape",
            |csv| csv.escape(b'\\'),
            "\"1234567\",\"some \\\"name\",\"2024-05-06T07:08:09Z\",\"Paris\",\"12.50\",\"true\",\"open\"\n",
        ),
        (
            "every field quoted, of one byte",
            plain,
            "\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"0\",\"1\",\"2\",\"3\",\"4\"\n",
        ),
        (
            "quoted text of several lines",
            plain,
            "1,\"one line of some length\nand one more with a \"\"word\"\" in it\nand the last\",x\n",
        ),
        ("every second line a comment", |csv| csv.comment(b'#'), "#1234567,some name,Paris\n1234567,some name,Paris\n"),
    ];
    for (what, options, row) in cases {
        let rules = scan_rules(&csv(&(options, b"")));
        // It begins within a row.
        let range = &row.repeat((64 << 20) / row.len()).into_bytes()[7..];
        let seconds = (0..5).map(|_| {
            let started = busy();
            let mut scan = Scan::new(rules, 7, 16 << 20);
            range.chunks(4 << 20).for_each(|part| scan.push(part));
            std::hint::black_box(&scan);
            busy() - started
        });
        println!("{:5.2} GB/s  {what}", range.len() as f64 / seconds.fold(f64::INFINITY, f64::min) / 1e9);
    }
}

/// Seconds that this thread has run on a core, as Linux counts them: other processes do not change it.
fn busy() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    stat.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}
