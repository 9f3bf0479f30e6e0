//! Public jobs of a library, under all lints that are stricter for public items.
//!
//! Passes if it compiles and clippy accepts it.

#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    missing_copy_implementations,
    unreachable_pub,
    unnameable_types,
    unused_qualifications,
    rust_2018_idioms,
    private_interfaces,
    private_bounds,
    clippy::all,
    clippy::pedantic,
    clippy::nursery
)]
#![forbid(unsafe_code)]

use recursive_lambda::{Batch, Error, Progress, Summary, recursive_lambda};
use serde::{Deserialize, Serialize};

#[derive(Clone, Default, Serialize, Deserialize)]
struct Totals {
    rows: u64,
}

struct Db(tokio::sync::Mutex<Vec<String>>);

/// A public job over types that are private to their module.
///
/// # Errors
/// Never.
#[recursive_lambda(batch = SIZE, reserve = "20s", is_complete = enough, on_complete = report)]
#[allow(private_interfaces, reason = "would appear without the attribute: the types are private, the function is public")]
pub async fn import(batch: Batch<String>, totals: &mut Totals, db: &Db) -> Result<(), Error> {
    totals.rows += batch.len() as u64;
    db.0.lock().await.extend(batch);
    Ok(())
}

const SIZE: usize = 400;

const fn enough(_: &Progress, totals: &Totals) -> bool {
    totals.rows >= 1_000_000
}

async fn report(_: &Summary, totals: &Totals, db: &Db) -> Result<(), Error> {
    db.0.lock().await.push(totals.rows.to_string());
    Ok(())
}

#[tokio::test]
async fn a_job_is_still_a_function() {
    let (mut totals, db) = (Totals::default(), Db(tokio::sync::Mutex::default()));
    import(Batch::of(["one".to_owned(), "two".to_owned()]), &mut totals, &db).await.unwrap_or_default();
    assert_eq!(totals.rows, 2);
    assert_eq!(*db.0.lock().await, ["one", "two"]);
}
