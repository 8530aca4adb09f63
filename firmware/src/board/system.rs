use super::{reset, serial::RECEIVED, stack};
use firmware::hardware;

/// What counts a board's time and ticks.
pub trait Clock {
    /// Starts counting, and an interrupt every [`hardware::TICK_MICROS`].
    fn start(&mut self);
    /// Microseconds since the start.
    fn now(&mut self) -> u64;
}

/// What restarts a board that hangs.
pub trait Watchdog {
    /// Starts it: from now on it waits for no longer than [`hardware::WATCHDOG_MICROS`].
    fn start(&mut self);
    /// Has it wait anew.
    fn feed(&mut self);
}

/// The watchdog of a board that has none.
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
