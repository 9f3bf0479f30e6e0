//! The whole expansion, reviewed by hand: one file in `snapshots/` per case.
//!
//! `UPDATE_EXPECT=1 cargo test -p recursive-lambda-macros` writes them anew. The user's item is not in the files: for every case,
//! including half-typed ones, the test checks that the item comes first, once and untouched.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

use super::attribute;
use proc_macro2::TokenStream;
use std::path::Path;

/// Compares the output after the item with the case's file.
fn check(name: &str, arguments: &str, item: &str) {
    let item: TokenStream = item.parse().unwrap();
    let output = attribute(arguments.parse().unwrap(), item.clone()).to_string();
    let Some(job) = output.strip_prefix(&item.to_string()) else {
        panic!("{name}: the item is not first and untouched: {output}")
    };
    let job = prettyplease::unparse(&syn::parse_str(job).unwrap());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots").join(name).with_extension("rs");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(file, job).unwrap();
    } else {
        assert_eq!(job, std::fs::read_to_string(&file).unwrap_or_default(), "{}", file.display());
    }
}

macro_rules! snapshots {
    ($($name:ident: $arguments:literal, $item:literal;)*) => {
        $(#[test] fn $name() { check(stringify!($name), $arguments, $item); })*

        #[test]
        fn every_file_has_its_case() {
            let cases = [$(concat!(stringify!($name), ".rs")),*];
            for file in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots")).unwrap() {
                let name = file.unwrap().file_name();
                assert!(cases.iter().any(|case| name == *case), "{name:?}");
            }
        }
    };
}

snapshots! {
    smallest: "batch = 400", "async fn count(batch: Batch<String>) -> Result<(), Error> { Ok(()) }";
    everything:
        "batch = sizes::BATCH, format = csv, is_complete = enough, on_complete = report, reserve = \"1m 20s\", batches_per_invocation = 1, crate = crate::inner",
        "/// Imports.
        #[cfg(unix)]
        #[expect(clippy::unused_async, reason = \"not yet\")]
        #[deprecated]
        pub(crate) async fn r#type(Db { pool, .. }: &Db, totals: &mut Totals, mut batch: Batch<Order>) -> anyhow::Result<Flow> { totals.add(&batch) }";
    several_at_once: "batch = 1, concurrency = 8, on_error = skip(100)", "async fn f(b: Batch<String>) -> Done {}";
    state_without_resources: "batch = 1, on_complete = Totals::report", "async fn f(b: Batch<String>, t: &mut (u64, u64)) -> Done {}";
    format_of_ones_own: "batch = 1, format = my::Fixed<8, u8>,", "pub async fn f(b: Batch<u64>) -> Done {}";
    half_typed_statement: "batch = 1", "async fn f(batch: Batch<String>) -> Done { for line in &batch { line. } let x = }";
    half_typed_argument: "batch = 1, form", "async fn f(batch: Batch<String>, db: &Db) -> Done { db.insert(&batch).await }";
    half_typed_value: "batch = 1, is_complete = ", "async fn f(batch: Batch<String>) -> Done {}";
    half_typed_parameter: "batch = 1", "async fn f(batch: ) -> Done { batch. }";
    half_typed_result: "batch = 1", "async fn f(batch: Batch<String>) -> { batch. }";
    half_typed_function: "batch = 1", "async fn";
    mistaken_method: "batch = 1", "async fn f(&self, batch: Batch<String>) -> Done {}";
    mistaken_struct: "batch = 1", "pub struct f { x: u8 }";
    mistaken_generic_struct: "batch = 1", "struct F<T>(T);";
    mistaken_path_of_the_crate: "batch = 0, crate = inner", "async fn f(batch: Batch<String>) -> Done {}";
}
