use rand::{Rng, SeedableRng, TryRng};
use rand_chacha::ChaCha8Rng;
use std::convert::Infallible;

/// A random number generator whose numbers are the fuzzer's, so that what is drawn from it is what the fuzzer mutates.
/// After the last byte come random ones.
pub struct Choices<'d> {
    data: &'d [u8],
    rest: ChaCha8Rng,
}

impl<'d> Choices<'d> {
    /// Draws from `data`.
    pub fn new(data: &'d [u8]) -> Self {
        Self { data, rest: ChaCha8Rng::seed_from_u64(data.len() as u64) }
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.try_fill_bytes(&mut bytes).unwrap_or_else(|never| match never {});
        bytes
    }
}

impl TryRng for Choices<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(self.bytes()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(self.bytes()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        let (own, rest) = bytes.split_at_mut(bytes.len().min(self.data.len()));
        own.copy_from_slice(self.data.split_off(..own.len()).unwrap_or_default());
        self.rest.fill_bytes(rest);
        Ok(())
    }
}
