//! A model that another net learns from.

use rayon::prelude::*;
use shared_model::{Distance, Model, inspect::Shape};
use thiserror::Error;
use tinytriplet_evaluation::engine::Engine;

/// The reason why a model cannot teach a net.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TeacherError {
    /// It takes other images.
    #[error("it takes images of {teacher}, and the run's are {own}")]
    Images {
        /// The teacher's.
        teacher: Shape,
        /// The run's.
        own: Shape,
    },
    /// Its embeddings have another length.
    #[error("its embeddings have {teacher} values, and this net's have {own}")]
    Embedding {
        /// The teacher's.
        teacher: usize,
        /// The net's.
        own: usize,
    },
    /// Its embeddings are not of length 1.
    #[error("it compares embeddings by squared L2, and the loss `distillation` by cosine")]
    Distance,
}

/// A model that is ready to teach.
pub(super) struct Teacher<'a> {
    engine: Engine<'a>,
}

impl<'a> Teacher<'a> {
    /// Prepares a model to teach a net that takes such images and gives embeddings of so many values.
    ///
    /// # Errors
    /// Returns [`TeacherError`] if the model does not fit the net.
    pub fn new(model: &Model<'a>, own: Shape, values: usize) -> Result<Self, TeacherError> {
        let teacher = model.input().shape;
        if teacher != own {
            return Err(TeacherError::Images { teacher, own });
        }
        if model.embedding_len() != values {
            return Err(TeacherError::Embedding { teacher: model.embedding_len(), own: values });
        }
        if model.distance() != Distance::Cosine {
            return Err(TeacherError::Distance);
        }
        Ok(Self { engine: Engine::new(model) })
    }

    /// Returns the hash of the model file.
    pub fn hash(&self) -> [u8; 8] {
        self.engine.model().hash()
    }

    /// Returns the embeddings of images whose pixels are 0 to 1, one image after another: scaled to length 1.
    pub fn embed(&self, pixels: &[f32]) -> Vec<f32> {
        let model = self.engine.model();
        let bytes: Vec<u8> = pixels.iter().map(|pixel| (255.0 * pixel).round() as u8).collect();
        let images: Vec<&[u8]> = bytes.chunks_exact(model.input_len()).collect();
        let embeddings =
            self.engine.embed_all(images.par_iter().copied()).expect("images of the model's size");
        let element = model.output().element;
        let scaled = |row: &[u8]| {
            let row: Vec<f32> = row.iter().map(|&byte| element.value(byte) as f32).collect();
            let length = row.iter().map(|value| value * value).sum::<f32>().sqrt().max(1.0);
            row.into_iter().map(move |value| value / length)
        };
        embeddings.chunks_exact(model.embedding_len()).flat_map(scaled).collect()
    }
}
