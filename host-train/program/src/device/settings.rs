//! Settings of a port.

use std::{path::PathBuf, time::Duration};

/// The time that a read waits for bytes.
pub(super) const READ: Duration = Duration::from_millis(50);

/// Settings of a port.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Bits a second on a serial port.
    pub baud: u32,
    /// The file that holds an emulated board's flash; `None` for the launcher's own, one file per
    /// board.
    pub flash: Option<PathBuf>,
    /// True if the launcher of an emulated board reports nothing but errors.
    pub quiet: bool,
}

impl Default for Settings {
    /// Returns 115,200 baud, which is what all boards have.
    fn default() -> Self {
        Self { baud: 115_200, flash: None, quiet: false }
    }
}
