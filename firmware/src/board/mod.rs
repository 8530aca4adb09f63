//! What differs from board to board: each module has an `init` that returns the [`Parts`] of its board.

#[cfg(feature = "mps2-an386")]
mod mps2_an386;
#[cfg(feature = "mps2-an386")]
pub use mps2_an386::init;

#[cfg(feature = "nucleo-f446re")]
mod nucleo_f446re;
#[cfg(feature = "nucleo-f446re")]
pub use nucleo_f446re::init;

mod rx_queue;

/// What the application gets of a board.
pub struct Parts<Serial, Led> {
    /// The line to the PC; reading waits for at least one byte.
    pub serial: Serial,
    /// A light.
    pub led: Led,
}
