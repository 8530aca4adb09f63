//! The state of a training on disk: from it, a training goes on and ends with the same bits.
//!
//! A checkpoint is a folder, `checkpoint-<steps>`. It is written under another name and renamed
//! when it is whole; the one before it is removed when the disk has that. What a killed program
//! left half-written goes with the next one.

use super::{learner::Learner, state::State};
use burn::{module::Module, optim::ModuleOptimizer};
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};
use thiserror::Error;

const PREFIX: &str = "checkpoint-";
/// Begins the name of one that is being written.
const PARTIAL: &str = ".partial-";
const LEARNER: &str = "learner.bpk";
const OPTIMIZER: &str = "optimizer.bpk";
const AVERAGE: &str = "average.bpk";
const BEST: &str = "best.bpk";
const STATE: &str = "state.json";

/// The reason why a training cannot be saved or resumed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CheckpointError {
    /// There is nothing to go on from.
    #[error("{}: no checkpoint is there to resume from; the training is over, or was stopped before its first", .0.display())]
    None(PathBuf),
    /// The data are not those that the run began with.
    #[error(
        "{}: this run began with other data than are found now; name the same ones with --data or TINYTRIPLET_DATA",
        .0.display()
    )]
    OtherData(PathBuf),
    /// The teacher is not that which the run began with.
    #[error("{}: this run began with another teacher than teacher.model names now; put that model back", .0.display())]
    OtherTeacher(PathBuf),
    /// It cannot be read, or belongs to another net.
    #[error(
        "{}: cannot be read as a checkpoint of this run: {why}. Copy the run again, or train once more from its beginning",
        path.display()
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// The fault.
        why: String,
    },
    /// It cannot be written.
    #[error("{}: the checkpoint cannot be written: {why}", path.display())]
    Write {
        /// The folder or file.
        path: PathBuf,
        /// The fault.
        why: String,
    },
}

/// A run's folder, as the place of its checkpoints.
#[derive(Clone, Debug)]
pub struct Checkpoints(PathBuf);

/// The beginning of a training, and the place of its checkpoints.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a> {
    /// Starts without checkpoints.
    New,
    /// Starts with checkpoints.
    Saving(&'a Checkpoints),
    /// Continues from the newest checkpoint, and saves more.
    Resuming(&'a Checkpoints),
}

/// The content of a checkpoint.
pub(super) struct Saved<'a> {
    pub learner: &'a Learner,
    pub optimizer: &'a ModuleOptimizer,
    pub average: Option<&'a Learner>,
    pub best: Option<&'a Learner>,
    pub state: &'a State,
}

/// The content of a checkpoint that was read.
pub(super) struct Loaded {
    pub learner: Learner,
    pub optimizer: ModuleOptimizer,
    pub average: Option<Learner>,
    pub best: Option<Learner>,
    pub state: State,
}

impl Checkpoints {
    /// Checkpoints in `folder`, which exists.
    pub fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// Returns true if there is one.
    pub fn is_empty(&self) -> bool {
        self.all().is_ok_and(|all| all.is_empty())
    }

    /// Removes them all, when the training is over.
    ///
    /// # Errors
    /// Returns [`CheckpointError::Write`] if one cannot be removed.
    pub fn remove(&self) -> Result<(), CheckpointError> {
        let removed = || {
            self.remove_partial()?;
            self.all()?.iter().try_for_each(|(_, path)| fs::remove_dir_all(path))
        };
        removed().map_err(|error| CheckpointError::Write { path: self.0.clone(), why: error.to_string() })
    }

    /// Returns all of them and their steps, the newest last.
    fn all(&self) -> io::Result<Vec<(usize, PathBuf)>> {
        let named = self.named(PREFIX)?.into_iter();
        let mut all: Vec<_> = named.filter_map(|(step, path)| Some((step.parse().ok()?, path))).collect();
        all.sort();
        Ok(all)
    }

    /// Removes what a killed program has not written to the end.
    fn remove_partial(&self) -> io::Result<()> {
        self.named(PARTIAL)?.iter().try_for_each(|(_, path)| fs::remove_dir_all(path))
    }

    /// Returns the folders whose names begin with `prefix`, and the rest of each name.
    fn named(&self, prefix: &str) -> io::Result<Vec<(String, PathBuf)>> {
        let mut named = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if let Some(rest) = name.strip_prefix(prefix)
                && path.is_dir()
            {
                named.push((rest.to_owned(), path));
            }
        }
        Ok(named)
    }

    pub(super) fn save(&self, saved: &Saved<'_>) -> Result<(), CheckpointError> {
        let failed = |path: &Path, why: String| CheckpointError::Write { path: path.to_owned(), why };
        let disk = |error: io::Error| failed(&self.0, error.to_string());
        let before = self.all().map_err(disk)?;
        self.remove_partial().map_err(disk)?;
        let partial = tempfile::Builder::new().prefix(PARTIAL).tempdir_in(&self.0).map_err(disk)?;
        let at = |name: &str| partial.path().join(name);
        let modules = [(LEARNER, Some(saved.learner)), (AVERAGE, saved.average), (BEST, saved.best)];
        for (name, module) in modules {
            if let Some(module) = module {
                let saved = module.valid().save_file(at(name));
                saved.map_err(|error| failed(&self.0, error.to_string()))?;
            }
        }
        let optimizer = saved.optimizer.save(at(OPTIMIZER));
        optimizer.map_err(|error| failed(&self.0, error.to_string()))?;
        let state = serde_json::to_vec(saved.state).map_err(|error| failed(&self.0, error.to_string()))?;
        fs::write(at(STATE), state).map_err(disk)?;

        let path = self.0.join(format!("{PREFIX}{}", saved.state.step));
        if before.iter().any(|(_, old)| *old == path) {
            return Ok(()); // the very same training has been here before
        }
        sync_files(partial.path()).map_err(disk)?;
        fs::rename(partial.keep(), &path).map_err(|error| failed(&path, error.to_string()))?;
        sync_names(&self.0).map_err(disk)?;
        before.iter().try_for_each(|(_, old)| fs::remove_dir_all(old)).map_err(disk)
    }

    /// Reads the newest one. `learner` and `optimizer` are new ones of the run's config, `begun`
    /// is the state of a training that begins with what is there now. With `averages`, it must
    /// hold the mean of the weights.
    pub(super) fn load(
        &self,
        begun: &State,
        learner: Learner,
        optimizer: ModuleOptimizer,
        averages: bool,
    ) -> Result<Loaded, CheckpointError> {
        let failed = |path: &Path, why: String| CheckpointError::Read { path: path.to_owned(), why };
        let all = self.all().map_err(|error| failed(&self.0, error.to_string()))?;
        let (_, folder) = all.last().ok_or_else(|| CheckpointError::None(self.0.clone()))?;
        let module = |name: &str, like: &Learner| {
            let path = folder.join(name);
            like.clone().try_load_file(&path).map_err(|error| failed(&path, error.to_string()))
        };
        let valid = |name: &str, wanted: bool| wanted.then(|| module(name, &learner.valid())).transpose();
        let at = |name: &str| folder.join(name);
        let state = fs::read(at(STATE)).map_err(|error| failed(&at(STATE), error.to_string()))?;
        let state: State =
            serde_json::from_slice(&state).map_err(|error| failed(&at(STATE), error.to_string()))?;
        if state.data != begun.data {
            return Err(CheckpointError::OtherData(self.0.clone()));
        }
        if state.teacher != begun.teacher {
            return Err(CheckpointError::OtherTeacher(self.0.clone()));
        }
        Ok(Loaded {
            average: valid(AVERAGE, averages)?,
            best: valid(BEST, state.best_precision > 0.0 || at(BEST).exists())?,
            learner: module(LEARNER, &learner)?,
            optimizer: optimizer
                .load(at(OPTIMIZER))
                .map_err(|error| failed(&at(OPTIMIZER), error.to_string()))?,
            state,
        })
    }
}

/// Waits until the files in a folder are on the disk, where a loss of power leaves them.
fn sync_files(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        File::options().write(true).open(entry?.path())?.sync_all()?;
    }
    sync_names(folder)
}

/// Waits until the disk has the names of what is in a folder. Not every system opens folders for that.
fn sync_names(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
