use super::{Embeddings, Value};
use crate::vector::{
    Simd,
    f32::{Kernel, Target},
};
use std::ops::Range;

/// Candidates whose rows stay in the nearest cache while several queries are compared with them.
const NEAR: usize = 32;

/// Writes the [keys](Value::key) of the distances of `queries[rows]` to `gallery[columns]`: for one query
/// after the other, one for each candidate.
///
/// # Panics
/// `keys` has another length.
pub fn write_keys<T: Value>(
    simd: Simd,
    (queries, rows): (&Embeddings<T>, Range<usize>),
    (gallery, columns): (&Embeddings<T>, Range<usize>),
    keys: &mut [u32],
) {
    assert_eq!(keys.len(), rows.len() * columns.len(), "a key for each pair");
    simd.run(Tile { queries, rows, gallery, columns, keys });
}

struct Tile<'a, T: Value> {
    queries: &'a Embeddings<T>,
    rows: Range<usize>,
    gallery: &'a Embeddings<T>,
    columns: Range<usize>,
    keys: &'a mut [u32],
}

impl<T: Value> Kernel for Tile<'_, T> {
    /// The loops are plain ones, which the compiler makes vectors of: it has the instructions of
    /// `S` for them.
    #[inline(always)]
    fn run<S: Target>(self) {
        let Self { queries, rows, gallery, columns, keys } = self;
        let width = columns.len();
        for near in columns.clone().step_by(NEAR) {
            let near = near..(near + NEAR).min(columns.end);
            for (place, query) in rows.clone().enumerate() {
                let mut dots = [T::Sum::default(); NEAR];
                for (dot, candidate) in dots.iter_mut().zip(near.clone()) {
                    *dot = T::dot(queries.row(query), gallery.row(candidate));
                }
                let (norm, norms) = (queries.norms()[query], &gallery.norms()[near.clone()]);
                let keys = &mut keys[place * width + near.start - columns.start..][..near.len()];
                T::keys(queries.kind(), &dots[..near.len()], norm, norms, keys);
            }
        }
    }
}
