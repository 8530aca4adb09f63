//! Rows and columns.

use serde::{Deserialize, Serialize, de};
use std::fmt;

/// Rows and columns; written as one number where they are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub [usize; 2]);

impl Serialize for Size {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let [rows, columns] = self.0;
        if rows == columns { rows.serialize(serializer) } else { self.0.serialize(serializer) }
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Size;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a whole number, or [rows, columns]")
            }

            fn visit_u64<E: de::Error>(self, size: u64) -> Result<Size, E> {
                Ok(Size([size as usize; 2]))
            }

            fn visit_i64<E: de::Error>(self, size: i64) -> Result<Size, E> {
                u64::try_from(size)
                    .map_err(|_| E::invalid_value(de::Unexpected::Signed(size), &self))
                    .and_then(|size| self.visit_u64(size))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut sequence: A) -> Result<Size, A::Error> {
                let mut sizes = Vec::new();
                while let Some(size) = sequence.next_element()? {
                    sizes.push(size);
                }
                let count = sizes.len();
                sizes.try_into().map(Size).map_err(|_| de::Error::invalid_length(count, &self))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [rows, columns] = self.0;
        if rows == columns { write!(f, "{rows}") } else { write!(f, "[{rows}, {columns}]") }
    }
}
