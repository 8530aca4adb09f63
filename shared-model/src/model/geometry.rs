use super::tensor::Shape;

/// The window of a convolution on a feature map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvGeometry {
    /// The feature map that is read.
    pub input: Shape,
    /// The feature map that comes out.
    pub output: Shape,
    /// Rows and columns of the kernel.
    pub kernel: [usize; 2],
    /// Rows and columns from one window to the next.
    pub stride: [usize; 2],
    /// Rows of zeros above and columns of zeros to the left of the input. The output's shape
    /// decides how many are below and to the right.
    pub padding: [usize; 2],
    /// Input and output channels are split into this many groups that do not see each other.
    pub groups: usize,
}

impl ConvGeometry {
    /// Returns the number of input channels that an output channel sees.
    pub(crate) fn group_depth(&self) -> usize {
        usize::from(self.input.channels) / self.groups.max(1)
    }

    /// Returns true if each output channel sees one input channel, its own.
    pub(crate) fn is_depthwise(&self) -> bool {
        self.input.channels == self.output.channels && self.groups == usize::from(self.input.channels)
    }

    /// Returns the number of output channels in a group.
    pub(crate) fn group_channels(&self) -> usize {
        usize::from(self.output.channels) / self.groups.max(1)
    }

    /// Returns true if windows reach over the input's border.
    pub(crate) fn is_padded(&self) -> bool {
        let beyond = |outputs: u16, axis: usize, size: u16| {
            let last = usize::from(outputs).saturating_sub(1) * self.stride[axis];
            last + self.kernel[axis] > usize::from(size)
        };
        self.padding != [0, 0]
            || beyond(self.output.height, 0, self.input.height)
            || beyond(self.output.width, 1, self.input.width)
    }

    /// Returns the number of weights of an output channel.
    pub fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1] * self.group_depth()
    }
}

/// Returns the shape of a map with one value per window and channel: `floor((size − kernel) /
/// stride) + 1` in each direction. `None` if no window fits, or if a number is out of range.
pub(crate) fn windows(size: [u32; 2], kernel: [u8; 2], stride: [u8; 2], channels: u16) -> Option<Shape> {
    let count = |axis: usize| {
        let (kernel, stride) = (u32::from(kernel[axis]), u32::from(stride[axis]));
        let room = size[axis].checked_sub(kernel).filter(|_| kernel > 0)?;
        u16::try_from(room.checked_div(stride)? + 1).ok()
    };
    Some(Shape::new(count(0)?, count(1)?, channels))
}
