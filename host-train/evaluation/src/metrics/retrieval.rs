use super::{Embeddings, Value, distances::write_keys, neighbours::class_sizes};
use crate::vector::Simd;
use rayon::prelude::*;
use tinytriplet_data::Label;

/// The k of recall@k.
pub const RECALL_AT: [usize; 4] = [1, 2, 4, 8];

/// The quality of each embedding in finding those of its label among all others (leave-one-out).
/// Shares from 0 to 1. One that is alone with its label has nothing to find and is no query; NaN
/// where there are no queries.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Retrieval {
    /// Recall@k, for each k of [`RECALL_AT`]: the share of queries with one of their label among
    /// the k nearest (Jégou, Douze and Schmid 2011, as metric learning uses it since Song et al.
    /// 2016). Recall@1 is precision at 1.
    pub recall_at: [f64; RECALL_AT.len()],
    /// R-precision: with R others of the query's label, the share of its label among the R nearest;
    /// mean over queries (Musgrave, Belongie and Lim, "A metric learning reality check", 2020).
    pub r_precision: f64,
    /// MAP@R: `1/R · Σ P(i)` over the ranks i from 1 to R that have the query's label, where `P(i)`
    /// is the share of its label among the i nearest; mean over queries (the same paper).
    pub map_at_r: f64,
}

/// Ranks all others for each of `embeddings`, of which row `i` has label `labels[i]`; among equally
/// near ones the lowest index comes first.
pub fn retrieval<T: Value>(embeddings: &Embeddings<T>, labels: &[Label]) -> Retrieval {
    // Queries whose keys are written at a time: 10,000 candidates take 40 kB for each.
    const QUERIES: usize = 16;
    let simd = Simd::best();
    let count = embeddings.len();
    let sizes = class_sizes(labels);
    let blocks = (0..count.div_ceil(QUERIES)).into_par_iter().map(|block| {
        let rows = block * QUERIES..((block + 1) * QUERIES).min(count);
        let mut keys = vec![0; rows.len() * count];
        write_keys(simd, (embeddings, rows.clone()), (embeddings, 0..count), &mut keys);
        let mut ranked = Vec::with_capacity(count);
        let queries = rows.zip(keys.chunks_exact(count));
        let found = queries.filter(|(query, _)| sizes[&labels[*query]] > 1).map(|(query, keys)| {
            rank(query, keys, sizes[&labels[query]] - 1, &mut ranked);
            Found::new(&ranked, labels, query, sizes[&labels[query]] - 1)
        });
        found.collect::<Vec<_>>()
    });
    mean(&blocks.collect::<Vec<_>>().concat())
}

/// Writes the nearest others to `ranked`, nearest first, as key and index in one number: `relevant`
/// of them, or as many as recall asks for.
fn rank(query: usize, keys: &[u32], relevant: usize, ranked: &mut Vec<u64>) {
    ranked.clear();
    let all = keys.iter().enumerate().map(|(index, &key)| u64::from(key) << 32 | index as u64);
    ranked.extend(all);
    ranked.swap_remove(query);
    let needed = relevant.max(RECALL_AT[RECALL_AT.len() - 1]).min(ranked.len());
    if needed < ranked.len() {
        ranked.select_nth_unstable(needed);
        ranked.truncate(needed);
    }
    ranked.sort_unstable();
}

/// The result of one query.
#[derive(Clone, Copy)]
struct Found {
    recall_at: [bool; RECALL_AT.len()],
    r_precision: f64,
    map_at_r: f64,
}

impl Found {
    fn new(ranked: &[u64], labels: &[Label], query: usize, relevant: usize) -> Self {
        let is_right = |&place: &u64| labels[place as u32 as usize] == labels[query];
        let first = ranked.iter().position(is_right).unwrap_or(usize::MAX);
        let (mut right, mut precisions) = (0, 0.0);
        for (rank, place) in ranked[..relevant].iter().enumerate() {
            if is_right(place) {
                right += 1;
                precisions += f64::from(right) / (rank + 1) as f64;
            }
        }
        Self {
            recall_at: RECALL_AT.map(|k| first < k),
            r_precision: f64::from(right) / relevant as f64,
            map_at_r: precisions / relevant as f64,
        }
    }
}

fn mean(found: &[Found]) -> Retrieval {
    let mean = |of: &dyn Fn(&Found) -> f64| found.iter().map(of).sum::<f64>() / found.len() as f64;
    let recall = |k: usize| mean(&|found| f64::from(u8::from(found.recall_at[k])));
    Retrieval {
        recall_at: std::array::from_fn(recall),
        r_precision: mean(&|found| found.r_precision),
        map_at_r: mean(&|found| found.map_at_r),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::precision_at_1;
    use shared_model::{Distance, inspect::Element};
    use tinytriplet_data::Rng;

    fn on_a_line(places: &[f32]) -> Embeddings<f32> {
        Embeddings::from_floats(places.to_vec(), places.len(), Distance::SquaredL2)
    }

    /// The examples of "A metric learning reality check", with R = 10: what the ten nearest are
    /// worth.
    #[test]
    fn as_in_the_paper() {
        let ranked: Vec<u64> = (1..=10).collect();
        let worth = |right: &[u64]| {
            let label = |place| if place == 0 || right.contains(&place) { 1 } else { 0 };
            let labels: Vec<Label> = (0..=10).map(label).collect();
            let found = Found::new(&ranked, &labels, 0, 10);
            [found.r_precision, found.map_at_r].map(|share| (1000.0 * share).round() / 10.0)
        };
        // 10 results, of which only the first is right: 1/10 · 1/1.
        assert_eq!(worth(&[1]), [10.0, 10.0]);
        // The first and the last are: 1/10 · (1/1 + 2/10).
        assert_eq!(worth(&[1, 10]), [20.0, 12.0]);
        // The first two are: 1/10 · (1/1 + 2/2).
        assert_eq!(worth(&[1, 2]), [20.0, 20.0]);
        // All are.
        assert_eq!(worth(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), [100.0, 100.0]);
    }

    #[test]
    fn recall_r_precision_and_map_follow_from_the_ranks() {
        // Labels along the line: a at 0, 1, 8; b at 3, 5; c at 20, alone and no query.
        let embeddings = on_a_line(&[0.0, 1.0, 8.0, 3.0, 5.0, 20.0]);
        let found = retrieval(&embeddings, &[0, 0, 0, 1, 1, 2]);
        // Query   ranked labels   recall@1, 2, 4   R   R-precision   MAP@R
        // a at 0  a b b a c            1  1  1     2      1/2         1/2 · 1/1
        // a at 1  a b b a c            1  1  1     2      1/2         1/2 · 1/1
        // a at 8  b b a a c            0  0  1     2       0           0
        // b at 3  a b a a c            0  1  1     1       0           0    (1 and 5 are equally near: index 1 first)
        // b at 5  b a a a c            1  1  1     1       1           1    (b at 3: 2 away, 8: 3, 1: 4)
        assert_eq!(found.recall_at, [3.0 / 5.0, 4.0 / 5.0, 1.0, 1.0]);
        assert_eq!(found.r_precision, 2.0 / 5.0);
        assert_eq!(found.map_at_r, 2.0 / 5.0);
    }

    #[test]
    fn without_two_of_a_label_there_is_nothing_to_find() {
        assert!(retrieval(&on_a_line(&[]), &[]).map_at_r.is_nan());
        assert!(retrieval(&on_a_line(&[1.0, 2.0]), &[0, 1]).recall_at[0].is_nan());
        assert_eq!(retrieval(&on_a_line(&[1.0, 2.0]), &[3, 3]).r_precision, 1.0);
    }

    #[test]
    fn equals_a_plain_ranking() {
        let mut rng = Rng::new(5);
        let (count, classes) = (211, 7);
        let bytes: Vec<u8> = (0..count * 4).map(|_| rng.below(6) as u8).collect();
        let labels: Vec<Label> = (0..count).map(|_| rng.below(classes) as Label).collect();
        for kind in [Distance::SquaredL2, Distance::Cosine] {
            let embeddings = Embeddings::from_bytes(&bytes, count, Element::Unsigned, kind, 1.0);
            let mut plain = Retrieval::default();
            for query in 0..count {
                let mut others: Vec<usize> = (0..count).filter(|&other| other != query).collect();
                others.sort_by_key(|&other| embeddings.distance(query, &embeddings, other)); // stable
                let right: Vec<bool> = others.iter().map(|&other| labels[other] == labels[query]).collect();
                let within = |k: usize| right[..k].iter().filter(|&&right| right).count() as f64;
                let relevant = within(count - 1);
                let precision = |rank: usize| within(rank) / rank as f64;
                let hits = (1..=relevant as usize).filter(|rank| right[rank - 1]);
                plain.map_at_r += hits.map(precision).sum::<f64>() / relevant;
                plain.r_precision += within(relevant as usize) / relevant;
                for (sum, k) in plain.recall_at.iter_mut().zip(RECALL_AT) {
                    *sum += f64::from(u8::from(within(k) > 0.0));
                }
            }
            let count = count as f64;
            let found = retrieval(&embeddings, &labels);
            assert_eq!(found.recall_at, plain.recall_at.map(|sum| sum / count));
            assert_eq!(found.recall_at[0], precision_at_1(&embeddings, &labels));
            assert!((found.r_precision - plain.r_precision / count).abs() < 1e-12);
            assert!((found.map_at_r - plain.map_at_r / count).abs() < 1e-12);
        }
    }
}
