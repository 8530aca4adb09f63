use core::fmt;

/// The reason why strokes did not become pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum StrokesError {
    /// There are no points.
    NoPoints,
    /// There is no room for another point. What was collected before is as it was.
    Full,
    /// The height or width of the net's input is 0 or more than [`MAX_SIDE`](super::MAX_SIDE).
    Size,
    /// The scratch is shorter than [`scratch_len`](super::scratch_len).
    ScratchLength,
    /// There are not as many pixels as the net's input has.
    PixelsLength,
}

impl fmt::Display for StrokesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPoints => "nothing is drawn",
            Self::Full => "the drawing has more points than there is memory for: lift the pen, clear it",
            Self::Size => "the net's input has no pixels, or is too large to draw in",
            Self::ScratchLength => "the scratch is too short: see scratch_len",
            Self::PixelsLength => "the pixels are not as many as the net's input has",
        })
    }
}

impl core::error::Error for StrokesError {}
