//! The order of the weights in a model file: plain, or packed for the kernels of small processors.
//!
//! A packed file is the same model. Its metadata, biases, multipliers and background prototypes are
//! those of the plain file to the byte, and so is its [hash](crate::Model::hash). Only the weights
//! of layers with a fast [`Kernel`](crate::inspect::Kernel) have another order, and those of a
//! convolution by Winograd's method are transformed. [`repack`] converts in both directions.

use super::{
    decode::{DecodeError, Model},
    format::{self, ALIGNMENT, HEADER_LEN, Header, Layout},
};
use crate::contract::fitting;
use sha2::{Digest, Sha256};

/// Returns the length of the file that [`repack`] makes of `model`, or `None` if it exceeds the
/// address space.
pub fn repacked_len(model: &Model<'_>, layout: Layout) -> Option<usize> {
    let add = |end: usize, len: usize| end.checked_add(len.checked_next_multiple_of(ALIGNMENT)?);
    let end = model.steps().try_fold(data_start(model), |end, step| {
        let Some((filters, parameters)) = step.filters() else { return Some(end) };
        let weights = step.kernel_in(layout).weights_len(filters)?;
        [parameters.multipliers.len(), parameters.biases.len(), weights].into_iter().try_fold(end, add)
    });
    add(end?, model.background().len())
}

/// Writes the model in `file` to the front of `out`, with its weights in `layout`, and returns its
/// length, which is [`repacked_len`].
///
/// ```
/// use shared_model::{
///     Layout, Model,
///     model::layout::{repack, repacked_len},
/// };
///
/// # const FILE: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tiny.postcard"));
/// let plain = Model::decode(FILE)?;
/// // A packed file must begin at a multiple of 4 bytes.
/// #[repr(align(4))]
/// struct Aligned([u8; 2048]);
/// let mut out = Aligned([0; 2048]);
/// let len = repack(FILE, Layout::Packed, &mut out.0)?;
/// assert_eq!(Some(len), repacked_len(&plain, Layout::Packed));
///
/// let packed = Model::decode(&out.0[..len])?;
/// assert_eq!(packed.hash(), plain.hash());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Returns [`RepackError::Decode`] if `file` is not a valid model, [`RepackError::Full`] if `out`
/// is too short, and [`RepackError::Unaligned`] if it begins at the wrong address.
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

/// Returns the model in `file` with its weights in `layout`; [`repack`] does the same without a
/// heap.
///
/// ```
/// use shared_model::{Layout, model::layout::repack_to_vec};
///
/// # const FILE: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tiny.postcard"));
/// let packed = repack_to_vec(FILE, Layout::Packed)?;
/// assert_eq!(repack_to_vec(&packed, Layout::Plain)?, FILE);
/// # Ok::<(), shared_model::model::layout::RepackError>(())
/// ```
///
/// # Errors
/// Returns [`RepackError::Decode`] if `file` is not a valid model, and [`RepackError::Unaligned`]
/// if the allocator put the new file at an odd address, which common ones never do.
#[cfg(feature = "alloc")]
#[cfg_attr(docsrs, doc(cfg(feature = "alloc")))]
pub fn repack_to_vec(file: &[u8], layout: Layout) -> Result<alloc::vec::Vec<u8>, RepackError> {
    let model = Model::decode(file).map_err(RepackError::Decode)?;
    let mut out = alloc::vec![0; repacked_len(&model, layout).ok_or(RepackError::Full)?];
    repack(file, layout, &mut out)?;
    Ok(out)
}

/// Splits the next section off `rest` and pads it.
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
    /// Returns true if the content of `file`, which this model was decoded from, has the
    /// [hash](Self::hash) in the header. The CRC finds accidents; this also finds a header of
    /// another file. It computes the SHA-256 of the whole file.
    pub fn hash_matches(&self, file: &[u8]) -> bool {
        content_hash(self, file) == self.header().hash
    }
}

/// Returns the hash of the plain form of `file`, from which `model` was decoded.
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

/// The reason for not packing a model file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RepackError {
    /// The file is not a valid model.
    Decode(DecodeError),
    /// The buffer is shorter than the file.
    Full,
    /// The buffer for packed weights does not begin at a multiple of 4 bytes.
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
