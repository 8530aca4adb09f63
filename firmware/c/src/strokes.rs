use crate::{
    memory::{Array, disjoint, one},
    model::{Held, tt_model},
    status::{status, tt_status},
};
use shared_model::prepare::strokes::{Point, rasterise};

/// A point that a pen has touched. Coordinates are in any unit: only their proportions count.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct tt_point {
    /// From the left edge to the right.
    pub x: u16,
    /// From the upper edge to the lower.
    pub y: u16,
    /// Not 0 if the pen came down here, so that no line leads here from the point before.
    pub begins: u16,
}

impl From<&tt_point> for Point {
    fn from(&tt_point { x, y, begins }: &tt_point) -> Self {
        Self { x, y, begins: begins != 0 }
    }
}

/// Makes the pixels of what a pen has drawn, for a model whose images are grey. `pixels` has
/// `input_len` bytes, and `scratch` has at least `strokes_len` words; their content does not matter.
#[unsafe(export_name = symbol!(tt_prepare_strokes))]
pub unsafe extern "C" fn tt_prepare_strokes(
    model: *const tt_model,
    points: *const tt_point,
    points_len: usize,
    scratch: *mut u32,
    scratch_len: usize,
    pixels: *mut u8,
    pixels_len: usize,
) -> tt_status {
    status(|| {
        // SAFETY: C keeps to the contract of pointers.
        let held = unsafe { Held::of(model) }?;
        let points = Array::new(points, points_len)?;
        let (scratch, pixels) = (Array::new(scratch, scratch_len)?, Array::new(pixels, pixels_len)?);
        disjoint(
            [scratch.addresses(), pixels.addresses()],
            [points.addresses(), one(model)?, held.file.clone()],
        )?;
        let shape = held.model.input().shape;
        if shape.channels != 1 {
            return Err(tt_status::TT_CHANNELS);
        }
        let (points, scratch, pixels) = unsafe { (points.read(), scratch.write(), pixels.write()) };
        rasterise(points.iter().map(Point::from), [shape.height, shape.width], scratch, pixels)?;
        Ok(())
    })
}
