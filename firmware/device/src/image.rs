//! The image that the board is shown: on its way, or whole.

use shared_model::{
    Model,
    prepare::{Frame, Paused, PrepareError, Preparer, can_prepare},
    wire::{ImageError, RequestError},
};

/// The state of the image.
#[derive(Debug)]
pub enum Image {
    /// There is none.
    None,
    /// Its bytes arrive.
    Coming(Coming),
    /// It is whole: its pixels, and its embedding.
    Whole,
}

/// An image on its way.
#[derive(Debug)]
pub struct Coming {
    form: Form,
    /// The bytes that have come.
    received: u32,
    /// The bytes that it has.
    expected: u32,
}

#[derive(Debug)]
enum Form {
    Pixels,
    Frame {
        row_len: usize,
        /// Without the memory, which it has while rows are taken. `None` if there was too little
        /// of it.
        preparer: Option<Paused>,
    },
}

/// The memory that an image comes to.
pub struct Place<'a> {
    /// The preparation's scratch.
    pub scratch: &'a mut [u32],
    /// The pixels.
    pub pixels: &'a mut [u8],
}

impl Coming {
    /// Begins an image that comes as pixels, `expected` of them.
    pub fn pixels(expected: usize) -> Self {
        Self { form: Form::Pixels, received: 0, expected: expected as u32 }
    }

    /// Begins a frame.
    ///
    /// # Errors
    /// Returns [`ImageError::NoPreparation`] if the model's pixels cannot be made of a frame.
    pub fn frame(frame: Frame, model: &Model<'_>, place: Place<'_>) -> Result<Self, RequestError> {
        let shape = model.input().shape;
        let preprocessing = model.metadata().preprocessing;
        if !can_prepare(preprocessing, shape) {
            return Err(ImageError::NoPreparation.into());
        }
        let preparer = Preparer::new(frame, preprocessing, shape, place.scratch, place.pixels)
            .map_err(|_| RequestError::Internal)?;
        let row_len = frame.row_len();
        let expected = (row_len as u32).saturating_mul(frame.height().into());
        Ok(Self { form: Form::Frame { row_len, preparer: Some(preparer.pause()) }, received: 0, expected })
    }

    /// Returns whether all bytes have come.
    pub fn is_whole(&self) -> bool {
        self.received >= self.expected
    }

    /// Returns the error that answers whoever wants more of it than there is.
    pub fn unfinished(&self) -> ImageError {
        ImageError::Unfinished { received: self.received, expected: self.expected }
    }

    /// Takes the next bytes, which begin at `offset`.
    ///
    /// # Errors
    /// Returns [`ImageError::Offset`], [`ImageError::TooLong`] or [`ImageError::Row`]. Nothing is
    /// taken then.
    pub fn chunk(&mut self, offset: u32, bytes: &[u8], place: Place<'_>) -> Result<(), RequestError> {
        let (received, expected) = (self.received, self.expected);
        if offset != received {
            return Err(ImageError::Offset { expected: received, actual: offset }.into());
        }
        let end = received.saturating_add(bytes.len() as u32);
        if end > expected {
            return Err(ImageError::TooLong { expected, actual: end }.into());
        }
        match &mut self.form {
            Form::Pixels => {
                let target = place.pixels.get_mut(received as usize..end as usize);
                target.ok_or(RequestError::Internal)?.copy_from_slice(bytes);
            }
            Form::Frame { row_len, preparer } => {
                if !bytes.len().is_multiple_of(*row_len) {
                    return Err(ImageError::Row { expected: *row_len as u32 }.into());
                }
                let rows = bytes.chunks_exact(*row_len);
                with_memory(preparer, place, |preparer| { rows }.try_for_each(|row| preparer.push(row)))
                    .map_err(|_| RequestError::Internal)?;
            }
        }
        self.received = end;
        Ok(())
    }

    /// Completes the pixels of an image that [is whole](Self::is_whole).
    ///
    /// # Errors
    /// Returns [`RequestError::Internal`] if it is not.
    pub fn finish(self, place: Place<'_>) -> Result<(), RequestError> {
        let Form::Frame { preparer, .. } = self.form else { return Ok(()) };
        let paused = preparer.ok_or(PrepareError::ScratchLength);
        let finished = paused.and_then(|paused| paused.resume(place.scratch, place.pixels)?.finish());
        finished.map(drop).map_err(|_| RequestError::Internal)
    }
}

/// Lets a preparer work in its memory.
fn with_memory(
    paused: &mut Option<Paused>,
    place: Place<'_>,
    work: impl FnOnce(&mut Preparer<'_>) -> Result<(), PrepareError>,
) -> Result<(), PrepareError> {
    let resumed = paused.take().ok_or(PrepareError::ScratchLength)?;
    let mut preparer = resumed.resume(place.scratch, place.pixels)?;
    let result = work(&mut preparer);
    *paused = Some(preparer.pause());
    result
}
