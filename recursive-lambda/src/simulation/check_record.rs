//! A checkpoint's place must be true of the object.

use super::jobs::Totals;
use super::options::{Options, SKIP, Via};
use super::oracle::{Oracle, value};
use recursive_lambda_core::checkpoint::{Checkpoint, Status};
use std::collections::BTreeSet;

/// What is wrong with it; `skipped`: the records that were skipped.
pub(super) fn check_place(checkpoint: &Checkpoint, options: &Options, oracle: &Oracle, skipped: &BTreeSet<u64>) -> Vec<String> {
    let mut wrong = Vec::new();
    let Some(mark) = oracle.mark(checkpoint.position) else { return vec!["the position is after the end".into()] };
    let size = oracle.object.len() as u64;
    let at_end = checkpoint.position == options.rows && checkpoint.offset == size;
    if (checkpoint.text_offset(), checkpoint.line) != (mark.offset, mark.lines) && !at_end {
        wrong.push(format!("offset {} and line {}, which are {mark:?}", checkpoint.text_offset(), checkpoint.line));
    }
    let batches = options.kind.is_picky() || checkpoint.batches == checkpoint.position.div_ceil(options.batch());
    if checkpoint.position > options.end() || !batches {
        wrong.push(format!("{} batches", checkpoint.batches));
    }
    if checkpoint.status == Status::Done && checkpoint.position != options.end() {
        wrong.push("done before the end".into());
    }
    // A manual start pins what it finds when it is first handled.
    let by_hand = options.via == Via::Hand && checkpoint.object.etag == "second";
    if checkpoint.size != size || !(by_hand || checkpoint.object.etag == "first") {
        wrong.push("another object".into());
    }
    if checkpoint.skipped > skipped.range(..checkpoint.position).count() as u64 || checkpoint.skipped > SKIP {
        wrong.push(format!("{} skipped, but {skipped:?} are written", checkpoint.skipped));
    }
    let carried = checkpoint.state.as_ref().map(|state| serde_json::from_str::<Totals>(state.json()).unwrap_or_default());
    let totals = carried.clone().unwrap_or_default();
    // An invocation that lost the run may have skipped a record that another one processed.
    let ambiguous = skipped.len() as u64 != checkpoint.skipped;
    let sum = mark.sum - skipped.range(..checkpoint.position).map(|index| value(*index)).sum::<u64>();
    let exact = totals.rows + checkpoint.skipped == checkpoint.position && (ambiguous || totals.sum == sum);
    if options.kind.carries() && !exact || !options.kind.carries() && carried.is_some() {
        wrong.push(format!("the carried state is {totals:?}"));
    }
    wrong
}
