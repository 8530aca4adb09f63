use super::{Point, StrokesError};

/// Collects the points of a drawing, as a pen touches them.
#[derive(Debug)]
pub struct Strokes<'a> {
    memory: &'a mut [Point],
    len: usize,
    is_down: bool,
}

impl<'a> Strokes<'a> {
    /// Creates an empty drawing, with room for as many points as `memory` has.
    pub const fn new(memory: &'a mut [Point]) -> Self {
        Self { memory, len: 0, is_down: false }
    }

    /// Adds a point that the pen touches. A pen that rests adds nothing.
    ///
    /// # Errors
    /// Returns [`StrokesError::Full`] if there is no room for it.
    pub fn touch(&mut self, x: u16, y: u16) -> Result<(), StrokesError> {
        let point = Point { x, y, begins: !self.is_down };
        let last = self.points().last();
        if self.is_down && last.is_some_and(|last| (last.x, last.y) == (x, y)) {
            return Ok(());
        }
        *self.memory.get_mut(self.len).ok_or(StrokesError::Full)? = point;
        self.len += 1;
        self.is_down = true;
        Ok(())
    }

    /// Ends a stroke: the pen was lifted.
    pub const fn lift(&mut self) {
        self.is_down = false;
    }

    /// Returns true if the pen touches the panel.
    pub const fn is_down(&self) -> bool {
        self.is_down
    }

    /// Removes all points.
    pub const fn clear(&mut self) {
        (self.len, self.is_down) = (0, false);
    }

    /// Returns the points, in the order in which they came.
    pub fn points(&self) -> &[Point] {
        self.memory.get(..self.len).unwrap_or_default()
    }
}
