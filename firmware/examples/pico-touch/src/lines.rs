use core::{cell::RefCell, fmt};

/// The most characters of a line that fit the screen.
const LEN: usize = 45;

type Line = heapless::String<{ 4 * LEN }>;

/// The last two lines of text.
#[derive(Debug, Default)]
pub struct Lines {
    last: Line,
    before: Line,
    /// The line that is being written.
    writing: Line,
    /// True if the screen does not show them yet.
    is_new: bool,
}

impl Lines {
    /// Creates two empty lines.
    pub const fn new() -> Self {
        Self { last: Line::new(), before: Line::new(), writing: Line::new(), is_new: false }
    }

    /// Returns the last two lines, the older one first, if they have changed since the last call.
    pub fn take(&mut self) -> Option<[&str; 2]> {
        core::mem::take(&mut self.is_new).then_some([&*self.before, &*self.last])
    }
}

impl fmt::Write for Lines {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            if character == '\n' {
                core::mem::swap(&mut self.before, &mut self.last);
                self.last = core::mem::take(&mut self.writing);
                self.is_new = true;
            } else if self.writing.chars().count() < LEN {
                // A character has at most four bytes; what does not fit the screen is cut.
                let _ = self.writing.push(character);
            }
        }
        Ok(())
    }
}

/// A text output that writes lines for a panel to show.
#[derive(Debug)]
pub struct Text<'p>(pub &'p RefCell<Lines>);

impl fmt::Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.try_borrow_mut().map_err(|_| fmt::Error)?.write_str(text)
    }
}
