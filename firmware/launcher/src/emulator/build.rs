//! Builds a program for a board.

use super::{EmulatorError, Program};
use std::{
    env,
    fs::{self, File},
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    process::Command,
};
use tinytriplet_boards::Board;

/// The programs for a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary<'p> {
    /// Answers over the serial line.
    Firmware,
    /// The same, and panics or hangs when it is asked to.
    FaultInjection,
    /// The same as the first, and sees digits that a pen writes.
    Pattern,
    /// Prints what a computation costs.
    Measure {
        /// The folder of the models that are measured; `None` for the built-in model.
        models: Option<&'p Path>,
    },
}

impl Binary<'_> {
    /// Returns its name in Cargo.
    fn name(self) -> &'static str {
        match self {
            Self::Firmware | Self::FaultInjection | Self::Pattern => "firmware",
            Self::Measure { .. } => "measure",
        }
    }

    /// Returns the features that it needs besides the board's.
    fn features(self) -> &'static str {
        match self {
            Self::FaultInjection => ",fault-injection",
            Self::Pattern => ",source-pattern",
            Self::Firmware | Self::Measure { .. } => "",
        }
    }

    /// Returns the name of its file, after the board's.
    fn file(self) -> &'static str {
        match self {
            Self::FaultInjection => "fault-injection",
            Self::Pattern => "pattern",
            Self::Firmware | Self::Measure { .. } => self.name(),
        }
    }
}

/// Builds a program for `board`, with the model that `TINYTRIPLET_MODEL` names if it is set.
///
/// It runs Cargo in a target folder of its own, so that it may be called from a program that Cargo
/// runs, and from several at once. Each program of each board has its own file.
///
/// # Errors
/// Returns [`EmulatorError::Build`] if Cargo fails, [`EmulatorError::File`] if a file cannot be
/// read or written, and the errors of [`Program::read`].
pub fn build(board: &'static Board, binary: Binary<'_>) -> Result<Program, EmulatorError> {
    let workspace = workspace();
    let target = target_folder();
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error| EmulatorError::File(path, error)
    };

    // Boards share a compiler target, and so the place where Cargo leaves the program: no other may
    // be built until this one is copied. The lock ends with the file.
    fs::create_dir_all(&target).map_err(failed(&target))?;
    let lock_path = target.join(".lock");
    let lock = File::create(&lock_path).map_err(failed(&lock_path))?;
    lock.lock().map_err(failed(&lock_path))?;

    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    if let Binary::Measure { models } = binary {
        command.env("TINYTRIPLET_MODELS", models.unwrap_or(Path::new("")));
    }
    let status = command
        .current_dir(&workspace)
        .args(["build", "--package", "firmware", "--bin", binary.name(), "--release"])
        .args(["--target", board.target, "--features", &format!("{}{}", board.name, binary.features())])
        .arg("--target-dir")
        .arg(&target)
        // A person may watch while they wait; a program that reads along needs errors only.
        .args((!io::stderr().is_terminal()).then_some("--quiet"))
        // They are meant for the PC: instrumentation, for example, which does not fit on a board.
        .env_remove("RUSTFLAGS")
        .env("CARGO_ENCODED_RUSTFLAGS", rustflags())
        .status();
    if !status.is_ok_and(|status| status.success()) {
        return Err(EmulatorError::Build(board));
    }
    let built = target.join(board.target).join("release").join(binary.name());
    let path = target.join(format!("{}-{}.elf", board.name, binary.file()));
    // Other processes may be reading the last one.
    let new = path.with_extension("new");
    fs::copy(&built, &new).and_then(|_| fs::rename(&new, &path)).map_err(failed(&path))?;
    Program::read(&path)
}

/// Returns the default file for the gallery of an emulated board.
pub fn flash_path(board: &Board) -> PathBuf {
    target_folder().join(format!("{}.flash", board.name))
}

/// Returns the workspace's folder.
pub fn workspace() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).unwrap_or(package).to_owned()
}

/// Returns the folder of the boards' programs.
pub fn target_folder() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or(workspace().join("target"), PathBuf::from).join("boards")
}

/// Returns the flags that keep this PC's folders out of the program, where the places of panics
/// are: a board should not tell them, and a program has the same size wherever it is built.
fn rustflags() -> String {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    home.map_or(String::new(), |home| format!("--remap-path-prefix={}=/cargo", home.display()))
}
