//! What a record says of where its run stands must be true of the object.

use super::jobs::Totals;
use super::options::{Options, SKIP, Via};
use super::oracle::{Oracle, value};
use crate::engine::record::{Record, Status};
use std::collections::BTreeSet;

/// What is wrong with it; `aside`: the records that were set aside.
pub(super) fn check_place(record: &Record, options: &Options, oracle: &Oracle, aside: &BTreeSet<u64>) -> Vec<String> {
    let mut wrong = Vec::new();
    let Some(mark) = oracle.mark(record.position) else { return vec!["the position is behind the end".into()] };
    let size = oracle.body.len() as u64;
    let at_end = record.position == options.rows && record.offset == size;
    if (record.offset, record.line) != (mark.offset, mark.lines) && !at_end {
        wrong.push(format!("offset {} and line {}, which are {mark:?}", record.offset, record.line));
    }
    let batches = options.kind.is_picky() || record.batches == record.position.div_ceil(options.batch());
    if record.position > options.end() || !batches {
        wrong.push(format!("{} batches", record.batches));
    }
    if record.status == Status::Done && record.position != options.end() {
        wrong.push("done before the end".into());
    }
    // A manual start pins what is there when it is first handled.
    let by_hand = options.via == Via::Hand && record.object.etag == "second";
    if record.size != size || !(by_hand || record.object.etag == "first") {
        wrong.push("another object".into());
    }
    if record.set_aside > aside.range(..record.position).count() as u64 || record.set_aside > SKIP {
        wrong.push(format!("{} set aside, {aside:?} are", record.set_aside));
    }
    let carried = record.state.as_ref().map(|state| serde_json::from_str::<Totals>(state.json()).unwrap_or_default());
    let totals = carried.clone().unwrap_or_default();
    // An invocation that lost the run may have set aside what another one did.
    let ambiguous = aside.len() as u64 != record.set_aside;
    let sum = mark.sum - aside.range(..record.position).map(|index| value(*index)).sum::<u64>();
    let exact = totals.rows + record.set_aside == record.position && (ambiguous || totals.sum == sum);
    if options.kind.carries() && !exact || !options.kind.carries() && carried.is_some() {
        wrong.push(format!("the carried state is {totals:?}"));
    }
    wrong
}
