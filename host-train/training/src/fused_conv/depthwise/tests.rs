//! The kernel against the definition of a convolution whose filters are 0 for all channels but their
//! own, on every instruction set that the CPU has.

use super::{
    maps::{Wanted, backward, forward},
    shape::DepthwiseShape,
};
use crate::fused_conv::{
    Geometry, Window,
    batch::Gradients,
    batch_tests::{Random, assert_close, wide},
    reference::{Case, Reference},
};
use tinytriplet_evaluation::vector::Simd;

const ALL: Wanted = Wanted { x: true, weights: true };
const CASES: usize = if cfg!(miri) { 6 } else { 200 };

/// A case of the definition, with the weights of the channels alone.
struct Depthwise {
    case: Case,
    shape: DepthwiseShape,
    weight: Vec<f32>,
}

impl Depthwise {
    fn new(geometry: Geometry, x: [usize; 4], kernel: [usize; 2], value: impl FnMut() -> f32) -> Self {
        let mut case = Case::new(geometry, x, [x[3], x[3], kernel[0], kernel[1]], value);
        let shape = DepthwiseShape::new(x, [x[3], 1, kernel[0], kernel[1]], &geometry).expect("it fits");
        let taps = shape.taps();
        for (filter, weight) in case.weight.chunks_exact_mut(taps).enumerate() {
            if filter / x[3] != filter % x[3] {
                weight.fill(0.0);
            }
        }
        let weight = own(&case.weight, &shape);
        Self { case, shape, weight }
    }

    /// Shapes that fit, small ones and odd ones often.
    fn random(random: &mut Random, value: fn(&mut Random) -> f32) -> Self {
        loop {
            let mut padding = || random.from(&[0, 1, 1, 2]);
            let padding = [padding(), padding(), padding(), padding()];
            let stride = random.from(&[[1, 1], [1, 1], [2, 2], [2, 2], [1, 3], [3, 2]]);
            let geometry = Geometry { stride, padding, relu: random.from(&[true, true, false]), pool: None };
            let size = if cfg!(miri) { [1, 2, 3, 4, 5, 5, 6] } else { [1, 2, 3, 5, 8, 11, 13] };
            let channels = if cfg!(miri) { [1, 3, 4, 8, 9, 5] } else { [1, 3, 8, 16, 17, 32] };
            let x = [random.from(&[1, 2, 5]), random.from(&size), random.from(&size), random.from(&channels)];
            let kernel = random.from(&[[3, 3], [3, 3], [3, 3], [1, 1], [2, 3], [5, 4]]);
            if DepthwiseShape::new(x, [x[3], 1, kernel[0], kernel[1]], &geometry).is_some() {
                return Self::new(geometry, x, kernel, || value(random));
            }
        }
    }

    fn run(&self, simd: Simd) -> (Vec<f32>, Gradients) {
        let Self { case, shape, weight } = self;
        let y = forward(simd, shape, &case.x, weight, &case.bias);
        let gradients = backward(simd, shape, &case.x, weight, &y, &case.g, ALL);
        (y, gradients)
    }

    fn bits(&self, simd: Simd) -> Vec<u32> {
        let (y, Gradients { x, weight, bias }) = self.run(simd);
        [y, x.expect("asked for"), weight, bias].into_iter().flatten().map(f32::to_bits).collect()
    }

    fn expected(&self) -> Reference {
        let mut expected = self.case.reference(&[], &[]);
        expected.gradient_weight = own(&expected.gradient_weight, &self.shape);
        expected
    }
}

/// What `[output][input][tap]` has where both channels are the same.
fn own<V: Copy>(weights: &[V], shape: &DepthwiseShape) -> Vec<V> {
    let filters = weights.chunks_exact(shape.taps()).step_by(shape.channels + 1);
    filters.flatten().copied().collect()
}

/// Sums of small integers have no rounding, so all must be equal.
#[test]
fn equals_the_definition() {
    let mut random = Random(1);
    for _ in 0..CASES {
        let case = Depthwise::random(&mut random, Random::integer);
        let expected = case.expected();
        for simd in Simd::available() {
            let (y, gradients) = case.run(simd);
            let what = format!("{simd:?} {:?}", case.shape);
            assert_eq!(wide(&y), expected.y, "{what}");
            assert_eq!(wide(&gradients.bias), expected.gradient_bias, "{what}");
            assert_eq!(wide(&gradients.weight), expected.gradient_weight, "{what}");
            let x = gradients.x.expect("asked for");
            assert_eq!(wide(&x), expected.gradient_x, "{what}");
            let without = backward(
                simd,
                &case.shape,
                &case.case.x,
                &case.weight,
                &y,
                &case.case.g,
                Wanted { x: false, ..ALL },
            );
            assert!(without.x.is_none());
            assert_eq!(without.weight, gradients.weight, "{what}");
            let fixed = Wanted { weights: false, ..ALL };
            let fixed = backward(simd, &case.shape, &case.case.x, &case.weight, &y, &case.case.g, fixed);
            assert_eq!(fixed.x, Some(x), "{what}");
        }
    }
}

#[test]
fn rounds_little() {
    let mut random = Random(2);
    for _ in 0..CASES / 4 {
        let case = Depthwise::random(&mut random, Random::real);
        let expected = case.expected();
        for simd in Simd::available() {
            let (y, gradients) = case.run(simd);
            let what = format!("{simd:?} {:?}", case.shape);
            assert_close(&y, &expected.y, &what);
            let cut = |y: f64| y <= 0.0;
            if y.iter().zip(&expected.y).all(|(&y, &expected)| cut(y.into()) == cut(expected)) {
                assert_close(&gradients.bias, &expected.gradient_bias, &what);
                assert_close(&gradients.weight, &expected.gradient_weight, &what);
                assert_close(&gradients.x.unwrap(), &expected.gradient_x, &what);
            }
        }
    }
}

#[test]
fn threads_and_vector_lengths_leave_the_bits_alone() {
    let mut random = Random(3);
    let geometry = |stride| Geometry { stride: [stride; 2], padding: [1; 4], relu: true, pool: None };
    for (stride, x, kernel) in [
        (1, [37, 12, 12, 16], [3, 3]),
        (2, [37, 12, 12, 24], [3, 3]),
        (1, [20, 7, 9, 8], [3, 3]),
        (2, [20, 7, 9, 5], [2, 3]),
    ] {
        let case = Depthwise::new(geometry(stride), x, kernel, || random.real());
        for simd in Simd::available() {
            let threads = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| case.bits(simd))
            };
            let one = threads(1);
            assert!(one == threads(2) && one == threads(3), "{simd:?} {:?}", case.shape);
        }
        // The first has its own rounding where it has no fused multiply-add.
        let fused: Vec<_> = Simd::available().skip(1).map(|simd| case.bits(simd)).collect();
        assert!(fused.windows(2).all(|two| two[0] == two[1]), "{:?}", case.shape);
    }
}

#[test]
fn not_a_number_shows() {
    let geometry = Geometry { stride: [1; 2], padding: [1; 4], relu: true, pool: None };
    let case = Depthwise::new(geometry, [1, 6, 6, 20], [3, 3], || f32::NAN);
    for simd in Simd::available() {
        let (y, gradients) = case.run(simd);
        assert!(y.iter().chain(&gradients.weight).all(|value| value.is_nan()));
    }
}

#[test]
fn no_images_give_no_output() {
    let geometry = Geometry { stride: [2; 2], padding: [1; 4], relu: true, pool: None };
    let case = Depthwise::new(geometry, [0, 6, 6, 2], [3, 3], || 1.0);
    let (y, gradients) = case.run(Simd::best());
    assert!(y.is_empty() && gradients.x.unwrap().is_empty());
    assert_eq!((gradients.weight, gradients.bias), (vec![0.0; 18], vec![0.0; 2]));
}

#[test]
fn what_does_not_fit_is_refused() {
    let geometry = Geometry { stride: [1; 2], padding: [0; 4], relu: true, pool: None };
    let fits = |geometry: Geometry, x, weight| DepthwiseShape::new(x, weight, &geometry).is_some();
    assert!(fits(geometry, [1, 3, 3, 2], [2, 1, 3, 3]));
    assert!(!fits(geometry, [1, 3, 3, 2], [3, 1, 3, 3]), "channels");
    assert!(!fits(geometry, [1, 3, 3, 2], [2, 2, 3, 3]), "inputs");
    assert!(!fits(geometry, [1, 3, 2, 2], [2, 1, 3, 3]), "kernel");
    assert!(!fits(geometry, [1, 3, 3, 0], [0, 1, 3, 3]), "no channels");
    assert!(!fits(Geometry { stride: [0, 1], ..geometry }, [1, 3, 3, 2], [2, 1, 3, 3]), "stride");
    assert!(!fits(Geometry { padding: [usize::MAX, 1, 0, 0], ..geometry }, [1, 3, 3, 2], [2, 1, 3, 3]));
    let pool = Some(Window { kernel: [1, 1], stride: [1, 1] });
    assert!(!fits(Geometry { pool, ..geometry }, [1, 3, 3, 2], [2, 1, 3, 3]), "pool");
}
