use crate::{reset, serial::RECEIVED, stack};
use tinytriplet_device::hardware;

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

/// A board's time, sleep and watchdog.
pub struct System<C, W> {
    pub clock: C,
    pub watchdog: W,
}

impl<C: Clock, W: Watchdog> hardware::System for System<C, W> {
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

    fn restart(&mut self) {
        reset();
    }

    fn stack(&mut self) -> Option<(u32, u32)> {
        Some(stack::most_used())
    }
}
