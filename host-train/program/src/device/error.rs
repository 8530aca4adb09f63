//! Why a port cannot be opened.

use std::{io, path::PathBuf};
use thiserror::Error;

/// Why a port cannot be opened.
#[derive(Debug, Error)]
pub enum PortError {
    /// The text is no address.
    #[error(
        "`{0}` is no port: say the name of a serial port (/dev/ttyACM0, COM3), tcp:HOST:PORT, or emulate:BOARD"
    )]
    Address(String),
    /// There is none of this name.
    #[error("{name}: no such port ({}). An emulated board is emulate:mps2-an386", there_are(available))]
    NotFound {
        /// Its name.
        name: String,
        /// The names of those there are.
        available: Vec<String>,
    },
    /// The system does not let this user.
    #[error(
        "{0}: permission denied. On Linux, `sudo usermod -aG dialout $USER` lets you use serial ports from the next \
         login on (on Arch the group is uucp)"
    )]
    Denied(String),
    /// Another program has it.
    #[error("{0}: busy. Close the other program that has it open: a terminal, or another host-train")]
    Busy(String),
    /// It is something else, or the system has another reason.
    #[error("{name}: cannot be opened as a serial port: {reason}")]
    Serial {
        /// Its name.
        name: String,
        /// What the system says.
        reason: String,
    },
    /// Nothing listens there.
    #[error("tcp:{place}: {error}. Is a board, an emulator or a serial bridge listening there?")]
    Tcp {
        /// Where.
        place: String,
        /// What the system says.
        error: io::Error,
    },
    /// The launcher cannot be started.
    #[error("emulate:{board}: cannot start `cargo run -p firmware` in {}: {error}", workspace.display())]
    Launcher {
        /// The board.
        board: String,
        /// Where.
        workspace: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

fn there_are(ports: &[String]) -> String {
    if ports.is_empty() {
        "there is none at all".into()
    } else {
        format!("those there are: {}", ports.join(", "))
    }
}
