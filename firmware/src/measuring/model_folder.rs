//! A folder of model files.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The files `*.postcard` in a folder, by name.
pub fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let paths: io::Result<Vec<PathBuf>> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "postcard"));
    paths.sort();
    Ok(paths)
}
