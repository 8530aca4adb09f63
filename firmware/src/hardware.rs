//! What the application needs of a board, so that it runs on any, and in tests on none.

use core::convert::Infallible;
use embedded_hal::digital::{self, InputPin, OutputPin};
use embedded_io::{Read, ReadReady, Write};
use embedded_storage::nor_flash::NorFlash;

/// A board's types.
pub trait Board {
    /// The line to the PC. Reading waits for at least one byte; `read_ready` tells whether it would have to.
    type Serial: Read + ReadReady + Write;
    /// A light; high is on.
    type Led: OutputPin;
    /// A button; high while it is pressed.
    type Button: InputPin;
    /// The memory that keeps the gallery, all of it and nothing else: offset 0 to its capacity.
    type Flash: NorFlash;
    /// Time, sleep, watchdog.
    type System: System;
}

/// What a board consists of.
pub struct Parts<B: Board> {
    /// The line to the PC.
    pub serial: B::Serial,
    /// A light.
    pub led: B::Led,
    /// A button.
    pub button: B::Button,
    /// What keeps the gallery; `None` where nothing does.
    pub flash: Option<B::Flash>,
    /// Time, sleep, watchdog.
    pub system: B::System,
}

/// A board's time, sleep and watchdog.
pub trait System {
    /// Starts what [`now`](Self::now) counts, the ticks, and the watchdog. Where there is no board there is nothing to
    /// start.
    fn start(&mut self) {}

    /// Microseconds since the start. It stands still while interrupts are masked for longer than a tick, as they may be
    /// while the flash is erased.
    fn now(&mut self) -> u64;

    /// Sleeps until a byte was received or a tick has passed ([`TICK_MICROS`]), or shorter. It returns at once where
    /// received bytes wait to be read, so that `if serial.read_ready() { read } else { sleep }` misses none.
    fn sleep(&mut self);

    /// Tells the watchdog that all is well: it restarts a board that does not say so every [`WATCHDOG_MICROS`].
    fn feed_watchdog(&mut self);

    /// Starts the board anew. It returns only where there is no board, as in a test.
    fn restart(&mut self);

    /// The most bytes of stack that were in use so far, and the bytes of stack there are; `None` where that is not
    /// known.
    fn stack(&mut self) -> Option<(u32, u32)>;
}

/// The longest that [`System::sleep`] sleeps, in microseconds.
pub const TICK_MICROS: u32 = 50_000;

/// How long the watchdog waits, in microseconds; the longest that all of the boards' watchdogs can.
pub const WATCHDOG_MICROS: u32 = 8_000_000;

/// The light or button of a board that has none: shows nothing, and is never pressed.
#[derive(Clone, Copy, Debug)]
pub struct NoPin;

impl digital::ErrorType for NoPin {
    type Error = Infallible;
}

impl OutputPin for NoPin {
    fn set_low(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl InputPin for NoPin {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(false)
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        Ok(true)
    }
}
