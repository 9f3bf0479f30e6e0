//! What a record's type wants from a row: columns by name, all of them by name, or fields in order.
//!
//! It asks the type's `Deserialize`, which names its fields before it sees any data. No row is read.

use serde::de::value::Error;
use serde::de::{Deserialize, Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a type asks for first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A struct: these columns, with serde's renames and aliases.
    Columns(&'static [&'static str]),
    /// Fields in order: a tuple, a `Vec`.
    List,
    /// All columns: a map, a struct with a flattened field, a type that decides for itself.
    Any,
}

/// The shape of `T`.
pub(super) fn shape_of<T: for<'de> Deserialize<'de>>() -> Shape {
    let shape = Cell::new(Shape::Any);
    // User code, which may do anything. Its result means nothing: the probe has no value to give.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(T::deserialize(Probe(&shape)))));
    shape.get()
}

struct Probe<'a>(&'a Cell<Shape>);

impl Probe<'_> {
    fn note<T>(self, shape: Shape) -> Result<T, Error> {
        self.0.set(shape);
        Err(Error::custom("only the shape is asked for"))
    }
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        self.note(Shape::Any)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        self.note(if fields.is_empty() { Shape::Any } else { Shape::Columns(fields) })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        self.note(Shape::List)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Error> {
        self.note(Shape::List)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(self, _: &'static str, _: usize, _: V) -> Result<V::Value, Error> {
        self.note(Shape::List)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
#[allow(dead_code, reason = "only their shape is asked for")]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[derive(serde::Deserialize)]
    struct Row {
        #[serde(rename = "Id", alias = "ID")]
        id: u64,
        name: Option<String>,
        #[serde(skip)]
        seen: bool,
    }

    #[derive(serde::Deserialize)]
    #[serde(transparent)]
    struct Transparent(Row);

    #[derive(serde::Deserialize)]
    struct Flattened {
        id: u64,
        #[serde(flatten)]
        rest: HashMap<String, String>,
    }

    #[derive(serde::Deserialize)]
    struct Pair(u64, u64);

    #[derive(serde::Deserialize)]
    struct Nothing {}

    struct Panics;

    impl<'de> Deserialize<'de> for Panics {
        fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            std::panic::resume_unwind(Box::new("not now"))
        }
    }

    #[test]
    fn it_is_what_the_type_asks_for_first() {
        let row = Shape::Columns(&["Id", "ID", "name"]);
        let cases = [
            (shape_of::<Row>(), row),
            (shape_of::<Box<Row>>(), row),
            (shape_of::<Option<Row>>(), row),
            (shape_of::<Transparent>(), row),
            (shape_of::<(u64, String)>(), Shape::List),
            (shape_of::<Pair>(), Shape::List),
            (shape_of::<Vec<String>>(), Shape::List),
            (shape_of::<[String; 3]>(), Shape::List),
            (shape_of::<HashMap<String, String>>(), Shape::Any),
            (shape_of::<Flattened>(), Shape::Any),
            (shape_of::<serde_json::Value>(), Shape::Any),
            (shape_of::<Nothing>(), Shape::Any),
            (shape_of::<Panics>(), Shape::Any),
            (shape_of::<String>(), Shape::Any),
        ];
        for (index, (found, wanted)) in cases.into_iter().enumerate() {
            assert!(
                match (found, wanted) {
                    (Shape::Columns(found), Shape::Columns(wanted)) =>
                        found.len() == wanted.len() && wanted.iter().all(|name| found.contains(name)),
                    (found, wanted) => found == wanted,
                },
                "case {index}: {found:?}"
            );
        }
    }
}
