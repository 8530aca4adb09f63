//! Folders of model files that boards measure.

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
    sync::Mutex,
};

/// Makes `folder` hold just these files: name without its extension, content. Tests of one program may do so for the same
/// files at once: the second one finds all of them there, and writes none.
///
/// # Errors
/// The disk is full, or somebody else's.
pub fn write(folder: PathBuf, files: &[(String, Vec<u8>)]) -> io::Result<PathBuf> {
    static WRITING: Mutex<()> = Mutex::new(());
    let _writing = WRITING.lock();
    fs::create_dir_all(&folder)?;
    let path = |name: &str| folder.join(format!("{name}.postcard"));
    let wanted: HashSet<PathBuf> = files.iter().map(|(name, _)| path(name)).collect();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if !wanted.contains(&path) {
            fs::remove_file(path)?;
        }
    }
    for (name, bytes) in files {
        write_if_other(&path(name), bytes)?;
    }
    Ok(folder)
}

/// Writes a file only if it changes: a newer time would make Cargo build the measuring program again.
fn write_if_other(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::read(path).is_ok_and(|old| old == bytes) { Ok(()) } else { fs::write(path, bytes) }
}
