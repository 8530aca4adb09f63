use super::{Embeddings, Value, distances::write_keys};
use crate::vector::Simd;
use rayon::prelude::*;
use std::collections::BTreeMap;
use tinytriplet_data::Label;

/// Queries that go through a gallery together: a row of it is then read from memory once for all of
/// them.
const QUERIES: usize = 32;
/// Candidates that they are compared with at a time.
const CANDIDATES: usize = 1024;

/// Returns the index in `gallery` that is nearest to each of `queries`; the lowest among equally near ones.
/// `excluded` says which index a query must not find, such as its own. `None` where nothing is left
/// to be found.
pub fn nearest<T: Value>(
    queries: &Embeddings<T>,
    gallery: &Embeddings<T>,
    excluded: impl Fn(usize) -> Option<usize> + Sync,
) -> Vec<Option<usize>> {
    // No distance has this key: the largest squared one is 1,024 · 255², and a float's is a NaN of
    // its own.
    const NOTHING: u32 = u32::MAX;
    let simd = Simd::best();
    let blocks = (0..queries.len().div_ceil(QUERIES)).into_par_iter().map(|block| {
        let rows = block * QUERIES..((block + 1) * QUERIES).min(queries.len());
        let mut best = vec![(NOTHING, None); rows.len()];
        let mut keys = vec![0; rows.len() * CANDIDATES];
        for start in (0..gallery.len()).step_by(CANDIDATES) {
            let columns = start..(start + CANDIDATES).min(gallery.len());
            let width = columns.len();
            let keys = &mut keys[..rows.len() * width];
            write_keys(simd, (queries, rows.clone()), (gallery, columns.clone()), keys);
            for ((query, best), keys) in rows.clone().zip(&mut best).zip(keys.chunks_exact_mut(width)) {
                if let Some(own) = excluded(query).filter(|own| columns.contains(own)) {
                    keys[own - start] = NOTHING;
                }
                let lowest = keys.iter().copied().min().unwrap_or(NOTHING);
                if lowest < best.0 {
                    let place = keys.iter().position(|&key| key == lowest);
                    *best = (lowest, place.map(|place| start + place));
                }
            }
        }
        best.into_iter().map(|(_, index)| index).collect::<Vec<_>>()
    });
    blocks.collect::<Vec<_>>().concat()
}

/// Returns the `count` nearest others of some of the embeddings, the `queries`: each with its distance,
/// ascending, the lowest index first among equally near ones. Fewer where there are not so many
/// others.
pub fn nearest_others<T: Value>(
    embeddings: &Embeddings<T>,
    queries: &[usize],
    count: usize,
) -> Vec<Vec<(usize, T::Distance)>> {
    let simd = Simd::best();
    let all = embeddings.len();
    let blocks = queries.par_chunks(QUERIES).map(|block| {
        let mut keys = vec![0; block.len() * all];
        write_keys(simd, (&embeddings.select(block), 0..block.len()), (embeddings, 0..all), &mut keys);
        let found = block.iter().zip(keys.chunks_exact(all.max(1))).map(|(&query, keys)| {
            let mut others: Vec<(u32, usize)> =
                keys.iter().copied().zip(0..).filter(|&(_, other)| other != query).collect();
            if count < others.len() {
                others.select_nth_unstable(count);
                others.truncate(count);
            }
            others.sort_unstable();
            others.into_iter().map(|(key, other)| (other, T::from_key(key))).collect()
        });
        found.collect::<Vec<_>>()
    });
    blocks.collect::<Vec<_>>().concat()
}

/// Returns precision at 1, leave-one-out: the share of embeddings whose nearest other embedding has the
/// same label. Every one is a query in turn, and all the others are the gallery, as in Musgrave,
/// Belongie and Lim, "A metric learning reality check", 2020. `labels[i]` belongs to row `i`. One
/// that is alone with its label is no query; NaN where there are no queries.
pub fn precision_at_1<T: Value>(embeddings: &Embeddings<T>, labels: &[Label]) -> f64 {
    let found = nearest(embeddings, embeddings, Some);
    share_of_right(&found, labels, labels, 2)
}

/// Returns precision at 1 in a gallery: the share of `queries` whose nearest embedding in `gallery`, which
/// has labels of its own, has the same label. A query whose label is not in the gallery does not
/// count; NaN where none counts.
pub fn gallery_precision_at_1<T: Value>(
    (queries, labels): (&Embeddings<T>, &[Label]),
    (gallery, gallery_labels): (&Embeddings<T>, &[Label]),
) -> f64 {
    share_of_right(&nearest(queries, gallery, |_| None), labels, gallery_labels, 1)
}

/// Returns the share that found its label, of the queries whose label occurs in the gallery at
/// least `needed` times.
fn share_of_right(found: &[Option<usize>], labels: &[Label], gallery_labels: &[Label], needed: usize) -> f64 {
    let sizes = class_sizes(gallery_labels);
    let (mut queries, mut right) = (0, 0);
    for (found, label) in found.iter().zip(labels).filter(|(_, label)| sizes.get(label) >= Some(&needed)) {
        queries += 1;
        right += usize::from(found.is_some_and(|index| gallery_labels[index] == *label));
    }
    right as f64 / f64::from(queries)
}

/// Returns the number of times that each label occurs.
pub(super) fn class_sizes(labels: &[Label]) -> BTreeMap<Label, usize> {
    let mut sizes = BTreeMap::new();
    for &label in labels {
        *sizes.entry(label).or_default() += 1;
    }
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::{Distance, inspect::Element};
    use tinytriplet_data::Rng;

    #[test]
    fn precision_at_1_is_the_share_of_nearest_neighbours_with_the_same_label() {
        let embeddings = Embeddings::from_floats(vec![0.0, 1.0, 10.0, 11.5, 12.0], 5, Distance::SquaredL2);
        let found: Vec<_> = nearest(&embeddings, &embeddings, Some).into_iter().flatten().collect();
        assert_eq!(found, [1, 0, 3, 4, 3]);
        assert_eq!(precision_at_1(&embeddings, &[0, 0, 0, 1, 1]), 0.8);
        let one = Embeddings::from_floats(vec![1.0], 1, Distance::Cosine);
        assert!(precision_at_1(&one, &[0]).is_nan());
        // The middle one is alone with its label: nobody could find the like of it.
        assert_eq!(precision_at_1(&embeddings, &[0, 0, 2, 1, 1]), 1.0);
    }

    #[test]
    fn precision_in_a_gallery_counts_only_labels_that_are_in_it() {
        let places =
            |places: &[f32]| Embeddings::from_floats(places.to_vec(), places.len(), Distance::SquaredL2);
        let (queries, gallery) = (places(&[0.4, 0.6, 5.0, 9.0]), places(&[0.0, 1.0, 4.0]));
        // The last one's label is not there. 0.6 is nearest to 1, which has another label.
        let precision = gallery_precision_at_1((&queries, &[0, 0, 1, 7]), (&gallery, &[0, 1, 1]));
        assert_eq!(precision, 2.0 / 3.0);
    }

    #[test]
    fn the_nearest_others_come_by_their_distance() {
        let embeddings = Embeddings::from_floats(vec![0.0, 1.0, 10.0, 11.5, 12.0], 5, Distance::SquaredL2);
        let found = nearest_others(&embeddings, &[3, 0], 2);
        assert_eq!(found, [[(4, 0.25), (2, 2.25)], [(1, 1.0), (2, 100.0)]]);
        // All of them where there are no more; of equally near ones, the lowest index first.
        let same = Embeddings::from_bytes(&[5; 12], 4, Element::Unsigned, Distance::SquaredL2, 1.0);
        assert_eq!(nearest_others(&same, &[2], 9), [[(0, 0), (1, 0), (3, 0)]]);
        assert_eq!(nearest_others(&same.select(&[0]), &[0], 3), [[]]);
    }

    #[test]
    fn ties_go_to_the_lowest_index() {
        let embeddings = Embeddings::from_bytes(&[5; 12], 4, Element::Unsigned, Distance::Cosine, 1.0);
        let found: Vec<_> = nearest(&embeddings, &embeddings, Some).into_iter().flatten().collect();
        assert_eq!(found, [1, 0, 0, 0]);
    }

    #[test]
    fn equals_a_plain_search() {
        let mut rng = Rng::new(4);
        // More candidates than are compared at a time; small values, so that there are ties.
        let count = CANDIDATES + 150;
        let bytes: Vec<u8> = (0..count * 6).map(|_| rng.below(9) as u8).collect();
        for kind in [Distance::SquaredL2, Distance::Cosine] {
            let all = Embeddings::from_bytes(&bytes, count, Element::Unsigned, kind, 1.0);
            let (queries, gallery) = (all.select(&(0..70).collect::<Vec<_>>()), &all);
            let found = nearest(&queries, gallery, |_| None);
            let excluding = nearest(&queries, gallery, Some);
            for query in 0..70 {
                let plain = |own: bool| {
                    let others = (0..count).filter(|&other| own || other != query);
                    others.min_by_key(|&other| queries.distance(query, gallery, other))
                };
                assert_eq!((found[query], excluding[query]), (plain(true), plain(false)));
            }
        }
    }
}
