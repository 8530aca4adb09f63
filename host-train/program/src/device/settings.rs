//! How a port is opened, and how long it waits.

use std::{path::PathBuf, time::Duration};

/// How long a read waits for bytes before it says that there are none.
pub(super) const READ: Duration = Duration::from_millis(50);

/// How a port is to be opened.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Bits a second on a serial port.
    pub baud: u32,
    /// The file that holds an emulated board's flash; `None` for the launcher's own, one a board.
    pub flash: Option<PathBuf>,
    /// Whether what starts an emulated board says nothing but what goes wrong.
    pub quiet: bool,
}

impl Default for Settings {
    /// 115,200 baud, which is what all boards have.
    fn default() -> Self {
        Self { baud: 115_200, flash: None, quiet: false }
    }
}
