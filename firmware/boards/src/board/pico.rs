//! Raspberry Pi Pico and Pico 2, alike but for the chip. UART 0 is on GP0 (transmits) and GP1
//! (receives), and USB beside it; the light is the one on the board, GP25.

use crate::{
    flash::rom::RomFlash,
    serial::{FASTEST_BAUD, RECEIVED, Serial, Transmit},
    system::{self, System},
    systick::SysTick,
    usb::{self, UsbOr},
};
use core::cell::RefCell;
use cortex_m::peripheral::NVIC;
use critical_section::Mutex;
use hal::{
    Clock, Sio, Watchdog,
    clocks::init_clocks_and_plls,
    fugit::{HertzU32, MicrosDurationU32, RateExtU32},
    gpio::{
        FunctionNull, FunctionSioOutput, FunctionUart, Pin, Pins, PullDown, PullUp,
        bank0::{self, Gpio0, Gpio1, Gpio25},
    },
    pac::{Interrupt, Peripherals, RESETS, SPI0, SPI1, UART0, interrupt},
    uart::{DataBits, Reader, StopBits, UartConfig, UartPeripheral, Writer},
};
#[cfg(feature = "pico2")]
use rp235x_hal as hal;
#[cfg(feature = "pico")]
use rp2040_hal as hal;
use tinytriplet_device::{
    hardware::{BASE_BAUD, Board, NoPin, NoText, Parts, WATCHDOG_MICROS},
    source::NoSource,
};

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

/// Where nothing is connected, the receiving pin is pulled up: low would be a break.
type UartPins = (Pin<Gpio0, FunctionUart, PullDown>, Pin<Gpio1, FunctionUart, PullUp>);

pub use crate::systick::ticks;
pub type Bus = hal::usb::UsbBus;
pub const USB_INTERRUPT: Interrupt = Interrupt::USBCTRL_IRQ;

static RECEIVER: Mutex<RefCell<Option<Reader<UART0, UartPins>>>> = Mutex::new(RefCell::new(None));

/// The types of its parts.
pub struct Hardware;

impl Board for Hardware {
    type Serial = Serial<UsbOr<Writer<UART0, UartPins>>>;
    type Led = Pin<Gpio25, FunctionSioOutput, PullDown>;
    type Button = NoPin;
    type Flash = RomFlash;
    type System = System<SysTick, Watchdog, UartRate>;
    type Source = NoSource;
    type Text = NoText;
}

/// The peripherals and pins that the application leaves free, as the chip's HAL has them. There are
/// more of them: these are for two buses and what goes with them.
#[allow(missing_docs, reason = "pins and buses are what their names say")]
pub struct Spare {
    pub spi0: SPI0,
    pub spi1: SPI1,
    /// Takes the peripherals out of reset.
    pub resets: RESETS,
    pub gp10: FreePin<bank0::Gpio10>,
    pub gp11: FreePin<bank0::Gpio11>,
    pub gp12: FreePin<bank0::Gpio12>,
    pub gp13: FreePin<bank0::Gpio13>,
    pub gp14: FreePin<bank0::Gpio14>,
    pub gp15: FreePin<bank0::Gpio15>,
    pub gp16: FreePin<bank0::Gpio16>,
    pub gp17: FreePin<bank0::Gpio17>,
    pub gp18: FreePin<bank0::Gpio18>,
    pub gp19: FreePin<bank0::Gpio19>,
    pub gp20: FreePin<bank0::Gpio20>,
    pub gp21: FreePin<bank0::Gpio21>,
    /// The processor's clock, in Hz.
    pub system_hertz: u32,
    /// The clock of the peripherals.
    pub peripheral_clock: HertzU32,
}

/// A pin that nothing uses yet.
type FreePin<Id> = Pin<Id, FunctionNull, PullDown>;

pub fn init() -> Parts<Hardware> {
    init_with_spare().0
}

pub fn init_with_spare() -> (Parts<Hardware>, Spare) {
    let Some(board) = Peripherals::take() else { panic!("the board was initialised twice") };
    let mut watchdog = Watchdog::new(board.WATCHDOG);
    let plls = (board.PLL_SYS, board.PLL_USB);
    let mut resets = board.RESETS;
    let clocks =
        init_clocks_and_plls(CRYSTAL, board.XOSC, board.CLOCKS, plls.0, plls.1, &mut resets, &mut watchdog);
    let Ok(clocks) = clocks else { panic!("the crystal's clock cannot be multiplied") };
    let hertz = clocks.system_clock.freq().to_Hz();
    defmt::info!("processor at {} Hz", hertz);

    let sio = Sio::new(board.SIO);
    let pins = Pins::new(board.IO_BANK0, board.PADS_BANK0, sio.gpio_bank0, &mut resets);
    let led = pins.gpio25.into_push_pull_output();
    let settings = UartConfig::new(BASE_BAUD.Hz(), DataBits::Eight, None, StopBits::One);
    let uart =
        UartPeripheral::new(board.UART0, (pins.gpio0.reconfigure(), pins.gpio1.reconfigure()), &mut resets);
    let Ok(uart) = uart.enable(settings, clocks.peripheral_clock.freq()) else {
        panic!("no clock allows 115,200 baud")
    };
    let (mut receiver, transmitter) = uart.split();
    receiver.enable_rx_interrupt();
    critical_section::with(|cs| RECEIVER.replace(cs, Some(receiver)));
    // SAFETY: no critical section relies on this interrupt being masked.
    unsafe { NVIC::unmask(Interrupt::UART0_IRQ) };
    // The pin that would tell of the cable's power is not one of the chip's USB port: "true".
    #[cfg(feature = "pico")]
    let bus = Bus::new(board.USBCTRL_REGS, board.USBCTRL_DPRAM, clocks.usb_clock, true, &mut resets);
    #[cfg(feature = "pico2")]
    let bus = Bus::new(board.USB, board.USB_DPRAM, clocks.usb_clock, true, &mut resets);
    usb::start(bus, serial_number());
    let spare = Spare {
        spi0: board.SPI0,
        spi1: board.SPI1,
        resets,
        gp10: pins.gpio10,
        gp11: pins.gpio11,
        gp12: pins.gpio12,
        gp13: pins.gpio13,
        gp14: pins.gpio14,
        gp15: pins.gpio15,
        gp16: pins.gpio16,
        gp17: pins.gpio17,
        gp18: pins.gpio18,
        gp19: pins.gpio19,
        gp20: pins.gpio20,
        gp21: pins.gpio21,
        system_hertz: hertz,
        peripheral_clock: clocks.peripheral_clock.freq(),
    };
    let parts = Parts {
        serial: Serial(UsbOr::new(transmitter)),
        led,
        button: NoPin,
        // SAFETY: `Peripherals::take` lets this be reached once. Nothing starts the second
        // processor or a DMA.
        flash: Some(unsafe { RomFlash::new() }),
        system: System {
            clock: SysTick::new(hertz),
            watchdog,
            rate: UartRate { hertz: clocks.peripheral_clock.freq().to_Hz() },
        },
        source: NoSource,
        text: NoText,
    };
    (parts, spare)
}

/// Restarts into the chip's ROM, which shows itself as a drive and waits for a UF2 file.
pub fn enter_bootloader() -> ! {
    #[cfg(feature = "pico")]
    hal::rom_data::reset_to_usb_boot(0, 0);
    #[cfg(feature = "pico2")]
    hal::reboot::reboot(
        hal::reboot::RebootKind::BootSel { picoboot_disabled: false, msd_disabled: false },
        hal::reboot::RebootArch::Normal,
    )
}

/// Returns what tells this board from others, as 16 digits: the number of its flash chip.
#[cfg(feature = "pico")]
fn serial_number() -> &'static str {
    // SAFETY: nothing else uses the flash yet.
    usb::serial_number(u64::from_be_bytes(unsafe { crate::flash::rom::unique_id() }))
}

/// Returns what tells this board from others, as 16 digits: the number of its chip.
#[cfg(feature = "pico2")]
fn serial_number() -> &'static str {
    let chip = hal::rom_data::sys_info_api::chip_info();
    let number = |chip: hal::rom_data::sys_info_api::ChipInfo| {
        u64::from(chip.wafer_id) << 32 | u64::from(chip.device_id)
    };
    usb::serial_number(chip.ok().flatten().map_or(0, number))
}

#[interrupt]
fn UART0_IRQ() {
    critical_section::with(|cs| {
        let mut receiver = RECEIVER.borrow_ref_mut(cs);
        let Some(receiver) = receiver.as_mut() else { return };
        let mut bytes = [0; 32];
        loop {
            let received = match receiver.read_raw(&mut bytes) {
                Ok(len) => &bytes[..len],
                // A damaged byte is left out: the frame's CRC tells. Those before it are good.
                Err(nb::Error::Other(error)) => error.discarded,
                Err(nb::Error::WouldBlock) => return,
            };
            if !usb::is_held() {
                received.iter().for_each(|&byte| RECEIVED.push(cs, byte));
            }
        }
    });
}

#[interrupt]
fn USBCTRL_IRQ() {
    usb::serve();
}

impl Transmit for Writer<UART0, UartPins> {
    fn send(&mut self, bytes: &[u8]) {
        self.write_full_blocking(bytes);
    }

    fn flush(&mut self) {
        // It cannot fail.
        let _ = embedded_io::Write::flush(self);
    }
}

/// The rate of UART 0: the peripherals' clock, divided.
pub struct UartRate {
    hertz: u32,
}

impl system::Rate for UartRate {
    fn has(&self, baud: u32) -> bool {
        (BASE_BAUD..=FASTEST_BAUD).contains(&baud)
    }

    fn set(&mut self, baud: u32) {
        // In 64ths: RP2040 datasheet, 4.2.7.1; RP2350 datasheet, 12.1.7.1.
        let divisor = (8 * self.hertz / baud).div_ceil(2);
        // SAFETY: the HAL writes these registers only when it sets the port up.
        let uart = unsafe { &*UART0::ptr() };
        // The divisor counts from a write to the line's register on, which must not be written while
        // the UART is on.
        uart.uartcr().modify(|_, w| w.uarten().clear_bit());
        // SAFETY: any divisor from 1 on is valid, in 16 and 6 bits.
        uart.uartibrd().write(|w| unsafe { w.baud_divint().bits((divisor / 64) as u16) });
        // SAFETY: as above.
        uart.uartfbrd().write(|w| unsafe { w.baud_divfrac().bits((divisor % 64) as u8) });
        uart.uartlcr_h().modify(|_, w| w);
        uart.uartcr().modify(|_, w| w.uarten().set_bit());
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
