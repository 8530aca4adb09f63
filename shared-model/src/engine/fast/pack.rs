//! Packed weights. Each kernel's module packs its own. This one has what else a model file needs:
//! lengths, single weights read back, and the check that packed weights can come from packing.

use super::{depthwise, rows, taps, winograd};
use crate::model::{
    format::Pool,
    geometry::ConvGeometry,
    kernel_choice::{Kernel, fused},
    step::{Operation, Parameters, Step},
};

/// The number of a layer's filters and their shape. Those of a dense layer have one row and one
/// column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FilterShape {
    pub channels: usize,
    kernel: [usize; 2],
    /// Input channels.
    depth: usize,
    /// The order of weights for [`Kernel::Taps`].
    order: taps::Order,
}

impl FilterShape {
    /// Returns the filters of a convolution.
    pub fn of_conv(conv: &ConvGeometry, pool: Option<Pool>) -> Self {
        let depth = usize::from(conv.input.channels) / conv.groups.max(1);
        let ConvGeometry { kernel, stride, .. } = *conv;
        let order = taps::Order::of(depth, kernel, stride, conv.is_padded(), fused(conv, pool).is_some());
        Self { channels: conv.output.channels.into(), kernel, depth, order }
    }

    /// Returns the filters of a dense layer.
    pub fn of_dense(channels: usize, inputs: usize) -> Self {
        let order = taps::Order::of(inputs, [1, 1], [1, 1], false, false);
        Self { channels, kernel: [1, 1], depth: inputs, order }
    }

    /// Returns the number of weights of a filter.
    pub fn taps(self) -> usize {
        self.kernel[0] * self.kernel[1] * self.depth
    }

    /// Returns the index of tap `tap` of output channel `channel` among the halves of
    /// [`Kernel::Taps`].
    fn tap_half(self, channel: usize, tap: usize) -> usize {
        let run = (self.kernel[1] * self.depth).max(1);
        self.order.weight_half(channel, tap / run, tap % run)
    }

    /// Returns the index of tap `tap` of channel `channel` among the halves of
    /// [`Kernel::Depthwise`].
    fn depthwise_half(self, channel: usize, tap: usize) -> usize {
        let columns = self.kernel[1].max(1);
        depthwise::half_of(self.kernel, channel, [tap / columns, tap % columns])
    }
}

impl Kernel {
    /// Returns the bytes of a convolution's weights; `None` if they exceed the address space.
    pub(crate) fn conv_weights_len(self, conv: &ConvGeometry, pool: Option<Pool>) -> Option<usize> {
        self.weights_len(FilterShape::of_conv(conv, pool))
    }

    /// Returns the bytes of a dense layer's weights; `None` if they exceed the address space.
    pub(crate) fn dense_weights_len(self, channels: usize, inputs: usize) -> Option<usize> {
        self.weights_len(FilterShape::of_dense(channels, inputs))
    }

    /// Returns the bytes of the weights of filters; `None` if they exceed the address space.
    pub(crate) fn weights_len(self, filters: FilterShape) -> Option<usize> {
        let FilterShape { channels, depth, order, .. } = filters;
        match self {
            Self::Reference(_) | Self::Weightless => channels.checked_mul(filters.taps()),
            Self::Winograd => Some(2 * winograd::packed_len(depth, channels)),
            Self::Taps => Some(2 * taps::packed_len(order, channels)),
            Self::Depthwise => channels.checked_mul(2 * filters.taps()),
            Self::Rows => {
                let row = filters.taps().checked_next_multiple_of(rows::ROW_MULTIPLE)?;
                row.checked_mul(channels.checked_next_multiple_of(4)?)
            }
        }
    }

    /// Packs plain weights. Returns false if `out` does not begin at a multiple of 2 bytes.
    pub(crate) fn pack(
        self,
        filters: FilterShape,
        parameters: &Parameters<'_>,
        weights: &[i8],
        out: &mut [u8],
    ) -> bool {
        let halves = bytemuck::try_cast_slice_mut::<u8, i16>(out);
        match (self, halves) {
            (Self::Reference(_) | Self::Weightless, _) => {
                out.iter_mut().zip(weights).for_each(|(out, weight)| *out = *weight as u8);
            }
            (Self::Rows, _) => rows::pack(weights, filters.taps(), out),
            (Self::Winograd, Ok(halves)) => winograd::pack(weights, filters.depth, halves),
            (Self::Taps, Ok(halves)) => taps::pack(weights, filters.order, parameters, halves),
            (Self::Depthwise, Ok(halves)) => depthwise::pack(weights, filters.kernel, halves),
            (_, Err(_)) => return false,
        }
        true
    }

    /// Returns the weight `tap` of output channel `channel`, as it was before packing.
    pub(crate) fn weight(
        self,
        filters: FilterShape,
        parameters: &Parameters<'_>,
        channel: usize,
        tap: usize,
    ) -> i8 {
        let byte = |index: usize| parameters.weights.get(index).copied().unwrap_or_default();
        match self {
            Self::Reference(_) | Self::Weightless => byte(channel * filters.taps() + tap) as i8,
            Self::Winograd => {
                let depth = filters.depth.max(1);
                let halves = |index| half(parameters, index);
                let filter = winograd::filter(halves, depth, channel, tap % depth);
                filter.get(tap / depth).copied().unwrap_or_default() as i8
            }
            Self::Taps => half(parameters, filters.tap_half(channel, tap)) as i8,
            Self::Depthwise => half(parameters, filters.depthwise_half(channel, tap)) as i8,
            Self::Rows => {
                let weight = byte(rows::place_of(filters.taps(), channel, tap));
                if channel.is_multiple_of(2) { (weight ^ 0x80) as i8 } else { weight as i8 }
            }
        }
    }

    /// Returns whether packing makes such packed weights of any plain ones.
    pub(crate) fn is_packed(self, filters: FilterShape, parameters: &Parameters<'_>) -> bool {
        let FilterShape { channels, depth, order, .. } = filters;
        let halves = |index| half(parameters, index);
        match self {
            Self::Reference(_) | Self::Weightless => true,
            Self::Winograd => (0..channels).all(|channel| {
                (0..depth).all(|input| winograd::is_transformed(halves, depth, channel, input))
            }),
            Self::Taps => {
                // All halves of a weight have the same value, of 8 bits. All others are 0, except
                // the parameters.
                let mut weights = 0;
                let same = (0..channels).all(|channel| {
                    let [bias, multiplier] = order.parameter_halves(channel);
                    let word = |at| i32::from(halves(at)) & 0xffff | i32::from(halves(at + 1)) << 16;
                    word(bias) == parameters.bias(channel)
                        && word(multiplier) == parameters.multiplier(channel)
                        && (0..filters.taps()).all(|tap| {
                            let at = filters.tap_half(channel, tap);
                            let value = halves(at);
                            let copy = order.copy_of(at).map_or(value, halves);
                            weights +=
                                usize::from(value != 0) * if order.copy_of(at).is_some() { 2 } else { 1 };
                            i8::try_from(value).is_ok() && copy == value
                        })
                });
                let others =
                    |record: usize| order.weight_halves(record).filter(|&at| halves(at) != 0).count();
                same && (0..channels / 2).map(others).sum::<usize>() == weights
            }
            Self::Depthwise => {
                let places = channels * filters.taps();
                (0..places).all(|at| i8::try_from(halves(at)).is_ok())
            }
            // Any byte is a weight. Those beyond the last channel or tap are 0.
            Self::Rows => {
                let taps = filters.taps();
                let zero = |channel: usize| if channel.is_multiple_of(2) { 0x80 } else { 0 };
                (0..channels.next_multiple_of(4)).all(|channel| {
                    let first = if channel < channels { taps } else { 0 };
                    (first..taps.next_multiple_of(rows::ROW_MULTIPLE)).all(|tap| {
                        parameters.weights.get(rows::place_of(taps, channel, tap)) == Some(&zero(channel))
                    })
                })
            }
        }
    }
}

/// Returns a half of packed weights.
fn half(parameters: &Parameters<'_>, index: usize) -> i16 {
    parameters.weights.as_chunks().0.get(index).map_or(0, |&bytes| i16::from_le_bytes(bytes))
}

impl<'a> Step<'a> {
    /// Returns the filters' shape and the sections that hold them; `None` if it has none.
    pub(crate) fn filters(&self) -> Option<(FilterShape, &Parameters<'a>)> {
        match &self.operation {
            Operation::Conv2d { geometry, pool, parameters } => {
                Some((FilterShape::of_conv(geometry, *pool), parameters))
            }
            Operation::Dense(parameters) => {
                Some((FilterShape::of_dense(parameters.channels(), self.input.len()), parameters))
            }
            Operation::MaxPool2d(_)
            | Operation::AveragePool2d(..)
            | Operation::Skip
            | Operation::Add { .. } => None,
        }
    }
}
