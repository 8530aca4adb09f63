//! ARM's MPS2 FPGA boards, as QEMU emulates them: one board with another processor in each "application note". There
//! is no HAL for them: the peripherals in use are described here.

use super::{Parts, rx_queue::RxQueue};
use core::convert::Infallible;
use cortex_m::{interrupt::InterruptNumber, peripheral::NVIC};
use cortex_m_rt::exception;
use embedded_hal::digital::{self, OutputPin};
use embedded_io::{ErrorType, Read, Write};

/// Where things are on a board.
struct Map {
    /// UART 0.
    uart: usize,
    /// The interrupt of its receiver.
    uart_interrupt: u16,
    /// The FPGA's register of lights.
    leds: usize,
    /// The UART's clock in Hz.
    clock: u32,
}

/// AN385, AN386 and AN500.
#[cfg(not(feature = "mps2-an505"))]
const MAP: Map = Map { uart: 0x4000_4000, uart_interrupt: 0, leds: 0x4002_8000, clock: 25_000_000 };
/// AN505, by the addresses that the secure state sees.
#[cfg(feature = "mps2-an505")]
const MAP: Map = Map { uart: 0x5020_0000, uart_interrupt: 32, leds: 0x5030_2000, clock: 20_000_000 };

static RECEIVED: RxQueue = RxQueue::new();

pub fn init() -> Parts<Serial, Led> {
    Uart.enable();
    // SAFETY: no critical section relies on this interrupt being masked.
    unsafe { NVIC::unmask(UartReceive) };
    Parts { serial: Serial, led: Led }
}

/// The only interrupt that is ever unmasked.
#[derive(Clone, Copy)]
struct UartReceive;

// SAFETY: UART 0 receives on this interrupt of the board, and the number never changes.
unsafe impl InterruptNumber for UartReceive {
    fn number(self) -> u16 {
        MAP.uart_interrupt
    }
}

/// Serves every interrupt that has no handler of its own, thus [`UartReceive`].
#[exception]
unsafe fn DefaultHandler(_interrupt: i16) {
    Uart.clear_receive_interrupt();
    critical_section::with(|cs| {
        while let Some(byte) = Uart.receive() {
            RECEIVED.push(cs, byte);
        }
    });
}

/// UART 0, a "CMSDK APB UART" (ARM DDI 0479, chapter 4.3).
struct Uart;

impl Uart {
    const DATA: *mut u32 = MAP.uart as *mut u32;
    const STATE: *mut u32 = (MAP.uart + 0x4) as *mut u32;
    const CTRL: *mut u32 = (MAP.uart + 0x8) as *mut u32;
    const INT_CLEAR: *mut u32 = (MAP.uart + 0xc) as *mut u32;
    const BAUD_DIV: *mut u32 = (MAP.uart + 0x10) as *mut u32;

    const TRANSMIT_FULL: u32 = 1 << 0;
    const RECEIVE_FULL: u32 = 1 << 1;
    /// Transmit, receive, and interrupt on receiving.
    const ENABLE: u32 = 1 << 0 | 1 << 1 | 1 << 3;
    const RECEIVE_INTERRUPT: u32 = 1 << 1;
    /// At least 16.
    const DIVIDER: u32 = MAP.clock / 115_200;

    fn enable(&self) {
        // SAFETY: registers of the UART, which nothing else touches.
        unsafe {
            Self::BAUD_DIV.write_volatile(Self::DIVIDER);
            Self::CTRL.write_volatile(Self::ENABLE);
        }
    }

    fn clear_receive_interrupt(&self) {
        // SAFETY: as above.
        unsafe { Self::INT_CLEAR.write_volatile(Self::RECEIVE_INTERRUPT) }
    }

    fn state(&self) -> u32 {
        // SAFETY: as above.
        unsafe { Self::STATE.read_volatile() }
    }

    fn receive(&self) -> Option<u8> {
        // SAFETY: as above; reading takes the byte, which only the interrupt does.
        (self.state() & Self::RECEIVE_FULL != 0).then(|| unsafe { Self::DATA.read_volatile() as u8 })
    }

    fn transmit(&self, byte: u8) {
        while self.state() & Self::TRANSMIT_FULL != 0 {}
        // SAFETY: as above.
        unsafe { Self::DATA.write_volatile(byte.into()) }
    }
}

pub struct Serial;

impl ErrorType for Serial {
    type Error = Infallible;
}

impl Read for Serial {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        Ok(RECEIVED.read(buffer))
    }
}

impl Write for Serial {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        bytes.iter().for_each(|&byte| Uart.transmit(byte));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// USERLED0, bit 0 of the FPGA's system registers.
pub struct Led;

impl Led {
    const REGISTER: *mut u32 = MAP.leds as *mut u32;
}

impl digital::ErrorType for Led {
    type Error = Infallible;
}

impl OutputPin for Led {
    fn set_low(&mut self) -> Result<(), Infallible> {
        // SAFETY: a register of two lights, of which this is the only user.
        unsafe { Self::REGISTER.write_volatile(0) };
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        // SAFETY: as above.
        unsafe { Self::REGISTER.write_volatile(1) };
        Ok(())
    }
}
