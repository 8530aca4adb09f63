//! A source for boards without a camera or a panel: a pen that writes digits, one after the other.
//!
//! In the first round it teaches: each digit is shown in two ways, the first of which begins a
//! label and the second adds to it. From then on the digits step by, in ways that were not taught
//! and in those that were.

mod digits;

use crate::source::{Sight, SightError, Source, Wish};
pub use digits::DIGITS;
use shared_model::prepare::strokes::Point;

/// Looks at which there is nothing to see, between two digits: a fifth of a second of a board that
/// has nothing else to do.
const PAUSE: u32 = 4;
/// Ways that are taught.
const TAUGHT: usize = 2;
const TAUGHT_LEN: usize = DIGITS.len() * TAUGHT;
/// Ways in all.
const WAYS: usize = DIGITS[0].len();

/// Digits that step by.
#[derive(Clone, Debug, Default)]
pub struct Pattern {
    /// The digits that were shown; after a round without teaching, those of the first.
    shown: usize,
    /// Looks since the last one.
    looks: u32,
    wish: Option<Wish>,
}

impl Pattern {
    /// Creates a pattern that begins with teaching.
    pub const fn new() -> Self {
        Self { shown: 0, looks: 0, wish: None }
    }
}

/// Returns the drawing with this number, and what is wanted then.
fn drawing(number: usize) -> (&'static [Point], Option<Wish>) {
    match number.checked_sub(TAUGHT_LEN) {
        None => {
            let (digit, way) = (number / TAUGHT, number % TAUGHT);
            (DIGITS[digit][way], Some(if way == 0 { Wish::NewLabel } else { Wish::Teach }))
        }
        Some(later) => {
            let (way, digit) = (later / DIGITS.len(), later % DIGITS.len());
            (DIGITS[digit][(TAUGHT + way) % WAYS], None)
        }
    }
}

impl Source for Pattern {
    fn look(&mut self) -> Result<Sight<'_>, SightError> {
        if self.looks < PAUSE {
            self.looks += 1;
            return Ok(Sight::Nothing);
        }
        self.looks = 0;
        let (points, wish) = drawing(self.shown);
        self.wish = wish;
        self.shown += 1;
        if self.shown == TAUGHT_LEN + WAYS * DIGITS.len() {
            self.shown = TAUGHT_LEN;
        }
        Ok(Sight::Strokes(points))
    }

    fn row(&mut self) -> Result<&[u8], SightError> {
        Err(SightError::Stopped)
    }

    fn wish(&mut self) -> Option<Wish> {
        self.wish.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// Returns digit and way of the next drawing, and the wish.
    fn next(pattern: &mut Pattern) -> ((usize, usize), Option<Wish>) {
        loop {
            let Ok(sight) = pattern.look() else { panic!("it sees") };
            let Sight::Strokes(points) = sight else { continue };
            let place = (0..10).flat_map(|digit| (0..3).map(move |way| (digit, way)));
            let mut found = place.filter(|&(digit, way)| DIGITS[digit][way] == points);
            return (found.next().unwrap(), pattern.wish());
        }
    }

    #[test]
    fn it_teaches_two_ways_and_then_shows_all() {
        let mut pattern = Pattern::new();
        let shown: Vec<_> = (0..20).map(|_| next(&mut pattern)).collect();
        for digit in 0..10 {
            assert_eq!(shown[2 * digit], ((digit, 0), Some(Wish::NewLabel)));
            assert_eq!(shown[2 * digit + 1], ((digit, 1), Some(Wish::Teach)));
        }
        for _ in 0..3 {
            for way in [2, 0, 1] {
                for digit in 0..10 {
                    assert_eq!(next(&mut pattern), ((digit, way), None));
                }
            }
        }
    }

    #[test]
    fn between_two_digits_there_is_nothing_to_see() {
        let mut pattern = Pattern::new();
        let looks: Vec<bool> = (0..10).map(|_| pattern.look() == Ok(Sight::Nothing)).collect();
        assert_eq!(looks, [true, true, true, true, false, true, true, true, true, false]);
    }
}
