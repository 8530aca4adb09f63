use crate::{
    contract::fitting,
    engine::requantize::requantize,
    model::{
        format::Pool,
        tensor::{Element, Shape},
    },
};

/// Returns the values of `channel` in the pool window of the output at (`row`, `column`).
fn window<'a>(
    input: &'a [u8],
    shape: Shape,
    pool: Pool,
    [row, column, channel]: [usize; 3],
    element: Element,
) -> impl Iterator<Item = i32> + 'a {
    let (width, channels) = (shape.width as usize, shape.channels as usize);
    let [height, kernel_width] = pool.kernel.map(usize::from);
    let (top, left) = (row * pool.stride[0] as usize, column * pool.stride[1] as usize);
    (top..top + height).flat_map(move |y| {
        (left..left + kernel_width).map(move |x| {
            let byte = input.get((y * width + x) * channels + channel);
            element.value(fitting(byte.copied()))
        })
    })
}

fn positions(shape: Shape) -> impl Iterator<Item = [usize; 3]> {
    let (height, width, channels) = (shape.height as usize, shape.width as usize, shape.channels as usize);
    (0..height).flat_map(move |y| (0..width).flat_map(move |x| (0..channels).map(move |c| [y, x, c])))
}

fn check_lengths(input: &[u8], input_shape: Shape, output: &[u8], output_shape: Shape) {
    debug_assert_eq!(input.len(), input_shape.len(), "the input has another shape");
    debug_assert_eq!(output.len(), output_shape.len(), "the output has another shape");
}

/// Computes the largest value of each window. Element and scale stay the same.
pub fn max_pool(
    pool: Pool,
    (input, input_shape): (&[u8], Shape),
    (output, output_shape): (&mut [u8], Shape),
    element: Element,
) {
    check_lengths(input, input_shape, output, output_shape);
    for (out, position) in output.iter_mut().zip(positions(output_shape)) {
        let largest = window(input, input_shape, pool, position, element).max();
        *out = largest.unwrap_or(0) as u8; // a window is never empty
    }
}

/// Computes the requantized sum of each window. `multiplier` contains the division by the window's
/// size and any change of scale. The element stays the same.
pub fn average_pool(
    pool: Pool,
    multiplier: i32,
    (input, input_shape): (&[u8], Shape),
    (output, output_shape): (&mut [u8], Shape),
    element: Element,
) {
    check_lengths(input, input_shape, output, output_shape);
    for (out, position) in output.iter_mut().zip(positions(output_shape)) {
        let sum = window(input, input_shape, pool, position, element).sum();
        *out = requantize(sum, multiplier, element);
    }
}
