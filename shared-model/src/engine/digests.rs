use super::embed::EmbedError;
use crate::model::{crc::CRC32, decode::Model, format::MAX_LAYERS};
use heapless::Vec;

impl Model<'_> {
    /// A CRC-32 of what each [step](Self::steps) writes for an image, in order; the last is that of the embedding. Two
    /// builds that compute differently differ from the step on in which they do. Both must hold the model in the same
    /// [layout](Self::layout): in a packed one, steps compute only what the next one looks at.
    ///
    /// # Errors
    /// As [`embed`](Self::embed), whose parameters these are.
    pub fn digests(
        &self,
        pixels: &[u8],
        scratch: &mut [u32],
        embedding: &mut [u8],
    ) -> Result<Vec<u32, MAX_LAYERS>, EmbedError> {
        // Steps write in turns. Indices are those of layers, of which a step may have two.
        let mut digests = [const { None }; MAX_LAYERS];
        self.embed_observed(pixels, scratch, embedding, |step, bytes| {
            if let Some(digest) = digests.get_mut(step.layer) {
                digest.get_or_insert_with(|| CRC32.digest()).update(bytes);
            }
        })?;
        Ok(digests.into_iter().flatten().map(|digest| digest.finalize()).collect())
    }
}
