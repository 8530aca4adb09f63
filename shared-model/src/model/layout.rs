//! How weights are laid out in a model file: plainly, or packed for the kernels of small processors.
//!
//! A packed file is the same model. Its metadata, biases, multipliers and background prototypes are the plain file's to
//! the byte, its [hash](crate::model::Model::hash) is the plain file's, and each can be made from the other with [`repack`]; only
//! the weights of the layers that have a fast [`Kernel`](super::kernel_choice::Kernel) stand in another order, and those of a convolution by Winograd's
//! method are transformed.

use super::{
    decode::{DecodeError, Model},
    format::{self, ALIGNMENT, HEADER_LEN, Header, Layout},
};
use crate::contract::fitting;
use sha2::{Digest, Sha256};

/// Length of the model file that [`repack`] makes of `model`.
pub fn repacked_len(model: &Model<'_>, layout: Layout) -> Option<usize> {
    let add = |end: usize, len: usize| end.checked_add(len.checked_next_multiple_of(ALIGNMENT)?);
    let end = model.steps().try_fold(data_start(model), |end, step| {
        let Some((filters, parameters)) = step.filters() else { return Some(end) };
        let weights = step.kernel_in(layout).weights_len(filters)?;
        [parameters.multipliers.len(), parameters.biases.len(), weights].into_iter().try_fold(end, add)
    });
    add(end?, model.background().len())
}

/// Writes the model in `file` to the front of `out`, with its weights in `layout`, and returns the length, which is
/// [`repacked_len`].
///
/// # Errors
/// `file` is no valid model, or `out` is too short or not aligned.
pub fn repack(file: &[u8], layout: Layout, out: &mut [u8]) -> Result<usize, RepackError> {
    let model = Model::decode(file).map_err(RepackError::Decode)?;
    let len = repacked_len(&model, layout).ok_or(RepackError::Full)?;
    let out = out.get_mut(..len).ok_or(RepackError::Full)?;
    let data_start = data_start(&model);
    out[..data_start].copy_from_slice(&file[..data_start]);

    let mut rest = &mut out[data_start..];
    for step in model.steps() {
        let Some((filters, parameters)) = step.filters() else { continue };
        for bytes in [parameters.multipliers, parameters.biases] {
            section(&mut rest, bytes.len()).copy_from_slice(bytes);
        }
        let kernel = step.kernel_in(layout);
        let len = kernel.weights_len(filters).ok_or(RepackError::Full)?;
        let out = section(&mut rest, len);
        if kernel == step.kernel {
            out.copy_from_slice(parameters.weights);
        } else if kernel.is_fast() {
            if !kernel.pack(filters, parameters, bytemuck::cast_slice(parameters.weights), out) {
                return Err(RepackError::Unaligned);
            }
        } else {
            let taps = filters.taps();
            for (channel, filter) in out.chunks_exact_mut(taps).enumerate() {
                for (tap, byte) in filter.iter_mut().enumerate() {
                    *byte = step.kernel.weight(filters, parameters, channel, tap) as u8;
                }
            }
        }
    }
    section(&mut rest, model.background().len()).copy_from_slice(model.background());
    let mut header =
        Header { layout: layout as u16, data_len: (len - data_start) as u32, crc: 0, ..*model.header() };
    header.write(out);
    header.crc = format::file_crc(out);
    header.write(out);
    Ok(len)
}

/// Returns the model in `file` with its weights in `layout`; [`repack`] does the same without a heap.
///
/// # Errors
/// Returns [`RepackError::Decode`] if `file` is not a valid model, and [`RepackError::Unaligned`] if the allocator has
/// put the new file at an odd address, which common ones do not.
#[cfg(feature = "alloc")]
pub fn repack_to_vec(file: &[u8], layout: Layout) -> Result<alloc::vec::Vec<u8>, RepackError> {
    let model = Model::decode(file).map_err(RepackError::Decode)?;
    let mut out = alloc::vec![0; repacked_len(&model, layout).ok_or(RepackError::Full)?];
    repack(file, layout, &mut out)?;
    Ok(out)
}

/// Takes the next section off `rest` and pads it.
fn section<'a>(rest: &mut &'a mut [u8], len: usize) -> &'a mut [u8] {
    let (section, behind) = core::mem::take(rest).split_at_mut(format::align(len));
    *rest = behind;
    let (section, padding) = section.split_at_mut(len);
    padding.fill(0);
    section
}

fn data_start(model: &Model<'_>) -> usize {
    format::align(HEADER_LEN + model.header().metadata_len as usize)
}

impl Model<'_> {
    /// Whether the content of `file`, which this model was decoded from, still has the [hash](Self::hash) in the
    /// header. The CRC finds accidents; this also finds a header taken from another file. It reads the whole file
    /// through SHA-256.
    pub fn hash_matches(&self, file: &[u8]) -> bool {
        content_hash(self, file) == self.header().hash
    }
}

/// The hash that the plain form of `file` has, of which `model` was decoded.
fn content_hash(model: &Model<'_>, file: &[u8]) -> [u8; 8] {
    let mut digest = Sha256::new();
    digest.update(fitting(file.get(HEADER_LEN..data_start(model))));
    let padding = |len: usize| &[0; ALIGNMENT][..format::align(len) - len];
    for step in model.steps() {
        let Some((filters, parameters)) = step.filters() else { continue };
        for bytes in [parameters.multipliers, parameters.biases] {
            digest.update(bytes);
            digest.update(padding(bytes.len()));
        }
        let taps = filters.taps();
        for channel in 0..filters.channels {
            for tap in 0..taps {
                digest.update([step.kernel.weight(filters, parameters, channel, tap) as u8]);
            }
        }
        digest.update(padding(filters.channels * taps));
    }
    digest.update(model.background());
    digest.update(padding(model.background().len()));
    let mut hash = [0; 8];
    hash.copy_from_slice(&digest.finalize()[..8]);
    hash
}

/// Why a model file was not packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepackError {
    /// The file is no valid model.
    Decode(DecodeError),
    /// The buffer is shorter than the file.
    Full,
    /// The buffer does not begin at a multiple of 4 bytes.
    Unaligned,
}

impl core::fmt::Display for RepackError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Decode(error) => error.fmt(f),
            Self::Full => f.write_str("the buffer is shorter than the model file"),
            Self::Unaligned => {
                f.write_str("the buffer for packed weights must begin at a multiple of 4 bytes")
            }
        }
    }
}

impl core::error::Error for RepackError {}
