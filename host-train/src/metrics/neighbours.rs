use super::{Embeddings, Value};
use crate::{data::Label, sampler::classes};
use rayon::prelude::*;

/// The index in `gallery` that is nearest to each of `queries`; the lowest among equally near ones. `excluded`
/// says which index a query must not find, such as its own. `None` where nothing is left to be found.
pub fn nearest<T: Value>(
    queries: &Embeddings<T>,
    gallery: &Embeddings<T>,
    excluded: impl Fn(usize) -> Option<usize> + Sync,
) -> Vec<Option<usize>> {
    // A block of queries goes through the gallery together: a row of it is then read from memory once.
    const BLOCK: usize = 32;
    let kind = queries.kind();
    let blocks = (0..queries.len().div_ceil(BLOCK)).into_par_iter().map(|block| {
        let first = block * BLOCK;
        let mut best: Vec<Option<(T::Distance, usize)>> = vec![None; BLOCK.min(queries.len() - first)];
        for candidate in 0..gallery.len() {
            let (row, norm) = (gallery.row(candidate), gallery.norm(candidate));
            for (place, best) in best.iter_mut().enumerate() {
                let query = first + place;
                let dot = T::dot(queries.row(query), row);
                let so_far = best.map(|(distance, _)| distance);
                if let Some(distance) = T::nearer(kind, dot, queries.norm(query), norm, so_far)
                    && excluded(query) != Some(candidate)
                {
                    *best = Some((distance, candidate));
                }
            }
        }
        best.into_iter().map(|best| best.map(|(_, index)| index)).collect::<Vec<_>>()
    });
    blocks.collect::<Vec<_>>().concat()
}

/// Precision at 1: the share of embeddings whose nearest other embedding has the same label. Every one is a
/// query in turn, and all the others are the gallery (leave-one-out), as in Musgrave, Belongie and Lim, "A
/// metric learning reality check", 2020. `labels[i]` belongs to row `i`. One that is alone with its label is no
/// query; NaN where there are no queries.
pub fn precision_at_1<T: Value>(embeddings: &Embeddings<T>, labels: &[Label]) -> f64 {
    let found = nearest(embeddings, embeddings, Some);
    let (mut queries, mut right) = (0, 0);
    for class in classes(labels).iter().filter(|class| class.images.len() > 1) {
        queries += class.images.len();
        let is_right = |&&query: &&usize| found[query].is_some_and(|index| labels[index] == class.label);
        right += class.images.iter().filter(is_right).count();
    }
    right as f64 / queries as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;
    use shared_model::{Distance, Element};

    #[test]
    fn by_hand() {
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
    fn ties_go_to_the_lowest_index() {
        let embeddings = Embeddings::from_bytes(&[5; 12], 4, Element::Unsigned, Distance::Cosine, 1.0);
        let found: Vec<_> = nearest(&embeddings, &embeddings, Some).into_iter().flatten().collect();
        assert_eq!(found, [1, 0, 0, 0]);
    }

    #[test]
    fn equals_a_plain_search() {
        let mut rng = Rng::new(4);
        let bytes: Vec<u8> = (0..150 * 6).map(|_| rng.below(9) as u8).collect();
        for kind in [Distance::SquaredL2, Distance::Cosine] {
            let all = Embeddings::from_bytes(&bytes, 150, Element::Unsigned, kind, 1.0);
            let (queries, gallery) = (all.select(&(0..70).collect::<Vec<_>>()), &all);
            let found = nearest(&queries, gallery, |_| None);
            let excluding = nearest(&queries, gallery, Some);
            for query in 0..70 {
                let plain = |own: bool| {
                    let others = (0..150).filter(|&other| own || other != query);
                    others.min_by_key(|&other| queries.distance(query, gallery, other))
                };
                assert_eq!((found[query], excluding[query]), (plain(true), plain(false)));
            }
        }
    }
}
