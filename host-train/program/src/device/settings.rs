//! Settings of a port.

use std::{path::PathBuf, time::Duration};

/// The rates that are tried, in bits a second.
pub(super) const FASTER: [u32; 3] = [921_600, 460_800, 230_400];

/// The time that a read waits for bytes.
pub(super) const READ: Duration = Duration::from_millis(50);

/// Settings of a port.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Bits a second on a serial port; `None` for the fastest that works.
    pub baud: Option<u32>,
    /// The file that holds an emulated board's flash; `None` for the launcher's own, one file per
    /// board.
    pub flash: Option<PathBuf>,
    /// True if the launcher of an emulated board reports nothing but errors.
    pub quiet: bool,
}
