//! What each option of CSV does to rows.

use super::{LIMIT, decode_with};
use crate::records::splitter::{Next, Splitter};
use crate::records::{Csv, Decode};

/// Options, object, the rows that are read with them.
#[test]
fn options_change_rows() {
    type Case = (fn(Csv) -> Csv, &'static str, &'static [&'static [&'static str]]);
    let cases: [Case; 17] = [
        (|csv| csv.delimiter(b';'), "a;b\n1,5;\"x;y\"", &[&["1,5", "x;y"]]),
        (|csv| csv.delimiter(b';'), "sep=;\na;b\n1;2", &[&["1", "2"]]),
        (|csv| csv.delimiter(b';'), "\u{feff}SEP=;\r\na;b\r\n1;2", &[&["1", "2"]]),
        (|csv| csv, "sep=,\ra,b\r1,2", &[&["1", "2"]]),
        (|csv| csv, "sep=,b\n1,2", &[&["1", "2"]]),
        (|_| Csv::tsv(), "a\tb\n1\t\"x\ty\"", &[&["1", "x\ty"]]),
        (|csv| csv.quote(b'\''), "a,b\n'x,y','it''s'", &[&["x,y", "it's"]]),
        (|csv| csv.quote(None), "a,b\n\"x,y\"\n5\" pipe,2\n", &[&["\"x", "y\""], &["5\" pipe", "2"]]),
        (|csv| csv.escape(b'\\'), "a,b\n\"x\\\",y\",\"q\"\"q\\\\\"\n", &[&["x\",y", "q\"q\\"]]),
        (|csv| csv.comment(b'#'), "# made by\n\n#\na,b\n#1,2\n3,#4\n# the end", &[&["3", "#4"]]),
        (|csv| csv.without_header(), "1,2\n3,4", &[&["1", "2"], &["3", "4"]]),
        (|csv| csv.without_header().comment(b'#'), "\u{feff}#\n\n1,2\n", &[&["1", "2"]]),
        (|csv| csv.header_names(["a", "b"]), "1,2\n3,4", &[&["1", "2"], &["3", "4"]]),
        (|csv| csv.header_names(["a", "b"]), "\u{feff}1,2", &[&["1", "2"]]),
        (|csv| csv.trim(), "a , b\n 1,\t2 \n\" 3\",4", &[&["1", "2"], &["3", "4"]]),
        (|csv| csv.flexible(), "a,b\n1\n1,2,3\n", &[&["1"], &["1", "2", "3"]]),
        (|csv| csv.flexible().without_header(), "1\n1,2\n", &[&["1"], &["1", "2"]]),
    ];
    for (options, object, wanted) in cases {
        let (rows, error) = decode_with::<Csv, Vec<String>>(options(Csv::default()), object.as_bytes());
        assert!(error.is_none(), "{object:?}: {error:?}");
        assert_eq!(rows, wanted, "{object:?}");
    }
}

/// A mark at the start of a row is content, also if that row is the first that an invocation reads.
#[test]
fn a_mark_in_a_later_row_is_content() {
    for options in [Csv::default(), Csv::default().header_names(["x", "y"]), Csv::default().without_header()] {
        let object = "a,b\n\u{feff}1,2\n";
        let mut splitter = Splitter::start(options, LIMIT);
        splitter.push(object.as_bytes());
        splitter.finish();
        let mut rows = Vec::new();
        while let Next::Record { value, .. } = splitter.next(Decode::<(String, String)>::decode).unwrap() {
            rows.push(value.unwrap());
        }
        assert_eq!(rows.last().unwrap().0, "\u{feff}1");
    }
}
