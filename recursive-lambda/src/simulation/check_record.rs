//! What a record says of where its run stands must be true of the object.

use super::jobs::Totals;
use super::options::{Options, SKIP, Via};
use super::oracle::{Oracle, value};
use recursive_lambda_core::checkpoint::{Checkpoint, Status};
use std::collections::BTreeSet;

/// What is wrong with it; `aside`: the records that were set aside.
pub(super) fn check_place(checkpoint: &Checkpoint, options: &Options, oracle: &Oracle, aside: &BTreeSet<u64>) -> Vec<String> {
    let mut wrong = Vec::new();
    let Some(mark) = oracle.mark(checkpoint.position) else { return vec!["the position is behind the end".into()] };
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
    // A manual start pins what is there when it is first handled.
    let by_hand = options.via == Via::Hand && checkpoint.object.etag == "second";
    if checkpoint.size != size || !(by_hand || checkpoint.object.etag == "first") {
        wrong.push("another object".into());
    }
    if checkpoint.skipped > aside.range(..checkpoint.position).count() as u64 || checkpoint.skipped > SKIP {
        wrong.push(format!("{} set aside, {aside:?} are", checkpoint.skipped));
    }
    let carried = checkpoint.state.as_ref().map(|state| serde_json::from_str::<Totals>(state.json()).unwrap_or_default());
    let totals = carried.clone().unwrap_or_default();
    // An invocation that lost the run may have set aside what another one did.
    let ambiguous = aside.len() as u64 != checkpoint.skipped;
    let sum = mark.sum - aside.range(..checkpoint.position).map(|index| value(*index)).sum::<u64>();
    let exact = totals.rows + checkpoint.skipped == checkpoint.position && (ambiguous || totals.sum == sum);
    if options.kind.carries() && !exact || !options.kind.carries() && carried.is_some() {
        wrong.push(format!("the carried state is {totals:?}"));
    }
    wrong
}
