//! Convolution and pooling: fused where the backend can, as plain tensor operations elsewhere.
//!
//! Maps are `[images, rows, columns, channels]`. In plain operations the work is done
//! channel-major, with the channels first: a convolution is then one cheap slice for each position
//! in the kernel, and one matrix product. That is faster than Burn's own convolution on both CPU
//! backends (1.4 times on Flex, 13 times on ndarray).

pub use crate::fused_conv::Window;

use crate::fused_conv::{self, Geometry};
use burn::tensor::{
    Tensor, activation::relu, module::avg_pool2d, module::max_pool2d, ops::AvgPoolOptions,
    ops::MaxPoolOptions, ops::PadMode, s,
};

/// The settings of a convolution beside its weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvShape {
    /// The kernel's window.
    pub window: Window,
    /// Zeros above and below, left and right.
    pub padding: [usize; 2],
    /// True if each channel has a filter of its own.
    pub depthwise: bool,
    /// True if `max(0, x)` follows.
    pub relu: bool,
    /// The max pool after that.
    pub pool: Option<Window>,
}

/// Computes convolution, then ReLU, then max pool, as `shape` says.
///
/// * `x`: `[images, rows, columns, in]`, at least as large as the kernel after padding.
/// * `weight`: `[out, in, kernel rows, kernel columns]`, `bias`: `[out]`; of a depthwise
///   convolution, `[out, 1, kernel rows, kernel columns]`.
///
/// Returns `[images, rows', columns', out]`.
pub fn conv2d(x: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>, shape: &ConvShape) -> Tensor<4> {
    let [vertical, horizontal] = shape.padding;
    let geometry = Geometry {
        stride: shape.window.stride,
        padding: [vertical, vertical, horizontal, horizontal],
        relu: shape.relu,
        pool: shape.pool,
    };
    match (fused_conv::supported(&x.device()), shape.depthwise) {
        (true, true) => {
            let y = fused_conv::depthwise_relu(x, weight, bias, &Geometry { pool: None, ..geometry });
            return match shape.pool {
                Some(pool) => max_pool(y, pool),
                None => y,
            };
        }
        (true, false) if is_pointwise(shape) => {
            return fused_conv::pointwise_relu(x, weight, bias, shape.relu);
        }
        (true, false) => return fused_conv::conv_relu_pool(x, weight, bias, &geometry),
        (false, true) => return depthwise(x, weight, bias, shape),
        (false, false) => {}
    }
    let mut x = channels_first(x);
    if shape.padding != [0, 0] {
        x = x.pad((horizontal, horizontal, vertical, vertical), PadMode::Constant(0.0));
    }
    let [inputs, images, height, width] = x.dims();
    let Window { kernel: [kernel_rows, kernel_columns], stride: [down, right] } = shape.window;
    let [rows, columns] = [(height - kernel_rows) / down + 1, (width - kernel_columns) / right + 1];

    let mut taps = Vec::with_capacity(kernel_rows * kernel_columns);
    for y in 0..kernel_rows {
        for x_ in 0..kernel_columns {
            let (bottom, end) = (y + (rows - 1) * down + 1, x_ + (columns - 1) * right + 1);
            let tap = x.clone().slice(s![.., .., y..bottom;down as isize, x_..end;right as isize]);
            taps.push(tap.reshape([inputs, images * rows * columns]));
        }
    }
    let outputs = bias.dims()[0];
    let weight = weight.permute([0, 2, 3, 1]).reshape([outputs, kernel_rows * kernel_columns * inputs]);
    let y = weight.matmul(Tensor::cat(taps, 0)) + bias.reshape([outputs, 1]);

    // ReLU never changes which value of a window is the largest, and has less to do after the
    // pool.
    let y = y.reshape([outputs, images, rows, columns]);
    let y = match shape.pool {
        Some(pool) => max_pool2d(y, MaxPoolOptions::new(pool.kernel).with_stride(pool.stride)),
        None => y,
    };
    channels_last(if shape.relu { relu(y) } else { y })
}

/// Returns true if every pixel of the result comes from the one pixel at the same place.
fn is_pointwise(shape: &ConvShape) -> bool {
    shape.window == Window { kernel: [1, 1], stride: [1, 1] }
        && shape.padding == [0, 0]
        && shape.pool.is_none()
}

/// Computes [`conv2d`] for a depthwise convolution: a product for each position in the kernel, with
/// the channels last, as they lie. There is nothing that a matrix product would save.
fn depthwise(x: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>, shape: &ConvShape) -> Tensor<4> {
    let [vertical, horizontal] = shape.padding;
    let x = match shape.padding {
        [0, 0] => x,
        _ => x.pad([(0, 0), (vertical, vertical), (horizontal, horizontal), (0, 0)], PadMode::Constant(0.0)),
    };
    let [_, height, width, channels] = x.dims();
    let Window { kernel: [kernel_rows, kernel_columns], stride: [down, right] } = shape.window;
    let [rows, columns] = [(height - kernel_rows) / down + 1, (width - kernel_columns) / right + 1];
    let mut y = bias.reshape([1, 1, 1, channels]);
    for row in 0..kernel_rows {
        for column in 0..kernel_columns {
            let (bottom, end) = (row + (rows - 1) * down + 1, column + (columns - 1) * right + 1);
            let tap = x.clone().slice(s![.., row..bottom;down as isize, column..end;right as isize, ..]);
            let weight = weight.clone().slice(s![.., .., row..row + 1, column..column + 1]);
            y = y + tap * weight.reshape([1, 1, 1, channels]);
        }
    }
    let y = if shape.relu { relu(y) } else { y };
    match shape.pool {
        Some(pool) => max_pool(y, pool),
        None => y,
    }
}

/// Returns the largest value of each window of `[images, rows, columns, channels]`.
pub fn max_pool(x: Tensor<4>, window: Window) -> Tensor<4> {
    let options = MaxPoolOptions::new(window.kernel).with_stride(window.stride);
    channels_last(max_pool2d(channels_first(x), options))
}

/// Returns the mean of each window of `[images, rows, columns, channels]`: where that is fast, a
/// depthwise convolution whose weights are all the same.
pub fn average_pool(x: Tensor<4>, window: Window) -> Tensor<4> {
    let (channels, device) = (x.dims()[3], x.device());
    if fused_conv::supported(&device) {
        let Window { kernel: [rows, columns], stride } = window;
        let mean = 1.0 / (rows * columns) as f32;
        let weight = Tensor::full([channels, 1, rows, columns], mean, &device);
        let geometry = Geometry { stride, padding: [0; 4], relu: false, pool: None };
        return fused_conv::depthwise_relu(x, weight, Tensor::zeros([channels], &device), &geometry);
    }
    let options = AvgPoolOptions::new(window.kernel).with_stride(window.stride);
    channels_last(avg_pool2d(channels_first(x), options))
}

/// `[images, rows, columns, channels]` → `[channels, images, rows, columns]`, laid out so in
/// memory.
fn channels_first(x: Tensor<4>) -> Tensor<4> {
    let [images, rows, columns, channels] = x.dims();
    x.reshape([images * rows * columns, channels]).transpose().reshape([channels, images, rows, columns])
}

/// Returns the way back from [`channels_first`].
fn channels_last(x: Tensor<4>) -> Tensor<4> {
    let [channels, images, rows, columns] = x.dims();
    x.reshape([channels, images * rows * columns]).transpose().reshape([images, rows, columns, channels])
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData, Tolerance, module::conv2d as burn_conv2d, ops::ConvOptions};
    use tinytriplet_data::Rng;

    fn random<const D: usize>(shape: [usize; D], rng: &mut Rng, device: &Device) -> Tensor<D> {
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| rng.symmetric()).collect();
        Tensor::from_data(TensorData::new(values, shape), device)
    }

    /// Values and all gradients equal those of Burn's own operations, on odd shapes.
    #[test]
    fn equals_burns_convolution() {
        #[allow(deprecated)]
        let devices = [Device::flex().autodiff(), Device::ndarray().autodiff()];
        let mut rng = Rng::new(1);
        for device in &devices {
            for (kernel, stride, padding, groups, relu_, pool) in [
                ([3, 3], [1, 1], [0, 0], 1, true, Some(([2, 2], [2, 2]))),
                ([3, 2], [2, 1], [1, 1], 1, false, None),
                ([1, 5], [1, 3], [0, 2], 1, true, None),
                ([2, 2], [1, 1], [0, 1], 1, false, Some(([3, 2], [1, 2]))),
                ([1, 1], [1, 1], [0, 0], 1, true, None),
                ([1, 1], [2, 2], [0, 0], 1, false, None),
                ([3, 2], [2, 1], [2, 1], 3, false, None),
                ([3, 3], [1, 1], [1, 1], 3, true, None),
                ([3, 3], [2, 2], [1, 1], 3, true, None),
                ([3, 3], [1, 2], [0, 0], 3, true, Some(([2, 2], [2, 1]))),
            ] {
                let outputs = if groups == 1 { 5 } else { 3 };
                let filters = [outputs, 3 / groups, kernel[0], kernel[1]];
                let x = random([2, 9, 7, 3], &mut rng, device).require_grad();
                let weight = random(filters, &mut rng, device).require_grad();
                let bias = random([outputs], &mut rng, device).require_grad();
                let pool = pool.map(|(kernel, stride)| Window { kernel, stride });
                let (window, depthwise) = (Window { kernel, stride }, groups > 1);
                let shape = ConvShape { window, padding, depthwise, relu: relu_, pool };
                let ours = conv2d(x.clone(), weight.clone(), bias.clone(), &shape);

                let options = ConvOptions::new(stride, padding, [1, 1], groups);
                let nchw = x.clone().permute([0, 3, 1, 2]);
                let mut theirs = burn_conv2d(nchw, weight.clone(), Some(bias.clone()), options);
                if relu_ {
                    theirs = relu(theirs);
                }
                if let Some(pool) = pool {
                    theirs = max_pool2d(theirs, MaxPoolOptions::new(pool.kernel).with_stride(pool.stride));
                }
                let theirs = theirs.permute([0, 2, 3, 1]);
                let close =
                    |a: TensorData, b: TensorData| a.assert_approx_eq(&b, Tolerance::<f32>::absolute(1e-4));
                close(ours.to_data(), theirs.to_data());

                let slope = random(ours.dims(), &mut rng, device);
                let (ours, theirs) =
                    ((ours * slope.clone()).sum().backward(), (theirs * slope).sum().backward());
                close(x.grad(&ours).unwrap().to_data(), x.grad(&theirs).unwrap().to_data());
                close(weight.grad(&ours).unwrap().to_data(), weight.grad(&theirs).unwrap().to_data());
                close(bias.grad(&ours).unwrap().to_data(), bias.grad(&theirs).unwrap().to_data());
            }
        }
    }

    /// Values and gradients, on the backend with the operation and on the one without.
    #[test]
    fn averages_windows() {
        #[allow(deprecated)]
        let devices = [Device::flex().autodiff(), Device::ndarray().autodiff()];
        for device in devices {
            let x = Tensor::<1>::from_data([1.0, 10.0, 2.0, 20.0, 3.0, 30.0, 4.0, 40.0], &device);
            let x = x.reshape([1, 2, 2, 2]).require_grad();
            let mean = average_pool(x.clone(), Window { kernel: [2, 2], stride: [2, 2] });
            assert_eq!(mean.dims(), [1, 1, 1, 2]);
            mean.to_data().assert_eq(&TensorData::new(vec![2.5f32, 25.0], [1, 1, 1, 2]), true);
            let slope = Tensor::<1>::from_data([8.0, 4.0], &device).reshape([1, 1, 1, 2]);
            let gradients = (mean * slope).sum().backward();
            let expected = TensorData::new([2.0f32, 1.0].repeat(4), [1, 2, 2, 2]);
            x.grad(&gradients).unwrap().to_data().assert_eq(&expected, true);
        }
        let mut rng = Rng::new(2);
        let values: Vec<f32> = (0..2 * 7 * 9 * 5).map(|_| rng.symmetric()).collect();
        #[allow(deprecated)]
        let [ours, theirs] = [Device::flex(), Device::ndarray()].map(|device| {
            let x = Tensor::<4>::from_data(TensorData::new(values.clone(), [2, 7, 9, 5]), &device);
            average_pool(x, Window { kernel: [3, 4], stride: [2, 3] }).to_data()
        });
        ours.assert_approx_eq(&theirs, Tolerance::<f32>::absolute(1e-6));
    }
}
