//! Code that the fuzz targets share.

mod aligned;
mod choices;
mod model;

pub use aligned::Aligned;
pub use choices::Choices;
pub use model::{check, mend};

/// Splits an input in two. The first two bytes are the length of the first part; at most all of the rest.
pub fn split(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&len, rest) = data.split_first_chunk()?;
    Some(rest.split_at(rest.len().min(u16::from_le_bytes(len).into())))
}
