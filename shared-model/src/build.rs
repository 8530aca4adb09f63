//! Puts model files into a program: for the `build.rs` of a firmware.
//!
//! `host-train` writes model files in the plain layout, which only the slow reference kernels read.
//! A program should have a packed file, at an aligned address, and know its lengths at compile
//! time. One call and one line do that. In the `main` of `build.rs`, with `shared-model` among the
//! `[build-dependencies]` and its feature `std`:
//!
//! ```no_run
//! shared_model::build::pack("digits.postcard");
//! ```
//!
//! and in the program, for a file of that name:
//!
//! ```ignore
//! mod digits {
//!     shared_model::include_model!("digits");
//! }
//! let mut scratch = [0; digits::SCRATCH_LEN];
//! let model = Model::decode(digits::FILE)?;
//! ```
//!
//! [`include_model!`](crate::include_model) lists what it defines. A damaged file fails the build.

use crate::{
    Layout, Model, gallery,
    model::layout::{RepackError, repack_to_vec},
    prepare::{self, strokes},
};
use core::fmt;
use std::{
    env,
    ffi::OsStr,
    format, fs, io,
    path::{Path, PathBuf},
    println,
    string::String,
    vec::Vec,
};

/// Packs a model file for [`include_model!`](crate::include_model), under the file's name without
/// its last extension. Only a build script may call it.
///
/// The path counts from the package's folder. If the file is no valid model or cannot be read, Cargo
/// shows the reason, and the build fails.
pub fn pack(path: impl AsRef<Path>) {
    let path = path.as_ref();
    let name = path.file_stem().and_then(OsStr::to_str).unwrap_or("model");
    let packed = PackedModel::read(path).and_then(|model| model.write(name));
    if let Err(error) = packed {
        println!("cargo::error={error}");
    }
}

/// A model file whose weights are in the order in which the kernels of a board read them.
#[derive(Clone, Debug)]
pub struct PackedModel {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl PackedModel {
    /// Reads a model file, packed or not.
    ///
    /// # Errors
    /// Returns [`BuildError::Read`] if the file cannot be read, and [`BuildError::Model`] if it is no
    /// valid model.
    pub fn read(path: impl Into<PathBuf>) -> Result<Self, BuildError> {
        let path = path.into();
        match fs::read(&path).map(|plain| repack_to_vec(&plain, Layout::Packed)) {
            Ok(Ok(bytes)) => Ok(Self { path, bytes }),
            Ok(Err(error)) => Err(BuildError::Model(path, error)),
            Err(error) => Err(BuildError::Read(path, error)),
        }
    }

    /// Returns the path of the file that was read.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the packed file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the model.
    ///
    /// # Errors
    /// Returns [`BuildError::Model`] if the allocator put the file at an odd address, which common
    /// ones never do.
    pub fn decode(&self) -> Result<Model<'_>, BuildError> {
        Model::decode(&self.bytes)
            .map_err(|error| BuildError::Model(self.path.clone(), RepackError::Decode(error)))
    }

    /// Writes what [`include_model!`](crate::include_model) includes under this name, and has Cargo
    /// build again when the model file changes. Only a build script may call it.
    ///
    /// # Errors
    /// Returns [`BuildError::Write`] if Cargo's `OUT_DIR` cannot be written to, or if there is none.
    pub fn write(&self, name: &str) -> Result<(), BuildError> {
        println!("cargo::rerun-if-changed={}", self.path.display());
        let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
        let packed = out.join(format!("{name}.packed"));
        let source = self.source(&packed)?;
        for (path, content) in [(&packed, &*self.bytes), (&out.join(format!("{name}.rs")), source.as_bytes())]
        {
            fs::write(path, content).map_err(|error| BuildError::Write(path.clone(), error))?;
        }
        Ok(())
    }

    /// Returns the constants of [`include_model!`](crate::include_model): names, meanings and values.
    ///
    /// # Errors
    /// Returns the errors of [`decode`](Self::decode).
    pub fn lengths(&self) -> Result<[(&'static str, &'static str, usize); 6], BuildError> {
        let model = self.decode()?;
        let (preprocessing, shape) = (model.metadata().preprocessing, model.input().shape);
        let frames = prepare::scratch_len(preprocessing, shape);
        // A pen draws in grey.
        let pen = match shape.channels {
            1 => strokes::scratch_len([shape.height, shape.width]),
            _ => 0,
        };
        let (input, embedding) = (model.input_len(), model.embedding_len());
        Ok([
            ("INPUT_LEN", "Bytes of an image.", input),
            ("EMBEDDING_LEN", "Bytes, and values, of an embedding.", embedding),
            ("SCRATCH_LEN", "Words of 32 bits that the engine computes in.", model.scratch_len()),
            ("PREPARE_LEN", "Words of 32 bits that a camera's frame is prepared in.", frames),
            ("STROKES_LEN", "Words of 32 bits that a pen's strokes are drawn in.", pen),
            ("ENTRY_LEN", "Bytes of a gallery's entry, without exemplars.", gallery::entry_len(embedding, 0)),
        ])
    }

    /// Returns the source that defines what [`include_model!`](crate::include_model) promises.
    fn source(&self, packed: &Path) -> Result<String, BuildError> {
        let mut source = format!(
            "/// The model file, packed, at a multiple of 16 bytes.\n\
             pub static FILE: &[u8] = {{\n\
                 #[repr(C, align(16))]\n\
                 struct Aligned<Bytes: ?Sized>(Bytes);\n\
                 static ALIGNED: &Aligned<[u8]> = &Aligned(*include_bytes!({packed:?}));\n\
                 &ALIGNED.0\n\
             }};\n"
        );
        for (name, meaning, value) in self.lengths()? {
            // A program need not use them all.
            source += &format!("/// {meaning}\n#[allow(dead_code)]\npub const {name}: usize = {value};\n");
        }
        Ok(source)
    }
}

/// The reason why a model file cannot be put into a program.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// The file cannot be read.
    Read(PathBuf, io::Error),
    /// The file is no valid model.
    Model(PathBuf, RepackError),
    /// This file in Cargo's `OUT_DIR` cannot be written.
    Write(PathBuf, io::Error),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(path, error) => write!(f, "cannot read the model {}: {error}", path.display()),
            Self::Model(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Write(path, error) => write!(f, "cannot write {}: {error}", path.display()),
        }
    }
}

impl core::error::Error for BuildError {}
