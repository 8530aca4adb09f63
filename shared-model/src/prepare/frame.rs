use super::error::FrameError;
use serde::{Deserialize, Serialize};

/// The meaning of a frame's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Format {
    /// One byte per pixel, from 0 (black) to 255 (white).
    Grey8,
    /// Three bytes per pixel: red, green, blue.
    Rgb888,
    /// Two bytes per pixel, `RRRRRGGG GGGBBBBB` as a 16-bit number, its low byte first.
    Rgb565LittleEndian,
    /// The same, its high byte first, as most cameras send it.
    Rgb565BigEndian,
    /// YUV 4:2:2, four bytes for two pixels: Y, U, Y, V, of the full range from 0 to 255. The luma Y
    /// is the grey; U and V are used for colours only.
    Yuyv,
    /// YUV 4:2:2 in the order U, Y, V, Y.
    Uyvy,
}

impl Format {
    /// All formats, in the order of their numbers on the wire.
    pub const ALL: [Self; 6] =
        [Self::Grey8, Self::Rgb888, Self::Rgb565LittleEndian, Self::Rgb565BigEndian, Self::Yuyv, Self::Uyvy];

    /// Returns the bytes of a pixel; for YUV 4:2:2, half of those of two.
    pub const fn bytes_per_pixel(self) -> usize {
        match self {
            Self::Grey8 => 1,
            Self::Rgb565LittleEndian | Self::Rgb565BigEndian | Self::Yuyv | Self::Uyvy => 2,
            Self::Rgb888 => 3,
        }
    }

    /// Returns the grey of a pixel.
    #[inline(always)]
    fn grey(self, pixel: &[u8]) -> u8 {
        match (self, pixel) {
            (Self::Grey8, &[y]) | (Self::Yuyv, &[y, _]) | (Self::Uyvy, &[_, y]) => y,
            (Self::Rgb888, &[r, g, b]) => grey([r, g, b]),
            (Self::Rgb565LittleEndian, &[low, high]) | (Self::Rgb565BigEndian, &[high, low]) => {
                grey(widened(u16::from_be_bytes([high, low])))
            }
            _ => {
                crate::contract::never();
                0
            }
        }
    }

    /// Returns red, green and blue of pixel `column` of a row.
    fn colour(self, row: &[u8], column: usize) -> [u8; 3] {
        let pixel = |bytes: usize, of: usize| row.get(of * bytes..).unwrap_or_default();
        match (self, pixel(self.bytes_per_pixel(), column), pixel(4, column / 2)) {
            (Self::Grey8, &[y, ..], _) => [y; 3],
            (Self::Rgb888, &[r, g, b, ..], _) => [r, g, b],
            (Self::Rgb565LittleEndian, &[low, high, ..], _)
            | (Self::Rgb565BigEndian, &[high, low, ..], _) => widened(u16::from_be_bytes([high, low])),
            (Self::Yuyv, &[y, ..], &[_, u, _, v, ..]) | (Self::Uyvy, &[_, y, ..], &[u, _, v, ..]) => {
                of_yuv(y, u, v)
            }
            _ => {
                crate::contract::never();
                [0; 3]
            }
        }
    }
}

/// Returns red, green and blue in 8 bits, in which the highest bits are repeated below the lowest:
/// 0 stays 0, and the largest value becomes 255.
const fn widened(rgb565: u16) -> [u8; 3] {
    let [r, g, b] = [rgb565 >> 11, rgb565 >> 5 & 0x3f, rgb565 & 0x1f];
    [(r << 3 | r >> 2) as u8, (g << 2 | g >> 4) as u8, (b << 3 | b >> 2) as u8]
}

/// Returns red, green and blue of luma and chroma in the full range, as JFIF has them (the weights of
/// Rec. 601), in 256ths.
const fn of_yuv(y: u8, u: u8, v: u8) -> [u8; 3] {
    let (y, u, v) = (y as i32, u as i32 - 128, v as i32 - 128);
    [
        saturated(y + ((359 * v + 128) >> 8)),
        saturated(y - ((88 * u + 183 * v + 128) >> 8)),
        saturated(y + ((454 * u + 128) >> 8)),
    ]
}

const fn saturated(value: i32) -> u8 {
    if value < 0 {
        0
    } else if value > 255 {
        255
    } else {
        value as u8
    }
}

/// Returns the grey of a colour, `⌊(54 R + 183 G + 19 B + 128) / 256⌋`: the weights of Rec. 709. A
/// neutral colour keeps its value.
pub const fn grey([r, g, b]: [u8; 3]) -> u8 {
    ((54 * r as u32 + 183 * g as u32 + 19 * b as u32 + 128) >> 8) as u8
}

/// The part of a frame that is used, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Crop {
    /// The columns to the left of it.
    pub left: u16,
    /// The rows above it.
    pub top: u16,
    /// Its columns.
    pub width: u16,
    /// Its rows.
    pub height: u16,
}

/// The description of a frame, without its bytes. What it describes is possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Frame {
    format: Format,
    height: u16,
    row_len: usize,
    stride: usize,
    crop: Crop,
}

impl Frame {
    /// Describes a frame whose rows follow each other directly, and which is used as a whole.
    ///
    /// # Errors
    /// Returns [`FrameError::Empty`] if it has no pixel, and [`FrameError::OddWidth`] if
    /// it is in YUV 4:2:2 and its width is odd.
    pub const fn new(format: Format, width: u16, height: u16) -> Result<Self, FrameError> {
        if width == 0 || height == 0 {
            return Err(FrameError::Empty);
        }
        if matches!(format, Format::Yuyv | Format::Uyvy) && width % 2 == 1 {
            return Err(FrameError::OddWidth);
        }
        let row_len = width as usize * format.bytes_per_pixel();
        Ok(Self { format, height, row_len, stride: row_len, crop: Crop { left: 0, top: 0, width, height } })
    }

    /// Sets the number of bytes from the beginning of a row to that of the next one.
    ///
    /// # Errors
    /// Returns [`FrameError::Stride`] if a row is longer.
    pub const fn with_stride(self, stride: usize) -> Result<Self, FrameError> {
        if stride < self.row_len { Err(FrameError::Stride) } else { Ok(Self { stride, ..self }) }
    }

    /// Uses only a part of the frame.
    ///
    /// # Errors
    /// Returns [`FrameError::Crop`] if the part is empty or reaches beyond the frame.
    pub const fn cropped(self, crop: Crop) -> Result<Self, FrameError> {
        let width = self.row_len / self.format.bytes_per_pixel();
        let is_inside = crop.left as usize + crop.width as usize <= width
            && crop.top as usize + crop.height as usize <= self.height as usize;
        if is_inside && crop.width > 0 && crop.height > 0 {
            Ok(Self { crop, ..self })
        } else {
            Err(FrameError::Crop)
        }
    }

    /// Returns the meaning of the frame's bytes.
    pub const fn format(self) -> Format {
        self.format
    }

    /// Returns the columns of the frame.
    pub const fn width(self) -> u16 {
        (self.row_len / self.format.bytes_per_pixel()) as u16
    }

    /// Returns the rows of the frame.
    pub const fn height(self) -> u16 {
        self.height
    }

    /// Returns the part that is used.
    pub const fn crop(self) -> Crop {
        self.crop
    }

    /// Returns the bytes of a row, without those that fill it up to the stride.
    pub const fn row_len(self) -> usize {
        self.row_len
    }

    /// Returns the bytes from the beginning of a row to that of the next one.
    pub const fn stride(self) -> usize {
        self.stride
    }

    /// Returns those bytes of a row that are within the crop, if they are greys as they are.
    pub(super) fn grey_bytes(self, row: &[u8]) -> Option<&[u8]> {
        let left = usize::from(self.crop.left);
        match self.format {
            Format::Grey8 => row.get(left..left + usize::from(self.crop.width)),
            _ => None,
        }
    }

    /// Returns the greys of those pixels of a row that are within the crop.
    #[inline(always)]
    pub(super) fn greys(self, row: &[u8]) -> impl Iterator<Item = u8> + Clone {
        let bytes = self.format.bytes_per_pixel();
        let used = row.get(usize::from(self.crop.left) * bytes..).unwrap_or_default();
        let used = used.get(..usize::from(self.crop.width) * bytes).unwrap_or_default();
        used.chunks_exact(bytes).map(move |pixel| self.format.grey(pixel))
    }

    /// Returns red, green and blue of those pixels of a row that are within the crop.
    pub(super) fn colours(self, row: &[u8]) -> impl Iterator<Item = [u8; 3]> {
        let left = usize::from(self.crop.left);
        (left..left + usize::from(self.crop.width)).map(move |column| self.format.colour(row, column))
    }
}
