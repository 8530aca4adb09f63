//! A NOR flash in memory, whose power can be cut at any step, also in the middle of one.
//!
//! Erasing a unit makes all its bits 1; programming a word only makes bits 0. A step is either of these. A step in the
//! middle of which the power is cut leaves a random half of its work: a word has some of the bits that it was to get,
//! maybe none and maybe all, a unit is old here and erased there. What such a step touched counts as programmed until
//! it is erased as a whole, whatever it reads as.

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::{cell::RefCell, rc::Rc};

/// A flash with words of `WORD` bytes and erase units of `UNIT` bytes. After a cut nothing works any more, until
/// [`Self::power_on`].
#[derive(Debug)]
pub struct SimulatedFlash<const WORD: usize, const UNIT: usize> {
    bytes: Vec<u8>,
    /// For each word, true if it may have been programmed since its unit was erased.
    programmed: Vec<bool>,
    /// The fault to come, and the number of steps before it.
    fault: Option<(u64, Fault)>,
    is_on: bool,
    /// A name for each step.
    place: fn(&Self, Step) -> &'static str,
    /// The name of the step that a fault hit last.
    faulty_place: Option<&'static str>,
    wear: Rc<RefCell<Wear>>,
}

/// A count of what was done to a flash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wear {
    /// Words programmed.
    pub words: u64,
    /// Words programmed though they were not erased, or not for certain.
    pub words_twice: u64,
    /// The number of times that each unit was erased.
    pub erases: Vec<u64>,
}

impl Wear {
    /// Words programmed and units erased: what a cut can be in.
    pub fn steps(&self) -> u64 {
        self.words + self.erases()
    }

    /// Returns the number of erases of all units together.
    pub fn erases(&self) -> u64 {
        self.erases.iter().sum()
    }
}

/// A step that changes a flash, and needs time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A word at this offset is programmed.
    Program(usize),
    /// The unit at this offset is erased.
    Erase(usize),
}

/// A fault that may hit a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The power is cut before it.
    CutBefore,
    /// The power is cut in the middle of it; what is left is drawn from this seed.
    CutWithin(u64),
    /// The driver reports an error, and has done nothing.
    ErrorBefore,
    /// The driver reports an error, and has done half of it.
    ErrorWithin(u64),
    /// The driver reports an error, and has done it.
    ErrorAfter,
}

impl Fault {
    /// Returns true if the power is cut.
    pub fn is_cut(self) -> bool {
        matches!(self, Self::CutBefore | Self::CutWithin(_))
    }
}

/// The reason why an operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlashError {
    /// There is no power (any more).
    Off,
    /// An error was asked for.
    Asked,
    /// The operation is not one for this flash.
    Refused(NorFlashErrorKind),
}

impl NorFlashError for FlashError {
    fn kind(&self) -> NorFlashErrorKind {
        match *self {
            Self::Off | Self::Asked => NorFlashErrorKind::Other,
            Self::Refused(kind) => kind,
        }
    }
}

impl<const WORD: usize, const UNIT: usize> SimulatedFlash<WORD, UNIT> {
    /// A flash of so many units, all erased.
    pub fn new(units: usize) -> Self {
        Self {
            bytes: vec![0xff; units * UNIT],
            programmed: vec![false; units * UNIT / WORD],
            fault: None,
            is_on: true,
            place: |_, step| match step {
                Step::Program(_) => "word",
                Step::Erase(_) => "erase",
            },
            faulty_place: None,
            wear: Rc::new(RefCell::new(Wear { erases: vec![0; units], ..Wear::default() })),
        }
    }

    /// Returns the flash's contents.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the flash's contents, to be damaged.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// Returns the count of what was done to the flash; it goes on while something else has borrowed the flash.
    pub fn wear(&self) -> Rc<RefCell<Wear>> {
        Rc::clone(&self.wear)
    }

    /// Lets this happen after so many more steps; it takes the place of a fault that has not happened.
    pub fn fail_after(&mut self, steps: u64, fault: Fault) {
        self.fault = Some((steps, fault));
    }

    /// Lets nothing happen any more.
    pub fn fail_never(&mut self) {
        self.fault = None;
    }

    /// The fault that has not happened yet.
    pub fn fault(&self) -> Option<Fault> {
        self.fault.map(|(_, fault)| fault)
    }

    /// The power is back.
    pub fn power_on(&mut self) {
        self.is_on = true;
    }

    /// Gives names to steps; they depend on the state before the step.
    pub fn name_steps(&mut self, place: fn(&Self, Step) -> &'static str) {
        self.place = place;
    }

    /// The name of the step that a fault befell since this was last asked.
    pub fn take_faulty_place(&mut self) -> Option<&'static str> {
        self.faulty_place.take()
    }

    /// Returns true if the word at this offset may have been programmed since its unit was erased.
    pub fn is_programmed(&self, offset: usize) -> bool {
        self.programmed[offset / WORD]
    }

    /// Begins a step; returns the fault that hits it, if any.
    fn begin(&mut self, step: Step) -> Option<Fault> {
        let (steps, fault) = self.fault?;
        if steps > 0 {
            self.fault = Some((steps - 1, fault));
            return None;
        }
        self.fault = None;
        self.is_on = !fault.is_cut();
        self.faulty_place = Some((self.place)(self, step));
        Some(fault)
    }

    fn carry_out(&mut self, step: Step, bits: &[u8]) -> Result<(), FlashError> {
        let fault = self.begin(step);
        match (fault, step) {
            (Some(Fault::CutBefore | Fault::ErrorBefore), _) => {}
            (None | Some(Fault::ErrorAfter), Step::Program(offset)) => self.program(offset, bits),
            (Some(Fault::CutWithin(seed) | Fault::ErrorWithin(seed)), Step::Program(offset)) => {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                self.program(offset, &program_half(&mut rng, bits));
            }
            (None | Some(Fault::ErrorAfter), Step::Erase(offset)) => {
                self.bytes[offset..offset + UNIT].fill(0xff);
                self.programmed[offset / WORD..(offset + UNIT) / WORD].fill(false);
                self.wear.borrow_mut().erases[offset / UNIT] += 1;
            }
            (Some(Fault::CutWithin(seed) | Fault::ErrorWithin(seed)), Step::Erase(offset)) => {
                erase_half(&mut ChaCha8Rng::seed_from_u64(seed), &mut self.bytes[offset..offset + UNIT]);
                self.programmed[offset / WORD..(offset + UNIT) / WORD].fill(true);
                self.wear.borrow_mut().erases[offset / UNIT] += 1;
            }
        }
        match fault {
            None => Ok(()),
            Some(fault) if fault.is_cut() => Err(FlashError::Off),
            Some(_) => Err(FlashError::Asked),
        }
    }

    fn program(&mut self, offset: usize, bits: &[u8]) {
        let mut wear = self.wear.borrow_mut();
        wear.words += 1;
        wear.words_twice += u64::from(self.programmed[offset / WORD]);
        self.programmed[offset / WORD] = true;
        for (byte, &bits) in self.bytes[offset..offset + WORD].iter_mut().zip(bits) {
            *byte &= bits;
        }
    }

    fn check_power(&self) -> Result<(), FlashError> {
        if self.is_on { Ok(()) } else { Err(FlashError::Off) }
    }
}

/// Returns a word as a cut leaves it: few of its bits are programmed, half, nearly all, or those of the first bytes.
fn program_half(rng: &mut impl Rng, word: &[u8]) -> Vec<u8> {
    let way = rng.random_range(0..4);
    let whole = rng.random_range(0..=word.len());
    let missing = |at: usize, [a, b]: [u8; 2]| match way {
        0 => a | b,
        1 => a,
        2 => a & b,
        _ => {
            if at < whole {
                0
            } else {
                0xff
            }
        }
    };
    word.iter().enumerate().map(|(at, &byte)| byte | missing(at, rng.random())).collect()
}

/// Leaves a unit as a cut erase does: its beginning or its end is erased, or any bytes are, or any bits.
fn erase_half(rng: &mut impl Rng, unit: &mut [u8]) {
    let at = rng.random_range(0..=unit.len());
    match rng.random_range(0..4) {
        0 => unit[..at].fill(0xff),
        1 => unit[at..].fill(0xff),
        2 => unit.iter_mut().for_each(|byte| {
            if rng.random() {
                *byte = 0xff;
            }
        }),
        _ => unit.iter_mut().for_each(|byte| *byte |= rng.random::<u8>()),
    }
}

impl<const WORD: usize, const UNIT: usize> ErrorType for SimulatedFlash<WORD, UNIT> {
    type Error = FlashError;
}

impl<const WORD: usize, const UNIT: usize> ReadNorFlash for SimulatedFlash<WORD, UNIT> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        self.check_power()?;
        check_read(self, offset, bytes.len()).map_err(FlashError::Refused)?;
        bytes.copy_from_slice(&self.bytes[offset as usize..][..bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl<const WORD: usize, const UNIT: usize> NorFlash for SimulatedFlash<WORD, UNIT> {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = UNIT;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        self.check_power()?;
        check_erase(self, from, to).map_err(FlashError::Refused)?;
        (from as usize..to as usize)
            .step_by(UNIT)
            .try_for_each(|offset| self.carry_out(Step::Erase(offset), &[]))
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        self.check_power()?;
        check_write(self, offset, bytes.len()).map_err(FlashError::Refused)?;
        (offset as usize..)
            .step_by(WORD)
            .zip(bytes.chunks(WORD))
            .try_for_each(|(offset, word)| self.carry_out(Step::Program(offset), word))
    }
}
