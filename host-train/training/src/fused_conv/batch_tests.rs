//! The kernel against its definition, on every instruction set that the CPU has.

use super::{
    batch::{Gradients, Output, backward, forward},
    geometry::{Geometry, Plan, Window},
    reference::Case,
};
use tinytriplet_evaluation::vector::Simd;

/// Random cases; Miri, which takes a thousand times as long, gets few and small ones.
const CASES: usize = if cfg!(miri) { 8 } else { 400 };
const MOST_PRODUCTS: usize = if cfg!(miri) { 5_000 } else { 2_000_000 };

/// xorshift64*
pub(super) struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) as u32
    }

    pub fn from<V: Copy>(&mut self, choices: &[V]) -> V {
        choices[self.next() as usize % choices.len()]
    }

    /// -1 to 1
    pub fn real(&mut self) -> f32 {
        (self.next() >> 8) as f32 / (1 << 23) as f32 - 1.0
    }

    /// -2 to 2: so few that values are often equal, and so small that all sums are exact.
    pub fn integer(&mut self) -> f32 {
        self.from(&[-2.0, -1.0, 0.0, 0.0, 1.0, 2.0])
    }

    /// Shapes that fit, small ones and odd ones often.
    fn shapes(&mut self) -> (Geometry, [usize; 4], [usize; 4]) {
        let pools = [
            ([2, 2], [2, 2]),
            ([2, 2], [2, 2]),
            ([3, 3], [2, 2]),
            ([3, 2], [1, 3]),
            ([1, 1], [1, 1]),
            ([2, 2], [1, 1]),
        ];
        loop {
            let pool = if self.from(&[true, true, false]) {
                let (kernel, stride) = self.from(&pools);
                Some(Window { kernel, stride })
            } else {
                None
            };
            let mut padding = || self.from(&[0, 0, 1, 2]);
            let padding = [padding(), padding(), padding(), padding()];
            let stride = self.from(&[[1, 1], [1, 1], [1, 1], [2, 2], [1, 3], [3, 2]]);
            let geometry = Geometry { stride, padding, relu: self.from(&[true, true, false]), pool };
            let channels = [1, 2, 3, 5, 8, 16, 17, 24, 32, 33, 40];
            let size = [1, 2, 3, 4, 5, 7, 8, 11, 13, 28];
            let x = [self.from(&[1, 2, 5]), self.from(&size), self.from(&size), self.from(&channels)];
            let kernel = [1, 2, 3, 3, 4, 5, 7];
            let weight = [self.from(&channels), x[3], self.from(&kernel), self.from(&kernel)];
            let products = x.iter().product::<usize>() * weight[0] * weight[2] * weight[3];
            if products < MOST_PRODUCTS && Plan::new(x, weight, &geometry).is_some() {
                return (geometry, x, weight);
            }
        }
    }
}

fn run(simd: Simd, case: &Case) -> (Output, Gradients) {
    let plan = case.plan();
    let output = forward(simd, &plan, &case.x, &case.weight, &case.bias);
    let gradients = backward(simd, &plan, &case.x, &case.weight, &output.argmax, &case.g, true);
    (output, gradients)
}

fn bits((output, gradients): &(Output, Gradients)) -> Vec<u32> {
    let x = gradients.x.as_ref().expect("asked for");
    let values = [&output.values, x, &gradients.weight, &gradients.bias];
    values.into_iter().flatten().map(|value| value.to_bits()).collect()
}

pub(super) fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

/// Sums of small integers have no rounding, so all must be equal: values, argmax (with many ties),
/// gradients.
#[test]
fn equals_the_definition() {
    let mut random = Random(1);
    for _ in 0..CASES {
        let (geometry, x, weight) = random.shapes();
        let case = Case::new(geometry, x, weight, || random.integer());
        let expected = case.reference(&[], &[]);
        for simd in Simd::available() {
            let (output, gradients) = run(simd, &case);
            let shape = format!("{simd:?} {geometry:?} x {x:?} weight {weight:?}");
            assert_eq!(wide(&output.values), expected.y, "{shape}");
            assert_eq!(output.argmax, expected.argmax, "{shape}");
            assert_eq!(wide(&gradients.bias), expected.gradient_bias, "{shape}");
            assert_eq!(wide(&gradients.weight), expected.gradient_weight, "{shape}");
            assert_eq!(wide(&gradients.x.unwrap()), expected.gradient_x, "{shape}");
            let plan = case.plan();
            let without = backward(simd, &plan, &case.x, &case.weight, &output.argmax, &case.g, false);
            assert!(without.x.is_none());
            assert_eq!(without.weight, gradients.weight, "{shape}");
        }
    }
}

pub(super) fn assert_close(ours: &[f32], expected: &[f64], what: &str) {
    let scale = expected.iter().fold(1.0_f64, |scale, value| scale.max(value.abs()));
    for (&ours, expected) in ours.iter().zip(expected) {
        let error = (f64::from(ours) - expected).abs() / scale;
        assert!(error < 1e-5, "{ours} instead of {expected}, {error} of the largest: {what}");
    }
}

#[test]
fn rounds_little() {
    let mut random = Random(2);
    for _ in 0..CASES / 4 {
        let (geometry, x, weight) = random.shapes();
        let case = Case::new(geometry, x, weight, || random.real());
        let expected = case.reference(&[], &[]);
        for simd in Simd::available() {
            let (output, gradients) = run(simd, &case);
            let shape = format!("{simd:?} {geometry:?} x {x:?} weight {weight:?}");
            assert_close(&output.values, &expected.y, &shape);
            if output.argmax == expected.argmax {
                assert_close(&gradients.bias, &expected.gradient_bias, &shape);
                assert_close(&gradients.weight, &expected.gradient_weight, &shape);
                assert_close(&gradients.x.unwrap(), &expected.gradient_x, &shape);
            }
        }
    }
}

/// The reference's own gradients, and so the kernel's, are those of its values.
#[test]
fn gradients_are_slopes() {
    let mut random = Random(3);
    for _ in 0..20 {
        let (geometry, x, weight) = loop {
            let shapes = random.shapes();
            if shapes.1.iter().product::<usize>() * shapes.2.iter().product::<usize>() < 20_000 {
                break shapes;
            }
        };
        let case = Case::new(geometry, x, weight, || random.real());
        let (_, gradients) = run(Simd::best(), &case);
        let step = 1e-6;
        let close = |slope: f64, gradient: f32| {
            let gradient = f64::from(gradient);
            assert!(
                (slope - gradient).abs() < 1e-4 * (1.0 + gradient.abs()),
                "{slope} {gradient} {geometry:?}"
            );
        };
        for _ in 0..10 {
            let changed = |len: usize, at: usize, by: f64| {
                let mut change = vec![0.0; len];
                change[at] = by;
                change
            };
            let at = random.next() as usize % case.x.len();
            let loss = |by: f64| case.loss(&changed(case.x.len(), at, by), &[]);
            close((loss(step) - loss(-step)) / (2.0 * step), gradients.x.as_ref().unwrap()[at]);
            let at = random.next() as usize % case.weight.len();
            let loss = |by: f64| case.loss(&[], &changed(case.weight.len(), at, by));
            close((loss(step) - loss(-step)) / (2.0 * step), gradients.weight[at]);
        }
    }
}

#[test]
fn threads_and_vector_lengths_leave_the_bits_alone() {
    let mut random = Random(4);
    let pool = Some(Window { kernel: [2, 2], stride: [2, 2] });
    let geometry = |pool, padding| Geometry { stride: [1, 1], padding: [padding; 4], relu: true, pool };
    for (geometry, x, weight) in [
        (geometry(pool, 0), [37, 28, 28, 1], [32, 1, 3, 3]),
        (geometry(pool, 0), [37, 13, 13, 32], [32, 32, 3, 3]),
        (geometry(None, 1), [20, 7, 7, 24], [17, 24, 3, 3]),
        (Geometry { stride: [2, 2], ..geometry(None, 1) }, [20, 7, 7, 24], [17, 24, 3, 3]),
    ] {
        let case = Case::new(geometry, x, weight, || random.real());
        for simd in Simd::available() {
            let threads = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| bits(&run(simd, &case)))
            };
            let one = threads(1);
            assert!(one == threads(2) && one == threads(3), "{simd:?} {geometry:?}");
        }
        // The first has its own rounding where it has no fused multiply-add.
        let fused: Vec<_> = Simd::available().skip(1).map(|simd| bits(&run(simd, &case))).collect();
        assert!(fused.windows(2).all(|two| two[0] == two[1]), "{geometry:?}");
    }
}

#[test]
fn not_a_number_shows() {
    let geometry = Geometry {
        stride: [1, 1],
        padding: [0; 4],
        relu: true,
        pool: Some(Window { kernel: [2, 2], stride: [2, 2] }),
    };
    let case = Case::new(geometry, [1, 6, 6, 1], [20, 1, 3, 3], || f32::NAN);
    for simd in Simd::available() {
        let output = forward(simd, &case.plan(), &case.x, &case.weight, &case.bias);
        assert!(output.values.iter().all(|value| value.is_nan()));
        assert!(output.argmax.iter().all(|&argmax| argmax < 4));
    }
}

#[test]
fn no_images_give_no_output() {
    let geometry = Geometry { stride: [1, 1], padding: [0; 4], relu: true, pool: None };
    let case = Case::new(geometry, [0, 6, 6, 2], [3, 2, 3, 3], || 1.0);
    let (output, gradients) = run(Simd::best(), &case);
    assert!(output.values.is_empty() && gradients.x.unwrap().is_empty());
    assert_eq!((gradients.weight, gradients.bias), (vec![0.0; 54], vec![0.0; 3]));
}

#[test]
fn what_does_not_fit_is_refused() {
    let geometry = Geometry { stride: [1, 1], padding: [0; 4], relu: true, pool: None };
    let fits = |geometry: Geometry, x, weight| Plan::new(x, weight, &geometry).is_some();
    assert!(fits(geometry, [1, 3, 3, 2], [4, 2, 3, 3]));
    assert!(!fits(geometry, [1, 3, 3, 2], [4, 1, 3, 3]), "channels");
    assert!(!fits(geometry, [1, 3, 2, 2], [4, 2, 3, 3]), "kernel");
    assert!(!fits(geometry, [1, 3, 3, 2], [0, 2, 3, 3]), "no outputs");
    assert!(!fits(Geometry { stride: [0, 1], ..geometry }, [1, 3, 3, 2], [4, 2, 3, 3]), "stride");
    assert!(
        !fits(Geometry { padding: [usize::MAX, 1, 0, 0], ..geometry }, [1, 3, 3, 2], [4, 2, 3, 3]),
        "padding"
    );
    let pool = Some(Window { kernel: [2, 1], stride: [1, 1] });
    assert!(!fits(Geometry { pool, ..geometry }, [1, 3, 3, 2], [4, 2, 3, 3]), "pool");
}
