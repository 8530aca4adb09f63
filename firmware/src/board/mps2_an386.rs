//! ARM's MPS2 FPGA board with application note 386 (Cortex-M4F), as QEMU emulates it. There is no HAL for it:
//! the two peripherals in use are described here.

use super::{Parts, rx_queue::RxQueue};
use core::convert::Infallible;
use cortex_m::{interrupt::InterruptNumber, peripheral::NVIC};
use cortex_m_rt::exception;
use embedded_hal::digital::{self, OutputPin};
use embedded_io::{ErrorType, Read, Write};

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

// SAFETY: UART 0 receives on interrupt 0 of the board, and the number never changes.
unsafe impl InterruptNumber for UartReceive {
    fn number(self) -> u16 {
        0
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
    const DATA: *mut u32 = 0x4000_4000 as *mut u32;
    const STATE: *mut u32 = 0x4000_4004 as *mut u32;
    const CTRL: *mut u32 = 0x4000_4008 as *mut u32;
    const INT_CLEAR: *mut u32 = 0x4000_400c as *mut u32;
    const BAUD_DIV: *mut u32 = 0x4000_4010 as *mut u32;

    const TRANSMIT_FULL: u32 = 1 << 0;
    const RECEIVE_FULL: u32 = 1 << 1;
    /// Transmit, receive, and interrupt on receiving.
    const ENABLE: u32 = 1 << 0 | 1 << 1 | 1 << 3;
    const RECEIVE_INTERRUPT: u32 = 1 << 1;
    /// 25 MHz / 115,200; at least 16.
    const DIVIDER: u32 = 217;

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
    const REGISTER: *mut u32 = 0x4002_8000 as *mut u32;
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
