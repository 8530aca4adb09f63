use serde::{Deserialize, Serialize};

/// Height, width and channels of a feature map, stored in this order, channels last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Shape {
    /// Rows.
    pub height: u16,
    /// Columns.
    pub width: u16,
    /// Values at each position.
    pub channels: u16,
}

impl Shape {
    /// Creates a shape of `height` × `width` × `channels`.
    pub const fn new(height: u16, width: u16, channels: u16) -> Self {
        Self { height, width, channels }
    }

    /// Returns the number of values; `None` if it does not fit 32 bits.
    pub const fn checked_len(self) -> Option<u32> {
        match (self.height as u32).checked_mul(self.width as u32) {
            Some(area) => area.checked_mul(self.channels as u32),
            None => None,
        }
    }

    /// Returns the number of values, for a shape in a validated model.
    pub(crate) const fn len(self) -> usize {
        self.height as usize * self.width as usize * self.channels as usize
    }
}

impl core::fmt::Display for Shape {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}x{}x{}", self.height, self.width, self.channels)
    }
}

/// The meaning of a byte of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Element {
    /// 0 to 255: pixels, and the output of a ReLU.
    Unsigned,
    /// Two's complement, −127 to 127: an output without a ReLU.
    Signed,
}

impl Element {
    /// Returns the integer that `byte` stands for.
    #[inline(always)]
    pub const fn value(self, byte: u8) -> i32 {
        match self {
            Element::Unsigned => byte as i32,
            Element::Signed => byte as i8 as i32,
        }
    }

    /// Returns the smallest and the largest value that requantization yields.
    #[inline(always)]
    pub const fn range(self) -> (i32, i32) {
        match self {
            Element::Unsigned => (0, 255),
            Element::Signed => (-127, 127),
        }
    }

    /// Returns the largest magnitude that a byte can stand for.
    pub(crate) const fn largest_magnitude(self) -> u32 {
        match self {
            Element::Unsigned => 255,
            Element::Signed => 128,
        }
    }
}

/// The shape, element type and scale of a feature map. A real value is `scale` times the integer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tensor {
    /// Height, width, channels.
    pub shape: Shape,
    /// The meaning of its bytes.
    pub element: Element,
    /// The real value of one integer step, positive and finite. It is for people: no answer depends
    /// on it.
    pub scale: f32,
}

impl Tensor {
    /// Returns the number of values, which is the number of bytes.
    pub const fn len(&self) -> usize {
        self.shape.len()
    }

    /// Returns true if there are no values, which is never so in a validated model.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
