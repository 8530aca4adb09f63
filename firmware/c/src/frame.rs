use crate::{
    handle::Handle,
    memory::{Array, disjoint, one},
    model::{Held, tt_model},
    status::{status, tt_status},
};
use shared_model::prepare::{Crop, Format, Frame, Paused, Preparer};

/// The meaning of a frame's bytes.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tt_format {
    /// One byte per pixel, from 0 (black) to 255 (white).
    TT_GREY8 = 0,
    /// Three bytes per pixel: red, green, blue.
    TT_RGB888 = 1,
    /// Two bytes per pixel, `RRRRRGGG GGGBBBBB` as a 16-bit number, its low byte first.
    TT_RGB565_LITTLE_ENDIAN = 2,
    /// The same, its high byte first, as most cameras send it.
    TT_RGB565_BIG_ENDIAN = 3,
    /// YUV 4:2:2, four bytes for two pixels: Y, U, Y, V.
    TT_YUYV = 4,
    /// YUV 4:2:2 in the order U, Y, V, Y.
    TT_UYVY = 5,
}

/// The description of a frame.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct tt_frame {
    /// A `tt_format`.
    pub format: u32,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
    /// Bytes from the beginning of a row to that of the next one; 0 if nothing is between them.
    pub stride: usize,
    /// The part that is used: the columns to the left of it, and the rows above it.
    pub crop_left: u16,
    /// As above.
    pub crop_top: u16,
    /// Its columns and rows; both 0 for the whole frame.
    pub crop_width: u16,
    /// As above.
    pub crop_height: u16,
}

impl tt_frame {
    fn read(self) -> Result<Frame, tt_status> {
        // Numbers are those of the wire.
        let format = *Format::ALL.get(self.format as usize).ok_or(tt_status::TT_ARGUMENT)?;
        let mut frame = Frame::new(format, self.width, self.height)?;
        if self.stride != 0 {
            frame = frame.with_stride(self.stride)?;
        }
        let Self { crop_left: left, crop_top: top, crop_width: width, crop_height: height, .. } = self;
        match [left, top, width, height] {
            [0, 0, 0, 0] => Ok(frame),
            _ => Ok(frame.cropped(Crop { left, top, width, height })?),
        }
    }
}

/// The size of a `tt_preparer`, in units of 8 bytes.
pub const TT_PREPARER_WORDS: usize = 32;

/// A frame that is being made into pixels, row by row.
#[repr(C)]
pub struct tt_preparer {
    opaque: [u64; TT_PREPARER_WORDS],
}

/// Between two calls, no reference into the caller's memory is kept.
struct Begun {
    /// `None` while a call goes on.
    paused: Option<Paused>,
    scratch: Array<u32>,
    pixels: Array<u8>,
}

impl Begun {
    /// # Safety
    /// The memory is there, and nothing else uses it during `'a`.
    unsafe fn resumed<'a>(&mut self) -> Result<Preparer<'a>, tt_status> {
        let paused = self.paused.take().ok_or(tt_status::TT_NOT_INITIALISED)?;
        // SAFETY: as the caller promises; `tt_prepare_begin` has found that they do not overlap.
        Ok(paused.resume(unsafe { self.scratch.write() }, unsafe { self.pixels.write() })?)
    }
}

/// Begins a frame for a model. `pixels` has `input_len` bytes, and `scratch` has at least
/// `prepare_len` words. Both belong to the preparer until `tt_prepare_finish`.
#[unsafe(export_name = symbol!(tt_prepare_begin))]
pub unsafe extern "C" fn tt_prepare_begin(
    preparer: *mut tt_preparer,
    model: *const tt_model,
    frame: *const tt_frame,
    scratch: *mut u32,
    scratch_len: usize,
    pixels: *mut u8,
    pixels_len: usize,
) -> tt_status {
    status(|| {
        let make = || {
            // SAFETY: C keeps to the contract of pointers.
            let held = unsafe { Held::of(model) }?;
            let (scratch, pixels) = (Array::new(scratch, scratch_len)?, Array::new(pixels, pixels_len)?);
            disjoint(
                [scratch.addresses(), pixels.addresses(), one(preparer)?],
                [one(model)?, one(frame)?, held.file.clone()],
            )?;
            let frame = unsafe { frame.read() }.read()?;
            let (preprocessing, shape) = (held.model.metadata().preprocessing, held.model.input().shape);
            let (words, bytes) = unsafe { (scratch.write(), pixels.write()) };
            let begun = Preparer::new(frame, preprocessing, shape, words, bytes)?;
            Ok(Begun { paused: Some(begun.pause()), scratch, pixels })
        };
        unsafe { Handle::make(preparer, make) }
    })
}

/// Takes the next row of the frame, also of those above and below the crop. The bytes that fill it up
/// to the stride may be missing. A row that is refused counts as not given.
///
/// The memory that `tt_prepare_begin` was given is in use, too.
#[unsafe(export_name = symbol!(tt_prepare_row))]
pub unsafe extern "C" fn tt_prepare_row(
    preparer: *mut tt_preparer,
    row: *const u8,
    row_len: usize,
) -> tt_status {
    status(|| {
        // SAFETY: C keeps to the contract of pointers.
        let begun = unsafe { Handle::<Begun>::get_mut(preparer) }?;
        let row = Array::new(row, row_len)?;
        disjoint([begun.scratch.addresses(), begun.pixels.addresses(), one(preparer)?], [row.addresses()])?;
        let mut resumed = unsafe { begun.resumed() }?;
        let pushed = resumed.push(unsafe { row.read() });
        begun.paused = Some(resumed.pause());
        Ok(pushed?)
    })
}

/// Makes the pixels, when all rows have come. The preparer holds nothing then, and its memory is the
/// caller's again.
#[unsafe(export_name = symbol!(tt_prepare_finish))]
pub unsafe extern "C" fn tt_prepare_finish(preparer: *mut tt_preparer) -> tt_status {
    status(|| {
        // SAFETY: C keeps to the contract of pointers.
        let begun = unsafe { Handle::<Begun>::get_mut(preparer) }?;
        let finished = unsafe { begun.resumed() }?.finish();
        unsafe { Handle::<Begun>::clear(preparer) }?;
        finished?;
        Ok(())
    })
}
