//! The file that stands for an emulated board's flash.

use super::EmulatorError;
use std::{
    env,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};
use tinytriplet_boards::{Board, Region};

/// The file that stands for the memory with an emulated board's gallery. One emulator at a time
/// uses it.
pub struct FlashFile {
    path: PathBuf,
    /// The lock ends with the file.
    _lock: File,
    is_temporary: bool,
}

impl FlashFile {
    /// Creates a file with an empty gallery. It is deleted in the end. Returns `None` if the
    /// emulator keeps nothing.
    pub fn temporary(board: &Board) -> Result<Option<Self>, EmulatorError> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Relaxed);
        let path = env::temp_dir().join(format!("{}-{}-{number}.flash", board.name, process::id()));
        // A process with the same number that was killed may have left one over.
        let _ = fs::remove_file(&path);
        Self::new(board, path, true)
    }

    /// Opens the file at `path`, or creates it with an empty gallery. Returns `None` if the
    /// emulator keeps nothing.
    pub fn open(board: &Board, path: &Path) -> Result<Option<Self>, EmulatorError> {
        Self::new(board, path.to_owned(), false)
    }

    fn new(board: &Board, path: PathBuf, is_temporary: bool) -> Result<Option<Self>, EmulatorError> {
        let Some(memory) = board.kept_memory() else { return Ok(None) };
        let failed = |error| EmulatorError::File(path.clone(), error);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(failed)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(EmulatorError::InUse(path.to_owned())),
            locked => locked.map_err(|error| failed(error.into()))?,
        }
        prepare(&file, memory, board.gallery).map_err(failed)?;
        Ok(Some(Self { path, _lock: file, is_temporary }))
    }

    /// Returns its path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for FlashFile {
    fn drop(&mut self) {
        if self.is_temporary {
            // There is nobody to tell that it could not be deleted.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Clears the part that does not outlast a power cut, and the gallery of a new file.
fn prepare(mut file: &File, memory: Region, gallery: Region) -> io::Result<()> {
    let before = (gallery.origin - memory.origin) as usize;
    match file.metadata()?.len() {
        0 => {
            file.set_len(memory.len as u64)?;
            file.seek(SeekFrom::Start(before as u64))?;
            file.write_all(&vec![0xff; gallery.len])
        }
        len if len == memory.len as u64 => file.write_all(&vec![0; before]),
        len => {
            let message = format!("the board's flash has {} bytes, the file {len}", memory.len);
            Err(io::Error::new(io::ErrorKind::InvalidData, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    fn board(name: &str) -> &'static Board {
        tinytriplet_boards::find(name).unwrap()
    }

    #[test]
    fn a_new_gallery_is_erased_and_an_old_one_kept() {
        for name in ["mps2-an386", "riscv-virt", "pico"] {
            let board = board(name);
            let memory = board.kept_memory().unwrap();
            let flash = FlashFile::temporary(board).unwrap().unwrap();
            let path = flash.path().with_extension("copy");
            let mut content = fs::read(flash.path()).unwrap();
            assert_eq!(content.len(), memory.len);
            let gallery = (board.gallery.origin - memory.origin) as usize;
            assert!(content[gallery..][..board.gallery.len].iter().all(|&byte| byte == 0xff), "{name}");

            content.fill(7);
            fs::write(&path, &content).unwrap();
            drop(FlashFile::open(board, &path).unwrap());
            let kept = fs::read(&path).unwrap();
            fs::remove_file(&path).unwrap();
            assert_eq!(kept[..gallery], vec![0; gallery], "{name}: RAM forgets");
            assert_eq!(kept[gallery..], content[gallery..], "{name}");
        }
    }

    #[test]
    fn one_emulator_at_a_time() {
        let board = board("pico");
        let first = FlashFile::temporary(board).unwrap().unwrap();
        let path = first.path().to_owned();
        let second = FlashFile::open(board, &path);
        assert!(matches!(second, Err(EmulatorError::InUse(used)) if used == path));
        drop(first);
        assert!(!path.exists(), "a temporary file is deleted");
    }

    #[test]
    fn other_files_are_refused() {
        let flash = FlashFile::temporary(board("pico")).unwrap().unwrap();
        let path = flash.path().with_extension("other");
        fs::write(&path, "my diary").unwrap();
        let refused = FlashFile::open(board("pico"), &path);
        assert!(matches!(refused, Err(EmulatorError::File(..))));
        assert_eq!(fs::read(&path).unwrap(), b"my diary");
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn some_keep_nothing() {
        for name in ["nucleo-f446re", "pico2"] {
            assert!(FlashFile::temporary(board(name)).unwrap().is_none());
        }
    }
}
