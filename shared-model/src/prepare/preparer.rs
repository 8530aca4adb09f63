use super::{
    border::{Border, GREYS},
    centre::{Part, centre},
    error::PrepareError,
    frame::Frame,
    reduce::Blocks,
    resize::{self, Resizer, Target, fitted},
    sign::{self, Found, Room, Sign, Stage},
};
use crate::{
    inspect::Shape,
    model::format::{Background, Fit, Preprocessing},
};

/// The values of a pixel in colour: red, green, blue.
const COLOURS: u16 = 3;

/// Returns whether pixels of this shape can be made: grey ones, of one value each, or, unless the fit is
/// `Centre`, ones of three values, red, green and blue.
pub const fn can_prepare(preprocessing: Preprocessing, shape: Shape) -> bool {
    match preprocessing.fit {
        Fit::Stretch | Fit::Contain => matches!(shape.channels, 1 | COLOURS),
        Fit::Centre => shape.channels == 1,
    }
}

/// Returns the length of the scratch that [`Preparer`] needs, in words, for a net's input of `shape`;
/// 0 for pixels that [cannot be made](can_prepare).
pub const fn scratch_len(preprocessing: Preprocessing, shape: Shape) -> usize {
    if !can_prepare(preprocessing, shape) {
        return 0;
    }
    let border = if needs_border(preprocessing) { GREYS } else { 0 };
    let rest = match preprocessing.fit {
        Fit::Stretch | Fit::Contain => resize::scratch_len(shape.width as usize * shape.channels as usize),
        Fit::Centre => sign::scratch_len([shape.height, shape.width]),
    };
    rest.saturating_add(border)
}

/// Returns whether the border's greys are wanted: they tell the background, and what is paper.
const fn needs_border(Preprocessing { fit, background, .. }: Preprocessing) -> bool {
    matches!(fit, Fit::Centre) || matches!(background, Background::Auto)
}

/// Makes pixels of a frame whose rows come one at a time.
///
/// ```
/// use shared_model::{
///     inspect::Shape,
///     model::format::{Background, Fit, Preprocessing},
///     prepare::{Crop, Format, Frame, Preparer, scratch_len},
/// };
///
/// const PREPROCESSING: Preprocessing = Preprocessing::new(Fit::Centre, Background::Auto);
/// const SHAPE: Shape = Shape::new(28, 28, 1);
/// let mut scratch = [0; scratch_len(PREPROCESSING, SHAPE)];
/// let mut pixels = [0; 28 * 28];
///
/// // The middle of what a camera sends.
/// let middle = Crop { left: 20, top: 0, width: 120, height: 120 };
/// let frame = Frame::new(Format::Yuyv, 160, 120)?.cropped(middle)?;
/// let mut preparer = Preparer::new(frame, PREPROCESSING, SHAPE, &mut scratch, &mut pixels)?;
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
    /// The net's input.
    shape: Shape,
    /// The rows of the frame that have come.
    rows: u16,
    border: Option<Border<'a>>,
    way: Way<'a>,
}

impl core::fmt::Debug for Preparer<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Preparer").field("rows", &self.rows).finish_non_exhaustive()
    }
}

/// The way to the pixels.
enum Way<'a> {
    /// They are written as the rows come: `Stretch` and `Contain`.
    Resize { resizer: Resizer, sums: &'a mut [u32], target: Target<'a>, resized: [u16; 2] },
    /// They are made when all is reduced: `Centre`.
    Centre { blocks: Blocks, room: Room<'a>, pixels: &'a mut [u8] },
}

/// A small picture whose border's greys are as near to each other as this is left as it is.
const EVEN: usize = 24;
/// Whatever stands out at least this share of the strongest ink belongs to the ink's box. What is
/// fainter is blur and paper.
const FAINTEST_INK: u8 = 4;

impl<'a> Preparer<'a> {
    /// Begins a frame. `shape` is that of the net's input, and `pixels` has one byte for each of its
    /// values.
    ///
    /// # Errors
    /// Returns [`PrepareError::Size`] if a side is 0, [`PrepareError::Channels`] if
    /// such pixels [cannot be made](can_prepare), [`PrepareError::PixelsLength`] if there are not as
    /// many of them, and [`PrepareError::ScratchLength`] if the scratch is shorter than
    /// [`scratch_len`].
    pub fn new(
        frame: Frame,
        preprocessing: Preprocessing,
        shape: Shape,
        scratch: &'a mut [u32],
        pixels: &'a mut [u8],
    ) -> Result<Self, PrepareError> {
        let size = [shape.height, shape.width];
        if size.contains(&0) {
            return Err(PrepareError::Size);
        }
        if !can_prepare(preprocessing, shape) {
            return Err(PrepareError::Channels);
        }
        let from = [frame.crop().height, frame.crop().width];
        let begun = match preprocessing.fit {
            Fit::Stretch => Begun::resize(from, size),
            Fit::Contain => Begun::resize(from, fitted(from, size)),
            Fit::Centre => Begun::Centre(Blocks::new(from, size)),
        };
        let mut preparer = Paused { frame, preprocessing, shape, rows: 0, begun }.resume(scratch, pixels)?;
        match &mut preparer.way {
            Way::Resize { target, .. } => target.pixels.fill(0),
            Way::Centre { pixels, .. } => pixels.fill(0),
        }
        if let Some(border) = &mut preparer.border {
            border.clear();
        }
        Ok(preparer)
    }

    /// Gives the memory back until the next rows come, for a source whose rows come in pieces: over
    /// a serial line, for example. Only [`Paused::resume`] with the same memory goes on.
    pub fn pause(self) -> Paused {
        let Self { frame, preprocessing, shape, rows, way, .. } = self;
        let begun = match way {
            Way::Resize { resizer, resized, .. } => Begun::Resize { resizer, resized },
            Way::Centre { blocks, .. } => Begun::Centre(blocks),
        };
        Paused { frame, preprocessing, shape, rows, begun }
    }

    /// Takes the next row of the frame: those above and below the crop, too. It may come with the
    /// bytes that fill it up to the stride, or without.
    ///
    /// # Errors
    /// Returns [`PrepareError::TooManyRows`] if the frame has no further row, and
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
            let is_small = crop.height <= self.shape.height && crop.width <= self.shape.width;
            let is_wanted = is_small || self.preprocessing.fit != Fit::Centre;
            if let Some(border) = self.border.as_mut().filter(|_| is_wanted) {
                border.push(greys.clone(), place == 0 || place == crop.height - 1);
            }
            match &mut self.way {
                Way::Resize { resizer, sums, target, .. } if self.shape.channels == COLOURS => {
                    resizer.push(self.frame.colours(row), sums, target);
                }
                Way::Resize { resizer, sums, target, .. } => {
                    resizer.push(greys.map(|grey| [grey]), sums, target);
                }
                Way::Centre { blocks, room, .. } => match self.frame.grey_bytes(row) {
                    Some(bytes) => blocks.push_bytes(place, bytes, room.work, room.reduced),
                    None => blocks.push(place, greys, room.work, room.reduced),
                },
            }
        }
        Ok(())
    }

    /// Completes the pixels, and returns the background that the frame has: `Dark` or `Light`. Rows
    /// below the crop need not have come.
    ///
    /// # Errors
    /// Returns [`PrepareError::MissingRows`] if rows are missing; the pixels are worth
    /// nothing then.
    pub fn finish(self) -> Result<Background, PrepareError> {
        self.finish_observed(|_| {}).map(|found| found.background)
    }

    /// Completes the pixels as [`finish`](Self::finish) does, and returns what was found. With
    /// `Centre`, `observe` gets the images on the way, unless the picture was tidy.
    ///
    /// # Errors
    /// Returns [`PrepareError::MissingRows`] if rows are missing.
    pub fn finish_observed(self, mut observe: impl FnMut(Stage<'_>)) -> Result<Found, PrepareError> {
        let Self { frame, preprocessing, shape, rows, border, way } = self;
        let (crop, size) = (frame.crop(), [shape.height, shape.width]);
        if u32::from(rows) < u32::from(crop.top) + u32::from(crop.height) {
            return Err(PrepareError::MissingRows);
        }
        let judged = || match (preprocessing.background, &border) {
            (Background::Auto, Some(border)) => border.background(),
            (background, _) => background,
        };
        match way {
            Way::Resize { target, resized, .. } => {
                let background = judged();
                if background == Background::Light {
                    match shape.channels {
                        COLOURS => invert::<{ COLOURS as usize }>(target, resized),
                        _ => invert::<1>(target, resized),
                    }
                }
                Ok(Found { background, lines: 0, parts: 0, specks: 0, is_tidy: false })
            }
            Way::Centre { blocks, mut room, pixels } => {
                let is_small = crop.height <= size[0] && crop.width <= size[1];
                let whole = Part { left: 0, top: 0, width: blocks.size[1], height: blocks.size[0] };
                let stride = usize::from(blocks.size[1]);
                if let Some(border) = border.as_ref().filter(|border| is_small && border.is_even(EVEN)) {
                    let background = judged();
                    let faintest = stand_out(whole, room.reduced, background, border.paper(background));
                    if let Some(faintest) = faintest {
                        centre((room.reduced, stride), whole, faintest, size, room.work, pixels);
                    }
                    return Ok(Found { background, lines: 0, parts: 0, specks: 0, is_tidy: true });
                }
                let counts = border.map(Border::into_counts).unwrap_or_default();
                let (background, centring) = (preprocessing.background, preprocessing.centring);
                let (found, place) =
                    Sign::find(&mut room, counts, (blocks.size, size), background, centring, &mut observe);
                if let Some(place) = place {
                    let faintest = u8::MAX / FAINTEST_INK + 1;
                    centre((room.reduced, stride), place, faintest, size, room.work, pixels);
                }
                Ok(found)
            }
        }
    }
}

/// A [`Preparer`] without its memory, between two rows.
#[derive(Debug)]
pub struct Paused {
    frame: Frame,
    preprocessing: Preprocessing,
    shape: Shape,
    rows: u16,
    begun: Begun,
}

/// A [`Way`] without its memory.
#[derive(Debug)]
enum Begun {
    Resize { resizer: Resizer, resized: [u16; 2] },
    Centre(Blocks),
}

impl Begun {
    fn resize(from: [u16; 2], to: [u16; 2]) -> Self {
        Self::Resize { resizer: Resizer::new(from, to), resized: to }
    }
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
        let Self { frame, preprocessing, shape, rows, begun } = self;
        let size = [shape.height, shape.width];
        if pixels.len() != shape.len() {
            return Err(PrepareError::PixelsLength);
        }
        if scratch.len() < scratch_len(preprocessing, shape) {
            return Err(PrepareError::ScratchLength);
        }
        let (counts, scratch) = scratch
            .split_at_mut_checked(if needs_border(preprocessing) { GREYS } else { 0 })
            .ok_or(PrepareError::ScratchLength)?;
        let border = if counts.is_empty() { None } else { Some(Border::new(counts)) };
        let way = match begun {
            Begun::Resize { resizer, resized } => {
                let [above, left] = [0, 1].map(|axis| usize::from((size[axis] - resized[axis]) / 2));
                let stride = usize::from(shape.width);
                let target = Target { pixels, stride, corner: above * stride + left };
                Way::Resize { resizer, sums: scratch, target, resized }
            }
            Begun::Centre(blocks) => {
                let room = Room::new(scratch, size).ok_or(PrepareError::ScratchLength)?;
                Way::Centre { blocks, room, pixels }
            }
        };
        Ok(Preparer { frame, preprocessing, shape, rows, border, way })
    }
}

/// Inverts what comes from the frame; the rest is background already.
fn invert<const N: usize>(mut target: Target<'_>, [rows, columns]: [u16; 2]) {
    for row in 0..u32::from(rows) {
        let pixels = target.rows_from::<N>(row).iter_mut().take(columns.into());
        pixels.flatten().for_each(|value| *value = 255 - *value);
    }
}

/// Replaces greys with what stands out of the paper; returns the faintest that is ink, `None` if
/// there is no ink.
fn stand_out(whole: Part, greys: &mut [u8], background: Background, paper: u8) -> Option<u8> {
    let greys = greys.get_mut(..usize::from(whole.width) * usize::from(whole.height))?;
    for grey in greys.iter_mut() {
        let on_dark = if background == Background::Light { 255 - *grey } else { *grey };
        *grey = on_dark.saturating_sub(paper);
    }
    greys.iter().max().filter(|&&strongest| strongest > 0).map(|strongest| strongest.div_ceil(FAINTEST_INK))
}

/// Makes pixels of a frame that is in memory, as [`Preparer`] does. Behind the last row, what fills
/// it up to the stride may be missing.
///
/// # Errors
/// Returns [`PrepareError::FrameLength`] if `bytes` are fewer than the frame's or more
/// than its height times its stride, and the errors of [`Preparer::new`].
pub fn prepare(
    frame: Frame,
    bytes: &[u8],
    preprocessing: Preprocessing,
    shape: Shape,
    scratch: &mut [u32],
    pixels: &mut [u8],
) -> Result<Background, PrepareError> {
    let height = usize::from(frame.height());
    let most = height.saturating_mul(frame.stride());
    let fewest = (height - 1).saturating_mul(frame.stride()).saturating_add(frame.row_len());
    if !(fewest..=most).contains(&bytes.len()) {
        return Err(PrepareError::FrameLength);
    }
    let mut preparer = Preparer::new(frame, preprocessing, shape, scratch, pixels)?;
    for row in bytes.chunks(frame.stride()) {
        preparer.push(row)?;
    }
    preparer.finish()
}
