//! The reason why a port cannot be opened.

use std::{io, path::PathBuf};
use thiserror::Error;

/// The reason why a port cannot be opened.
#[derive(Debug, Error)]
pub enum PortError {
    /// The text is no address.
    #[error(
        "`{0}` is no port: say the name of a serial port (/dev/ttyACM0, COM3), auto, tcp:HOST:PORT, or emulate:BOARD"
    )]
    Address(String),
    /// No port has this name.
    #[error("{name}: no such port ({}). An emulated board is emulate:mps2-an386", there_are(available))]
    NotFound {
        /// Its name.
        name: String,
        /// The names of the ports there are.
        available: Vec<String>,
    },
    /// `auto` finds no board.
    #[error(
        "auto: no serial port calls itself tinytriplet on USB, as a Pico with this firmware does ({}). Over an \
         adapter or a debug probe, name the port: --port PORT",
        there_are(available)
    )]
    NoBoard {
        /// The names of the ports there are.
        available: Vec<String>,
    },
    /// `auto` finds several boards.
    #[error("auto: there are {}: name one, --port PORT", .0.join(", "))]
    Boards(Vec<String>),
    /// The system does not let this user.
    #[error(
        "{0}: permission denied. On Linux, `sudo usermod -aG dialout $USER` lets you use serial ports from the next \
         login on (on Arch the group is uucp)"
    )]
    Denied(String),
    /// Another program has it.
    #[error("{0}: busy. Close the other program that has it open: a terminal, or another host-train")]
    Busy(String),
    /// It is a file or another device.
    #[error(
        "{0}: this is no serial port. Name one such as /dev/ttyACM0 or COM3, tcp:HOST:PORT, or emulate:BOARD"
    )]
    NotSerial(String),
    /// The system has another reason.
    #[error("{name}: cannot be opened as a serial port: {reason}")]
    Serial {
        /// Its name.
        name: String,
        /// The system's error.
        reason: String,
    },
    /// Nothing listens there.
    #[error("tcp:{place}: {error}. Is a board, an emulator or a serial bridge listening there?")]
    Tcp {
        /// The place.
        place: String,
        /// The system's error.
        error: io::Error,
    },
    /// The launcher cannot be started.
    #[error("emulate:{board}: cannot start `cargo run -p firmware` in {}: {error}", workspace.display())]
    Launcher {
        /// The board.
        board: String,
        /// The place.
        workspace: PathBuf,
        /// The system's error.
        error: io::Error,
    },
}

fn there_are(ports: &[String]) -> String {
    if ports.is_empty() { "there are no ports".into() } else { format!("the ports are {}", ports.join(", ")) }
}
