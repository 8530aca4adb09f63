//! Raspberry Pi Pico and Pico 2, alike but for the chip. UART 0 is on GP0 (transmits) and GP1
//! (receives); the light is the one on the board, GP25.

use crate::{
    flash::rom::RomFlash,
    serial::{RECEIVED, Serial, Transmit},
    system::{self, System},
    systick::SysTick,
};
use core::cell::RefCell;
use cortex_m::peripheral::NVIC;
use critical_section::Mutex;
use hal::{
    Clock, Sio, Watchdog,
    clocks::init_clocks_and_plls,
    fugit::{MicrosDurationU32, RateExtU32},
    gpio::{
        FunctionSioOutput, FunctionUart, Pin, Pins, PullDown,
        bank0::{Gpio0, Gpio1, Gpio25},
    },
    pac::{Interrupt, Peripherals, UART0, interrupt},
    uart::{DataBits, Reader, StopBits, UartConfig, UartPeripheral, Writer},
};
#[cfg(feature = "pico2")]
use rp235x_hal as hal;
#[cfg(feature = "pico")]
use rp2040_hal as hal;
use tinytriplet_device::hardware::{Board, NoPin, Parts, WATCHDOG_MICROS};

/// The crystal, in Hz.
const CRYSTAL: u32 = 12_000_000;

/// The second boot stage. The chip's ROM loads it first, and it sets up the flash so that code runs
/// from it.
#[cfg(feature = "pico")]
#[used]
#[unsafe(link_section = ".boot2")]
static BOOT2: [u8; 256] = rp2040_boot2::BOOT_LOADER_W25Q080;

/// The image definition. The chip's ROM looks for it, and knows by it that this is a program.
#[cfg(feature = "pico2")]
#[used]
#[unsafe(link_section = ".start_block")]
static IMAGE_DEFINITION: hal::block::ImageDef = hal::block::ImageDef::secure_exe();

type UartPins = (Pin<Gpio0, FunctionUart, PullDown>, Pin<Gpio1, FunctionUart, PullDown>);

static RECEIVER: Mutex<RefCell<Option<Reader<UART0, UartPins>>>> = Mutex::new(RefCell::new(None));

/// The types of its parts.
pub struct Hardware;

impl Board for Hardware {
    type Serial = Serial<Writer<UART0, UartPins>>;
    type Led = Pin<Gpio25, FunctionSioOutput, PullDown>;
    type Button = NoPin;
    type Flash = RomFlash;
    type System = System<SysTick, Watchdog>;
}

pub fn init() -> Parts<Hardware> {
    let Some(mut board) = Peripherals::take() else { panic!("the board was initialised twice") };
    let mut watchdog = Watchdog::new(board.WATCHDOG);
    let (plls, resets) = ((board.PLL_SYS, board.PLL_USB), &mut board.RESETS);
    let clocks =
        init_clocks_and_plls(CRYSTAL, board.XOSC, board.CLOCKS, plls.0, plls.1, resets, &mut watchdog);
    let Ok(clocks) = clocks else { panic!("the crystal's clock cannot be multiplied") };
    let hertz = clocks.system_clock.freq().to_Hz();
    defmt::info!("processor at {} Hz", hertz);

    let sio = Sio::new(board.SIO);
    let pins = Pins::new(board.IO_BANK0, board.PADS_BANK0, sio.gpio_bank0, resets);
    let led = pins.gpio25.into_push_pull_output();
    let settings = UartConfig::new(115_200.Hz(), DataBits::Eight, None, StopBits::One);
    let uart = UartPeripheral::new(board.UART0, (pins.gpio0.reconfigure(), pins.gpio1.reconfigure()), resets);
    let Ok(uart) = uart.enable(settings, clocks.peripheral_clock.freq()) else {
        panic!("no clock allows 115,200 baud")
    };
    let (mut receiver, transmitter) = uart.split();
    receiver.enable_rx_interrupt();
    critical_section::with(|cs| RECEIVER.replace(cs, Some(receiver)));
    // SAFETY: no critical section relies on this interrupt being masked.
    unsafe { NVIC::unmask(Interrupt::UART0_IRQ) };
    Parts {
        serial: Serial(transmitter),
        led,
        button: NoPin,
        // SAFETY: `Peripherals::take` lets this be reached once. Nothing starts the second
        // processor or a DMA.
        flash: Some(unsafe { RomFlash::new() }),
        system: System { clock: SysTick::new(hertz), watchdog },
    }
}

#[interrupt]
fn UART0_IRQ() {
    critical_section::with(|cs| {
        let mut receiver = RECEIVER.borrow_ref_mut(cs);
        let Some(receiver) = receiver.as_mut() else { return };
        let mut bytes = [0; 32];
        loop {
            match receiver.read_raw(&mut bytes) {
                Ok(len) => bytes[..len].iter().for_each(|&byte| RECEIVED.push(cs, byte)),
                // A damaged byte is left out: the frame's CRC tells.
                Err(nb::Error::Other(_)) => {}
                Err(nb::Error::WouldBlock) => return,
            }
        }
    });
}

impl Transmit for Writer<UART0, UartPins> {
    fn send(&mut self, byte: u8) {
        self.write_full_blocking(&[byte]);
    }

    fn flush(&mut self) {
        // It cannot fail.
        let _ = embedded_io::Write::flush(self);
    }
}

impl system::Watchdog for Watchdog {
    fn start(&mut self) {
        Watchdog::start(self, MicrosDurationU32::micros(WATCHDOG_MICROS));
    }

    fn feed(&mut self) {
        Watchdog::feed(self);
    }
}
