//! The board's serial line over USB (CDC-ACM), beside the UART.
//!
//! Both lines are open. As soon as a PC has sent a byte over USB, that line is the board's: it
//! answers there, and what the UART receives is dropped, until the PC closes the port or the cable
//! is pulled. So two PCs at once cannot mix their requests.
//!
//! USB has flow control: while the queue of received bytes is full, the PC has to wait, and no byte
//! is lost. A PC that reads nothing does not stop the board: after [`PATIENCE`] the rest of an answer
//! is dropped, and the next one begins with a `0x00`, which ends the frame that was cut off.

use crate::{
    board::{Bus, USB_INTERRUPT, ticks},
    serial::{RECEIVED, Transmit},
};
use core::{
    cell::RefCell,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};
use cortex_m::{asm::wfi, peripheral::NVIC};
use critical_section::Mutex;
use static_cell::{ConstStaticCell, StaticCell};
use tinytriplet_device::hardware::{TICK_MICROS, USB_IDS, USB_PRODUCT};
use usb_device::{
    bus::UsbBusAllocator,
    device::{StringDescriptors, UsbDevice, UsbDeviceBuilder, UsbDeviceState, UsbVidPid},
};
use usbd_serial::{CdcAcmClass, USB_CLASS_CDC};

/// Bytes of the longest packet.
const PACKET: usize = 64;

/// The time that sending waits for a PC which reads nothing, in ticks.
const PATIENCE: u32 = 2_000_000 / TICK_MICROS;

static PORT: Mutex<RefCell<Option<Port>>> = Mutex::new(RefCell::new(None));
/// True while the line is the board's.
static IS_HELD: AtomicBool = AtomicBool::new(false);

struct Port {
    device: UsbDevice<'static, Bus>,
    serial: CdcAcmClass<'static, Bus>,
    /// The PC has said that it is there, which it takes back when it closes the port.
    is_open: bool,
}

/// Connects to the PC. `serial_number` tells this board from others.
pub fn start(bus: Bus, serial_number: &'static str) {
    static BUS: StaticCell<UsbBusAllocator<Bus>> = StaticCell::new();
    let bus = BUS.init(UsbBusAllocator::new(bus));
    let serial = CdcAcmClass::new(bus, PACKET as u16);
    let strings = StringDescriptors::default().manufacturer(USB_PRODUCT);
    let strings = strings.product(USB_PRODUCT).serial_number(serial_number);
    let device = UsbDeviceBuilder::new(bus, UsbVidPid(USB_IDS.0, USB_IDS.1))
        .device_class(USB_CLASS_CDC)
        // The longest: see "Enumeration issue" in the documentation of rp2040-hal.
        .max_packet_size_0(64)
        .and_then(|device| device.strings(&[strings]));
    let Ok(device) = device else { panic!("64 bytes and one language are what USB has") };
    let device = device.build();
    critical_section::with(|cs| PORT.replace(cs, Some(Port { device, serial, is_open: false })));
    unmask();
}

/// Returns the digits of a number that tells this board from others, in base 16. It can be called
/// once.
pub fn serial_number(number: u64) -> &'static str {
    static DIGITS: ConstStaticCell<[u8; 16]> = ConstStaticCell::new([0; 16]);
    let digits = DIGITS.take();
    for (digit, shift) in digits.iter_mut().zip((0..64).step_by(4).rev()) {
        *digit = b"0123456789ABCDEF"[(number >> shift & 15) as usize];
    }
    str::from_utf8(digits).unwrap_or_default()
}

/// The cable was pulled: the UART is the board's line again.
#[cfg(feature = "nrf52840-dk")]
pub fn unplugged() {
    IS_HELD.store(false, Relaxed);
}

/// Returns whether a PC talks over USB.
pub fn is_held() -> bool {
    IS_HELD.load(Relaxed)
}

/// Serves the bus: for its interrupt.
pub fn serve() {
    with_port(Port::serve);
}

/// Takes what the PC had to keep while the queue was full.
pub fn go_on() {
    unmask();
    serve();
}

fn unmask() {
    // SAFETY: no critical section relies on this interrupt being masked.
    unsafe { NVIC::unmask(USB_INTERRUPT) };
}

fn with_port<T>(f: impl FnOnce(&mut Port) -> T) -> Option<T> {
    critical_section::with(|cs| PORT.borrow_ref_mut(cs).as_mut().map(f))
}

impl Port {
    fn serve(&mut self) {
        self.device.poll(&mut [&mut self.serial]);
        let is_configured = self.device.state() == UsbDeviceState::Configured;
        let is_open = is_configured && self.serial.dtr();
        if !is_configured || (self.is_open && !is_open) {
            IS_HELD.store(false, Relaxed);
        }
        self.is_open = is_open;
        critical_section::with(|cs| {
            let mut packet = [0; PACKET];
            while RECEIVED.room(cs) >= PACKET {
                let Ok(len) = self.serial.read_packet(&mut packet) else { return };
                IS_HELD.store(true, Relaxed);
                packet[..len].iter().for_each(|&byte| RECEIVED.push(cs, byte));
            }
            // A packet that cannot be read would interrupt again at once, for ever.
            NVIC::mask(USB_INTERRUPT);
        });
    }
}

/// Sends over USB while a PC talks there, and over the UART otherwise.
pub struct UsbOr<Uart> {
    uart: Uart,
    /// The PC did not read: a frame was cut off.
    is_cut: bool,
}

impl<Uart> UsbOr<Uart> {
    pub fn new(uart: Uart) -> Self {
        Self { uart, is_cut: false }
    }

    /// Hands a packet to the bus once the PC has taken the one before; gives up at `deadline`, in
    /// ticks. Returns whether it did.
    fn send_packet(&self, packet: &[u8], deadline: u32) -> bool {
        let may_wait = || is_held() && (ticks().wrapping_sub(deadline) as i32) < 0;
        let send = |port: &mut Port| {
            port.serve();
            let is_sent = port.serial.write_packet(packet).is_ok();
            if !is_sent && may_wait() {
                // With interrupts off, one that comes after the bus was served still ends the sleep.
                unmask();
                wfi();
            }
            is_sent
        };
        loop {
            match with_port(send) {
                Some(false) if may_wait() => {}
                sent => return sent.unwrap_or(false),
            }
        }
    }
}

impl<Uart: Transmit> Transmit for UsbOr<Uart> {
    fn send(&mut self, bytes: &[u8]) {
        if !is_held() {
            self.is_cut = false;
            return self.uart.send(bytes);
        }
        let now = ticks();
        // As long as it does not read, nothing waits for it.
        if self.is_cut && !self.send_packet(&[0], now) {
            return;
        }
        self.is_cut =
            !bytes.chunks(PACKET).all(|packet| self.send_packet(packet, now.wrapping_add(PATIENCE)));
    }

    fn flush(&mut self) {
        if is_held() && !self.is_cut {
            // An empty packet ends the transfer, and waits for the PC to take the last one.
            self.is_cut = !self.send_packet(&[], ticks().wrapping_add(PATIENCE));
        } else {
            self.uart.flush();
        }
    }
}
