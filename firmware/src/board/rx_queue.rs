use core::cell::RefCell;
#[cfg(target_arch = "arm")]
use cortex_m::asm::wfi;
use critical_section::{CriticalSection, Mutex};
use firmware::{
    memory,
    model::{EMBEDDING_LEN, EXEMPLARS, INPUT_LEN},
};
use heapless::spsc::Queue;
#[cfg(target_arch = "riscv32")]
use riscv::asm::wfi;

/// One more than it holds.
const LEN: usize = memory::rx_queue_len(memory::request_len(INPUT_LEN, EMBEDDING_LEN, EXEMPLARS)) + 1;

/// Received bytes, from the interrupt that takes them from the serial port to the application.
///
/// It holds a whole request: none is lost while the application computes the one before. What does not fit is
/// dropped; the frame it was part of then fails its CRC and is answered with an error.
pub struct RxQueue(Mutex<RefCell<Queue<u8, LEN>>>);

impl RxQueue {
    pub const fn new() -> Self {
        Self(Mutex::new(RefCell::new(Queue::new())))
    }

    /// Appends a byte: for the interrupt.
    pub fn push(&self, cs: CriticalSection<'_>, byte: u8) {
        if self.0.borrow_ref_mut(cs).enqueue(byte).is_err() {
            defmt::warn!("received faster than computed: a byte is lost");
        }
    }

    /// Whether there is no byte.
    pub fn is_empty(&self, cs: CriticalSection<'_>) -> bool {
        self.0.borrow_ref(cs).is_empty()
    }

    /// Sleeps until an interrupt, unless there is a byte.
    pub fn sleep(&self) {
        // With interrupts off, one that comes after the look into the queue still ends the sleep, and is served when
        // they are on again.
        critical_section::with(|cs| {
            if self.is_empty(cs) {
                wfi();
            }
        });
    }

    /// Sleeps until there is a byte, then takes as many as there are and fit.
    pub fn read(&self, buffer: &mut [u8]) -> usize {
        loop {
            let len = critical_section::with(|cs| take(&mut self.0.borrow_ref_mut(cs), buffer));
            if len > 0 || buffer.is_empty() {
                return len;
            }
            self.sleep();
        }
    }
}

fn take(queue: &mut Queue<u8, LEN>, buffer: &mut [u8]) -> usize {
    let mut len = 0;
    while let Some(slot) = buffer.get_mut(len)
        && let Some(byte) = queue.dequeue()
    {
        *slot = byte;
        len += 1;
    }
    len
}
