use crate::{
    handle::Handle,
    memory::{Array, disjoint, one},
    status::{status, tt_status},
};
use core::ops::Range;
use shared_model::{
    Model,
    engine::SelfTestError,
    gallery,
    prepare::{scratch_len, strokes},
};

/// The size of a `tt_model`, in units of 8 bytes.
pub const TT_MODEL_WORDS: usize = 448;

/// A model that was read. Its file stays where it is, and is read in place.
#[repr(C)]
pub struct tt_model {
    opaque: [u64; TT_MODEL_WORDS],
}

/// The content of a `tt_model`.
pub struct Held {
    pub model: Model<'static>,
    /// The addresses of its file.
    pub file: Range<usize>,
}

impl Held {
    /// # Safety
    /// As for [`Handle::get`].
    pub unsafe fn of<'a>(model: *const tt_model) -> Result<&'a Self, tt_status> {
        // SAFETY: as the caller promises.
        unsafe { Handle::get(model) }
    }
}

/// The lengths that a model asks for.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct tt_sizes {
    /// Rows of an image.
    pub height: usize,
    /// Columns of an image.
    pub width: usize,
    /// Values of a pixel.
    pub channels: usize,
    /// Bytes of an image: height times width times channels.
    pub input_len: usize,
    /// Words of 32 bits that `tt_embed` works in.
    pub scratch_len: usize,
    /// Words of 32 bits that `tt_prepare_begin` wants; 0 if no frame is made into its image.
    pub prepare_len: usize,
    /// Words of 32 bits that `tt_prepare_strokes` wants; 0 if an image is in colour.
    pub strokes_len: usize,
    /// Bytes, and values, of an embedding.
    pub embedding_len: usize,
    /// Bytes of an entry of a gallery without exemplars. Each exemplar adds `embedding_len`.
    pub entry_len: usize,
    /// The identity of the model, for things that are stored with it.
    pub hash: [u8; 8],
}

/// Checks a model file and reads it. The file must stay as and where it is, as long as the model is
/// in use. Any bytes may be given.
///
/// A packed file begins at a multiple of 4 bytes. It needs up to 7 KB of stack.
#[unsafe(export_name = symbol!(tt_model_decode))]
pub unsafe extern "C" fn tt_model_decode(
    model: *mut tt_model,
    file: *const u8,
    file_len: usize,
) -> tt_status {
    status(|| {
        // SAFETY: C keeps to the contract of pointers.
        let make = || {
            let file = Array::new(file, file_len)?;
            disjoint([one(model)?], [file.addresses()])?;
            Ok(Held { model: Model::decode(unsafe { file.read() })?, file: file.addresses() })
        };
        unsafe { Handle::make(model, make) }
    })
}

/// Writes the lengths that a model asks for.
#[unsafe(export_name = symbol!(tt_model_sizes))]
pub unsafe extern "C" fn tt_model_sizes(model: *const tt_model, sizes: *mut tt_sizes) -> tt_status {
    status(|| {
        disjoint([one(sizes)?], [one(model)?])?;
        // SAFETY: C keeps to the contract of pointers.
        let Held { model, .. } = unsafe { Held::of(model) }?;
        let shape = model.input().shape;
        let prepare_len = scratch_len(model.metadata().preprocessing, shape);
        let found = tt_sizes {
            height: shape.height.into(),
            width: shape.width.into(),
            channels: shape.channels.into(),
            input_len: model.input_len(),
            scratch_len: model.scratch_len(),
            prepare_len,
            strokes_len: match shape.channels {
                1 => strokes::scratch_len([shape.height, shape.width]),
                _ => 0,
            },
            embedding_len: model.embedding_len(),
            entry_len: gallery::entry_len(model.embedding_len(), 0),
            hash: model.hash(),
        };
        unsafe { sizes.write(found) };
        Ok(())
    })
}

/// Computes the embedding of an image.
///
/// `pixels` has `input_len` bytes, `embedding` has `embedding_len`, and `scratch` has at least
/// `scratch_len` words; the content of the last two does not matter. Nothing is written if a length
/// is wrong.
#[unsafe(export_name = symbol!(tt_embed))]
pub unsafe extern "C" fn tt_embed(
    model: *const tt_model,
    pixels: *const u8,
    pixels_len: usize,
    scratch: *mut u32,
    scratch_len: usize,
    embedding: *mut u8,
    embedding_len: usize,
) -> tt_status {
    status(|| {
        // SAFETY: C keeps to the contract of pointers.
        let held = unsafe { Held::of(model) }?;
        let pixels = Array::new(pixels, pixels_len)?;
        let scratch = Array::new(scratch, scratch_len)?;
        let embedding = Array::new(embedding, embedding_len)?;
        disjoint(
            [scratch.addresses(), embedding.addresses()],
            [pixels.addresses(), one(model)?, held.file.clone()],
        )?;
        held.model
            .embed(unsafe { pixels.read() }, unsafe { scratch.write() }, unsafe { embedding.write() })?;
        Ok(())
    })
}

/// Computes the embeddings of the built-in test images, and compares them with those of the PC that
/// exported the model: `TT_SELF_TEST` if one differs. The arrays are those of `tt_embed`, and all are
/// written to.
#[unsafe(export_name = symbol!(tt_model_self_test))]
pub unsafe extern "C" fn tt_model_self_test(
    model: *const tt_model,
    pixels: *mut u8,
    pixels_len: usize,
    scratch: *mut u32,
    scratch_len: usize,
    embedding: *mut u8,
    embedding_len: usize,
) -> tt_status {
    status(|| {
        // SAFETY: C keeps to the contract of pointers.
        let held = unsafe { Held::of(model) }?;
        let pixels = Array::new(pixels, pixels_len)?;
        let scratch = Array::new(scratch, scratch_len)?;
        let embedding = Array::new(embedding, embedding_len)?;
        disjoint(
            [pixels.addresses(), scratch.addresses(), embedding.addresses()],
            [one(model)?, held.file.clone()],
        )?;
        let [pixels, embedding] = unsafe { [pixels.write(), embedding.write()] };
        match held.model.self_test(pixels, unsafe { scratch.write() }, embedding) {
            Ok(()) => Ok(()),
            Err(SelfTestError::Embed(error)) => Err(error.into()),
            Err(_) => Err(tt_status::TT_SELF_TEST),
        }
    })
}
