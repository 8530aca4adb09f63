//! QEMU's machine `virt` with a 32-bit RISC-V processor. It has no light; there is no HAL for it: the peripherals in
//! use are described here.

use super::{Parts, rx_queue::RxQueue};
use core::convert::Infallible;
use embedded_hal::digital::{self, OutputPin};
use embedded_io::{ErrorType, Read, Write};
use riscv::{interrupt::Interrupt, register::mie};

static RECEIVED: RxQueue = RxQueue::new();

pub fn init() -> Parts<Serial, NoLed> {
    Uart::INTERRUPT_ENABLE.write(Uart::ON_RECEIVING);
    Plic::enable_uart();
    // SAFETY: no critical section is open yet, and the handler is there.
    unsafe {
        mie::enable(Interrupt::MachineExternal);
        riscv::interrupt::enable();
    }
    Parts { serial: Serial, led: NoLed }
}

/// Ends the emulator, which has no other way to start anew.
pub fn reset() -> ! {
    /// The "test finisher": what is written says how.
    const FINISHER: Register<u32> = Register(0x0010_0000 as *mut u32);
    FINISHER.write(0x7777); // reset
    loop {
        riscv::asm::wfi();
    }
}

/// Serves the UART, whose interrupt is the only one that gets here.
#[riscv_rt::core_interrupt(Interrupt::MachineExternal)]
fn uart() {
    let interrupt = Plic::CLAIM.read();
    critical_section::with(|cs| {
        while Uart::STATUS.read() & Uart::RECEIVED != 0 {
            RECEIVED.push(cs, Uart::DATA.read());
        }
    });
    Plic::CLAIM.write(interrupt);
}

/// A register of a peripheral.
struct Register<Word>(*mut Word);

impl<Word> Register<Word> {
    fn read(&self) -> Word {
        // SAFETY: only this module makes registers, of peripherals that nothing else touches.
        unsafe { self.0.read_volatile() }
    }

    fn write(&self, word: Word) {
        // SAFETY: as above; none of them makes the processor touch memory.
        unsafe { self.0.write_volatile(word) }
    }
}

/// An NS16550A. In QEMU it takes a byte when there is room for it, at whatever rate.
struct Uart;

impl Uart {
    const DATA: Register<u8> = Register(0x1000_0000 as *mut u8);
    const INTERRUPT_ENABLE: Register<u8> = Register(0x1000_0001 as *mut u8);
    const STATUS: Register<u8> = Register(0x1000_0005 as *mut u8);

    const ON_RECEIVING: u8 = 1 << 0;
    const RECEIVED: u8 = 1 << 0;
    const TRANSMITTER_EMPTY: u8 = 1 << 5;
}

/// The interrupt controller, of which context 0 is the processor's machine mode.
struct Plic;

impl Plic {
    const UART: u32 = 10;
    const UART_PRIORITY: Register<u32> = Register((0x0c00_0000 + 4 * Self::UART as usize) as *mut u32);
    const ENABLE: Register<u32> = Register(0x0c00_2000 as *mut u32);
    const THRESHOLD: Register<u32> = Register(0x0c20_0000 as *mut u32);
    const CLAIM: Register<u32> = Register(0x0c20_0004 as *mut u32);

    fn enable_uart() {
        Self::UART_PRIORITY.write(1);
        Self::ENABLE.write(1 << Self::UART);
        Self::THRESHOLD.write(0);
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
        for &byte in bytes {
            while Uart::STATUS.read() & Uart::TRANSMITTER_EMPTY == 0 {}
            Uart::DATA.write(byte);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// What stands for the light that the machine has not.
pub struct NoLed;

impl digital::ErrorType for NoLed {
    type Error = Infallible;
}

impl OutputPin for NoLed {
    fn set_low(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
