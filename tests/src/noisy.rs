//! A line on which bytes are damaged.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::io::{self, Read, Write};

/// A link of which bytes in both directions are flipped, lost, doubled, or added.
pub struct Noisy<Link> {
    link: Link,
    rng: ChaCha8Rng,
    /// The share of bytes that are damaged, 0 to 1.
    pub share: f64,
    /// Bytes that were damaged so far, by kind: flipped, lost, doubled, added.
    pub damaged: [usize; 4],
    /// Damaged bytes that there was no room for.
    pending: Vec<u8>,
}

impl<Link> Noisy<Link> {
    /// A link that damages nothing yet.
    pub fn new(link: Link, seed: u64) -> Self {
        let rng = ChaCha8Rng::seed_from_u64(seed);
        Self { link, rng, share: 0.0, damaged: [0; 4], pending: Vec::new() }
    }

    fn damage(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut damaged = Vec::with_capacity(bytes.len() + 8);
        for &byte in bytes {
            if !self.rng.random_bool(self.share) {
                damaged.push(byte);
                continue;
            }
            let kind = self.rng.random_range(0..4);
            self.damaged[kind] += 1;
            match kind {
                0 => damaged.push(byte ^ 1 << self.rng.random_range(0..8)),
                1 => {}
                2 => damaged.extend([byte, byte]),
                _ => damaged.extend([byte, self.rng.random()]),
            }
        }
        damaged
    }
}

impl<Link: Read> Read for Noisy<Link> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.pending.is_empty() {
            let len = self.link.read(buffer)?;
            if len == 0 {
                return Ok(0);
            }
            self.pending = self.damage(&buffer[..len]);
        }
        let len = buffer.len().min(self.pending.len());
        buffer[..len].copy_from_slice(&self.pending[..len]);
        self.pending.drain(..len);
        Ok(len)
    }
}

impl<Link: Write> Write for Noisy<Link> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let damaged = self.damage(bytes);
        self.link.write_all(&damaged)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.link.flush()
    }
}
