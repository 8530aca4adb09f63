//! The board's light. The application switches it in passing, each time it reads the clock: nothing
//! waits for it.

use embedded_hal::digital::OutputPin;

/// A state that a light shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Show {
    /// The board is alive: a flash every two seconds.
    #[default]
    Heartbeat,
    /// The board computes, or writes to its flash: on.
    Busy,
    /// The board has recognised what it was shown: on for a second.
    Known,
    /// The board has not: three blinks.
    Unknown,
    /// The board's model is damaged: it blinks without an end.
    Fault,
}

const MILLISECOND: u64 = 1_000;
/// The length of a heartbeat's flash, of a blink, and of the pause after it. It is not shorter than
/// the time between two updates, [`TICK_MICROS`](crate::hardware::TICK_MICROS).
const BLINK: u64 = 150 * MILLISECOND;

impl Show {
    /// Returns true if the light is on, `elapsed` microseconds after this state began; `None` when
    /// the state is over.
    fn is_on(self, elapsed: u64) -> Option<bool> {
        match self {
            Self::Heartbeat => Some(elapsed % (2_000 * MILLISECOND) < BLINK),
            Self::Busy => Some(true),
            Self::Known => (elapsed < 1_000 * MILLISECOND).then_some(true),
            Self::Fault => Some((elapsed / BLINK).is_multiple_of(2)),
            Self::Unknown => (elapsed < 6 * BLINK).then_some((elapsed / BLINK).is_multiple_of(2)),
        }
    }
}

/// A light and its state.
#[derive(Debug)]
pub struct Light<Led> {
    led: Led,
    show: Show,
    since: u64,
}

impl<Led: OutputPin> Light<Led> {
    /// Creates a light with a heartbeat.
    pub fn new(led: Led) -> Self {
        Self { led, show: Show::Heartbeat, since: 0 }
    }

    /// Shows a state from `now` on, in microseconds.
    pub fn show(&mut self, show: Show, now: u64) {
        (self.show, self.since) = (show, now);
        self.update(now);
    }

    /// Shows a state as [`show`](Self::show) does, but lets blinks go on if they are shown already:
    /// for answers that come one after the other.
    pub fn keep(&mut self, show: Show, now: u64) {
        if self.show == Show::Unknown && show == Show::Unknown {
            self.update(now);
        } else {
            self.show(show, now);
        }
    }

    /// Switches the light to its state at `now`.
    pub fn update(&mut self, now: u64) {
        let on = self.show.is_on(now.saturating_sub(self.since)).unwrap_or_else(|| {
            (self.show, self.since) = (Show::Heartbeat, now);
            false
        });
        // A light that does not work is no reason not to answer.
        let _ = self.led.set_state(on.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use embedded_hal::digital::ErrorType;
    use std::{borrow::ToOwned, convert::Infallible, string::String};

    #[derive(Default)]
    struct Lamp(bool);

    impl ErrorType for Lamp {
        type Error = Infallible;
    }

    impl OutputPin for Lamp {
        fn set_low(&mut self) -> Result<(), Infallible> {
            self.0 = false;
            Ok(())
        }

        fn set_high(&mut self) -> Result<(), Infallible> {
            self.0 = true;
            Ok(())
        }
    }

    /// Returns what is seen in steps of 50 ms.
    fn seen(show: Show, steps: u64) -> String {
        let mut light = Light::new(Lamp::default());
        light.show(show, 7 * MILLISECOND);
        let at = |step| (7 + 50 * step) * MILLISECOND;
        let mut one = |step| {
            light.update(at(step));
            if light.led.0 { '#' } else { '.' }
        };
        (0..steps).map(&mut one).collect()
    }

    #[test]
    fn each_show_has_its_pattern() {
        let pause = ".".repeat(37);
        assert_eq!(seen(Show::Heartbeat, 43), "###".to_owned() + &pause + "###");
        assert_eq!(seen(Show::Busy, 100), "#".repeat(100));
        // The heartbeat comes after it.
        assert_eq!(seen(Show::Known, 24), "#".repeat(20) + ".##.");
        assert_eq!(seen(Show::Unknown, 22), "###...###...###....##.");
    }

    #[test]
    fn answers_one_after_the_other_blink_on() {
        let mut light = Light::new(Lamp::default());
        let mut seen = |show: Show, steps: core::ops::Range<u64>| -> String {
            let at = |step| {
                light.keep(show, 50 * step * MILLISECOND);
                if light.led.0 { '#' } else { '.' }
            };
            steps.map(at).collect()
        };
        // After the third blink there is a moment of the heartbeat.
        assert_eq!(seen(Show::Unknown, 0..21), "###...###...###....##");
        assert_eq!(seen(Show::Known, 21..60), "#".repeat(39));
        assert_eq!(seen(Show::Unknown, 60..66), "###...");
    }
}
