//! The definition, in `f64`, one value at a time. Tests measure the kernel against it.

use super::geometry::{CUT, Geometry, Plan, Window};

/// Inputs of the operation, and `g = ∂loss/∂y`.
pub struct Case {
    pub geometry: Geometry,
    /// `[images, rows, columns, inputs]`
    pub x_shape: [usize; 4],
    /// `[outputs, inputs, kernel rows, kernel columns]`
    pub weight_shape: [usize; 4],
    pub x: Vec<f32>,
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
    pub g: Vec<f32>,
}

/// The result.
#[derive(Debug, PartialEq)]
pub struct Reference {
    pub y: Vec<f64>,
    pub argmax: Vec<u8>,
    pub gradient_x: Vec<f64>,
    pub gradient_weight: Vec<f64>,
    pub gradient_bias: Vec<f64>,
}

impl Case {
    /// Returns values drawn one after another from `value`.
    pub fn new(
        geometry: Geometry,
        x_shape: [usize; 4],
        weight_shape: [usize; 4],
        mut value: impl FnMut() -> f32,
    ) -> Self {
        let mut values = |count: usize| (0..count).map(|_| value()).collect::<Vec<f32>>();
        let y_shape = Plan::new(x_shape, weight_shape, &geometry).expect("a case that fits").output_shape();
        Self {
            geometry,
            x_shape,
            weight_shape,
            x: values(x_shape.iter().product()),
            weight: values(weight_shape.iter().product()),
            bias: values(weight_shape[0]),
            g: values(y_shape.iter().product()),
        }
    }

    pub fn plan(&self) -> Plan {
        Plan::new(self.x_shape, self.weight_shape, &self.geometry).expect("a case that fits")
    }

    /// Index of a pixel's value in `x`; none in the padding.
    fn pixel(&self, image: usize, row: isize, column: isize, input: usize) -> Option<usize> {
        let [_, rows, columns, inputs] = self.x_shape;
        let (row, column) = (usize::try_from(row).ok()?, usize::try_from(column).ok()?);
        (row < rows && column < columns).then(|| ((image * rows + row) * columns + column) * inputs + input)
    }

    /// Index in `x`, or none in the padding, and index in `weight`, for each product in the sum of
    /// a position.
    fn products(
        &self,
        image: usize,
        row: usize,
        column: usize,
        output: usize,
    ) -> Vec<(Option<usize>, usize)> {
        let [_, inputs, kernel_rows, kernel_columns] = self.weight_shape;
        let [down, right] = self.geometry.stride;
        let [top, _, left, _] = self.geometry.padding;
        let mut products = Vec::new();
        for input in 0..inputs {
            for ky in 0..kernel_rows {
                for kx in 0..kernel_columns {
                    let y = (row * down + ky) as isize - top as isize;
                    let x = (column * right + kx) as isize - left as isize;
                    let weight = ((output * inputs + input) * kernel_rows + ky) * kernel_columns + kx;
                    products.push((self.pixel(image, y, x, input), weight));
                }
            }
        }
        products
    }

    /// Computes everything, with `change` added to the values of `x` and `weight` before.
    pub fn reference(&self, change_x: &[f64], change_weight: &[f64]) -> Reference {
        let at = |values: &[f32], change: &[f64], i: usize| {
            f64::from(values[i]) + change.get(i).copied().unwrap_or(0.0)
        };
        let pool = self.geometry.pool.unwrap_or(Window { kernel: [1, 1], stride: [1, 1] });
        let [images, rows, columns, outputs] = self.plan().output_shape();
        let mut result = Reference {
            y: Vec::new(),
            argmax: Vec::new(),
            gradient_x: vec![0.0; self.x.len()],
            gradient_weight: vec![0.0; self.weight.len()],
            gradient_bias: vec![0.0; self.bias.len()],
        };
        for image in 0..images {
            for row in 0..rows {
                for column in 0..columns {
                    for output in 0..outputs {
                        let (mut largest, mut argmax, mut won) = (f64::NEG_INFINITY, 0, Vec::new());
                        for position in 0..pool.kernel[0] * pool.kernel[1] {
                            let y = row * pool.stride[0] + position / pool.kernel[1];
                            let x = column * pool.stride[1] + position % pool.kernel[1];
                            let products = self.products(image, y, x, output);
                            let mut sum = f64::from(self.bias[output]);
                            for &(x, weight) in &products {
                                let x = x.map_or(0.0, |x| at(&self.x, change_x, x));
                                sum += x * at(&self.weight, change_weight, weight);
                            }
                            if sum > largest {
                                (largest, argmax, won) = (sum, position as u8, products);
                            }
                        }
                        let g = f64::from(self.g[result.y.len()]);
                        if self.geometry.relu && largest <= 0.0 {
                            result.y.push(0.0);
                            result.argmax.push(CUT);
                            continue;
                        }
                        result.y.push(largest);
                        result.argmax.push(argmax);
                        result.gradient_bias[output] += g;
                        for (x, weight) in won {
                            if let Some(x) = x {
                                result.gradient_weight[weight] += g * f64::from(self.x[x]);
                                result.gradient_x[x] += g * f64::from(self.weight[weight]);
                            }
                        }
                    }
                }
            }
        }
        result
    }

    /// `Σ g · y`, whose gradients are those above.
    pub fn loss(&self, change_x: &[f64], change_weight: &[f64]) -> f64 {
        let y = self.reference(change_x, change_weight).y;
        y.iter().zip(&self.g).map(|(y, &g)| y * f64::from(g)).sum()
    }
}
