use core::fmt;

/// The reason why there can be no such [`Frame`](super::Frame).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum FrameError {
    /// Its width or height is 0.
    Empty,
    /// Two pixels share their colour in this format, and its width is odd.
    OddWidth,
    /// From one row to the next there are fewer bytes than a row has.
    Stride,
    /// The crop is empty, or reaches beyond the frame.
    Crop,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "a frame has at least one pixel in width and in height",
            Self::OddWidth => "a frame in YUV 4:2:2 has an even width: two pixels share their colour",
            Self::Stride => "the stride is shorter than a row of the frame",
            Self::Crop => "the crop is empty, or reaches beyond the frame",
        })
    }
}

impl core::error::Error for FrameError {}

/// The reason why a frame did not become pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum PrepareError {
    /// The height or width of the net's input is 0.
    Size,
    /// No pixels of so many values each are made: see [`can_prepare`](super::can_prepare).
    Channels,
    /// The scratch is shorter than [`scratch_len`](super::scratch_len).
    ScratchLength,
    /// There are not as many pixels as the net's input has.
    PixelsLength,
    /// The bytes are not those of a whole frame: fewer than its rows have, or more than height
    /// times stride.
    FrameLength,
    /// A row has fewer bytes than its pixels need, or more than the stride.
    RowLength,
    /// The frame has no further row.
    TooManyRows,
    /// Not all rows have come.
    MissingRows,
}

impl fmt::Display for PrepareError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Size => "the net's input has no pixels",
            Self::Channels => "the net takes pixels that are neither grey nor in colour, or a sign in colour",
            Self::ScratchLength => "the scratch is too short: see scratch_len",
            Self::PixelsLength => "the pixels are not as many as the net's input has",
            Self::FrameLength => "the bytes are fewer or more than the frame's",
            Self::RowLength => "a row is shorter than its pixels or longer than the stride",
            Self::TooManyRows => "the frame has no further row",
            Self::MissingRows => "the frame is incomplete: rows are missing",
        })
    }
}

impl core::error::Error for PrepareError {}
