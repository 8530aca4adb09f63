//! Limits the rate at which the gallery's flash is erased.
//!
//! Half of the flash is erased now and then as the gallery changes, and always by the first change after a start. Flash
//! lasts for a number of erases only, and anybody on the line may ask for changes and for restarts. So erases are
//! rationed: [`BURST`] of them may follow one another, and another one is allowed every [`REST_SECONDS`]. What is left
//! is kept over restarts, and only who cuts the power gets a new ration.

use crate::hardware::{KEPT_LEN, System};

/// The most erases in a row. The changes of an evening need fewer.
pub const BURST: u32 = 16;

/// The seconds for which the flash then rests before each further erase. An attacker who goes on day and night needs two
/// weeks for the 10,000 erases that both halves of a microcontroller's own flash stand at least.
pub const REST_SECONDS: u32 = 60;

/// An erase, in milliseconds of rest.
const ERASE: u32 = 1_000 * REST_SECONDS;
const FULL: u32 = BURST * ERASE;

/// Tells kept words from any others.
const MARK: u32 = 0x7472_6970;

/// The erases that are left: a bucket that fills with time, and of which each erase takes as much as flows in while the
/// flash rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wear {
    /// Milliseconds of rest.
    level: u32,
    /// Microseconds since the board's start, up to which time has flowed in.
    until: u64,
}

impl Wear {
    /// Goes on with what was kept. After a loss of power the bucket is full.
    pub fn new(system: &mut impl System) -> Self {
        let kept = system.kept().filter(|&[level, check]| level <= FULL && check == checked(level)[1]);
        Self { level: kept.map_or(FULL, |[level, _]| level), until: 0 }
    }

    /// Takes erases that were made, adds the time that has passed until `now`, and keeps what is left.
    pub fn go_on(&mut self, erases: u32, now: u64, system: &mut impl System) {
        // A clock that was started again is behind.
        let millis = now.saturating_sub(self.until) / 1_000;
        self.until = if now < self.until { now } else { self.until + 1_000 * millis };
        let level = u64::from(self.level.saturating_sub(erases.saturating_mul(ERASE))) + millis;
        self.level = level.min(FULL.into()) as u32;
        system.keep(checked(self.level));
    }

    /// Returns the number of erases that are left.
    pub fn erases(&self) -> u32 {
        self.level / ERASE
    }

    /// Returns the seconds until there is another one.
    pub fn rest(&self) -> u16 {
        (ERASE - self.level % ERASE).div_ceil(1_000) as u16
    }
}

/// Returns the words to be kept. Those that memory has by chance are different.
fn checked(level: u32) -> [u32; KEPT_LEN] {
    [level, !level ^ MARK]
}
