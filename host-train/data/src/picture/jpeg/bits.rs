//! The bits of a scan, and the Huffman codes in them.

use super::JpegFault::{self, Damaged, Truncated};

/// Codes of at most this many bits are looked up.
const SHORT: u32 = 9;

/// A table of codes (annex C).
pub(super) struct Huffman {
    /// By the next [`SHORT`] bits: the symbol and the code's length; 0 where the code is longer.
    short: Box<[(u8, u8)]>,
    /// By length: the first code, the number of codes, and the place of the first one's symbol.
    long: [(u32, u32, usize); 17],
    symbols: Vec<u8>,
}

impl Huffman {
    /// The table with `counts` codes of 1 to 16 bits. `None` where there are more codes of a length
    /// than there can be.
    pub fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut short = vec![(0, 0); 1 << SHORT].into_boxed_slice();
        let mut long = [(0, 0, 0); 17];
        let (mut code, mut place) = (0, 0);
        for (len, &count) in (1..).zip(counts) {
            let count = u32::from(count);
            if code + count > 1 << len {
                return None;
            }
            long[len as usize] = (code, count, place);
            if len <= SHORT {
                for (code, &symbol) in (code..code + count).zip(&symbols[place..]) {
                    let first = (code << (SHORT - len)) as usize;
                    short[first..first + (1 << (SHORT - len))].fill((symbol, len as u8));
                }
            }
            place += count as usize;
            code = (code + count) << 1;
        }
        Some(Self { short, long, symbols: symbols.into() })
    }

    /// The symbol whose code `bits`, 16 of them, begin with, and the code's length.
    fn find(&self, bits: u32) -> Option<(u8, u32)> {
        let (symbol, len) = self.short[(bits >> (16 - SHORT)) as usize];
        if len > 0 {
            return Some((symbol, len.into()));
        }
        (SHORT + 1..=16).find_map(|len| {
            let (first, count, place) = self.long[len as usize];
            let number = (bits >> (16 - len)).checked_sub(first).filter(|&number| number < count)?;
            Some((self.symbols[place + number as usize], len))
        })
    }
}

/// The bits of a scan, up to the marker after it.
pub(super) struct Bits<'a> {
    file: &'a [u8],
    /// The index of the next byte.
    at: usize,
    /// The next bits, from the highest on, then zeros.
    buffer: u64,
    count: u32,
    /// The number of restarts so far.
    restarts: u8,
}

impl<'a> Bits<'a> {
    pub fn new(file: &'a [u8], at: usize) -> Self {
        Self { file, at, buffer: 0, count: 0, restarts: 0 }
    }

    /// Takes the next byte of codes, in which `0xff` stands before a stuffed zero; `None` if there
    /// is a marker, or nothing.
    fn next_byte(&mut self) -> Option<u8> {
        let (byte, len) = match self.file.get(self.at..)? {
            [0xff, 0, ..] => (0xff, 2),
            [byte, ..] if *byte != 0xff => (*byte, 1),
            _ => return None,
        };
        self.at += len;
        Some(byte)
    }

    /// Fills the buffer, as far as there are bits before the next marker.
    fn fill(&mut self) {
        while self.count <= 56 {
            let Some(byte) = self.next_byte() else { return };
            self.buffer |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    /// Returns the reason why there are no more bits.
    fn end(&self) -> JpegFault {
        // A marker stands here, or the file ends.
        let rest = self.file.get(self.at..).unwrap_or_default();
        if rest.iter().all(|&byte| byte == 0xff) { Truncated } else { Damaged }
    }

    /// Passes over some bits, at most 32.
    pub fn skip(&mut self, count: u32) -> Result<(), JpegFault> {
        self.take(count).map(|_| ())
    }

    /// Takes some bits, at most 32 — 64 where nobody reads them.
    pub fn take(&mut self, count: u32) -> Result<u32, JpegFault> {
        if count > 32 {
            self.take(32)?;
            return self.take(count - 32);
        }
        if count > self.count {
            self.fill();
        }
        if count > self.count {
            return Err(self.end());
        }
        if count == 0 {
            return Ok(0);
        }
        let bits = self.buffer >> (64 - count);
        self.buffer <<= count;
        self.count -= count;
        Ok(bits as u32)
    }

    /// Takes the next code.
    pub fn symbol(&mut self, table: &Huffman) -> Result<u8, JpegFault> {
        if self.count < 16 {
            self.fill();
        }
        match table.find((self.buffer >> 48) as u32) {
            Some((symbol, len)) if len <= self.count => {
                self.buffer <<= len;
                self.count -= len;
                Ok(symbol)
            }
            None if self.count >= 16 => Err(Damaged),
            _ => Err(self.end()),
        }
    }

    /// Takes the restart marker that stands before a unit, if one must (F.2.2.5). Returns whether
    /// one did.
    pub fn restart_before(&mut self, unit: usize, interval: usize) -> Result<bool, JpegFault> {
        if interval == 0 || unit == 0 || !unit.is_multiple_of(interval) {
            return Ok(false);
        }
        let at = self.finish(false)?;
        let expected = 0xd0 + self.restarts % 8;
        match super::marker(self.file, at) {
            Some((marker, next)) if marker == expected => {
                (self.at, self.restarts) = (next, self.restarts.wrapping_add(1));
                Ok(true)
            }
            Some(_) => Err(Damaged),
            None => Err(Truncated),
        }
    }

    /// Ends a run of codes and returns the place of the marker after it. Only padding may be left
    /// before the marker. Some encoders put a restart marker after the last unit, too.
    pub fn finish(&mut self, may_restart: bool) -> Result<usize, JpegFault> {
        let whole = self.count / 8 * 8;
        let padding = [0, !0].map(|byte: u64| byte.unbounded_shl(64 - whole));
        let rest = (self.buffer << (self.count - whole)) & padding[1];
        let (mut fill, mut filled) = (whole > 0)
            .then_some(rest)
            .map_or((None, true), |rest| (Some(rest >> 63), padding.contains(&rest)));
        loop {
            if let Some(byte) = self.next_byte() {
                let first = *fill.get_or_insert(u64::from(byte >> 7));
                filled &= byte == if first > 0 { 0xff } else { 0 };
                continue;
            }
            match self.file.get(self.at..) {
                Some([0xff, 0xff, ..]) => self.at += 1,
                Some([0xff, 0xd0..=0xd7, ..]) if may_restart && filled => self.at += 2,
                Some([0xff, _, ..]) => break,
                _ => return Err(Truncated),
            }
        }
        (self.buffer, self.count) = (0, 0);
        if filled { Ok(self.at) } else { Err(Damaged) }
    }
}
