//! The columns that a record's type asks for, so that the others are not looked at in every row.

use super::row::Row;
use super::shape::{Shape, shape_of};
use csv::ByteRecord;
use serde::de::DeserializeOwned;

/// The columns of one type.
#[derive(Debug)]
pub(super) struct Columns {
    /// Tells types apart: two types with one function ask for the same.
    shape: fn() -> Shape,
    /// Their indices in a row, ascending; `None`: all columns.
    pub(super) indices: Option<Vec<usize>>,
    /// Their names.
    pub(super) names: Row,
    /// Whether a row was decoded with all its columns. A type may refuse a column that it does not know.
    pub(super) is_proven: bool,
}

impl Columns {
    pub(super) fn of<T: DeserializeOwned>(header: &ByteRecord) -> Self {
        let indices: Option<Vec<usize>> = match shape_of::<T>() {
            Shape::Columns(names) => {
                let is_wanted = |name: &[u8]| names.iter().any(|wanted| wanted.as_bytes() == name);
                Some((0..header.len()).filter(|index| header.get(*index).is_some_and(is_wanted)).collect())
            }
            Shape::List | Shape::Any => None,
        };
        let names = Row::of(indices.iter().flatten().filter_map(|index| header.get(*index)).collect());
        Self { shape: shape_of::<T>, indices, names, is_proven: false }
    }

    pub(super) fn is_of<T: DeserializeOwned>(&self) -> bool {
        std::ptr::fn_addr_eq(self.shape, shape_of::<T> as fn() -> Shape)
    }
}
