//! The hardware that the application needs, as traits, so that it runs on any board, and in tests
//! without one.

use crate::source::Source;
use core::{convert::Infallible, fmt, marker::PhantomData};
use embedded_hal::digital::{self, InputPin, OutputPin};
use embedded_io::{Read, ReadReady, Write};
use embedded_storage::nor_flash::NorFlash;
pub use shared_model::wire::{BASE_BAUD, USB_IDS, USB_PRODUCT};

/// A board's types.
pub trait Board {
    /// The line to the PC. A read waits for at least one byte; `read_ready` is false if it would
    /// have to wait.
    type Serial: Read + ReadReady + Write;
    /// A light; high is on.
    type Led: OutputPin;
    /// A button; high while it is pressed.
    type Button: InputPin;
    /// The memory of the gallery and nothing else, from offset 0 to its capacity.
    type Flash: NorFlash;
    /// Time, sleep, watchdog.
    type System: System;
    /// What the board sees by itself.
    type Source: Source;
    /// What it writes its answers on, line by line, if it sees by itself: a screen, for example.
    type Text: fmt::Write;
}

/// The parts of a board.
pub struct Parts<B: Board> {
    /// The line to the PC.
    pub serial: B::Serial,
    /// A light.
    pub led: B::Led,
    /// A button.
    pub button: B::Button,
    /// The memory of the gallery; `None` on a board without one.
    pub flash: Option<B::Flash>,
    /// Time, sleep, watchdog.
    pub system: B::System,
    /// What the board sees by itself.
    pub source: B::Source,
    /// What it writes its answers on.
    pub text: B::Text,
}

/// The board `B` with another source and another text output.
pub struct With<B, S, T>(PhantomData<(B, S, T)>);

impl<B: Board, S: Source, T: fmt::Write> Board for With<B, S, T> {
    type Serial = B::Serial;
    type Led = B::Led;
    type Button = B::Button;
    type Flash = B::Flash;
    type System = B::System;
    type Source = S;
    type Text = T;
}

impl<B: Board> Parts<B> {
    /// Puts a source in the place of the board's: a camera that is wired to it, for example.
    pub fn with_source<S: Source>(self, source: S) -> Parts<With<B, S, B::Text>> {
        let Self { serial, led, button, flash, system, text, .. } = self;
        Parts { serial, led, button, flash, system, source, text }
    }

    /// Puts a text output in the place of the board's.
    pub fn with_text<T: fmt::Write>(self, text: T) -> Parts<With<B, B::Source, T>> {
        let Self { serial, led, button, flash, system, source, .. } = self;
        Parts { serial, led, button, flash, system, source, text }
    }
}

/// A board's time, sleep and watchdog.
pub trait System {
    /// Starts the clock of [`now`](Self::now), the ticks and the watchdog. In a test there is
    /// nothing to start.
    fn start(&mut self) {}

    /// Returns the microseconds since the start. The clock stands still while interrupts are masked
    /// for longer than a tick, as they may be while flash is erased.
    fn now(&mut self) -> u64;

    /// Sleeps until a byte was received or a tick has passed ([`TICK_MICROS`]), or shorter. It
    /// returns at once if received bytes wait to be read, so that `if serial.read_ready() { read }
    /// else { sleep }` misses none.
    fn sleep(&mut self);

    /// Tells the watchdog that all is well. It restarts a board that is silent for
    /// [`WATCHDOG_MICROS`].
    fn feed_watchdog(&mut self);

    /// Returns what was [kept](Self::keep) last, in memory that outlasts every restart, but not a loss of
    /// power: then it may be anything. `None` if there is no such memory.
    fn kept(&mut self) -> Option<[u32; KEPT_LEN]> {
        None
    }

    /// Keeps these words, if there is memory for them.
    fn keep(&mut self, _words: [u32; KEPT_LEN]) {}

    /// Restarts the board. It returns only in a test, where there is no board.
    fn restart(&mut self);

    /// Returns whether the board has a boot loader that takes another firmware over USB.
    fn has_bootloader(&self) -> bool {
        false
    }

    /// Restarts into the boot loader, if there is one. It returns only in a test.
    fn enter_bootloader(&mut self) {}

    /// Returns the most bytes of stack that were in use so far, and the bytes of stack in all;
    /// `None` if they are not known.
    fn stack(&mut self) -> Option<(u32, u32)>;

    /// Returns whether the serial line has this rate, in bits a second. Every line has
    /// [`BASE_BAUD`], with which it starts, and some have others.
    fn has_baud(&self, baud: u32) -> bool {
        baud == BASE_BAUD
    }

    /// Changes the serial line to a rate that it has. Nothing is being sent then.
    fn set_baud(&mut self, _baud: u32) {}
}

/// The words that [`System::keep`] keeps.
pub const KEPT_LEN: usize = 2;

/// The longest that [`System::sleep`] sleeps, in microseconds.
pub const TICK_MICROS: u32 = 50_000;

/// The time that the watchdog waits, in microseconds: the longest that the watchdogs of all boards
/// can.
pub const WATCHDOG_MICROS: u32 = 8_000_000;

/// The light or button of a board without one: it shows nothing, and is never pressed.
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

/// The text output of a board without one.
#[derive(Clone, Copy, Debug)]
pub struct NoText;

impl fmt::Write for NoText {
    fn write_str(&mut self, _: &str) -> fmt::Result {
        Ok(())
    }
}
