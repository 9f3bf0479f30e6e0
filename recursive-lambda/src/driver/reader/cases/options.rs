//! Files that need an option, with it.

use super::*;

/// As Germans and Excel write them: a comma inside a number.
type Text = (u64, String, String);

fn semicolon() -> Csv {
    Csv::default().delimiter(b';')
}

fn escaped() -> Csv {
    Csv::default().escape(b'\\')
}

/// File, how it is read, records.
#[test]
fn options_read_what_was_refused() {
    let cases: [(&str, Read, u64); 17] = [
        ("04-no-column-matches/sep_int.csv", |object, skip| read_with::<_, Vec<String>>(semicolon, object, skip), 2),
        ("04-no-column-matches/tab.tsv", |object, skip| read_with::<_, Row>(Csv::tsv, object, skip), 500),
        ("04-no-column-matches/tab.tsv", |object, skip| read_with::<_, Optional>(Csv::tsv, object, skip), 500),
        ("06-headerless/noheader.csv", |object, skip| read_with::<_, Row>(no_header, object, skip), 3),
        ("06-headerless/noheader.csv", |object, skip| read_with::<_, Tuple>(no_header, object, skip), 3),
        ("06-headerless/noheader.csv", |object, skip| read_with::<_, Vec<String>>(no_header, object, skip), 3),
        ("06-headerless/noheader.csv", |object, skip| read_with::<_, Row>(names, object, skip), 3),
        ("06-headerless/noheader.csv", |object, skip| read_with::<_, Map>(names, object, skip), 3),
        ("09-delimiter/semicolon.csv", |object, skip| read_with::<_, Text>(semicolon, object, skip), 2),
        ("09-delimiter/sep.csv", |object, skip| read_with::<_, Text>(semicolon, object, skip), 2),
        ("09-delimiter/backslash.csv", |object, skip| read_with::<_, Text>(escaped, object, skip), 3),
        ("09-delimiter/backslash_one.csv", |object, skip| read_with::<_, Row>(escaped, object, skip), 2),
        ("09-delimiter/ragged.csv", |object, skip| read_with::<_, Row>(|| Csv::default().flexible(), object, skip), 2),
        ("09-delimiter/trail_rows.csv", |object, skip| read_with::<_, Row>(|| Csv::default().flexible(), object, skip), 2),
        ("09-delimiter/val_spaces.csv", |object, skip| read_with::<_, Row>(|| Csv::default().trim(), object, skip), 2),
        ("10-field-count-message/comment_top.csv", |object, skip| read_with::<_, Row>(commented, object, skip), 1),
        ("01-open-quote/quote_pair.csv", |object, skip| read_with::<_, Text>(|| Csv::default().quote(None), object, skip), 500),
    ];
    for (file, read, records) in cases {
        let outcome = read(&case(file), 0);
        show(file, &outcome);
        assert_eq!(outcome, Outcome { records, skipped: Vec::new(), error: None }, "{file}");
    }
}

fn no_header() -> Csv {
    Csv::default().without_header()
}

fn names() -> Csv {
    Csv::default().header_names(["id", "name", "amount"])
}

fn commented() -> Csv {
    Csv::default().comment(b'#')
}

/// What an option does not make right: object, how it is read, records before it, what the error says.
#[test]
fn options_do_not_hide_errors() {
    let cases: [(&str, Read, u64, &str); 9] = [
        (
            "id,name,amount\n1,a,2\n",
            |object, skip| read_with::<_, Map>(names, object, skip),
            0,
            "the object has a header row with the names that `header` gives",
        ),
        ("1,a,2\n2,b\n", |object, skip| read_with::<_, Row>(names, object, skip), 1, "row has 2 fields, the header 3"),
        ("1,a,2\n2,b\n", |object, skip| read_with::<_, Row>(no_header, object, skip), 1, "row has 2 fields, the first row 3"),
        (
            "1,a,2\n2,b,x\n",
            |object, skip| read_with::<_, Row>(no_header, object, skip),
            1,
            "column 3: expected a number, found \"x\"",
        ),
        (
            "1,a,2\n",
            |object, skip| read_with::<_, Row>(|| Csv::default().header_names(["a", "b", "c"]), object, skip),
            0,
            "`header` names the columns \"a\", \"b\", \"c\", and the record has none of them, it has \"id\", \"name\", \"amount\"",
        ),
        (
            "id,name,amount\n1,\"a\\\",2\n2,b,3\n",
            |object, skip| read_with::<_, Row>(escaped, object, skip),
            0,
            "a quote opens a field here and is not closed",
        ),
        (
            "id;name\n",
            |object, skip| read_with::<_, Map>(Csv::tsv, object, skip),
            0,
            "separated by ';': write `csv(delimiter = ';')`",
        ),
        (
            "id,name,amount\n1,a\n",
            |object, skip| read_with::<_, (u64, String, String)>(|| Csv::default().flexible(), object, skip),
            0,
            "invalid length 2, expected a tuple of size 3",
        ),
        (
            "id,name\n",
            |object, skip| read_with::<_, Map>(|| Csv::default().comment(b','), object, skip),
            0,
            "`delimiter` and `comment` are both ','; they must differ",
        ),
    ];
    for (object, read, records, wanted) in cases {
        let outcome = read(object.as_bytes(), 0);
        show(object, &outcome);
        let error = outcome.error.as_deref().unwrap_or_else(|| panic!("{object:?} is read"));
        assert_eq!(outcome.records, records, "{object:?}: {error}");
        assert!(error.contains(wanted), "{object:?}: {error}");
    }
}
