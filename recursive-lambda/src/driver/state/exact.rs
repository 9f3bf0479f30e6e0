//! A serialiser that writes nothing and fails if JSON would lose a value: at a number that is not finite, which becomes null, and
//! at a `Some` whose content becomes null, which reads as `None`.

use serde::ser::{self, Serialize};
use std::fmt;

#[derive(Clone, Copy)]
pub(super) struct Exact;

/// A value that JSON cannot hold.
#[derive(Debug)]
pub(super) enum Lost {
    NotFinite(f64),
    SomeNull,
    Other(String),
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFinite(number) => {
                write!(f, "{number}, and JSON has only finite numbers; leave it out of the state, or use an `Option` and `None`")
            }
            Self::SomeNull => {
                f.write_str("`Some` of a value that JSON writes as null, which reads back as `None`; use an enum instead")
            }
            Self::Other(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Lost {}

impl ser::Error for Lost {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Other(message.to_string())
    }
}

/// Whether a value becomes null.
type IsNull = bool;

macro_rules! never_null {
    ($($method:ident: $type:ty),* $(,)?) => {
        $(fn $method(self, _: $type) -> Result<IsNull, Lost> {
            Ok(false)
        })*
    };
}

impl ser::Serializer for Exact {
    type Ok = IsNull;
    type Error = Lost;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    never_null! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128, serialize_char: char,
        serialize_str: &str, serialize_bytes: &[u8],
    }

    fn serialize_f32(self, number: f32) -> Result<IsNull, Lost> {
        self.serialize_f64(number.into())
    }

    fn serialize_f64(self, number: f64) -> Result<IsNull, Lost> {
        if number.is_finite() { Ok(false) } else { Err(Lost::NotFinite(number)) }
    }

    fn serialize_none(self) -> Result<IsNull, Lost> {
        Ok(true)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<IsNull, Lost> {
        if value.serialize(self)? { Err(Lost::SomeNull) } else { Ok(false) }
    }

    fn serialize_unit(self) -> Result<IsNull, Lost> {
        Ok(true)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<IsNull, Lost> {
        Ok(true)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<IsNull, Lost> {
        Ok(false)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<IsNull, Lost> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Result<IsNull, Lost> {
        value.serialize(self).map(|_| false)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Lost> {
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Lost> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Lost> {
        Ok(self)
    }

    fn serialize_tuple_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Self, Lost> {
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, Lost> {
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Lost> {
        Ok(self)
    }

    fn serialize_struct_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Self, Lost> {
        Ok(self)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, _: &T) -> Result<IsNull, Lost> {
        Ok(false)
    }
}

/// Each element is checked; its container is an array or an object, never null.
macro_rules! looks_at {
    ($($compound:ident $method:ident),* $(,)?) => {
        $(impl ser::$compound for Exact {
            type Ok = IsNull;
            type Error = Lost;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Lost> {
                value.serialize(*self).map(drop)
            }

            fn end(self) -> Result<IsNull, Lost> {
                Ok(false)
            }
        })*
    };
}

macro_rules! looks_at_fields {
    ($($compound:ident),*) => {
        $(impl ser::$compound for Exact {
            type Ok = IsNull;
            type Error = Lost;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, _: &'static str, value: &T) -> Result<(), Lost> {
                value.serialize(*self).map(drop)
            }

            fn end(self) -> Result<IsNull, Lost> {
                Ok(false)
            }
        })*
    };
}

looks_at! {
    SerializeSeq serialize_element, SerializeTuple serialize_element, SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field,
}

looks_at_fields!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for Exact {
    type Ok = IsNull;
    type Error = Lost;

    /// serde_json itself refuses the keys that JSON cannot hold.
    fn serialize_key<T: Serialize + ?Sized>(&mut self, _: &T) -> Result<(), Lost> {
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Lost> {
        value.serialize(*self).map(drop)
    }

    fn end(self) -> Result<IsNull, Lost> {
        Ok(false)
    }
}
