//! The program, as a person runs it.

use std::{
    path::Path,
    process::{Command, Output},
};

/// Returns the program in `folder`, without data or a cache of the machine's.
pub fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_host-train"));
    command.args(arguments).env_remove("TINYTRIPLET_DATA").env("XDG_CACHE_HOME", folder).current_dir(folder);
    command
}

/// Runs it in an empty folder.
pub fn host_train(arguments: &[&str]) -> Output {
    let empty = tempfile::tempdir().unwrap();
    program(empty.path(), arguments).output().unwrap()
}

/// The program fails with status 1, nothing on standard output, and one error line that holds all
/// of `words`.
#[track_caller]
pub fn fails(output: &Output, words: &[&str]) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(output.stdout.is_empty());
    let line = error.lines().find(|line| line.starts_with("error: ")).unwrap_or_else(|| panic!("{error}"));
    for word in words {
        assert!(line.contains(word), "{word:?} is not in: {line}");
    }
    assert!(!error.contains("panicked"), "{error}");
}
