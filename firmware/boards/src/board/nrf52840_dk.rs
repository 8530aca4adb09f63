//! Nordic's nRF52840-DK. UARTE0 goes to the J-Link on the board, which is a serial port on the PC, and
//! the chip's own USB port is beside it; the light is LED1.

use crate::{
    flash::memory,
    nrf52840_timer::MicrosecondTimer,
    serial::{RECEIVED, Serial, Transmit},
    system::{self, System},
    usb::{self, UsbOr},
};
use core::cell::RefCell;
use cortex_m::peripheral::NVIC;
use critical_section::Mutex;
use embedded_hal::digital::{ErrorType, InputPin, OutputPin, PinState};
use embedded_io::{Read, ReadReady, Write};
use nrf52840_hal::{
    Clocks, Uarte,
    clocks::{ExternalOscillator, Internal, LfOscStopped},
    gpio::{
        Input, Level, Output, PullUp, PushPull,
        p0::{P0_11, P0_13, Parts as Pins},
    },
    nvmc::Nvmc,
    pac::{Interrupt, NVMC, P0, POWER, Peripherals, UARTE0, USBD, WDT, interrupt},
    uarte::{self, Baudrate, Parity, UarteRx, UarteTx},
    usbd::{UsbPeripheral, Usbd},
    wdt::{Watchdog, WatchdogHandle, count, handles::Hdl0},
};
use static_cell::{ConstStaticCell, StaticCell};
use tinytriplet_device::{
    hardware::{BASE_BAUD, Board, NoText, Parts, WATCHDOG_MICROS},
    source::NoSource,
};

pub use crate::nrf52840_timer::ticks;
pub type Bus = Usbd<UsbPeripheral<'static>>;
pub const USB_INTERRUPT: Interrupt = Interrupt::USBD;

static USB: Mutex<RefCell<Usb>> = Mutex::new(RefCell::new(Usb::None));
static RECEIVER: Mutex<RefCell<Option<UarteRx<UARTE0>>>> = Mutex::new(RefCell::new(None));

/// The types of its parts.
pub struct Hardware;

impl Board for Hardware {
    type Serial = Serial<UsbOr<UarteTx<UARTE0>>>;
    type Led = ActiveLow<P0_13<Output<PushPull>>>;
    type Button = ActiveLow<P0_11<Input<PullUp>>>;
    type Flash = Nvmc<NVMC>;
    type System = System<MicrosecondTimer, Dog, UarteRate>;
    type Source = NoSource;
    type Text = NoText;
}

pub fn init() -> Parts<Hardware> {
    // The UARTE reads and writes memory, one byte at a time, so that no byte waits for others.
    static SENDING: ConstStaticCell<[u8; 1]> = ConstStaticCell::new([0]);
    static RECEIVING: ConstStaticCell<[u8; 1]> = ConstStaticCell::new([0]);
    let Some(board) = Peripherals::take() else { panic!("the board was initialised twice") };
    keep_debug_port_open(&board.NVMC);
    // The crystal: the oscillator that the processor starts with is not exact enough for a serial
    // line, nor for USB.
    static CLOCKS: StaticCell<Clocks<ExternalOscillator, Internal, LfOscStopped>> = StaticCell::new();
    let clocks = CLOCKS.init(Clocks::new(board.CLOCK).enable_ext_hfosc());
    let [low, high] = [0, 1].map(|word| board.FICR.deviceid[word].read().bits());
    let number = usb::serial_number(u64::from(high) << 32 | u64::from(low));
    let waiting = Usb::Waiting(UsbPeripheral::new(board.USBD, clocks), number);
    critical_section::with(|cs| USB.replace(cs, waiting));
    board.POWER.intenset.write(|w| w.usbpwrrdy().set().usbremoved().set());
    // The cable may have been there before.
    NVIC::pend(Interrupt::POWER_CLOCK);
    // SAFETY: no critical section relies on this interrupt being masked.
    unsafe { NVIC::unmask(Interrupt::POWER_CLOCK) };
    let pins = Pins::new(board.P0);
    let wires = uarte::Pins {
        txd: pins.p0_06.into_push_pull_output(Level::High).degrade(),
        rxd: pins.p0_08.into_floating_input().degrade(),
        cts: None,
        rts: None,
    };
    // Where nothing is connected, the receiving pin is pulled up: low would be a break. The HAL's type
    // knows floating pins only.
    // SAFETY: the HAL writes this register only when it sets the pin up.
    unsafe { (*P0::ptr()).pin_cnf[8].modify(|_, w| w.pull().pullup()) };
    board.UARTE0.intenset.write(|w| w.endrx().set());
    let uarte = Uarte::new(board.UARTE0, wires, Parity::EXCLUDED, Baudrate::BAUD115200);
    let Ok((transmitter, receiver)) = uarte.split(SENDING.take(), RECEIVING.take()) else {
        panic!("the UARTE takes buffers of one byte")
    };
    critical_section::with(|cs| RECEIVER.replace(cs, Some(receiver)));
    // The handler also starts the reception of the first byte.
    NVIC::pend(Interrupt::UARTE0_UART0);
    // SAFETY: no critical section relies on this interrupt being masked.
    unsafe { NVIC::unmask(Interrupt::UARTE0_UART0) };
    Parts {
        serial: Serial(UsbOr::new(transmitter)),
        led: ActiveLow(pins.p0_13.into_push_pull_output(Level::High)),
        button: ActiveLow(pins.p0_11.into_pullup_input()),
        flash: Some(Nvmc::new(board.NVMC, memory::take())),
        system: System {
            clock: MicrosecondTimer::new(board.TIMER0),
            watchdog: Dog::Asleep(board.WDT),
            rate: UarteRate,
        },
        source: NoSource,
        text: NoText,
    }
}

/// Keeps the debug port open. Chips from revision 3 on close it at every start unless both the
/// firmware and a word of the flash (UICR) say otherwise; then only an erase of the whole chip helps,
/// with the gallery. (Nordic's "nRF52 Series: working with the improved APPROTECT"; the addresses are
/// those of the nRF52840's product specification 1.7.)
fn keep_debug_port_open(nvmc: &NVMC) {
    /// FICR.INFO.VARIANT, four letters and digits; the second last letter tells the revision.
    const VARIANT: *const u32 = 0x1000_0104 as *const u32;
    const FIRST_THAT_CLOSES: u8 = b'F';
    const UICR_APPROTECT: *mut u32 = 0x1000_1208 as *mut u32;
    const APPROTECT_DISABLE: *mut u32 = 0x4000_0558 as *mut u32;
    const ERASED: u32 = u32::MAX;
    const OPEN: u32 = 0x5a;
    // SAFETY: registers of this chip. The word of the flash is written only while it is erased.
    unsafe {
        let [_, revision, ..] = VARIANT.read_volatile().to_le_bytes();
        if revision < FIRST_THAT_CLOSES {
            return;
        }
        APPROTECT_DISABLE.write_volatile(OPEN);
        if UICR_APPROTECT.read_volatile() == ERASED {
            nvmc.config.write(|w| w.wen().wen());
            while nvmc.ready.read().ready().is_busy() {}
            UICR_APPROTECT.write_volatile(OPEN);
            while nvmc.ready.read().ready().is_busy() {}
            nvmc.config.write(|w| w.wen().ren());
        }
    }
}

#[interrupt]
fn UARTE0_UART0() {
    critical_section::with(|cs| {
        let mut receiver = RECEIVER.borrow_ref_mut(cs);
        let Some(receiver) = receiver.as_mut() else { return };
        let mut byte = [0];
        // It is ready when there is a byte; otherwise it has begun to wait for one. A damaged byte
        // is left out: the frame's CRC tells.
        while let Ok(true) = receiver.read_ready() {
            if receiver.read(&mut byte).is_ok() && !usb::is_held() {
                RECEIVED.push(cs, byte[0]);
            }
        }
    });
}

/// The USB port, which has power from its cable only.
enum Usb {
    None,
    /// No cable was plugged in yet.
    Waiting(UsbPeripheral<'static>, &'static str),
    On,
    Unplugged,
}

/// The cable was plugged in or pulled.
#[interrupt]
fn POWER_CLOCK() {
    critical_section::with(|cs| {
        // SAFETY: nothing else uses these registers.
        let power = unsafe { &*POWER::ptr() };
        power.events_usbpwrrdy.reset();
        power.events_usbremoved.reset();
        let has_power = power.usbregstatus.read().outputrdy().is_ready();
        let mut usb = USB.borrow_ref_mut(cs);
        *usb = match (core::mem::replace(&mut *usb, Usb::None), has_power) {
            (Usb::Waiting(port, number), true) => {
                usb::start(Bus::new(port), number);
                // The driver asks for no interrupts. It clears these events; it looks for others, too, at
                // each beginning of a frame, every millisecond.
                // SAFETY: as above.
                unsafe { &*USBD::ptr() }.intenset.write(|w| w.usbreset().set().usbevent().set().sof().set());
                Usb::On
            }
            (Usb::On, false) => {
                usb::unplugged();
                // SAFETY: as above.
                let port = unsafe { &*USBD::ptr() };
                port.usbpullup.write(|w| w.connect().disabled());
                port.enable.write(|w| w.enable().disabled());
                Usb::Unplugged
            }
            (Usb::Unplugged, true) => {
                turn_on_again();
                Usb::On
            }
            (usb, _) => usb,
        };
    });
}

/// Turns the USB port on again, which was off while it had no power. The driver does so once only; the
/// PC's reset of the bus follows, which it knows.
fn turn_on_again() {
    // Errata 171 and 187 of the chip's revisions 1 and 2: this register is opened, written and closed.
    let write = |register: u32, value: u32| {
        const LOCK: *mut u32 = 0x4006_ec00 as *mut u32;
        const KEY: u32 = 0x9375;
        // SAFETY: the errata's own registers and numbers.
        unsafe {
            LOCK.write_volatile(KEY);
            (register as *mut u32).write_volatile(value);
            LOCK.write_volatile(KEY);
        }
    };
    const ERRATUM_171: u32 = 0x4006_ec14;
    const ERRATUM_187: u32 = 0x4006_ed14;
    // SAFETY: nothing else uses these registers meanwhile.
    let port = unsafe { &*USBD::ptr() };
    write(ERRATUM_187, 3);
    write(ERRATUM_171, 0xc0);
    port.enable.write(|w| w.enable().enabled());
    while !port.eventcause.read().ready().is_ready() {}
    port.eventcause.write(|w| w.ready().clear_bit_by_one());
    write(ERRATUM_171, 0);
    write(ERRATUM_187, 0);
    port.usbpullup.write(|w| w.connect().enabled());
}

#[interrupt]
fn USBD() {
    usb::serve();
}

impl Transmit for UarteTx<UARTE0> {
    fn send(&mut self, bytes: &[u8]) {
        // It fails only if it was stopped, and nothing stops it.
        let _ = self.write_all(bytes);
    }

    fn flush(&mut self) {
        let _ = Write::flush(self);
    }
}

/// The UARTE's rate. It has more than these; at the next faster one that PCs have, 921,600, it is
/// 2 % too fast.
pub struct UarteRate;

impl system::Rate for UarteRate {
    fn has(&self, baud: u32) -> bool {
        matches!(baud, BASE_BAUD | 230_400 | 460_800)
    }

    fn set(&mut self, baud: u32) {
        // SAFETY: the HAL writes this register only when it sets the port up.
        let uarte = unsafe { &*UARTE0::ptr() };
        uarte.baudrate.write(|w| match baud {
            460_800 => w.baudrate().baud460800(),
            230_400 => w.baudrate().baud230400(),
            _ => w.baudrate().baud115200(),
        });
    }
}

/// A pin that is low while a light is on or a button is pressed.
pub struct ActiveLow<Pin>(Pin);

impl<Pin: ErrorType> ErrorType for ActiveLow<Pin> {
    type Error = Pin::Error;
}

impl<Pin: OutputPin> OutputPin for ActiveLow<Pin> {
    fn set_low(&mut self) -> Result<(), Pin::Error> {
        self.0.set_state(PinState::High)
    }

    fn set_high(&mut self) -> Result<(), Pin::Error> {
        self.0.set_state(PinState::Low)
    }
}

impl<Pin: InputPin> InputPin for ActiveLow<Pin> {
    fn is_high(&mut self) -> Result<bool, Pin::Error> {
        self.0.is_low()
    }

    fn is_low(&mut self) -> Result<bool, Pin::Error> {
        self.0.is_high()
    }
}

/// The watchdog, which nothing but a reset stops.
pub enum Dog {
    Asleep(WDT),
    Awake(WatchdogHandle<Hdl0>),
    /// Something else has started it, in a way that cannot be fed.
    Strange,
}

impl system::Watchdog for Dog {
    fn start(&mut self) {
        /// Its clock.
        const HERTZ: u32 = 32_768;
        let Self::Asleep(watchdog) = core::mem::replace(self, Self::Strange) else { return };
        let started = match Watchdog::try_new(watchdog) {
            Ok(mut watchdog) => {
                watchdog.set_lfosc_ticks(WATCHDOG_MICROS / 1_000_000 * HERTZ);
                Ok(watchdog.activate::<count::One>())
            }
            // It has been running since before a reset by software.
            Err(watchdog) => Watchdog::try_recover::<count::One>(watchdog),
        };
        if let Ok(parts) = started {
            *self = Self::Awake(parts.handles.0);
        }
    }

    fn feed(&mut self) {
        if let Self::Awake(handle) = self {
            handle.pet();
        }
    }
}
