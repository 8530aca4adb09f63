//! The int8 engine of `shared-model` for many images on a PC: prepared once for a model, it embeds
//! batches on all cores, bit for bit as [`Model::embed`] does.
//!
//! ```text
//! Model --(pack: weights in the order of the vector unit)--> Engine
//! images --(chunks, one per core)--> a layer on all images of the chunk, then the next --> embeddings
//! ```
//!
//! Convolutions, with the max pool after them, and fully connected layers go through one
//! register-blocked kernel (`kernel.rs`), depthwise ones channel by channel; pools alone, sums and
//! other convolutions in groups through the plain
//! kernels of `shared-model`.
//!
//! ```
//! # fn run(file: &[u8], images: &[Vec<u8>]) -> Result<(), Box<dyn std::error::Error>> {
//! use tinytriplet_evaluation::engine::Engine;
//! use rayon::prelude::*;
//! use shared_model::Model;
//!
//! let model = Model::decode(file)?;
//! let engine = Engine::new(&model);
//! let embeddings = engine.embed_all(images.par_iter().map(Vec::as_slice))?;
//! for embedding in embeddings.chunks_exact(model.embedding_len()) {
//!     println!("{embedding:?}");
//! }
//! # Ok(()) }
//! ```

mod kernel;
mod pack;
mod plain;
pub use crate::vector::Simd;

use crate::vector::i8::{Target, WithTarget};
use kernel::Layer;
use pack::Packed;
use rayon::prelude::*;
use shared_model::{
    EmbedError, Layout, Model,
    engine::views,
    inspect::{Element, Step},
};
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Images that go through a layer together, where the layer's maps are not large.
const CHUNK: usize = 24;
/// Bytes that the maps of a chunk may take, so that they stay in a core's cache from one layer to
/// the next.
const CHUNK_BYTES: usize = 256 << 10;

/// A model, prepared to embed many images. It borrows the model file's bytes.
pub struct Engine<'a> {
    model: Model<'a>,
    simd: Simd,
    net: Box<dyn Net + 'a>,
}

/// The way that an [`Engine`] computes a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepPath {
    /// With the vector unit, on repacked weights.
    Fast,
    /// With the kernels of `shared-model`.
    Plain,
}

impl<'a> Engine<'a> {
    /// Prepares `model` for the best instruction set of this CPU.
    pub fn new(model: &Model<'a>) -> Self {
        Self::with_simd(model, Simd::best())
    }

    /// Prepares `model` for `simd`. The embeddings are the same with each.
    ///
    /// # Panics
    /// The model's weights are packed for a board.
    pub fn with_simd(model: &Model<'a>, simd: Simd) -> Self {
        assert_eq!(model.layout(), Layout::Plain, "a packed model is unpacked first, with `layout::repack`");
        Self { model: model.clone(), simd, net: simd.with_target(Prepare(model)) }
    }

    /// Returns the model that it was prepared for.
    pub fn model(&self) -> &Model<'a> {
        &self.model
    }

    /// Returns the instruction set that it was prepared for.
    pub fn simd(&self) -> Simd {
        self.simd
    }

    /// Returns the [model's steps](Model::steps), and how each is computed.
    pub fn steps(&self) -> impl Iterator<Item = (Step<'a>, StepPath)> {
        self.model.steps().zip(self.net.paths())
    }

    /// Embeds images, each of [`Model::input_len`] bytes, on all threads of rayon's pool. Returns
    /// one embedding after another, [`Model::embedding_len`] bytes each, in the order of the
    /// images: the bytes that [`Model::embed`] gives.
    ///
    /// # Errors
    /// Returns [`EmbedError::InputLength`] if an image has another length; nothing has been
    /// computed then.
    pub fn embed_all<'i>(
        &self,
        images: impl IndexedParallelIterator<Item = &'i [u8]>,
    ) -> Result<Vec<u8>, EmbedError> {
        let images: Vec<&[u8]> = images.collect();
        self.check(&images)?;
        let views = self.model.metadata().views;
        if views == 1 {
            return Ok(self.embed_each(&images));
        }
        let mut sums = vec![0; self.embeddings_len(&images)];
        let (shape, element) = (self.model.metadata().input, self.model.output().element);
        for view in 0..views {
            let draw = |image: &&[u8]| {
                let mut drawn = vec![0; image.len()];
                views::draw(view, image, shape, &mut drawn);
                drawn
            };
            let drawn: Vec<Vec<u8>> = images.par_iter().map(draw).collect();
            let drawn: Vec<&[u8]> = drawn.iter().map(Vec::as_slice).collect();
            sums.iter_mut().zip(self.embed_each(&drawn)).for_each(|(sum, byte)| *sum += element.value(byte));
        }
        let count = i32::from(views);
        Ok(sums.into_iter().map(|sum| views::mean(sum, count)).collect())
    }

    /// Embeds images as they are, without further views.
    fn embed_each(&self, images: &[&[u8]]) -> Vec<u8> {
        let mut embeddings = vec![0; self.embeddings_len(images)];
        self.net.embed_all(images, &mut embeddings);
        embeddings
    }

    /// Embeds images as they are, without further views, on the calling thread alone, with the time that
    /// each [step](Self::steps) took for all of them.
    ///
    /// # Errors
    /// Returns the same errors as [`embed_all`](Self::embed_all).
    pub fn embed_timed(&self, images: &[&[u8]]) -> Result<(Vec<u8>, Vec<Duration>), EmbedError> {
        self.check(images)?;
        let mut embeddings = vec![0; self.embeddings_len(images)];
        let mut times = vec![Duration::ZERO; self.model.steps().count()];
        let mut before = Instant::now();
        self.net.embed_observed(images, &mut embeddings, &mut |step| {
            let now = Instant::now();
            if let Some(step) = step {
                times[step] += now - before;
            }
            before = now;
        });
        Ok((embeddings, times))
    }

    /// Returns the bytes of the embeddings of images.
    fn embeddings_len(&self, images: &[&[u8]]) -> usize {
        images.len() * self.model.embedding_len()
    }

    /// Checks that images have the right length.
    fn check(&self, images: &[&[u8]]) -> Result<(), EmbedError> {
        if images.iter().any(|image| image.len() != self.model.input_len()) {
            return Err(EmbedError::InputLength);
        }
        Ok(())
    }
}

/// Makes the [`Net`] of a model.
struct Prepare<'m, 'a>(&'m Model<'a>);

impl<'a> WithTarget for Prepare<'_, 'a> {
    type Output = Box<dyn Net + 'a>;

    fn call<T: Target>(self) -> Self::Output {
        Box::new(Prepared::<T>::new(self.0))
    }
}

/// [`Prepared`], whatever its instruction set. Images have the right length, and embeddings room
/// for as many.
trait Net: Send + Sync {
    /// Returns the steps, prepared.
    fn paths(&self) -> Vec<StepPath>;
    /// Embeds on all cores.
    fn embed_all(&self, images: &[&[u8]], embeddings: &mut [u8]);
    /// Embeds on this thread; `observe` is told when a chunk begins (`None`) and when a step of it is
    /// done.
    fn embed_observed(&self, images: &[&[u8]], embeddings: &mut [u8], observe: &mut dyn FnMut(Option<usize>));
}

/// A model for an instruction set.
struct Prepared<'a, T: Target> {
    steps: Vec<(Step<'a>, Option<Packed<T>>)>,
    /// Images that go through the layers together.
    chunk: usize,
    embedding_len: usize,
    /// Bytes of the largest map.
    map_len: usize,
    /// Bytes of the largest map that is kept for an add.
    kept_len: usize,
    /// Memory that no thread uses at the moment.
    scratches: Mutex<Vec<Scratch<T>>>,
}

/// Memory that a thread writes to while it embeds a chunk.
struct Scratch<T: Target> {
    staged: Vec<T::Value>,
    input: Vec<u8>,
    output: Vec<u8>,
    /// The map that is kept for an add.
    kept: Vec<u8>,
}

impl<'a, T: Target> Prepared<'a, T> {
    fn new(model: &Model<'a>) -> Self {
        let maps = model.steps().map(|step| step.input.len().max(step.output.len()));
        let map_len = maps.max().expect("a model has layers");
        let mut steps: Vec<(Step<'a>, Option<Packed<T>>)> =
            model.steps().map(|step| (step, Packed::new(&step))).collect();
        // With its padding, a map may be many times as large.
        let staged = steps.iter().filter_map(|(_, packed)| packed.as_ref()).map(|packed| packed.staging.len);
        let chunk = (CHUNK_BYTES / staged.fold(map_len, usize::max)).clamp(1, CHUNK);
        steps.iter_mut().filter_map(|(_, packed)| packed.as_mut()).for_each(|packed| packed.repeat(chunk));
        let kept_len =
            model.steps().filter(|step| step.keeps).map(|step| step.output.len()).max().unwrap_or(0);
        let embedding_len = model.embedding_len();
        Self { steps, chunk, embedding_len, map_len, kept_len, scratches: Mutex::default() }
    }

    fn new_scratch(&self) -> Scratch<T> {
        let packed = self.steps.iter().filter_map(|(_, packed)| packed.as_ref());
        let staged = packed.map(|packed| packed.staged_len(self.chunk)).max().unwrap_or(0);
        Scratch {
            staged: vec![T::value(0, Element::Unsigned); staged],
            input: vec![0; self.chunk * self.map_len],
            output: vec![0; self.chunk * self.map_len],
            kept: vec![0; self.chunk * self.kept_len],
        }
    }

    /// Embeds at most `chunk` images.
    fn embed_chunk(&self, images: &[&[u8]], embeddings: &mut [u8], mut observe: impl FnMut(Option<usize>)) {
        let free = || self.scratches.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = free().pop();
        let mut scratch = kept.unwrap_or_else(|| self.new_scratch());
        let Scratch { staged, input, output, kept } = &mut scratch;
        observe(None);
        let count = images.len();
        for (to, image) in input.chunks_exact_mut(images[0].len()).zip(images) {
            to.copy_from_slice(image);
        }
        for (index, (step, packed)) in self.steps.iter().enumerate() {
            let [from, to] = [step.input, step.output].map(|tensor| tensor.len());
            let input_maps = &input[..count * from];
            let (output_maps, kept_maps): (&mut [u8], &[u8]) = match () {
                () if step.keeps => (&mut kept[..count * to], &[]),
                () if index + 1 == self.steps.len() => (&mut *embeddings, kept),
                () => (&mut output[..count * to], kept),
            };
            if let Some(packed) = packed {
                T::run(Layer { packed, images: count, input: input_maps, staged, output: output_maps });
            } else {
                let maps = input_maps.chunks_exact(from).zip(output_maps.chunks_exact_mut(to));
                for (image, (input, output)) in maps.enumerate() {
                    // What an add adds has the shape of the sum.
                    let kept = kept_maps.get(image * to..(image + 1) * to).unwrap_or_default();
                    plain::run(step, input, kept, output);
                }
            }
            // After a step whose output is kept, the next one reads the same.
            if !step.keeps {
                core::mem::swap(input, output);
            }
            observe(Some(index));
        }
        free().push(scratch);
    }
}

impl<T: Target> Net for Prepared<'_, T> {
    fn paths(&self) -> Vec<StepPath> {
        let path = |packed: &Option<_>| if packed.is_some() { StepPath::Fast } else { StepPath::Plain };
        self.steps.iter().map(|(_, packed)| path(packed)).collect()
    }

    fn embed_all(&self, images: &[&[u8]], embeddings: &mut [u8]) {
        // A batch smaller than one chunk per core is still spread over all cores.
        let chunk = images.len().div_ceil(rayon::current_num_threads()).clamp(1, self.chunk);
        let chunks = embeddings.par_chunks_mut(chunk * self.embedding_len).zip(images.par_chunks(chunk));
        chunks.for_each(|(embeddings, images)| self.embed_chunk(images, embeddings, |_| {}));
    }

    fn embed_observed(
        &self,
        images: &[&[u8]],
        embeddings: &mut [u8],
        observe: &mut dyn FnMut(Option<usize>),
    ) {
        let embeddings = embeddings.chunks_mut(self.chunk * self.embedding_len);
        for (embeddings, images) in embeddings.zip(images.chunks(self.chunk)) {
            self.embed_chunk(images, embeddings, &mut *observe);
        }
    }
}
