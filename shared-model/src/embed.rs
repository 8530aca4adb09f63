use crate::{Model, Operation, Step, kernel};

impl Model<'_> {
    /// Computes the embedding of an image.
    ///
    /// * `pixels`: height × width × channels bytes, row by row; exactly [`input_len`](Self::input_len).
    /// * `scratch`: at least [`scratch_len`](Self::scratch_len) bytes; what is in it does not matter.
    /// * `embedding`: exactly [`embedding_len`](Self::embedding_len) bytes, read as
    ///   [`output().element`](Self::output) says.
    ///
    /// # Errors
    /// One of the three lengths is wrong; nothing has been computed then.
    pub fn embed(&self, pixels: &[u8], scratch: &mut [u8], embedding: &mut [u8]) -> Result<(), EmbedError> {
        self.embed_observed(pixels, scratch, embedding, |_, _| {})
    }

    /// [`embed`](Self::embed), with a look at what every step wrote: how two builds that disagree are
    /// compared layer by layer.
    ///
    /// # Errors
    /// As [`embed`](Self::embed).
    pub fn embed_observed(
        &self,
        pixels: &[u8],
        scratch: &mut [u8],
        embedding: &mut [u8],
        mut observe: impl FnMut(&Step<'_>, &[u8]),
    ) -> Result<(), EmbedError> {
        if pixels.len() != self.input_len() {
            return Err(EmbedError::InputLength);
        }
        if embedding.len() != self.embedding_len() {
            return Err(EmbedError::EmbeddingLength);
        }
        let scratch = scratch.get_mut(..self.scratch_len()).ok_or(EmbedError::ScratchLength)?;

        // Maps lie alternately at the front and at the back of the scratch: a step reads one end and
        // writes the other. The first step reads the image, the last one writes the embedding.
        let layers = self.metadata().layers.len();
        let (mut held, mut at_front) = (0, false); // bytes of the scratch that hold the step's input
        for step in self.steps() {
            let middle = if at_front { held } else { scratch.len() - held };
            let (front, back) = scratch.split_at_mut(middle);
            let (read, write) = if at_front { (front, back) } else { (back, front) };
            let input = if held == 0 { pixels } else { &*read };
            let len = step.output.len();
            let output = if step.last_layer() + 1 == layers {
                &mut *embedding
            } else if at_front {
                let start = write.len() - len;
                &mut write[start..]
            } else {
                &mut write[..len]
            };
            step.run(input, output);
            observe(&step, output);
            (held, at_front) = (len, !at_front);
        }
        Ok(())
    }
}

impl Step<'_> {
    /// Index of the last layer that the step computes.
    pub fn last_layer(&self) -> usize {
        match self.operation {
            Operation::Conv2d { pool: Some(_), .. } => self.layer + 1,
            _ => self.layer,
        }
    }

    fn run(&self, input: &[u8], output: &mut [u8]) {
        let (from, to) = (self.input.element, self.output.element);
        match &self.operation {
            Operation::Conv2d { geometry, pool: None, parameters } => {
                kernel::conv2d(geometry, parameters, (input, from), (output, to));
            }
            Operation::Conv2d { geometry, pool: Some(pool), parameters } => {
                let pooled = self.output.shape;
                kernel::conv2d_max_pool(geometry, *pool, pooled, parameters, (input, from), (output, to));
            }
            Operation::MaxPool2d(pool) => {
                kernel::max_pool(*pool, (input, self.input.shape), (output, self.output.shape), to);
            }
            Operation::AveragePool2d(pool, multiplier) => {
                let (input, output) = ((input, self.input.shape), (output, self.output.shape));
                kernel::average_pool(*pool, *multiplier, input, output, to);
            }
            Operation::Dense(parameters) => kernel::dense(parameters, (input, from), (output, to)),
        }
    }
}

/// Why an image was not embedded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum EmbedError {
    /// The image has not [`Model::input_len`] bytes.
    InputLength,
    /// The scratch buffer has fewer than [`Model::scratch_len`] bytes.
    ScratchLength,
    /// The buffer for the embedding has not [`Model::embedding_len`] bytes.
    EmbeddingLength,
}

impl core::fmt::Display for EmbedError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::InputLength => "the image has not as many pixels as the model's input",
            Self::ScratchLength => "the scratch buffer is shorter than the model needs",
            Self::EmbeddingLength => "the buffer for the embedding has not the embedding's length",
        })
    }
}

impl core::error::Error for EmbedError {}
