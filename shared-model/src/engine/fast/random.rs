//! Random layers for the tests of the kernels.

use std::vec::Vec;

/// xorshift64*
pub(super) struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as u32
    }
    /// `low..=high`
    pub fn range(&mut self, low: usize, high: usize) -> usize {
        low + self.next() as usize % (high - low + 1)
    }
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.range(0, from.len() - 1)]
    }
    /// Bytes: random, or every byte an extreme.
    pub fn bytes(&mut self, len: usize, extremes: [u8; 2]) -> Vec<u8> {
        match self.range(0, 5) {
            0 => std::vec![extremes[0]; len],
            1 => std::vec![extremes[1]; len],
            2 => (0..len).map(|_| extremes[(self.next() >> 7 & 1) as usize]).collect(),
            3 => (0..len).map(|_| self.next() as u8 & self.next() as u8 & self.next() as u8).collect(),
            _ => (0..len).map(|_| self.next() as u8).collect(),
        }
    }
    /// A bias and a multiplier for `count` channels that bring sums of `taps` products into the range of a byte,
    /// or far out of it.
    pub fn channels(&mut self, count: usize, taps: usize) -> (Vec<i32>, Vec<i32>) {
        let wild = self.range(0, 3) == 0;
        let biases = (0..count).map(|_| (self.next() as i32) >> if wild { 7 } else { 16 }).collect();
        let multipliers = (0..count)
            .map(|_| if wild { (self.next() >> 1) as i32 } else { (self.next() >> 4) as i32 / (taps as i32) })
            .collect();
        (biases, multipliers)
    }
}

pub(super) fn le(words: &[i32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}
