//! Presses of a button, short and long, from looks at its pin.

use crate::source::Wish;
use embedded_hal::digital::InputPin;

const MILLISECOND: u64 = 1_000;
/// A level counts after it has not changed for so long. Contacts bounce for a few milliseconds.
const SETTLED: u64 = 20 * MILLISECOND;
/// A press that lasts so long is a long one.
const LONG: u64 = 1_000 * MILLISECOND;
/// The longest time between two looks that counts. While the board was busy for longer, nobody
/// knows whether the button was pressed all along.
const LONGEST_GAP: u64 = 250 * MILLISECOND;

/// A button and its state.
#[derive(Debug)]
pub struct Presses<Pin> {
    pin: Pin,
    /// The level of the last look.
    level: bool,
    /// Microseconds for which it has not changed.
    steady: u64,
    /// The time of the last look.
    looked: u64,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Released,
    /// For so many microseconds.
    Pressed(u64),
    /// It was pressed for long, and that was answered.
    Spent,
}

impl<Pin: InputPin> Presses<Pin> {
    /// Creates a button that is not pressed. Its pin is high while it is.
    pub fn new(pin: Pin) -> Self {
        Self { pin, level: false, steady: 0, looked: 0, state: State::Released }
    }

    /// Looks at the pin at `now`, in microseconds. Returns what a press means: [`Wish::NewLabel`]
    /// as soon as it is a long one, and [`Wish::Teach`] when a short one ends.
    pub fn look(&mut self, now: u64) -> Option<Wish> {
        // A button that does not work is not pressed.
        let level = self.pin.is_high().unwrap_or(false);
        let passed = now.saturating_sub(self.looked).min(LONGEST_GAP);
        self.looked = now;
        self.steady = if level == self.level { self.steady.saturating_add(passed) } else { 0 };
        self.level = level;
        let is_settled = self.steady >= SETTLED;
        match self.state {
            State::Released if level && is_settled => self.state = State::Pressed(self.steady),
            State::Pressed(_) if !level && is_settled => {
                self.state = State::Released;
                return Some(Wish::Teach);
            }
            State::Pressed(held) if level => {
                self.state = State::Pressed(held + passed);
                if held + passed >= LONG {
                    self.state = State::Spent;
                    return Some(Wish::NewLabel);
                }
            }
            State::Spent if !level && is_settled => self.state = State::Released,
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use embedded_hal::digital::ErrorType;
    use std::{convert::Infallible, string::String, vec, vec::Vec};

    struct Pin<'t>(&'t mut dyn Iterator<Item = bool>);

    impl ErrorType for Pin<'_> {
        type Error = Infallible;
    }

    impl InputPin for Pin<'_> {
        fn is_high(&mut self) -> Result<bool, Infallible> {
            Ok(self.0.next().unwrap_or(false))
        }

        fn is_low(&mut self) -> Result<bool, Infallible> {
            self.is_high().map(|high| !high)
        }
    }

    /// Returns the wishes, and the time of each in milliseconds. A `#` is a look at a pressed
    /// button.
    fn wishes(looks: &str, step: u64) -> Vec<(u64, Wish)> {
        let mut levels = looks.chars().map(|look| look == '#');
        let mut presses = Presses::new(Pin(&mut levels));
        let looks = 1..=looks.len() as u64;
        let times = looks.map(|look| look * step);
        times.filter_map(|time| Some((time, presses.look(time * MILLISECOND)?))).collect()
    }

    #[test]
    fn a_short_press_teaches_when_it_ends() {
        assert_eq!(wishes("..##...", 50), [(300, Wish::Teach)]);
        assert_eq!(wishes("..##...####..", 50), [(300, Wish::Teach), (650, Wish::Teach)]);
        // Just not long: from 10 ms on, at 1,000 ms it is held for 990.
        let just = String::from("#").repeat(100) + "...";
        assert_eq!(wishes(&just, 10), [(1_030, Wish::Teach)]);
    }

    #[test]
    fn a_long_press_is_a_new_label_while_it_is_held_and_nothing_when_it_ends() {
        let long = String::from("#").repeat(150) + "......";
        assert_eq!(wishes(&long, 10), [(1_010, Wish::NewLabel)]);
        let twice = long.repeat(2);
        assert_eq!(wishes(&twice, 10), [(1_010, Wish::NewLabel), (1_560 + 1_010, Wish::NewLabel)]);
    }

    #[test]
    fn bounces_are_one_press() {
        // Every 5 ms: bouncing for 25 ms, pressed for 60, bouncing again.
        let press = ".#.##.############.#..#.......";
        assert_eq!(wishes(press, 5), [(140, Wish::Teach)]);
        // Never the same for 20 ms.
        assert_eq!(wishes(&"##.".repeat(50), 5), vec![]);
    }

    #[test]
    fn while_the_board_is_busy_a_press_does_not_grow_long() {
        // Two presses, and nobody looked for three seconds between them.
        let mut levels = [true, true, true, false, false].into_iter();
        let mut presses = Presses::new(Pin(&mut levels));
        let times = [0, 50, 3_050, 3_100, 3_150];
        let wishes: Vec<_> = times.iter().map(|time| presses.look(time * MILLISECOND)).collect();
        assert_eq!(wishes, [None, None, None, None, Some(Wish::Teach)]);
    }
}
