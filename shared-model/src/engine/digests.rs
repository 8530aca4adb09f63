use super::embed::EmbedError;
use crate::model::{crc::CRC32, decode::Model, format::MAX_LAYERS};
use heapless::Vec;

impl Model<'_> {
    /// Returns a CRC-32 of the output of each [step](Self::steps) for an image, in order. The last
    /// one is that of the embedding. The parameters are those of [`embed`](Self::embed).
    ///
    /// Two builds that compute differently disagree from the first wrong step on. Both must hold
    /// the model in the same [layout](Self::layout): in a packed one, steps compute only what the
    /// next one reads.
    ///
    /// ```
    /// use shared_model::Model;
    ///
    /// # const FILE: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tiny.postcard"));
    /// let model = Model::decode(FILE)?;
    /// let mut scratch = vec![0; model.scratch_len()];
    /// let mut embedding = vec![0; model.embedding_len()];
    /// let digests = model.digests(&[7; 64], &mut scratch, &mut embedding)?;
    /// assert_eq!(digests.len(), model.steps().count());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns the errors of [`embed`](Self::embed).
    pub fn digests(
        &self,
        pixels: &[u8],
        scratch: &mut [u32],
        embedding: &mut [u8],
    ) -> Result<Vec<u32, MAX_LAYERS>, EmbedError> {
        // Steps write alternately. The index is that of a layer: a step may have two.
        let mut digests = [const { None }; MAX_LAYERS];
        self.embed_observed(pixels, scratch, embedding, |step, bytes| {
            if let Some(digest) = digests.get_mut(step.layer) {
                digest.get_or_insert_with(|| CRC32.digest()).update(bytes);
            }
        })?;
        Ok(digests.into_iter().flatten().map(|digest| digest.finalize()).collect())
    }
}
