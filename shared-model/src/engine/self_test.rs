use super::embed::EmbedError;
use crate::model::{crc::CRC32, decode::Model};

/// An image to test engines with, of any size; `docs/FORMAT.md` defines them. Together they make sums as large as they can
/// be, and as many of a net's activations as a picture does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum TestImage {
    /// Noise, always the same.
    Noise,
    /// All 0: only biases are left.
    Dark,
    /// All 255: the largest inputs that there are.
    Light,
    /// 0 and 255 in turns: the largest differences of neighbours, which Winograd's method makes of them.
    Alternating,
}

impl TestImage {
    /// All of them, in the order in which they are embedded.
    pub const ALL: [Self; 4] = [Self::Noise, Self::Dark, Self::Light, Self::Alternating];

    /// Draws the image, whose size is that of `pixels`.
    pub fn draw(self, pixels: &mut [u8]) {
        // A linear congruential generator ("Numerical Recipes"), of which the upper bits are good.
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
    /// Whether the model computes here what it computed at export: embeds the [`TestImage`]s and compares with
    /// [`Metadata::golden_crc`](crate::model::format::Metadata::golden_crc). A processor, a compiler or a kernel that is at fault
    /// shows here; [`decode`](Self::decode) does not spend four inferences on it.
    ///
    /// The buffers are those of [`embed`](Self::embed), whose image is drawn into `pixels`; what is in them does not
    /// matter.
    ///
    /// # Errors
    /// A length is wrong, or the embeddings are other ones.
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

    /// CRC-32 of the embeddings of [`TestImage::ALL`], one behind the other: what an export writes as
    /// [`Metadata::golden_crc`](crate::model::format::Metadata::golden_crc).
    ///
    /// # Errors
    /// As [`embed`](Self::embed).
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
}

/// Why a model has not proved itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum SelfTestError {
    /// A buffer has the wrong length: nothing has been tested.
    Embed(EmbedError),
    /// The embeddings of the test images are not those that were computed at export.
    Mismatch {
        /// Their CRC-32 in the model file.
        expected: u32,
        /// That of what was computed here.
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
