//! The touch controller XPT2046, over `embedded-hal`'s SPI. The sequence of bytes is that of its
//! data sheet, "24 clocks per conversion"; it allows 2.5 MHz at 2.7 V.

use crate::{
    layout::{HEIGHT, WIDTH},
    panel::Touch,
};
use embedded_hal::spi::SpiDevice;

/// Control bytes: start, channel, 12 bits, differential, powered down between conversions.
const X: u8 = 0b1101_0000;
const Y: u8 = 0b1001_0000;
const Z1: u8 = 0b1011_0000;
const Z2: u8 = 0b1100_0000;

/// The greatest value of a conversion.
const GREATEST: u16 = 0xfff;
/// The least `z1 + 4095 − z2` of a touch: without one it is near 0, and it grows with the pressure.
const PRESSED: u16 = 400;

/// The values at the edges of the screen, and which axis is which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calibration {
    /// The values at the left and the right edge.
    pub x: [u16; 2],
    /// The values at the upper and the lower edge.
    pub y: [u16; 2],
    /// True if the controller's X is the screen's y, as where a screen lies on its side.
    pub is_turned: bool,
}

impl Calibration {
    /// That of the usual panels of 2.4 to 3.2 inches, lying on their side with the pins on the
    /// left.
    pub const USUAL: Self = Self { x: [300, 3_800], y: [3_800, 300], is_turned: true };

    /// Returns the pixel of two values.
    fn pixel(&self, [x, y]: [u16; 2]) -> [u16; 2] {
        let [across, down] = if self.is_turned { [y, x] } else { [x, y] };
        [scaled(across, self.x, WIDTH), scaled(down, self.y, HEIGHT)]
    }
}

/// Returns where a value lies between the edges, in pixels, and the nearest one if it is outside.
fn scaled(value: u16, [first, last]: [u16; 2], side: u16) -> u16 {
    let (from, to) = (i32::from(first), i32::from(last));
    if from == to {
        return 0;
    }
    let pixel = (i32::from(value) - from) * i32::from(side - 1) / (to - from);
    pixel.clamp(0, i32::from(side - 1)) as u16
}

/// An XPT2046.
#[derive(Debug)]
pub struct Xpt2046<Spi> {
    spi: Spi,
    calibration: Calibration,
}

/// The reason why a touch could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Xpt2046Error<E> {
    /// The bus failed.
    Spi(E),
    /// All values are 0, or all the greatest: no controller is on the bus.
    Silent,
}

impl<Spi: SpiDevice> Xpt2046<Spi> {
    /// Creates the driver of a controller.
    pub fn new(spi: Spi, calibration: Calibration) -> Self {
        Self { spi, calibration }
    }

    fn read(&mut self, channel: u8) -> Result<u16, Spi::Error> {
        let mut bytes = [channel, 0, 0];
        self.spi.transfer_in_place(&mut bytes)?;
        // After a bit of waiting, 12 bits.
        Ok(u16::from_be_bytes([bytes[1], bytes[2]]) >> 3 & GREATEST)
    }

    /// Returns the middle one of three values.
    fn median(&mut self, channel: u8) -> Result<u16, Spi::Error> {
        let mut values = [self.read(channel)?, self.read(channel)?, self.read(channel)?];
        values.sort_unstable();
        Ok(values[1])
    }
}

impl<Spi: SpiDevice> Touch for Xpt2046<Spi> {
    type Error = Xpt2046Error<Spi::Error>;

    fn touched(&mut self) -> Result<Option<[u16; 2]>, Self::Error> {
        let spi = Xpt2046Error::Spi;
        let [z1, z2] = [self.read(Z1).map_err(spi)?, self.read(Z2).map_err(spi)?];
        let [x, y] = [self.median(X).map_err(spi)?, self.median(Y).map_err(spi)?];
        if [z2, x, y].iter().all(|value| *value == z1) && (z1 == 0 || z1 == GREATEST) {
            return Err(Xpt2046Error::Silent);
        }
        let is_touched = z1 + (GREATEST - z2) >= PRESSED;
        Ok(is_touched.then(|| self.calibration.pixel([x, y])))
    }
}
