use core::{
    cell::RefCell,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};
#[cfg(target_arch = "arm")]
use cortex_m::asm::wfi;
use critical_section::{CriticalSection, Mutex};
use heapless::spsc::QueueView;
#[cfg(target_arch = "riscv32")]
use riscv::asm::wfi;

/// Received bytes, on their way from the interrupt that reads the serial port to the application.
///
/// Its memory is the program's, which knows how long a request is: with room for a whole one, no
/// byte is lost while the application computes the one before. A byte that does not fit is dropped.
/// The frame it was part of then fails its CRC, and is answered with an error.
pub struct RxQueue {
    queue: Mutex<RefCell<Option<&'static mut QueueView<u8>>>>,
    /// A byte was dropped since the last read.
    has_lost: AtomicBool,
}

impl RxQueue {
    /// Creates a queue without memory: it is empty, and drops all bytes.
    pub const fn new() -> Self {
        Self { queue: Mutex::new(RefCell::new(None)), has_lost: AtomicBool::new(false) }
    }

    /// Gives the queue its memory.
    pub fn set_memory(&self, queue: &'static mut QueueView<u8>) {
        critical_section::with(|cs| self.queue.replace(cs, Some(queue)));
    }

    /// Appends a byte: for the interrupt.
    pub fn push(&self, cs: CriticalSection<'_>, byte: u8) {
        let mut queue = self.queue.borrow_ref_mut(cs);
        if queue.as_mut().is_none_or(|queue| queue.enqueue(byte).is_err()) {
            // To log it takes longer than the next byte.
            self.has_lost.store(true, Relaxed);
        }
    }

    /// Returns the number of bytes that it has room for.
    #[cfg(any(feature = "nrf52840-dk", feature = "pico", feature = "pico2"))]
    pub fn room(&self, cs: CriticalSection<'_>) -> usize {
        self.queue.borrow_ref(cs).as_ref().map_or(0, |queue| queue.capacity() - queue.len())
    }

    /// Returns true if there is no byte.
    pub fn is_empty(&self, cs: CriticalSection<'_>) -> bool {
        self.queue.borrow_ref(cs).as_ref().is_none_or(|queue| queue.is_empty())
    }

    /// Sleeps until an interrupt, unless there is a byte.
    pub fn sleep(&self) {
        // With interrupts off, one that comes after the check of the queue still ends the sleep,
        // and is served when they are on again.
        critical_section::with(|cs| {
            if self.is_empty(cs) {
                wfi();
            }
        });
    }

    /// Sleeps until there is a byte, then reads as many as there are and fit.
    pub fn read(&self, buffer: &mut [u8]) -> usize {
        loop {
            let len = critical_section::with(|cs| {
                self.queue.borrow_ref_mut(cs).as_mut().map_or(0, |queue| dequeue(queue, buffer))
            });
            if self.has_lost.load(Relaxed) {
                self.has_lost.store(false, Relaxed);
                defmt::warn!("received faster than computed: bytes are lost");
            }
            if len > 0 || buffer.is_empty() {
                return len;
            }
            self.sleep();
        }
    }
}

fn dequeue(queue: &mut QueueView<u8>, buffer: &mut [u8]) -> usize {
    let mut len = 0;
    while let Some(slot) = buffer.get_mut(len)
        && let Some(byte) = queue.dequeue()
    {
        *slot = byte;
        len += 1;
    }
    len
}
