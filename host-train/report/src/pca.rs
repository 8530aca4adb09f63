use tinytriplet_data::Rng;
use tinytriplet_evaluation::metrics::Value;

/// The plane in which a cloud of points spreads most.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    /// The place of each point in it; the middle is at 0.
    pub points: Vec<[f32; 2]>,
    /// Share of the variance along each of the two axes, 0 to 1; NaN where all points are one.
    pub variance: [f64; 2],
}

/// Most turns of the power method. MNIST's pixels take 60.
const TURNS: usize = 300;
/// An axis that a turn moves by less than this is found.
const STILL: f32 = 1e-5;

/// Returns the two main components (Pearson, "On lines and planes of closest fit to systems of points in
/// space", 1901) of `rows`, one point after the other, of `dimensions` values each. By the power
/// method: the largest two of hundreds of axes are all that is asked for. Of both directions of an
/// axis, the one in which its largest value is positive.
pub fn pca(rows: &[f32], dimensions: usize) -> Plane {
    let mut rows = rows.to_vec();
    centre(&mut rows, dimensions);
    let total: f64 = rows.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    let points = || rows.chunks_exact(dimensions.max(1));
    let along = |axis: &[f32]| -> Vec<f32> { points().map(|point| f32::dot(point, axis)).collect() };

    let mut rng = Rng::new(1);
    let mut axes = Vec::<Vec<f32>>::new();
    for _ in 0..2 {
        let mut axis: Vec<f32> = (0..dimensions).map(|_| rng.symmetric()).collect();
        for _ in 0..TURNS {
            // As far as the points spread along the axis, they draw it to them.
            let mut next = vec![0.0; dimensions];
            for (point, at) in points().zip(along(&axis)) {
                next.iter_mut().zip(point).for_each(|(sum, x)| *sum += at * x);
            }
            for other in &axes {
                let shared = f32::dot(&next, other);
                next.iter_mut().zip(other).for_each(|(x, other)| *x -= shared * other);
            }
            let length = f32::dot(&next, &next).sqrt();
            next.iter_mut().for_each(|x| *x /= length.max(f32::MIN_POSITIVE));
            let moved: f32 = next.iter().zip(&axis).map(|(a, b)| (a - b) * (a - b)).sum();
            axis = next;
            if moved < STILL * STILL {
                break;
            }
        }
        let largest = axis.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs()));
        if largest < Some(0.0) {
            axis.iter_mut().for_each(|x| *x = -*x);
        }
        axes.push(axis);
    }
    let [x, y] = [0, 1].map(|at| along(&axes[at]));
    let share = |along: &[f32]| along.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>() / total;
    let variance = [share(&x), share(&y)];
    Plane { points: x.into_iter().zip(y).map(<[f32; 2]>::from).collect(), variance }
}

/// Moves the middle to 0.
fn centre(rows: &mut [f32], dimensions: usize) {
    let count = rows.len().checked_div(dimensions).unwrap_or(0) as f64;
    for column in 0..dimensions {
        let mean = rows.iter().skip(column).step_by(dimensions).map(|&x| f64::from(x)).sum::<f64>() / count;
        rows.iter_mut().skip(column).step_by(dimensions).for_each(|x| *x -= mean as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axes_of_a_known_cloud_are_found() {
        // Along (3, −4) / 5 it reaches from −10 to 10, along (4, 3) / 5 from −5 to 5; its middle is
        // at (100, 200). A third value is always the same.
        let places = [(10.0, 0.0), (-10.0, 0.0), (0.0, 5.0), (0.0, -5.0)];
        let point = |(a, b): (f32, f32)| [0.6 * a + 0.8 * b + 100.0, -0.8 * a + 0.6 * b + 200.0, 7.0];
        let rows: Vec<f32> = places.into_iter().flat_map(point).collect();
        let plane = pca(&rows, 3);
        assert!((plane.variance[0] - 0.8).abs() < 1e-5 && (plane.variance[1] - 0.2).abs() < 1e-5);
        // The largest value of the first axis is −0.8: it is turned round.
        for (found, (x, y)) in plane.points.iter().zip(places) {
            assert!((found[0] + x).abs() < 1e-3 && (found[1] - y).abs() < 1e-3, "{found:?} {x} {y}");
        }
    }

    #[test]
    fn points_without_spread_lie_at_the_origin() {
        let same = pca(&[3.0; 8], 2);
        assert_eq!(same.points, [[0.0, 0.0]; 4]);
        assert!(same.variance[0].is_nan());
        assert_eq!(pca(&[1.0, 2.0, 3.0], 1).points[2][0].abs(), 1.0);
        assert!(pca(&[], 0).points.is_empty());
    }
}
