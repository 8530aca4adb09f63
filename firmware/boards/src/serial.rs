use crate::rx_queue::RxQueue;
use core::convert::Infallible;
use embedded_io::{ErrorType, Read, ReadReady, Write};

/// The fastest rate of ports that divide a clock, in bits a second: that of most adapters.
#[cfg(all(target_arch = "arm", not(feature = "nrf52840-dk")))]
pub const FASTEST_BAUD: u32 = 921_600;

/// The bytes that a board's interrupt has received.
pub static RECEIVED: RxQueue = RxQueue::new();

/// The sending half of a board's serial port.
pub trait Transmit {
    /// Sends bytes, each as soon as there is room for it.
    fn send(&mut self, bytes: &[u8]);
    /// Waits until all bytes are sent.
    fn flush(&mut self);
}

/// A board's serial port: reads from [`RECEIVED`].
pub struct Serial<Transmitter>(pub Transmitter);

impl<Transmitter> ErrorType for Serial<Transmitter> {
    type Error = Infallible;
}

impl<Transmitter> Read for Serial<Transmitter> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        let len = RECEIVED.read(buffer);
        #[cfg(any(feature = "nrf52840-dk", feature = "pico", feature = "pico2"))]
        crate::usb::go_on();
        Ok(len)
    }
}

impl<Transmitter> ReadReady for Serial<Transmitter> {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(!critical_section::with(|cs| RECEIVED.is_empty(cs)))
    }
}

impl<Transmitter: Transmit> Write for Serial<Transmitter> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        self.0.send(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        self.0.flush();
        Ok(())
    }
}
