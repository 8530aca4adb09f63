use super::embed::EmbedError;
use crate::model::{crc::CRC32, decode::Model};

/// An image of any size for testing engines; `docs/FORMAT.md` defines them. Together they produce
/// the largest possible sums, and as many different activations as a picture does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum TestImage {
    /// The same noise every time.
    Noise,
    /// All 0: only biases are left.
    Dark,
    /// All 255: the largest inputs.
    Light,
    /// Alternately 0 and 255: the largest differences of neighbours, which Winograd's method
    /// computes.
    Alternating,
}

impl TestImage {
    /// All test images, in the order in which they are embedded.
    pub const ALL: [Self; 4] = [Self::Noise, Self::Dark, Self::Light, Self::Alternating];

    /// Draws the image into all of `pixels`.
    ///
    /// ```
    /// use shared_model::engine::TestImage;
    ///
    /// let mut pixels = [7; 4];
    /// TestImage::Alternating.draw(&mut pixels);
    /// assert_eq!(pixels, [0, 255, 0, 255]);
    /// ```
    pub fn draw(self, pixels: &mut [u8]) {
        // A linear congruential generator ("Numerical Recipes"); only its upper bits are good.
        let mut state = 1_u32;
        for (index, pixel) in pixels.iter_mut().enumerate() {
            *pixel = match self {
                Self::Noise => (state >> 24) as u8,
                Self::Dark => 0,
                Self::Light => 255,
                Self::Alternating => 255 * (index % 2) as u8,
            };
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        }
    }
}

impl Model<'_> {
    /// Checks that the model computes the same here as at export. It embeds the [`TestImage`]s, and
    /// compares the result with
    /// [`Metadata::golden_crc`](crate::model::format::Metadata::golden_crc).
    ///
    /// A fault of the processor, the compiler or a kernel shows here. [`decode`](Self::decode) does
    /// not spend four inferences on it.
    ///
    /// The buffers are those of [`embed`](Self::embed); the images are drawn into `pixels`. Their
    /// content does not matter.
    ///
    /// ```
    /// use shared_model::Model;
    ///
    /// # const FILE: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tiny.postcard"));
    /// let model = Model::decode(FILE)?;
    /// let mut pixels = vec![0; model.input_len()];
    /// let mut scratch = vec![0; model.scratch_len()];
    /// let mut embedding = vec![0; model.embedding_len()];
    /// model.self_test(&mut pixels, &mut scratch, &mut embedding)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns [`SelfTestError::Embed`] if a length is wrong, and [`SelfTestError::Mismatch`] if
    /// the embeddings differ.
    pub fn self_test(
        &self,
        pixels: &mut [u8],
        scratch: &mut [u32],
        embedding: &mut [u8],
    ) -> Result<(), SelfTestError> {
        let expected = self.metadata().golden_crc;
        let actual = self.test_crc(pixels, scratch, embedding).map_err(SelfTestError::Embed)?;
        if actual == expected { Ok(()) } else { Err(SelfTestError::Mismatch { expected, actual }) }
    }

    /// Returns the CRC-32 of the embeddings of [`TestImage::ALL`], one after another. An export
    /// writes it as [`Metadata::golden_crc`](crate::model::format::Metadata::golden_crc).
    ///
    /// # Errors
    /// Returns the errors of [`embed`](Self::embed).
    pub fn test_crc(
        &self,
        pixels: &mut [u8],
        scratch: &mut [u32],
        embedding: &mut [u8],
    ) -> Result<u32, EmbedError> {
        let mut digest = CRC32.digest();
        for image in TestImage::ALL {
            image.draw(pixels);
            self.embed(pixels, scratch, embedding)?;
            digest.update(embedding);
        }
        Ok(digest.finalize())
    }

    /// [`test_crc`](Self::test_crc) in slices: calls `between` after each, to feed a watchdog.
    ///
    /// # Errors
    /// Returns the errors of [`embed`](Self::embed).
    pub fn test_crc_in_slices(
        &self,
        pixels: &mut [u8],
        scratch: &mut [u32],
        embedding: &mut [u8],
        mut between: impl FnMut(),
    ) -> Result<u32, EmbedError> {
        let mut digest = CRC32.digest();
        for image in TestImage::ALL {
            image.draw(pixels);
            let mut inference = self.start(pixels, scratch, embedding)?;
            while inference.step() {
                between();
            }
            drop(inference);
            digest.update(embedding);
        }
        Ok(digest.finalize())
    }
}

/// The reason for a failed self-test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum SelfTestError {
    /// A buffer has the wrong length: nothing has been tested.
    Embed(EmbedError),
    /// The embeddings of the test images are not those that were computed at export.
    Mismatch {
        /// The CRC-32 in the model file.
        expected: u32,
        /// The CRC-32 of what was computed here.
        actual: u32,
    },
}

impl core::fmt::Display for SelfTestError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Embed(error) => error.fmt(f),
            Self::Mismatch { expected, actual } => write!(
                f,
                "the embeddings of the test images have CRC-32 {actual:08x}, at export they had {expected:08x}"
            ),
        }
    }
}

impl core::error::Error for SelfTestError {}
