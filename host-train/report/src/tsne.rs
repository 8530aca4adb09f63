//! t-SNE (van der Maaten and Hinton, "Visualizing data using t-SNE", JMLR 2008): a map in which
//! near stays near.
//!
//! Attraction is that of the nearest neighbours alone (van der Maaten, "Accelerating t-SNE using
//! tree-based algorithms", JMLR 2014), repulsion that of all points, exact: for the few thousand
//! that a picture holds, a tree would not be faster. Same points, same map: the crates do not
//! promise that. bhtsne, which linfa-tsne uses too, adds up in the order in which threads happen to
//! finish (and brings an FFT along), umap-rs draws from the system's generator.

use rayon::prelude::*;
use tinytriplet_evaluation::vector::{
    Simd,
    f32::{Kernel, Target},
};

/// Neighbours that a point has, roughly: `exp` of the entropy of how it weighs them.
const PERPLEXITY: f64 = 30.0;
/// Neighbours that are weighed; farther ones would have next to no weight.
pub const NEIGHBOURS: usize = 3 * PERPLEXITY as usize;

/// Steps in which attraction is [exaggerated](EXAGGERATION), and those after them.
const STEPS: [usize; 2] = [250, 500];
const EXAGGERATION: f32 = 12.0;
const MOMENTUM: [f32; 2] = [0.5, 0.8];

/// Points that are computed side by side.
const LANES: usize = 16;
/// A coordinate so far away that what is there repels nothing: its weight, squared, is 0 in `f32`.
const NOWHERE: f32 = 1e18;

/// Returns the map of points with these nearest others, each with its squared distance; at most
/// [`NEIGHBOURS`] are used. It begins as `plane`, which gives the map its overall shape (Kobak and
/// Berens, "The art of using t-SNE for single-cell transcriptomics", 2019).
pub fn tsne(nearest: &[Vec<(usize, f64)>], plane: &[[f32; 2]]) -> Vec<[f32; 2]> {
    let weights = weights(nearest);
    let count = plane.len();
    let rate = (count as f32 / EXAGGERATION / 4.0).max(50.0); // Belkina et al. 2019
    let mut points = small(plane);
    let (mut velocities, mut gains) = (vec![[0.0_f32; 2]; count], vec![[1.0_f32; 2]; count]);
    for step in 0..STEPS[0] + STEPS[1] {
        let early = step < STEPS[0];
        let exaggeration = if early { EXAGGERATION } else { 1.0 };
        let momentum = MOMENTUM[usize::from(!early)];
        let gradients = gradients(&points, &weights, exaggeration);
        for (point, gradient) in gradients.iter().enumerate() {
            for axis in 0..2 {
                let (gain, velocity) = (&mut gains[point][axis], &mut velocities[point][axis]);
                // Faster where the way goes on, slower where it turns (Jacobs 1988).
                let turns = gradient[axis] * *velocity > 0.0;
                *gain = if turns { (*gain * 0.8).max(0.01) } else { *gain + 0.2 };
                *velocity = momentum * *velocity - rate * *gain * gradient[axis];
                points[point][axis] += *velocity;
            }
        }
    }
    points
}

/// Returns the plane made so small that nothing in it is far apart.
fn small(plane: &[[f32; 2]]) -> Vec<[f32; 2]> {
    let squares: f64 = plane.iter().map(|[x, _]| f64::from(x * x)).sum();
    let deviation = (squares / plane.len() as f64).sqrt() as f32;
    let scale = if deviation > 0.0 { 1e-4 / deviation } else { 0.0 };
    plane.iter().map(|point| point.map(|x| x * scale)).collect()
}

/// Returns how strongly each point and others are drawn together: `(p(j|i) + p(i|j)) / 2n`. By
/// ascending index.
fn weights(nearest: &[Vec<(usize, f64)>]) -> Vec<Vec<(usize, f32)>> {
    let mut weights = vec![Vec::<(usize, f32)>::new(); nearest.len()];
    let mut add = |point: usize, other: usize, weight: f32| {
        let row = &mut weights[point];
        match row.binary_search_by_key(&other, |&(other, _)| other) {
            Ok(at) => row[at].1 += weight,
            Err(at) => row.insert(at, (other, weight)),
        }
    };
    for (point, others) in nearest.iter().enumerate() {
        let others = &others[..others.len().min(NEIGHBOURS)];
        let distances: Vec<f64> = others.iter().map(|(_, distance)| *distance).collect();
        for (&(other, _), share) in others.iter().zip(shares(&distances)) {
            let weight = (share / (2 * nearest.len()) as f64) as f32;
            add(point, other, weight);
            add(other, point, weight);
        }
    }
    weights
}

/// Returns `p(j|i)`: a Gaussian of the ascending squared distances, as wide as the perplexity asks.
fn shares(distances: &[f64]) -> Vec<f64> {
    let perplexity = PERPLEXITY.min(distances.len() as f64 / 3.0).max(1.0);
    let nearest = distances.first().copied().unwrap_or(0.0);
    let mean = distances.iter().map(|distance| distance - nearest).sum::<f64>() / distances.len() as f64;
    let gauss = |precision: f64| -> (Vec<f64>, f64) {
        let weights = distances.iter().map(|distance| (-(distance - nearest) * precision).exp());
        let weights: Vec<f64> = weights.collect();
        let total: f64 = weights.iter().sum();
        let shares: Vec<f64> = weights.into_iter().map(|weight| weight / total).collect();
        let entropy = shares.iter().filter(|share| **share > 0.0).map(|share| -share * share.ln()).sum();
        (shares, entropy)
    };
    // Halved in powers of 2, between far too wide and far too narrow for any distances.
    let (mut low, mut high) = (-60.0_f64, 60.0_f64);
    let precision = |power: f64| power.exp2() / mean.max(f64::MIN_POSITIVE);
    for _ in 0..50 {
        let middle = (low + high) / 2.0;
        if gauss(precision(middle)).1 > perplexity.ln() { low = middle } else { high = middle }
    }
    gauss(precision(low)).0
}

/// Returns the gradient of the Kullback-Leibler divergence by each point's place.
fn gradients(points: &[[f32; 2]], weights: &[Vec<(usize, f32)>], exaggeration: f32) -> Vec<[f32; 2]> {
    let padded = points.len().next_multiple_of(LANES);
    let column = |axis: usize| {
        let mut column: Vec<f32> = points.iter().map(|point| point[axis]).collect();
        column.resize(padded, NOWHERE);
        column
    };
    let (xs, ys) = (column(0), column(1));
    let mut repulsions = vec![Repulsion::default(); points.len()];
    let simd = Simd::best();
    repulsions.par_chunks_mut(64).zip(points.par_chunks(64)).for_each(|(repulsions, points)| {
        simd.run(Repel { points, xs: &xs, ys: &ys, repulsions });
    });
    let total: f64 = repulsions.iter().map(|repulsion| f64::from(repulsion.weight)).sum();
    let share = if total > 0.0 { (1.0 / total) as f32 } else { 0.0 };
    let gradient = |(point, repulsion): (usize, &Repulsion)| {
        let [x, y] = points[point];
        let mut attraction = [0.0; 2];
        for &(other, weight) in &weights[point] {
            let [dx, dy] = [x - points[other][0], y - points[other][1]];
            let pull = weight / (1.0 + dx * dx + dy * dy);
            attraction = [attraction[0] + pull * dx, attraction[1] + pull * dy];
        }
        [0, 1].map(|axis| 4.0 * (exaggeration * attraction[axis] - repulsion.force[axis] * share))
    };
    repulsions.iter().enumerate().map(gradient).collect()
}

/// The force that drives a point away from all others.
#[derive(Clone, Copy, Default)]
struct Repulsion {
    /// `Σ w`, with `w = 1 / (1 + d²)`.
    weight: f32,
    /// `Σ w² · (y − y')`
    force: [f32; 2],
}

/// Some of the points against all, which `xs` and `ys` hold.
struct Repel<'a> {
    points: &'a [[f32; 2]],
    xs: &'a [f32],
    ys: &'a [f32],
    repulsions: &'a mut [Repulsion],
}

impl Kernel for Repel<'_> {
    /// Plain loops, which the compiler makes vectors of. Sums of lanes are added up in one order
    /// everywhere.
    #[inline(always)]
    fn run<S: Target>(self) {
        let Self { points, xs, ys, repulsions } = self;
        let (xs, ys) = (xs.as_chunks::<LANES>().0, ys.as_chunks::<LANES>().0);
        for (&[x, y], repulsion) in points.iter().zip(repulsions) {
            let (mut weights, mut to_x, mut to_y) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
            for (xs, ys) in xs.iter().zip(ys) {
                for lane in 0..LANES {
                    let (dx, dy) = (x - xs[lane], y - ys[lane]);
                    let weight = 1.0 / (1.0 + dx * dx + dy * dy);
                    weights[lane] += weight;
                    to_x[lane] += weight * weight * dx;
                    to_y[lane] += weight * weight * dy;
                }
            }
            // The point itself, of weight 1, drives nothing.
            let weight = weights.iter().sum::<f32>() - 1.0;
            *repulsion = Repulsion { weight, force: [to_x.iter().sum(), to_y.iter().sum()] };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pca::pca;
    use shared_model::Distance;
    use tinytriplet_data::Rng;
    use tinytriplet_evaluation::metrics::{Embeddings, nearest_others};

    /// Points of 5 values around 0 and, those of odd number, around 6.
    fn two_clusters(count: usize) -> Vec<f32> {
        let mut rng = Rng::new(3);
        (0..count * 5).map(|i| rng.symmetric() + if i / 5 % 2 == 1 { 6.0 } else { 0.0 }).collect()
    }

    fn map(rows: &[f32]) -> Vec<[f32; 2]> {
        let embeddings = Embeddings::from_floats(rows.to_vec(), rows.len() / 5, Distance::SquaredL2);
        let queries: Vec<usize> = (0..embeddings.len()).collect();
        let nearest = nearest_others(&embeddings, &queries, NEIGHBOURS)
            .into_iter()
            .map(|others| others.into_iter().map(|(other, distance)| (other, f64::from(distance))).collect());
        tsne(&nearest.collect::<Vec<_>>(), &pca(rows, 5).points)
    }

    #[test]
    fn two_clusters_stay_apart() {
        let found = map(&two_clusters(203));
        let middle = |odd: usize| {
            let of: Vec<&[f32; 2]> = found.iter().skip(odd).step_by(2).collect();
            [0, 1].map(|axis| of.iter().map(|point| point[axis]).sum::<f32>() / of.len() as f32)
        };
        let distance = |a: [f32; 2], b: [f32; 2]| ((a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2)).sqrt();
        let middles = [middle(0), middle(1)];
        for (number, &point) in found.iter().enumerate() {
            let (own, other) = (number % 2, 1 - number % 2);
            assert!(2.0 * distance(point, middles[own]) < distance(point, middles[other]), "{point:?}");
        }
        // A map and no heap: it spreads over tens of units.
        assert!((5.0..500.0).contains(&distance(middles[0], middles[1])), "{middles:?}");
    }

    #[test]
    fn the_same_points_give_the_same_map_with_any_number_of_threads() {
        let rows = two_clusters(150);
        let threads = |count| rayon::ThreadPoolBuilder::new().num_threads(count).build().unwrap();
        assert_eq!(threads(1).install(|| map(&rows)), threads(3).install(|| map(&rows)));
    }

    #[test]
    fn shares_have_the_perplexity() {
        let distances: Vec<f64> = (0..90).map(|i| f64::from(i * i)).collect();
        let shares = shares(&distances);
        let entropy: f64 = shares.iter().map(|share| -share * share.max(1e-300).ln()).sum();
        assert!((entropy.exp() - 30.0).abs() < 0.01, "{}", entropy.exp());
        assert!(shares.is_sorted_by(|a, b| a >= b));
    }

    #[test]
    fn few_points_and_equal_points() {
        assert!(map(&[]).is_empty());
        assert_eq!(map(&[1.0; 5]), [[0.0, 0.0]]);
        assert_eq!(map(&[1.0; 20]), [[0.0, 0.0]; 4]);
        assert!(map(&two_clusters(2)).as_flattened().iter().all(|x| x.is_finite()));
    }
}
