//! The kernel against the definition of a convolution, on every instruction set that the CPU has.

use super::pixels::{Pointwise, backward, forward};
use crate::fused_conv::{
    Geometry,
    batch::Gradients,
    batch_tests::{Random, assert_close, wide},
    reference::Case,
};
use tinytriplet_evaluation::vector::Simd;

const CASES: usize = if cfg!(miri) { 6 } else { 200 };

fn case([pixels, inputs, outputs]: [usize; 3], relu: bool, value: impl FnMut() -> f32) -> (Case, Pointwise) {
    let geometry = Geometry { stride: [1; 2], padding: [0; 4], relu, pool: None };
    let case = Case::new(geometry, [1, 1, pixels, inputs], [outputs, inputs, 1, 1], value);
    (case, Pointwise { pixels, inputs, outputs, relu })
}

/// Shapes with what is left over from every tile.
fn shapes(random: &mut Random) -> ([usize; 3], bool) {
    let pixels = if cfg!(miri) { [1, 2, 5, 7, 11, 49] } else { [1, 7, 47, 48, 49, 210] };
    let mut channels = || random.from(&[1, 3, 7, 8, 11, 16, 17, 24, 32, 40]);
    let (inputs, outputs) = (channels(), channels());
    ([random.from(&pixels), inputs, outputs], random.from(&[true, true, false]))
}

fn run(simd: Simd, case: &Case, shape: Pointwise) -> (Vec<f32>, Gradients) {
    let y = forward(simd, shape, &case.x, &case.weight, &case.bias);
    let gradients = backward(simd, shape, &case.x, &case.weight, &y, &case.g, true);
    (y, gradients)
}

fn bits(simd: Simd, case: &Case, shape: Pointwise) -> Vec<u32> {
    let (y, Gradients { x, weight, bias }) = run(simd, case, shape);
    [y, x.expect("asked for"), weight, bias].into_iter().flatten().map(f32::to_bits).collect()
}

/// Sums of small integers have no rounding, so all must be equal.
#[test]
fn equals_the_definition() {
    let mut random = Random(1);
    for _ in 0..CASES {
        let (shape, relu) = shapes(&mut random);
        let (case, shape) = case(shape, relu, || random.integer());
        let expected = case.reference(&[], &[]);
        for simd in Simd::available() {
            let (y, gradients) = run(simd, &case, shape);
            let what = format!("{simd:?} {shape:?}");
            assert_eq!(wide(&y), expected.y, "{what}");
            assert_eq!(wide(&gradients.bias), expected.gradient_bias, "{what}");
            assert_eq!(wide(&gradients.weight), expected.gradient_weight, "{what}");
            assert_eq!(wide(&gradients.x.unwrap()), expected.gradient_x, "{what}");
            let without = backward(simd, shape, &case.x, &case.weight, &y, &case.g, false);
            assert!(without.x.is_none());
            assert_eq!(without.weight, gradients.weight, "{what}");
        }
    }
}

#[test]
fn rounds_little() {
    let mut random = Random(2);
    for _ in 0..CASES / 4 {
        let (shape, relu) = shapes(&mut random);
        let (case, shape) = case(shape, relu, || random.real());
        let expected = case.reference(&[], &[]);
        for simd in Simd::available() {
            let (y, gradients) = run(simd, &case, shape);
            let what = format!("{simd:?} {shape:?}");
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
    for shape in [[2000, 16, 32], [1153, 40, 24], [300, 7, 9], [50, 64, 128]] {
        let (case, shape) = case(shape, true, || random.real());
        for simd in Simd::available() {
            let threads = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| bits(simd, &case, shape))
            };
            let one = threads(1);
            assert!(one == threads(2) && one == threads(3), "{simd:?} {shape:?}");
        }
        // The first has its own rounding where it has no fused multiply-add.
        let fused: Vec<_> = Simd::available().skip(1).map(|simd| bits(simd, &case, shape)).collect();
        assert!(fused.windows(2).all(|two| two[0] == two[1]), "{shape:?}");
    }
}

#[test]
fn not_a_number_shows() {
    let (case, shape) = case([50, 3, 20], true, || f32::NAN);
    for simd in Simd::available() {
        let (y, gradients) = run(simd, &case, shape);
        assert!(y.iter().chain(&gradients.weight).all(|value| value.is_nan()));
    }
}

#[test]
fn no_pixels_give_no_output() {
    let shape = Pointwise { pixels: 0, inputs: 2, outputs: 3, relu: true };
    let y = forward(Simd::best(), shape, &[], &[1.0; 6], &[0.0; 3]);
    let gradients = backward(Simd::best(), shape, &[], &[1.0; 6], &y, &[], true);
    assert!(y.is_empty() && gradients.x.unwrap().is_empty());
    assert_eq!((gradients.weight, gradients.bias), (vec![0.0; 6], vec![0.0; 3]));
}
