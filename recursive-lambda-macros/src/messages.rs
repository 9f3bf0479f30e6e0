//! Which mistakes are reported, and that no others are: one line per case.
//!
//! The ui tests show the full messages with their places. These tests show how reading goes on after a mistake.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use super::attribute;

/// The messages, in order: the start of each, up to its reason.
fn mistakes(arguments: &str, item: &str) -> Vec<String> {
    let output = attribute(arguments.parse().unwrap(), item.parse().unwrap()).to_string();
    let parts = output.split("compile_error ! {").skip(1).map(|part| {
        let text: syn::LitStr = syn::parse_str(part.split(" }").next().unwrap()).unwrap();
        text.value().split([',', ':']).next().unwrap().to_owned()
    });
    parts.collect()
}

#[test]
fn arguments() {
    for (arguments, expected) in [
        ("batch = 1", &[][..]),
        ("reserve = \"20s\", batch = 1,", &[]),
        ("crate = a::b, on_complete = a::b, is_complete = <A as B>::c::<D, E>, format = A<B, C>, batch = A::B", &[]),
        ("batch = 0x10, batches_per_invocation = 1_000", &[]),
        ("batch = (1)", &[]),
        // After a refused value, reading goes on at the next argument.
        ("batch = |a, b| a, reserve = 1", &["`batch` takes a whole number", "`reserve` is a duration with its unit"]),
        ("batch = 1 + , reserve = 1", &["`batch` takes a whole number", "`reserve` is a duration with its unit"]),
        (
            "batch(1), reserve: 1, format => csv",
            &[
                "`batch` needs `=` before its value",
                "`reserve` needs `=` before its value",
                "`format` needs `=` before its value",
            ],
        ),
        ("batch = 1 reserve = 1", &["a comma is missing before this argument", "`reserve` is a duration with its unit"]),
        (
            "batch = 1 2, reserve = 1",
            &["expected a comma or the end after the value before this", "`reserve` is a duration with its unit"],
        ),
        ("batch = 1,, reserve = 1", &["unexpected comma", "`reserve` is a duration with its unit"]),
        (", batch = 1", &["unexpected comma"]),
        ("{}, batch = 1", &["an argument is a name"]),
        // A misspelt argument counts as given, so it is not missing as well.
        ("400", &["this number needs a name"]),
        ("batch", &["`batch` has no value"]),
        ("bacth = 1", &["unknown argument `bacth`"]),
        ("bacth = 1, batch = 2", &["unknown argument `bacth`", "`batch` is given twice", "first one here"]),
        (
            "batch = 0, batch = 0",
            &["`batch` must be at least 1", "`batch` must be at least 1", "`batch` is given twice", "first one here"],
        ),
        (
            "lease = \"1s\", csv, nothing_like_it = 1",
            &[
                "`lease` is not an argument",
                "`csv` is a value without its name",
                "unknown argument `nothing_like_it`",
                "`batch` is missing",
            ],
        ),
        (
            "skip = 100, retries = 3, timeout = 1, batch = 1",
            &["`skip` is not an argument", "`retries` is not an argument", "`timeout` is not an argument"],
        ),
        ("format = psv, batch = 1", &["unknown format `psv`"]),
        ("format = tsv(header = none, trim), batch = 1", &[]),
        (r#"format = csv(delimiter = ';', quote = none, comment = '#', header = ["a", "b"], flexible,), batch = 1"#, &[]),
        ("format = csv(quote = b'\\'', escape = ('\\\\')), batch = 1", &[]),
        ("format = csv(), batch = 1", &[]),
        ("format = lines(trim), batch = 1", &["`lines` has no options"]),
        ("format = csvv(trim), batch = 1", &["unknown format `csvv`"]),
        ("format = Mine(trim), batch = 1", &["a format with options is `csv(..)`"]),
        ("format = csv(delimiter = \";\"), batch = 1", &["`delimiter` is one character"]),
        ("format = csv(delimiter = 'é'), batch = 1", &["`delimiter` must be an ASCII character"]),
        ("format = csv(comment = '\\n'), batch = 1", &["`comment` cannot be a character that ends a line"]),
        ("format = csv(delimiter = none), batch = 1", &["`delimiter` takes one ASCII character"]),
        ("format = csv(delimiter), batch = 1", &["`delimiter` has no value"]),
        ("format = csv(trim = true, flexibel), batch = 1", &["`trim` takes no value", "unknown option `flexibel` of `csv`"]),
        ("format = csv(sep = ';', x = 1), batch = 1", &["unknown option `sep` of `csv`", "unknown option `x`"]),
        ("format = tsv(delimiter = ';'), batch = 1", &["the delimiter of `tsv` is the tab"]),
        ("format = csv(trim, trim), batch = 1", &["`trim` is given twice", "first one here"]),
        ("format = csv(delimiter = '\"'), batch = 1", &["`delimiter` and `quote` are both '\"'"]),
        ("format = csv(comment = ','), batch = 1", &["`delimiter` and `comment` are both '"]),
        ("format = tsv(escape = '\\t'), batch = 1", &["`delimiter` and `escape` are both '\\t'"]),
        ("format = csv(quote = none, escape = '\\\\'), batch = 1", &["`escape` has a meaning only inside quotes"]),
        ("format = csv(header = []), batch = 1", &["`header` names no column"]),
        ("format = csv(header = [1]), batch = 1", &["`header` takes `none`"]),
        ("format = csv(header = [\"a\", \"a\"]), batch = 1", &["\"a\" names two columns", "first one here"]),
        ("format = json, batch = 1", &[]),
        ("format = json(at = \"Records\"), batch = 1", &[]),
        ("format = json(at = Records), batch = 1", &["`at` takes a key"]),
        ("format = json(trim), batch = 1", &["unknown option `trim`"]),
        ("format = json(key = \"a\"), batch = 1", &["unknown option `key` of `json`"]),
        ("format = csv(at = \"Records\", key = 1), batch = 1", &["unknown option `at`", "unknown option `key`"]),
        ("format = json(\"a\"), batch = 1", &["an option is a name"]),
        ("format = csv(trim flexible), batch = 1", &["a comma is missing before this argument"]),
        ("concurrency = 8, on_error = stop, batch = 1", &[]),
        ("concurrency = 0, on_error = (skip((0x10))), batch = 1", &["`concurrency` must be at least 1"]),
        ("on_error = skip, batch = 1", &["`skip` needs a limit"]),
        ("on_error = skip(), batch = 1", &["`skip` needs a limit"]),
        ("on_error = skip(0), batch = 1", &["`skip(0)` can skip nothing"]),
        ("on_error = skip(many), batch = 1", &["`skip` takes a number"]),
        ("on_error = skip(1u8), batch = 1", &["`skip` takes a number"]),
        ("on_error = skip(1, 2), batch = 1", &["`on_error` takes `stop` or `skip(N)`"]),
        ("on_error = stop(1), batch = 1", &["`stop` takes no limit"]),
        ("on_error = skpi(1), batch = 1", &["unknown value `skpi`"]),
        ("on_error = ignore, batch = 1", &["unknown value `ignore`"]),
        ("on_error = \"stop\", batch = 1", &["`on_error` is a word"]),
        ("source = tmp, batch = 1", &[]),
        ("source = (stream), batch = 1", &[]),
        ("source = temp, batch = 1", &["unknown source `temp`"]),
        ("source = disk, batch = 1", &["unknown source `disk`"]),
        ("source = \"tmp\", batch = 1", &["`source` is a word"]),
        ("compression = gzip, batch = 1", &[]),
        ("compression = none, batch = 1", &[]),
        ("compression = zstd, batch = 1", &[]),
        ("encoding = \"windows-1252\", batch = 1", &[]),
        ("encoding = replace(\" Shift_JIS \"), batch = 1", &[]),
        ("encoding = \"windows1252\", batch = 1", &["unknown encoding `windows1252`"]),
        ("encoding = \"latin-1\", batch = 1", &["unknown encoding `latin-1`"]),
        ("encoding = \"klingon\", batch = 1", &["unknown encoding `klingon`"]),
        ("encoding = replace(\"utf8x\"), batch = 1", &["unknown encoding `utf8x`"]),
        ("encoding = \"iso-2022-kr\", batch = 1", &["the encoding `iso-2022-kr` is not supported"]),
        ("encoding = latin1, batch = 1", &["`encoding` is text"]),
        ("encoding = a::b, batch = 1", &["`encoding` takes a label of the Encoding Standard"]),
        ("encoding = replace(latin1), batch = 1", &["`encoding` takes a label of the Encoding Standard"]),
        ("encoding = replace(), batch = 1", &["`encoding` takes a label of the Encoding Standard"]),
        ("encoding = ignore(\"utf-8\"), batch = 1", &["`encoding` takes a label of the Encoding Standard"]),
        ("encoding = 1252, batch = 1", &["`encoding` takes a label of the Encoding Standard"]),
        ("compression = gzp, batch = 1", &["unknown compression `gzp`"]),
        ("compression = bz2, batch = 1", &["unknown compression `bz2`"]),
        ("compression = \"gzip\", batch = 1", &["`compression` is a word"]),
        ("compression = 9, batch = 1", &["`compression` takes `auto`"]),
        (
            "source = /tmp, source = a::tmp, batch = 1",
            &[
                "`source` takes `stream` or `tmp`",
                "`source` takes `stream` or `tmp`",
                "`source` is given twice",
                "first one here",
            ],
        ),
    ] {
        assert_eq!(mistakes(arguments, "async fn f(b: Batch<String>) -> Done {}"), expected, "{arguments}");
    }
}

#[test]
fn arguments_must_fit_the_function() {
    for (arguments, item, expected) in [
        ("batch = 1, concurrency = 2", "async fn f(b: Batch<String>, r: &R) -> Done {}", &[][..]),
        ("batch = 1, concurrency = 1", "async fn f(b: Batch<String>, s: &mut S) -> Done {}", &[]),
        (
            "batch = 1, concurrency = 2",
            "async fn f(b: Batch<String>, s: &mut S) -> Done {}",
            &["state passes from one batch to the next"],
        ),
        ("batch = 1, on_error = skip(1)", "async fn f(b: Batch<String>, s: &mut S) -> Done {}", &[]),
    ] {
        assert_eq!(mistakes(arguments, item), expected, "{arguments} {item}");
    }
}

#[test]
fn signatures() {
    for (item, expected) in [
        ("async fn f(b: Batch<String>) -> Done {}", &[][..]),
        ("async fn f(r: &R, s: &mut S, b: Batch<String>) -> Done {}", &[]),
        ("async fn f(r: &'_ R, b: Batch<[u8; 4]>, s: (&mut (S))) -> Result<(), &'static str> {}", &[]),
        ("async fn f(b: Batch<(A, fn(&str) -> u8)>, r: &Box<dyn Fn(&str) -> &str + Send + Sync>) -> Done {}", &[]),
        (
            "async fn f(b: Batch<(&A, Vec<&'a B>)>) -> Result<(), impl E> {}",
            &[
                "the job needs the name of this type",
                "the input and result of a job must own their data",
                "the input and result of a job must own their data",
            ],
        ),
        (
            "async fn f(b: Batch<Row<'_>>, s: &mut Vec<&str>) -> Done {}",
            &["the input and result of a job must own their data"; 2],
        ),
        (
            "const unsafe extern \"C\" fn f() {}",
            &[
                "a job must be an async function",
                "a job cannot be `const`",
                "a job must be safe to call",
                "a job must be a Rust function",
                "a job must return a `Result`",
                "a job must take a batch of records by value",
            ],
        ),
        (
            "async fn f<'a, T, const N: usize>(b: Batch<T>) -> Done where T: Send {}",
            &[
                "a job cannot have a lifetime parameter",
                "a job cannot have type parameters",
                "a job cannot have const parameters",
            ],
        ),
        ("fn f(b: Batch<String>) -> Done { drop(b) }", &["a job must be an async function"]),
        ("fn f(b: Batch<String>) -> Done { { rt.block_on(b) } }", &["a job must be an async function"]),
        ("#[tokio::main] async fn f(b: Batch<String>) -> Done {}", &["this turns an `async fn` into an ordinary function"]),
        ("#[tokio::main] async fn main() {}", &["`main` cannot be the job"]),
        ("async fn main() {}", &["`main` cannot be the job"]),
        ("async fn f(&self) -> Done {}", &["a job cannot be a method"]),
        // A refused input is not missing as well.
        ("async fn f(b: Batch<&str>) -> Done {}", &["the input and result of a job must own their data"]),
        (
            "async fn f(b: A, c: B, d: C) -> Done {}",
            &["a job has one input", "first one here", "a job has one input", "first one here"],
        ),
    ] {
        assert_eq!(mistakes("batch = 1", item), expected, "{item}");
    }
}
