//! Four bytes at once, in a word: the only vectors that every board has.

/// Every other byte: there is room for sums of 16 bits.
pub const EVEN: u32 = 0x00ff_00ff;
/// The highest bit of each byte.
const HIGH: u32 = 0x8080_8080;

/// Returns the sums of the first two bytes and of the last two, in the lower and the upper half.
#[inline(always)]
pub fn pairs(bytes: [u8; 4]) -> u32 {
    let word = u32::from_le_bytes(bytes);
    (word & EVEN) + (word >> 8 & EVEN)
}

/// Returns the sum of the halves of a word.
#[inline(always)]
pub fn halves(word: u32) -> u32 {
    (word & 0xffff) + (word >> 16)
}

/// Returns the means, rounded, of 2 × 2 bytes twice.
#[inline(always)]
pub fn means(upper: [u8; 4], lower: [u8; 4]) -> [u8; 2] {
    let means = (pairs(upper) + pairs(lower) + 0x0002_0002) >> 2;
    [means as u8, (means >> 16) as u8]
}

/// Replaces bytes with those of another array, as many as both have.
pub fn copy(to: &mut [u8], from: &[u8]) {
    let (to, from) = common(to, from);
    let (to, to_end) = to.as_chunks_mut::<4>();
    let (from, from_end) = from.as_chunks::<4>();
    to_end.iter_mut().zip(from_end).for_each(|(to, from)| *to = *from);
    // Two words at a time: one at a time, a compiler makes a call of `memcpy` of it, which for
    // Cortex-M copies byte by byte what is not aligned.
    let ((to, to_end), (from, from_end)) = (to.as_chunks_mut(), from.as_chunks());
    for ([to, next_to], [from, next_from]) in to.iter_mut().zip(from) {
        (*to, *next_to) = (*from, *next_from);
    }
    to_end.iter_mut().zip(from_end).for_each(|(to, from)| *to = *from);
}

/// Replaces bytes with those of another array where these are larger, as far as both reach.
pub fn raise(to: &mut [u8], from: &[u8]) {
    let (to, from) = common(to, from);
    let ((to, to_end), (from, from_end)) = (to.as_chunks_mut(), from.as_chunks());
    for (to, from) in to.iter_mut().zip(from) {
        *to = larger(u32::from_le_bytes(*to), u32::from_le_bytes(*from)).to_le_bytes();
    }
    for (to, &from) in to_end.iter_mut().zip(from_end) {
        *to = (*to).max(from);
    }
}

/// Cuts both to the length of the shorter one.
#[inline(always)]
fn common<'a>(to: &'a mut [u8], from: &'a [u8]) -> (&'a mut [u8], &'a [u8]) {
    let len = to.len().min(from.len());
    (to.get_mut(..len).unwrap_or_default(), from.get(..len).unwrap_or_default())
}

/// Returns the larger one of each two bytes.
#[inline(always)]
fn larger(a: u32, b: u32) -> u32 {
    // Of the lower seven bits: no byte borrows from the next one.
    let is_lower_larger = (a | HIGH) - (b & !HIGH);
    let is_larger = (a & !b | !(a ^ b) & is_lower_larger) & HIGH;
    let whole = is_larger | (is_larger - (is_larger >> 7));
    b ^ (a ^ b) & whole
}

/// Finds the bytes that are at least as large as one.
#[derive(Clone, Copy)]
pub struct AtLeast {
    /// Carries into the highest bit of a byte whose lower bits are large enough.
    carry: u32,
    /// The highest bits, if one of them is enough.
    enough: u32,
}

impl AtLeast {
    pub fn new(least: u8) -> Self {
        let (carry, enough) = if least > 0x80 { (0u8.wrapping_sub(least), 0) } else { (0x80 - least, HIGH) };
        Self { carry: u32::from_le_bytes([carry; 4]), enough }
    }

    /// Returns the highest bit of each byte that is large enough.
    #[inline(always)]
    pub fn of(self, bytes: [u8; 4]) -> u32 {
        let word = u32::from_le_bytes(bytes);
        let carried = (word & !HIGH) + self.carry;
        carried & word & HIGH | (carried | word) & self.enough
    }

    /// Returns how many of the first two bytes, and of the last two, are large enough, in the lower
    /// and the upper half.
    #[inline(always)]
    pub fn count(self, bytes: [u8; 4]) -> u32 {
        pairs((self.of(bytes) >> 7).to_le_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_compared_each_for_itself() {
        for least in 0..=255 {
            let at_least = AtLeast::new(least);
            for byte in 0..=255 {
                for [before, after] in [[0, 0], [0, 255], [255, 0], [255, 255]] {
                    let bytes = [before, byte, after, byte];
                    let expected = bytes.map(|byte| if byte >= least { 0x80 } else { 0 });
                    assert_eq!(at_least.of(bytes).to_le_bytes(), expected, "{least}: {bytes:?}");
                    let others = [least, least, 255 - before, 7];
                    let mut raised = bytes;
                    raise(&mut raised, &others);
                    assert_eq!(raised, [0, 1, 2, 3].map(|at| bytes[at].max(others[at])));
                }
            }
        }
        let mut five = [1, 2, 3, 4, 5];
        raise(&mut five, &[5, 4, 3, 2, 9]);
        assert_eq!(five, [5, 4, 3, 4, 9]);
        raise(&mut five, &[6, 1, 6]);
        assert_eq!(five, [6, 4, 6, 4, 9]);
    }

    #[test]
    fn as_many_are_copied_as_there_are_in_both() {
        let from: [u8; 40] = core::array::from_fn(|at| at as u8 + 1);
        for len in 0..=40 {
            for other in [0, 1, 7, 8, 9, 40] {
                let mut to = [0; 40];
                copy(&mut to[..len], &from[..other]);
                let copied = |at: usize| if at < len.min(other) { from[at] } else { 0 };
                assert_eq!(to, core::array::from_fn(copied));
            }
        }
    }

    #[test]
    fn sums_do_not_overflow_and_means_are_rounded() {
        assert_eq!(pairs([255, 255, 1, 2]), 3 << 16 | 510);
        assert_eq!(halves(pairs([255; 4])), 1020);
        assert_eq!(means([255; 4], [255; 4]), [255; 2]);
        // 5 / 4, 6 / 4 and 7 / 4.
        assert_eq!(means([1, 2, 3, 1], [1, 1, 1, 1]), [1, 2]);
        assert_eq!(means([1, 2, 0, 0], [1, 3, 0, 1]), [2, 0]);
    }
}
