//! A board at the other end of a line, for programs that talk to one: the subcommand `device` is
//! one of them.
//!
//! ```no_run
//! use host_train::device::{Settings, connect};
//! use shared_model::{
//!     Threshold,
//!     gallery::Method,
//!     prepare::{Format, Frame},
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut board = connect(&"/dev/ttyACM0".parse()?, &Settings::default())?; // or "emulate:mps2-an386"
//! board.show_frame(Frame::new(Format::Grey8, 160, 120)?, &[0xff; 160 * 120])?; // a camera's
//! board.enrol("nothing")?;
//! let recognition = board.recognise(Method::Prototype, Threshold::Own)?;
//! assert_eq!(recognition.label(), Some("nothing"));
//! # Ok(()) }
//! ```

mod emulated;
mod error;
mod gallery_file;
mod port;
mod settings;

pub use error::PortError;
pub use gallery_file::{Entry, FileError, GalleryFile, ModelName};
pub use port::{Address, Port, resolve, serial_ports};
pub use settings::Settings;
pub use shared_model::wire::client::{Client, ClientError};

use settings::FASTER;
use shared_model::wire::BASE_BAUD;
use std::time::Duration;
use thiserror::Error;

/// The time that a board may take to boot: some are reset when their port is opened.
const BOOT: Duration = Duration::from_secs(5);
/// The time that an emulated one may take: its firmware is built first.
const BUILD: Duration = Duration::from_secs(20 * 60);

/// Opens a port, and waits until a board answers there. On a serial port without a rate in
/// `settings`, it then agrees with the board on a faster one, if both have one.
///
/// # Errors
/// Returns an error if the port cannot be opened, or no board answers that speaks this protocol.
pub fn connect(address: &Address, settings: &Settings) -> Result<Client<Port>, ConnectError> {
    let address = &resolve(address)?;
    let mut board = Client::new(Port::open(address, settings)?);
    let patience = if matches!(address, Address::Emulated(_)) { BUILD } else { BOOT };
    let ready = board.wait_until_ready(patience).and_then(|()| {
        if matches!(address, Address::Serial(_)) && settings.baud.is_none() {
            board.speed_up(&FASTER, Port::set_baud)?;
        }
        Ok(())
    });
    match ready {
        Ok(()) => Ok(board),
        Err(error) => Err(ConnectError::of(error, address, settings, board.link_mut())),
    }
}

/// The reason why no board answers.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// The port cannot be opened.
    #[error(transparent)]
    Port(#[from] PortError),
    /// Nothing arrived.
    #[error(
        "{address}: nothing answers{}. Is it this port, is the board on, and does it have the firmware? \
         docs/BOARDS.md says how to flash it", at_baud(*baud)
    )]
    Silent {
        /// The place.
        address: Address,
        /// The rate, if it matters.
        baud: Option<u32>,
    },
    /// Something arrived, but no answer.
    #[error(
        "{address}: what arrives there{} is no answer. Is it another rate (--baud), or another program on the board, \
         or its log? docs/BOARDS.md says how to flash the firmware", at_baud(*baud)
    )]
    Noise {
        /// The place.
        address: Address,
        /// The rate, if it matters.
        baud: Option<u32>,
    },
    /// The emulated board did not start, or has ended.
    #[error("{address}: the board did not start ({status}): see above")]
    NotStarted {
        /// Which.
        address: Address,
        /// The end of its program.
        status: String,
    },
    /// The board answers something else.
    #[error("{address}: {error}")]
    Client {
        /// The place.
        address: Address,
        /// The fault.
        error: ClientError,
    },
}

fn at_baud(baud: Option<u32>) -> String {
    baud.map_or(String::new(), |baud| format!(" at {baud} baud"))
}

impl ConnectError {
    fn of(error: ClientError, address: &Address, settings: &Settings, port: &mut Port) -> Self {
        let address = address.clone();
        let baud = matches!(address, Address::Serial(_)).then(|| settings.baud.unwrap_or(BASE_BAUD));
        match error {
            ClientError::TimedOut | ClientError::Damaged(_) if port.received() == 0 => {
                Self::Silent { address, baud }
            }
            ClientError::TimedOut | ClientError::Damaged(_) => Self::Noise { address, baud },
            ClientError::Link(_) if let Some(status) = port.ended() => Self::NotStarted { address, status },
            error => Self::Client { address, error },
        }
    }
}
