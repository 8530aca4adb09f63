/// `LEN` consecutive registers of a peripheral: for boards without a HAL.
pub struct Registers<Word, const LEN: usize>(*mut [Word; LEN]);

impl<Word: Copy, const LEN: usize> Registers<Word, LEN> {
    /// Returns the registers from this address on.
    ///
    /// # Safety
    /// The registers exist, none of them makes the hardware touch the program's memory, and nothing
    /// else relies on their content.
    pub const unsafe fn at(address: usize) -> Self {
        Self(address as *mut [Word; LEN])
    }

    /// Reads a register.
    pub fn read(&self, index: usize) -> Word {
        // SAFETY: a register, as `at` was promised and the index is less than LEN.
        unsafe { self.register(index).read_volatile() }
    }

    /// Writes a register.
    pub fn write(&self, index: usize, word: Word) {
        // SAFETY: as above.
        unsafe { self.register(index).write_volatile(word) }
    }

    #[inline(always)]
    fn register(&self, index: usize) -> *mut Word {
        assert!(index < LEN);
        self.0.cast::<Word>().wrapping_add(index)
    }
}
