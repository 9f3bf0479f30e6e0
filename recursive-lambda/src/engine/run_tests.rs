//! The rules of a run, one table each.
