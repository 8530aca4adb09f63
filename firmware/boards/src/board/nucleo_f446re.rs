//! ST's Nucleo-F446RE. USART2 goes to the ST-Link, which is a serial port on the PC; the light is
//! LD2.
//!
//! The same program runs in QEMU's `netduinoplus2`, an STM32F405 with fewer peripherals: see
//! [`is_silicon`].

use crate::{
    flash::sectors::SectorFlash,
    serial::{FASTEST_BAUD, RECEIVED, Serial, Transmit},
    system::{self, System},
    systick::SysTick,
};
use core::{cell::RefCell, convert::Infallible};
use cortex_m::peripheral::NVIC;
use critical_section::Mutex;
use embedded_hal::digital::{self, InputPin};
use stm32f4xx_hal::{
    gpio::{Input, Output, PA5, PC13},
    nb,
    pac::{FLASH, Peripherals, RCC, USART2, interrupt},
    prelude::*,
    rcc::Config,
    serial::{self, Rx, Tx},
    watchdog::IndependentWatchdog,
};
use tinytriplet_device::{
    hardware::{BASE_BAUD, Board, NoText, Parts, WATCHDOG_MICROS},
    source::NoSource,
};

static RECEIVER: Mutex<RefCell<Option<Rx<USART2>>>> = Mutex::new(RefCell::new(None));

/// The processor's clock. The emulator's timer counts by it, too, whichever clock was chosen.
const HERTZ: u32 = 168_000_000;

/// The clock that the ST-Link puts out, from its crystal (user manual UM1724, "OSC clock supply").
const ST_LINK_HERTZ: u32 = 8_000_000;

/// The types of its parts.
pub struct Hardware;

impl Board for Hardware {
    type Serial = Serial<Tx<USART2>>;
    type Led = PA5<Output>;
    type Button = Button;
    type Flash = SectorFlash;
    type System = System<SysTick, IndependentWatchdog, UsartRate>;
    type Source = NoSource;
    type Text = NoText;
}

pub fn init() -> Parts<Hardware> {
    let Some(board) = Peripherals::take() else { panic!("the board was initialised twice") };
    let is_silicon = is_silicon(&board.FLASH);
    let has_crystal = is_silicon && has_crystal(&board.RCC);
    let clocks = match (is_silicon, has_crystal) {
        (true, true) => Config::hse(ST_LINK_HERTZ.Hz()).bypass_hse_oscillator().sysclk(HERTZ.Hz()),
        (true, false) => Config::hsi().sysclk(HERTZ.Hz()),
        (false, _) => Config::hsi(),
    };
    let mut rcc = board.RCC.freeze(clocks);
    defmt::info!("processor at {} Hz, by a crystal: {}", rcc.clocks.sysclk().raw(), has_crystal);

    let pins = board.GPIOA.split(&mut rcc);
    let led = pins.pa5.into_push_pull_output();
    let settings = serial::Config::default().baudrate(BASE_BAUD.bps());
    let Ok(serial) = board.USART2.serial((pins.pa2, pins.pa3), settings, &mut rcc) else {
        panic!("no clock allows 115,200 baud")
    };
    let (transmitter, mut receiver) = serial.split();
    receiver.listen();
    critical_section::with(|cs| RECEIVER.replace(cs, Some(receiver)));
    // SAFETY: no critical section relies on this interrupt being masked.
    unsafe { NVIC::unmask(interrupt::USART2) };
    Parts {
        serial: Serial(transmitter),
        led,
        button: Button(is_silicon.then(|| board.GPIOC.split(&mut rcc).pc13.into_input())),
        flash: is_silicon.then(|| SectorFlash::new(board.FLASH)),
        system: System {
            clock: SysTick::new(HERTZ),
            watchdog: IndependentWatchdog::new(board.IWDG),
            rate: UsartRate { hertz: rcc.clocks.pclk1().raw() },
        },
        source: NoSource,
        text: NoText,
    }
}

/// Returns true on a chip. The emulator has no flash controller, so that its registers read 0, and
/// an RCC whose oscillators never get ready: there the processor stays on the oscillator that it
/// starts with.
fn is_silicon(flash: &FLASH) -> bool {
    // The wait states that 168 MHz at 3.3 V need (reference manual RM0390, table 5); the HAL sets
    // them again.
    const WAIT_STATES: u8 = 5;
    flash.acr().modify(|_, w| w.latency().set(WAIT_STATES));
    flash.acr().read().latency().bits() == WAIT_STATES
}

/// Returns whether the ST-Link's clock comes. A board whose ST-Link was cut off, or whose solder bridge
/// is open, has the processor's own oscillator, which is 1 % exact at 25 °C.
fn has_crystal(rcc: &RCC) -> bool {
    // A clock that is there is ready after some periods of it.
    const TRIES: u32 = 10_000;
    rcc.cr().modify(|_, w| w.hsebyp().bypassed());
    rcc.cr().modify(|_, w| w.hseon().on());
    if (0..TRIES).any(|_| rcc.cr().read().hserdy().is_ready()) {
        return true;
    }
    rcc.cr().modify(|_, w| w.hseon().off());
    false
}

#[interrupt]
fn USART2() {
    critical_section::with(|cs| {
        let mut receiver = RECEIVER.borrow_ref_mut(cs);
        let Some(receiver) = receiver.as_mut() else { return };
        loop {
            match receiver.read() {
                Ok(byte) => RECEIVED.push(cs, byte),
                // A damaged byte is left out: the frame's CRC tells.
                Err(nb::Error::Other(_)) => {}
                Err(nb::Error::WouldBlock) => return,
            }
        }
    });
}

impl Transmit for Tx<USART2> {
    fn send(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            // Its only error is "not yet".
            while self.write(byte).is_err() {}
        }
    }

    fn flush(&mut self) {
        while _embedded_hal_serial_nb_Write::flush(self).is_err() {}
    }
}

/// The rate of USART2: the clock of its bus, divided.
pub struct UsartRate {
    hertz: u32,
}

impl system::Rate for UsartRate {
    fn has(&self, baud: u32) -> bool {
        (BASE_BAUD..=FASTEST_BAUD).contains(&baud)
    }

    fn set(&mut self, baud: u32) {
        // SAFETY: the HAL writes this register only when it sets the port up. Of a USART that takes
        // 16 samples per bit, it is the clock's divisor (RM0390, "Fractional baud rate generation").
        unsafe { (*USART2::ptr()).brr().write(|w| w.bits(((self.hertz + baud / 2) / baud) as u16)) };
    }
}

/// B1, which pulls its pin down while it is pressed; `None` in the emulator, where all pins are
/// low.
pub struct Button(Option<PC13<Input>>);

impl digital::ErrorType for Button {
    type Error = Infallible;
}

impl InputPin for Button {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(self.0.as_ref().is_some_and(PC13::is_low))
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        Ok(!self.is_high()?)
    }
}

impl system::Watchdog for IndependentWatchdog {
    fn start(&mut self) {
        IndependentWatchdog::start(self, (WATCHDOG_MICROS / 1000).millis());
    }

    fn feed(&mut self) {
        IndependentWatchdog::feed(self);
    }
}
