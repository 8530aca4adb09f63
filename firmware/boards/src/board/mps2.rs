//! ARM's MPS2 FPGA boards, as QEMU emulates them: one board with a different processor in each
//! "application note". There is no HAL for them: the peripherals in use are described here.

use crate::{
    flash::memory,
    registers::Registers,
    serial::{FASTEST_BAUD, RECEIVED, Serial, Transmit},
    system::{Rate, System},
    systick::SysTick,
};
use core::convert::Infallible;
use cortex_m::{interrupt::InterruptNumber, peripheral::NVIC};
use cortex_m_rt::exception;
use embedded_hal::digital::{self, OutputPin};
use tinytriplet_device::{
    hardware::{BASE_BAUD, Board, NoPin, NoText, Parts},
    source::NoSource,
};
use tinytriplet_store::MemoryFlash;

/// The addresses of AN385, AN386 and AN500.
#[cfg(not(feature = "mps2-an505"))]
mod map {
    pub const UART: usize = 0x4000_4000;
    /// The processor's clock, and the UART's.
    pub const HZ: u32 = 25_000_000;
    pub const UART_RECEIVES: u16 = 0;
    pub const LEDS: usize = 0x4002_8000;
}
/// The addresses that the secure state sees.
#[cfg(feature = "mps2-an505")]
mod map {
    pub const UART: usize = 0x5020_0000;
    pub const HZ: u32 = 20_000_000;
    pub const UART_RECEIVES: u16 = 32;
    pub const LEDS: usize = 0x5030_2000;
}

/// UART 0, a "CMSDK APB UART" (ARM DDI 0479, chapter 4.3).
// SAFETY: the application notes have it at this address, has no DMA, and only this module uses it.
const UART: Registers<u32, 5> = unsafe { Registers::at(map::UART) };
/// The FPGA's register of two lights.
// SAFETY: as above.
const LEDS: Registers<u32, 1> = unsafe { Registers::at(map::LEDS) };

// Registers of the UART, and their bits.
const DATA: usize = 0;
const STATE: usize = 1;
const TRANSMIT_FULL: u32 = 1 << 0;
const RECEIVE_FULL: u32 = 1 << 1;
const CTRL: usize = 2;
/// Transmit, receive, and interrupt on receiving.
const ENABLE: u32 = 1 << 0 | 1 << 1 | 1 << 3;
const INT_CLEAR: usize = 3;
const RECEIVE_INTERRUPT: u32 = 1 << 1;
const BAUD_DIV: usize = 4;
/// More than a byte takes, with its start and stop bits.
const BITS: u32 = 12;

/// The types of its parts.
pub struct Hardware;

impl Board for Hardware {
    type Serial = Serial<Transmitter>;
    type Led = Led;
    type Button = NoPin;
    type Flash = MemoryFlash<'static>;
    type System = System<SysTick, (), UartRate>;
    type Source = NoSource;
    type Text = NoText;
}

pub fn init() -> Parts<Hardware> {
    UartRate.set(BASE_BAUD);
    UART.write(CTRL, ENABLE);
    // SAFETY: no critical section relies on this interrupt being masked.
    unsafe { NVIC::unmask(UartReceive) };
    Parts {
        serial: Serial(Transmitter),
        led: Led,
        button: NoPin,
        flash: Some(MemoryFlash::new(memory::take())),
        system: System { clock: SysTick::new(map::HZ), watchdog: (), rate: UartRate },
        source: NoSource,
        text: NoText,
    }
}

/// The only interrupt of a peripheral that is ever unmasked.
#[derive(Clone, Copy)]
struct UartReceive;

// SAFETY: UART 0 receives on this interrupt of the board, and the number never changes.
unsafe impl InterruptNumber for UartReceive {
    fn number(self) -> u16 {
        map::UART_RECEIVES
    }
}

/// Serves every interrupt that has no handler of its own, and so [`UartReceive`].
#[exception]
unsafe fn DefaultHandler(_interrupt: i16) {
    UART.write(INT_CLEAR, RECEIVE_INTERRUPT);
    critical_section::with(|cs| {
        while UART.read(STATE) & RECEIVE_FULL != 0 {
            RECEIVED.push(cs, UART.read(DATA) as u8);
        }
    });
}

pub struct Transmitter;

impl Transmit for Transmitter {
    fn send(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            while UART.read(STATE) & TRANSMIT_FULL != 0 {}
            UART.write(DATA, byte.into());
        }
    }

    fn flush(&mut self) {}
}

/// The UART's rate: its clock, divided.
pub struct UartRate;

impl Rate for UartRate {
    fn has(&self, baud: u32) -> bool {
        (BASE_BAUD..=FASTEST_BAUD).contains(&baud)
    }

    fn set(&mut self, baud: u32) {
        // The last byte has left its register, but not the wire.
        cortex_m::asm::delay(map::HZ / BASE_BAUD * BITS);
        UART.write(BAUD_DIV, map::HZ / baud);
    }
}

/// USERLED0.
pub struct Led;

impl digital::ErrorType for Led {
    type Error = Infallible;
}

impl OutputPin for Led {
    fn set_low(&mut self) -> Result<(), Infallible> {
        LEDS.write(0, 0);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        LEDS.write(0, 1);
        Ok(())
    }
}
