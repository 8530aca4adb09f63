use super::{
    WORKING,
    border::{Border, GREYS},
    centre::{Working, working_size},
    error::PrepareError,
    frame::Frame,
    resize::{self, Resizer, Target, fitted},
};
use crate::model::format::{Background, Fit, Preprocessing};

/// Returns the length of the scratch that [`Preparer`] needs, in words, for a net's input of
/// `[height, width]`.
pub const fn scratch_len(preprocessing: Preprocessing, [height, width]: [u16; 2]) -> usize {
    let border = if needs_border(preprocessing) { GREYS } else { 0 };
    let [height, width] = [height as usize, width as usize];
    let rest = match preprocessing.fit {
        Fit::Stretch | Fit::Contain => resize::scratch_len(width),
        Fit::Centre => {
            let [height, width] = [height * WORKING as usize, width * WORKING as usize];
            resize::scratch_len(width).saturating_add(height.saturating_mul(width).div_ceil(size_of::<u32>()))
        }
    };
    rest.saturating_add(border)
}

/// Returns whether the border's greys are wanted: they tell the background, and what is paper.
const fn needs_border(Preprocessing { fit, background }: Preprocessing) -> bool {
    matches!(fit, Fit::Centre) || matches!(background, Background::Auto)
}

/// Makes pixels of a frame whose rows come one at a time.
///
/// ```
/// use shared_model::{
///     model::format::{Background, Fit, Preprocessing},
///     prepare::{Crop, Format, Frame, Preparer, scratch_len},
/// };
///
/// const PREPROCESSING: Preprocessing =
///     Preprocessing { fit: Fit::Centre, background: Background::Auto };
/// const SIZE: [u16; 2] = [28, 28];
/// let mut scratch = [0; scratch_len(PREPROCESSING, SIZE)];
/// let mut pixels = [0; 28 * 28];
///
/// // The middle of what a camera sends.
/// let middle = Crop { left: 20, top: 0, width: 120, height: 120 };
/// let frame = Frame::new(Format::Yuyv, 160, 120)?.cropped(middle)?;
/// let mut preparer = Preparer::new(frame, PREPROCESSING, SIZE, &mut scratch, &mut pixels)?;
/// # let camera = [[0x80; 320]; 120];
/// for row in &camera {
///     preparer.push(row)?;
/// }
/// preparer.finish()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Preparer<'a> {
    frame: Frame,
    preprocessing: Preprocessing,
    /// Height and width of the net's input.
    size: [u16; 2],
    /// The rows of the frame that have come.
    rows: u16,
    border: Option<Border<'a>>,
    resizer: Resizer,
    /// Height and width of what the resizer makes.
    resized: [u16; 2],
    sums: &'a mut [u32],
    /// The place of what the resizer makes: among the pixels, or in the working image.
    target: Target<'a>,
    /// The pixels, if there is a working image.
    centred: Option<&'a mut [u8]>,
}

impl<'a> Preparer<'a> {
    /// Begins a frame. `size` is the `[height, width]` of the net's input, and `pixels` has one
    /// byte for each of its pixels.
    ///
    /// # Errors Returns [`PrepareError::Size`] if `size` has a 0, [`PrepareError::PixelsLength`] if
    /// there are not as many pixels, and [`PrepareError::ScratchLength`] if the scratch is shorter
    /// than [`scratch_len`].
    pub fn new(
        frame: Frame,
        preprocessing: Preprocessing,
        size: [u16; 2],
        scratch: &'a mut [u32],
        pixels: &'a mut [u8],
    ) -> Result<Self, PrepareError> {
        let [height, width] = size;
        if height == 0 || width == 0 {
            return Err(PrepareError::Size);
        }
        let from = [frame.crop().height, frame.crop().width];
        let resized = match preprocessing.fit {
            Fit::Stretch => size,
            Fit::Contain => fitted(from, size),
            Fit::Centre => working_size(from, size),
        };
        let resizer = Resizer::new(from, resized);
        let mut begun =
            Paused { frame, preprocessing, size, rows: 0, resizer, resized }.resume(scratch, pixels)?;
        match &mut begun.centred {
            Some(pixels) => pixels.fill(0),
            None => begun.target.pixels.fill(0),
        }
        if let Some(border) = &mut begun.border {
            border.clear();
        }
        Ok(begun)
    }

    /// Gives the memory back until the next rows come, for a source whose rows come in pieces: over
    /// a serial line, for example. Only [`Paused::resume`] with the same memory goes on.
    pub fn pause(self) -> Paused {
        let Self { frame, preprocessing, size, rows, resizer, resized, .. } = self;
        Paused { frame, preprocessing, size, rows, resizer, resized }
    }

    /// Takes the next row of the frame: those above and below the crop, too. It may come with the
    /// bytes that fill it up to the stride, or without.
    ///
    /// # Errors Returns [`PrepareError::TooManyRows`] if the frame has no further row, and
    /// [`PrepareError::RowLength`] if the row has fewer bytes than its pixels or more than the
    /// stride. A row that is refused counts as not sent.
    pub fn push(&mut self, row: &[u8]) -> Result<(), PrepareError> {
        if self.rows == self.frame.height() {
            return Err(PrepareError::TooManyRows);
        }
        if !(self.frame.row_len()..=self.frame.stride()).contains(&row.len()) {
            return Err(PrepareError::RowLength);
        }
        let crop = self.frame.crop();
        // A row above the crop wraps around.
        let place = self.rows.wrapping_sub(crop.top);
        self.rows += 1;
        if place < crop.height {
            let greys = self.frame.greys(row);
            if let Some(border) = &mut self.border {
                border.push(greys.clone(), place == 0 || place == crop.height - 1);
            }
            self.resizer.push(greys, self.sums, &mut self.target);
        }
        Ok(())
    }

    /// Completes the pixels, and returns the background that the frame has: `Dark` or `Light`. Rows
    /// below the crop need not have come.
    ///
    /// # Errors Returns [`PrepareError::MissingRows`] if rows are missing; the pixels are worth
    /// nothing then.
    pub fn finish(mut self) -> Result<Background, PrepareError> {
        let crop = self.frame.crop();
        if u32::from(self.rows) < u32::from(crop.top) + u32::from(crop.height) {
            return Err(PrepareError::MissingRows);
        }
        let background = match (self.preprocessing.background, &self.border) {
            (Background::Auto, Some(border)) => border.background(),
            (background, _) => background,
        };
        match self.centred.take() {
            None if background == Background::Light => self.invert(),
            None => {}
            Some(pixels) => {
                let paper = self.border.as_ref().map_or(0, |border| border.paper(background));
                let width = usize::from(self.resized[1]);
                let working = Working { greys: self.target.pixels, width, background, paper };
                working.centre(self.size, self.sums, pixels);
            }
        }
        Ok(background)
    }

    /// Inverts what comes from the frame; the rest is background already.
    fn invert(&mut self) {
        let [rows, columns] = self.resized;
        for row in 0..u32::from(rows) {
            let pixels = self.target.rows_from(row).iter_mut();
            pixels.take(columns.into()).for_each(|pixel| *pixel = 255 - *pixel);
        }
    }
}

/// A [`Preparer`] without its memory, between two rows.
#[derive(Debug)]
pub struct Paused {
    frame: Frame,
    preprocessing: Preprocessing,
    size: [u16; 2],
    rows: u16,
    resizer: Resizer,
    resized: [u16; 2],
}

impl Paused {
    /// Goes on where [`Preparer::pause`] stopped. Both arrays are those that it had, and nothing
    /// was written to them since: otherwise the pixels are worth nothing.
    ///
    /// # Errors
    /// Returns [`PrepareError::PixelsLength`] and [`PrepareError::ScratchLength`] as
    /// [`Preparer::new`] does.
    pub fn resume<'a>(
        self,
        scratch: &'a mut [u32],
        pixels: &'a mut [u8],
    ) -> Result<Preparer<'a>, PrepareError> {
        let Self { frame, preprocessing, size, rows, resizer, resized } = self;
        let [height, width] = size;
        if pixels.len() != usize::from(height) * usize::from(width) {
            return Err(PrepareError::PixelsLength);
        }
        if scratch.len() < scratch_len(preprocessing, size) {
            return Err(PrepareError::ScratchLength);
        }
        let (counts, scratch) = scratch
            .split_at_mut_checked(if needs_border(preprocessing) { GREYS } else { 0 })
            .ok_or(PrepareError::ScratchLength)?;
        let border = if counts.is_empty() { None } else { Some(Border::new(counts)) };
        let (centred, sums, target) = match preprocessing.fit {
            Fit::Stretch | Fit::Contain => {
                let [above, left] = [0, 1].map(|axis| usize::from((size[axis] - resized[axis]) / 2));
                let stride = usize::from(width);
                (None, scratch, Target { pixels, stride, corner: above * stride + left })
            }
            Fit::Centre => {
                let stride = usize::from(resized[1]);
                let (sums, working) = scratch
                    .split_at_mut_checked(resize::scratch_len(usize::from(width) * usize::from(WORKING)))
                    .ok_or(PrepareError::ScratchLength)?;
                let working = bytemuck::cast_slice_mut(working)
                    .get_mut(..usize::from(resized[0]) * stride)
                    .ok_or(PrepareError::ScratchLength)?;
                (Some(pixels), sums, Target { pixels: working, stride, corner: 0 })
            }
        };
        Ok(Preparer { frame, preprocessing, size, rows, border, resizer, resized, sums, target, centred })
    }
}

/// Makes pixels of a frame that is in memory, as [`Preparer`] does. Behind the last row, what fills
/// it up to the stride may be missing.
///
/// # Errors Returns [`PrepareError::FrameLength`] if `bytes` are fewer than the frame's or more
/// than its height times its stride, and the errors of [`Preparer::new`].
pub fn prepare(
    frame: Frame,
    bytes: &[u8],
    preprocessing: Preprocessing,
    size: [u16; 2],
    scratch: &mut [u32],
    pixels: &mut [u8],
) -> Result<Background, PrepareError> {
    let height = usize::from(frame.height());
    let most = height.saturating_mul(frame.stride());
    let fewest = (height - 1).saturating_mul(frame.stride()).saturating_add(frame.row_len());
    if !(fewest..=most).contains(&bytes.len()) {
        return Err(PrepareError::FrameLength);
    }
    let mut preparer = Preparer::new(frame, preprocessing, size, scratch, pixels)?;
    for row in bytes.chunks(frame.stride()) {
        preparer.push(row)?;
    }
    preparer.finish()
}
