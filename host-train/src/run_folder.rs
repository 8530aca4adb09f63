//! `runs/<name>/`: where a run leaves what it made.

use anyhow::{Context, Result, ensure};
use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

/// The folder of one run.
#[derive(Debug)]
pub struct RunFolder(PathBuf);

impl RunFolder {
    /// Creates `parent/name`, or `parent/name-2`, `-3`, … where that is taken: a run never overwrites another.
    ///
    /// # Errors
    /// The folder cannot be created.
    pub fn create(parent: &Path, name: &str) -> Result<Self> {
        fs::create_dir_all(parent)
            .with_context(|| format!("cannot create the folder {}", parent.display()))?;
        // What is a separator on some system is none here.
        let name: String =
            name.chars().map(|c| if matches!(c, '/' | '\\' | ':' | '.') { '_' } else { c }).collect();
        for number in 1.. {
            let path = match number {
                1 => parent.join(&name),
                _ => parent.join(format!("{name}-{number}")),
            };
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Self(path)),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    return Err(error)
                        .with_context(|| format!("cannot create the folder {}", path.display()));
                }
            }
        }
        unreachable!("some number is free")
    }

    /// The folder of a run that was begun.
    ///
    /// # Errors
    /// There is none.
    pub fn open(path: &Path) -> Result<Self> {
        ensure!(
            path.is_dir(),
            "{}: no such folder; name that of a run, such as runs/default",
            path.display()
        );
        Ok(Self(path.to_owned()))
    }

    /// Removes the folder, which holds nothing but these files.
    ///
    /// # Errors
    /// It holds more, or cannot be removed.
    pub fn discard(self, files: &[&str]) -> Result<()> {
        let removed = files.iter().try_for_each(|file| fs::remove_file(self.file(file)));
        removed
            .and_then(|()| fs::remove_dir(&self.0))
            .with_context(|| format!("cannot remove the folder {}", self.0.display()))
    }

    /// Path of a file in the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Name of the folder, which tells runs of one recipe apart; `otherwise` where it has none.
    pub fn name(&self, otherwise: &str) -> String {
        let path = std::path::absolute(&self.0).unwrap_or_default();
        path.file_name().map_or(otherwise.into(), |name| name.to_string_lossy().into_owned())
    }

    /// Path of the folder.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file of the folder; see [`write_whole`].
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<()> {
        write_whole(&self.file(name), content)
    }
}

/// Writes a file so that it is there whole or not at all: under another name first, then renamed.
///
/// # Errors
/// The file cannot be written. A file that was there before is as it was.
pub fn write_whole(path: &Path, content: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = tempfile::Builder::new()
        .prefix(".partial-")
        .make_in(folder, |path| File::create_new(path))
        .and_then(|mut file| {
            file.write_all(content)?;
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
    }
}
