//! Files that should hold a model.

use anyhow::{Context, Result, anyhow, bail};
use shared_model::model::layout::repack_to_vec;
use shared_model::{DecodeError, Layout, Model, model::format};
use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};
use tinytriplet_data::names::quoted;
use tinytriplet_evaluation::export;
use tinytriplet_report::run_folder::{CHECKPOINT, CONFIG, MODEL};

/// A file that should hold a model.
#[derive(Debug)]
pub struct ModelFile {
    path: PathBuf,
    bytes: Vec<u8>,
}

/// No model that a microcontroller can hold comes near this size.
const LARGEST_MODEL: u64 = 64 << 20;

/// Reads the file at `path`; in a run's folder, the run's model.
///
/// # Errors
/// Returns an error if the file cannot be read or is absurdly large.
pub fn read_model(path: &Path) -> Result<ModelFile> {
    let path = if path.is_dir() { path.join(MODEL) } else { path.to_owned() };
    let mut bytes = Vec::new();
    File::open(&path).and_then(|file| file.take(LARGEST_MODEL + 1).read_to_end(&mut bytes)).map_err(
        |error| {
            let advice = exporting(&path)
                .map_or("name a model file, or the folder of a finished run".into(), |export| {
                    format!("{export} writes it again")
                });
            anyhow!("{}: cannot be read: {error}; {advice}", path.display())
        },
    )?;
    if bytes.len() as u64 > LARGEST_MODEL {
        bail!("{} is larger than {} MiB, which no model is", path.display(), LARGEST_MODEL >> 20);
    }
    // A board's file says the same as the plain one, which is what a PC computes with.
    if Model::decode(&bytes).is_ok_and(|model| model.layout() != Layout::Plain) {
        bytes = repack_to_vec(&bytes, Layout::Plain)
            .with_context(|| format!("cannot unpack {}", path.display()))?;
    }
    Ok(ModelFile { path, bytes })
}

/// Returns the command that writes a run's model file, if `path` is that of one, and the run has its weights.
fn exporting(path: &Path) -> Option<String> {
    let run = path.parent().filter(|_| path.file_name().is_some_and(|name| name == MODEL))?;
    let is_whole = [CONFIG, CHECKPOINT].iter().all(|file| run.join(file).is_file());
    is_whole.then(|| format!("`host-train export {}`", quoted(run)))
}

impl ModelFile {
    /// Returns one of the program's own models, by its name.
    pub fn own(name: &str, bytes: &[u8]) -> Self {
        Self { path: name.into(), bytes: bytes.to_vec() }
    }

    /// Returns the model in the file.
    ///
    /// # Errors
    /// Returns an error if it is not valid.
    pub fn decode(&self) -> Result<Model<'_>> {
        Model::decode(&self.bytes).map_err(|error| {
            let path = self.path.display();
            let advice = match error {
                DecodeError::Version(version) if version > format::VERSION => {
                    return anyhow!("{path}: a newer program wrote this model: update this one");
                }
                DecodeError::Version(_) => {
                    format!(" ({})", exporting(&self.path).unwrap_or("`host-train export RUN`".into()))
                }
                DecodeError::Truncated | DecodeError::TrailingBytes | DecodeError::Crc => {
                    let export = exporting(&self.path).unwrap_or("`host-train export RUN`".into());
                    format!("; copy it again, or let {export} write it again")
                }
                _ => exporting(&self.path)
                    .map_or(String::new(), |export| format!("; {export} writes it again")),
            };
            anyhow!("{path} is no usable model: {error}{advice}")
        })
    }

    /// Returns the file with another number of views.
    ///
    /// # Errors
    /// Returns an error if it is not valid, or takes too long with so many.
    pub fn with_views(self, views: u8) -> Result<Self> {
        self.decode()?;
        let bytes = export::with_views(&self.bytes, views)
            .with_context(|| format!("{} with {views} views", self.path.display()))?;
        Ok(Self { bytes, ..self })
    }

    /// Returns the model as it is built into a firmware: its weights packed.
    ///
    /// # Errors
    /// Returns an error if it is not valid.
    pub fn packed(&self) -> Result<Vec<u8>> {
        repack_to_vec(&self.bytes, Layout::Packed)
            .with_context(|| format!("cannot pack {}", self.path.display()))
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the file's content.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
