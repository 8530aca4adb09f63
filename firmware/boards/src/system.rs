use crate::{kept, reset, serial::RECEIVED, stack};
use tinytriplet_device::hardware::{self, BASE_BAUD, KEPT_LEN};

/// The clock of a board.
pub trait Clock {
    /// Starts to count, and to interrupt every [`hardware::TICK_MICROS`].
    fn start(&mut self);
    /// Returns the microseconds since the start.
    fn now(&mut self) -> u64;
}

/// The watchdog, which restarts a board that hangs.
pub trait Watchdog {
    /// Starts it: from now on it has to be fed every [`hardware::WATCHDOG_MICROS`].
    fn start(&mut self);
    /// Makes it wait for the full time again.
    fn feed(&mut self);
}

/// The watchdog of a board without one.
impl Watchdog for () {
    fn start(&mut self) {}

    fn feed(&mut self) {}
}

/// The rate of a serial port.
pub trait Rate {
    /// Returns whether the port has this rate, in bits a second.
    fn has(&self, baud: u32) -> bool;
    /// Changes to a rate that it has. Nothing is being sent then.
    fn set(&mut self, baud: u32);
}

/// The rate of a port that has but one.
impl Rate for () {
    fn has(&self, baud: u32) -> bool {
        baud == BASE_BAUD
    }

    fn set(&mut self, _baud: u32) {}
}

/// A board's time, sleep and watchdog, and its line's rate.
pub struct System<C, W, R> {
    pub clock: C,
    pub watchdog: W,
    pub rate: R,
}

impl<C: Clock, W: Watchdog, R: Rate> hardware::System for System<C, W, R> {
    fn start(&mut self) {
        stack::paint();
        self.clock.start();
        self.watchdog.start();
    }

    fn now(&mut self) -> u64 {
        self.clock.now()
    }

    fn sleep(&mut self) {
        RECEIVED.sleep();
    }

    fn feed_watchdog(&mut self) {
        self.watchdog.feed();
    }

    fn kept(&mut self) -> Option<[u32; KEPT_LEN]> {
        Some(kept::read())
    }

    fn keep(&mut self, words: [u32; KEPT_LEN]) {
        kept::write(words);
    }

    fn restart(&mut self) {
        reset();
    }

    #[cfg(any(feature = "pico", feature = "pico2"))]
    fn has_bootloader(&self) -> bool {
        true
    }

    #[cfg(any(feature = "pico", feature = "pico2"))]
    fn enter_bootloader(&mut self) {
        crate::board::enter_bootloader();
    }

    fn stack(&mut self) -> Option<(u32, u32)> {
        Some(stack::most_used())
    }

    fn has_baud(&self, baud: u32) -> bool {
        self.rate.has(baud)
    }

    fn set_baud(&mut self, baud: u32) {
        self.rate.set(baud);
    }
}
