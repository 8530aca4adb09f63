//! `runs/<name>/`: where a run leaves what it made.

use anyhow::{Context, Result, anyhow, ensure};
use std::{
    fmt,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// The recipe that was used; a run's folder is known by it.
pub const CONFIG: &str = "config.toml";
/// The data that it was trained on: where they were, and their fingerprints.
pub const DATA: &str = "data.json";
/// The model file.
pub const MODEL: &str = "model.postcard";
/// The answers of nets that were trained without some of the classes and decoys.
pub const STRANGERS: &str = "strangers.json";
/// The float weights, in Burn's format.
pub const CHECKPOINT: &str = "checkpoint.bpk";
/// The numbers.
pub const METRICS: &str = "metrics.json";
/// The course of the training.
pub const HISTORY: &str = "history.csv";
/// The error rates at each threshold on test pairs, int8.
pub const ROC: &str = "roc.csv";

/// The folder of one run.
#[derive(Debug)]
pub struct RunFolder(PathBuf);

impl RunFolder {
    /// Creates `parent/name`, or `parent/name-2`, `-3`, … where that is taken: a run never
    /// overwrites another.
    ///
    /// # Errors
    /// Returns an error if the folder cannot be created.
    pub fn create(parent: &Path, name: &str) -> Result<Self> {
        ensure!(!parent.is_file(), "{}: this is a file; name a folder with --out", parent.display());
        let failed = |path: &Path, error: io::Error| {
            anyhow!("cannot create the folder {}: {error}; name another one with --out", path.display())
        };
        fs::create_dir_all(parent).map_err(|error| failed(parent, error))?;
        // No character that separates folders on any system.
        let name: String =
            name.chars().map(|c| if matches!(c, '/' | '\\' | ':' | '.') { '_' } else { c }).collect();
        for number in 1.. {
            let path = match number {
                1 => parent.join(&name),
                _ => parent.join(format!("{name}-{number}")),
            };
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(&path, error)),
            }
        }
        unreachable!("some number is free")
    }

    /// Returns the folder of a run that was begun.
    ///
    /// # Errors
    /// Returns an error if there is no such run.
    pub fn open(path: &Path) -> Result<Self> {
        let folder = path.display();
        ensure!(path.is_dir(), "{folder}: no such folder; name that of a run, such as runs/default");
        ensure!(
            path.join(CONFIG).is_file(),
            "{folder}: no run is in this folder: it has no {CONFIG}; name one such as runs/default"
        );
        Ok(Self(path.to_owned()))
    }

    /// Removes these files and, if it holds nothing else, the folder. Errors are ignored: the caller
    /// has something worse to report.
    pub fn discard(&self, files: &[&str]) {
        for file in files {
            let _ = fs::remove_file(self.file(file));
        }
        let _ = fs::remove_dir(&self.0);
    }

    /// Returns the path of a file in the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Returns the name of the folder, which tells runs of one recipe apart; `otherwise` where it has none.
    pub fn name(&self, otherwise: &str) -> String {
        let path = std::path::absolute(&self.0).unwrap_or_default();
        path.file_name().map_or(otherwise.into(), |name| name.to_string_lossy().into_owned())
    }

    /// Returns the path of the folder.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file of the folder; see [`write_whole`].
    ///
    /// # Errors
    /// Returns an error if the file cannot be written.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<()> {
        write_whole(&self.file(name), content)
    }
}

/// Returns the error of a run's file that cannot be read: `why`, and what to do.
pub fn unreadable(path: &Path, why: impl fmt::Display, advice: &str) -> anyhow::Error {
    anyhow!("{}: cannot be read: {why}. {advice}", path.display())
}

/// Writes a file so that it is there whole or not at all: under another name first, then renamed.
/// An existing pipe or device, such as `/dev/stdout`, is written to directly.
///
/// # Errors
/// Returns an error if the file cannot be written. A file that was there before is as it was.
pub fn write_whole(path: &Path, content: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    ensure!(
        folder.is_dir(),
        "cannot write {}: there is no folder {}; create it first",
        path.display(),
        folder.display()
    );
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return fs::write(path, content).with_context(|| format!("cannot write {}", path.display()));
    }
    let written = tempfile::Builder::new()
        .prefix(".partial-")
        .make_in(folder, |path| File::create_new(path))
        .and_then(|mut file| {
            file.as_file_mut().write_all(content)?;
            file.persist(path)?;
            Ok(())
        });
    written.with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_gets_a_folder_of_its_own() {
        let parent = tempfile::tempdir().unwrap();
        let first = RunFolder::create(parent.path(), "a/../b").unwrap();
        let second = RunFolder::create(parent.path(), "a/../b").unwrap();
        assert_eq!(first.path(), parent.path().join("a____b"));
        assert_eq!(second.path(), parent.path().join("a____b-2"));
    }

    #[test]
    fn a_failed_write_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::create_dir(&path).unwrap(); // nothing can be renamed onto a folder
        assert!(write_whole(&path, b"x").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let error = write_whole(&folder.path().join("none/file"), b"x").unwrap_err().to_string();
        assert!(error.ends_with("none; create it first"), "{error}");
    }

    /// The one that replaced it would be a file.
    #[cfg(unix)]
    #[test]
    fn a_device_is_written_to_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("null");
        std::os::unix::fs::symlink("/dev/null", &path).unwrap();
        write_whole(&path, b"x").unwrap();
        assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
    }

    #[test]
    fn a_folder_that_holds_more_is_not_discarded() {
        let parent = tempfile::tempdir().unwrap();
        for (name, more) in [("empty", false), ("kept", true)] {
            let run = RunFolder::create(parent.path(), name).unwrap();
            run.write(CONFIG, b"").unwrap();
            if more {
                run.write("more", b"").unwrap();
            }
            run.discard(&[CONFIG, "not-there"]);
            assert_eq!(parent.path().join(name).exists(), more);
        }
    }
}
