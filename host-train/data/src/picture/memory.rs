//! The memory that pictures need together when they are read at the same time.

use std::sync::{Condvar, Mutex, PoisonError};

/// A number of bytes that is shared out.
pub(super) struct Memory {
    free: Mutex<u64>,
    freed: Condvar,
    all: u64,
}

/// Bytes of [`Memory`], which come back when this is dropped.
pub(super) struct Share<'a> {
    memory: &'a Memory,
    bytes: u64,
}

impl Memory {
    pub const fn new(all: u64) -> Self {
        Self { free: Mutex::new(all), freed: Condvar::new(), all }
    }

    /// Waits until so many bytes are free, and takes them. Who has a share must not wait for
    /// another one.
    pub fn share(&self, bytes: u64) -> Share<'_> {
        let bytes = bytes.min(self.all);
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free =
            self.freed.wait_while(free, |free| *free < bytes).unwrap_or_else(PoisonError::into_inner);
        *free -= bytes;
        Share { memory: self, bytes }
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        *self.memory.free.lock().unwrap_or_else(PoisonError::into_inner) += self.bytes;
        self.memory.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        sync::atomic::{AtomicU64, Ordering},
        thread,
    };

    #[test]
    fn no_more_is_shared_out_than_there_is() {
        static MEMORY: Memory = Memory::new(100);
        static TAKEN: AtomicU64 = AtomicU64::new(0);
        let threads: Vec<_> = (0..8u64)
            .map(|thread| {
                thread::spawn(move || {
                    for turn in 0..200 {
                        let bytes = 1 + (thread * 37 + turn * 11) % 130;
                        let share = MEMORY.share(bytes);
                        assert!(TAKEN.fetch_add(share.bytes, Ordering::SeqCst) + share.bytes <= 100);
                        TAKEN.fetch_sub(share.bytes, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(*MEMORY.free.lock().unwrap(), 100);
    }
}
