//! QEMU's machine `virt` with a 32-bit RISC-V processor. There is no HAL for it: the peripherals in
//! use are described here.

use crate::{
    flash::memory,
    registers::Registers,
    serial::{RECEIVED, Serial, Transmit},
    system::{Clock, System},
};
use riscv::{interrupt::Interrupt, register::mie};
use tinytriplet_device::{
    hardware::{Board, NoPin, NoText, Parts, TICK_MICROS},
    source::NoSource,
};
use tinytriplet_store::MemoryFlash;

/// Number of the UART's interrupt.
const UART_INTERRUPT: usize = 10;

/// The "test finisher": the word that is written to it ends or resets the emulator.
// SAFETY: QEMU's hw/riscv/virt.c has it at this address, has no DMA, and only this module uses it.
const FINISHER: Registers<u32, 1> = unsafe { Registers::at(0x0010_0000) };
/// An NS16550A, which accepts a byte when there is room for it, at any rate.
// SAFETY: as above.
const UART: Registers<u8, 6> = unsafe { Registers::at(0x1000_0000) };
/// The interrupt controller (PLIC): the priorities of interrupts.
// SAFETY: as above.
const PRIORITY: Registers<u32, { UART_INTERRUPT + 1 }> = unsafe { Registers::at(0x0c00_0000) };
/// Which interrupts context 0 gets: the processor's machine mode.
// SAFETY: as above.
const ENABLE: Registers<u32, 1> = unsafe { Registers::at(0x0c00_2000) };
/// The rest of context 0.
// SAFETY: as above.
const CONTEXT: Registers<u32, 2> = unsafe { Registers::at(0x0c20_0000) };

/// The machine's timer (ACLINT MTIMER): the time at which it interrupts hart 0, the lower half
/// first.
// SAFETY: as above.
const MTIMECMP: Registers<u32, 2> = unsafe { Registers::at(0x0200_4000) };
/// The time, the lower half first.
// SAFETY: as above.
const MTIME: Registers<u32, 2> = unsafe { Registers::at(0x0200_bff8) };
/// The frequency of the timer.
const TIMER_MEGAHERTZ: u32 = 10;

// Registers of the UART, and their bits.
const DATA: usize = 0;
const INTERRUPT_ENABLE: usize = 1;
const ON_RECEIVING: u8 = 1 << 0;
const LINE_STATUS: usize = 5;
const RECEIVE_FULL: u8 = 1 << 0;
const TRANSMIT_EMPTY: u8 = 1 << 5;

// Registers of the interrupt controller's context.
const THRESHOLD: usize = 0;
const CLAIM: usize = 1;

/// The types of its parts.
pub struct Hardware;

impl Board for Hardware {
    type Serial = Serial<Transmitter>;
    type Led = NoPin;
    type Button = NoPin;
    type Flash = MemoryFlash<'static>;
    type System = System<MachineTimer, (), ()>;
    type Source = NoSource;
    type Text = NoText;
}

pub fn init() -> Parts<Hardware> {
    UART.write(INTERRUPT_ENABLE, ON_RECEIVING);
    PRIORITY.write(UART_INTERRUPT, 1);
    ENABLE.write(0, 1 << UART_INTERRUPT);
    CONTEXT.write(THRESHOLD, 0);
    // SAFETY: no critical section is open yet, and the handler is there.
    unsafe {
        mie::enable(Interrupt::MachineExternal);
        riscv::interrupt::enable();
    }
    Parts {
        serial: Serial(Transmitter),
        led: NoPin,
        button: NoPin,
        flash: Some(MemoryFlash::new(memory::take())),
        system: System { clock: MachineTimer { start: 0 }, watchdog: (), rate: () },
        source: NoSource,
        text: NoText,
    }
}

pub fn reset() -> ! {
    const RESET: u32 = 0x7777;
    FINISHER.write(0, RESET);
    loop {
        riscv::asm::wfi();
    }
}

/// Serves the UART, whose interrupt is the only external one.
#[unsafe(export_name = "MachineExternal")]
extern "C" fn uart() {
    let interrupt = CONTEXT.read(CLAIM);
    critical_section::with(|cs| {
        while UART.read(LINE_STATUS) & RECEIVE_FULL != 0 {
            RECEIVED.push(cs, UART.read(DATA));
        }
    });
    CONTEXT.write(CLAIM, interrupt);
}

pub struct Transmitter;

impl Transmit for Transmitter {
    fn send(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            while UART.read(LINE_STATUS) & TRANSMIT_EMPTY == 0 {}
            UART.write(DATA, byte);
        }
    }

    fn flush(&mut self) {}
}

/// The machine's timer, which keeps running when the machine restarts.
pub struct MachineTimer {
    start: u64,
}

impl Clock for MachineTimer {
    fn start(&mut self) {
        self.start = time();
        interrupt_later();
        // SAFETY: no critical section is open, and the handler is there.
        unsafe { mie::enable(Interrupt::MachineTimer) };
    }

    fn now(&mut self) -> u64 {
        (time() - self.start) / u64::from(TIMER_MEGAHERTZ)
    }
}

fn time() -> u64 {
    loop {
        let [high, low] = [MTIME.read(1), MTIME.read(0)];
        if high == MTIME.read(1) {
            return u64::from(high) << 32 | u64::from(low);
        }
    }
}

fn interrupt_later() {
    let at = time() + u64::from(TICK_MICROS * TIMER_MEGAHERTZ);
    // In between, the time is never earlier than it was, nor than it will be.
    MTIMECMP.write(1, u32::MAX);
    MTIMECMP.write(0, at as u32);
    MTIMECMP.write(1, (at >> 32) as u32);
}

#[unsafe(export_name = "MachineTimer")]
extern "C" fn tick() {
    interrupt_later();
}
