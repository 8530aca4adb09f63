//! Texts that are committed and must come out again.

use similar::TextDiff;
use std::{env, fs, path::Path};

/// Lines that are shown before and after what differs: enough to see which part of a ledger it is in.
const CONTEXT: usize = 5;

/// Compares `text` with the file at `path` in the workspace. If `BLESS` is set, writes the file instead.
///
/// # Panics
/// Panics if they differ, with the difference and the `command` that blesses; and if the file cannot be read or
/// written.
pub fn check(path: &str, text: &str, command: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    if env::var_os("BLESS").is_some_and(|value| !value.is_empty()) {
        fs::create_dir_all(file.parent().expect("it has a folder"))
            .and_then(|()| fs::write(&file, text))
            .unwrap_or_else(|error| panic!("{path}: {error}"));
        return;
    }
    let golden = fs::read_to_string(&file).unwrap_or_else(|error| {
        panic!("{path}: {error}; this makes the file:\n  {command}");
    });
    if golden != text {
        let difference =
            TextDiff::from_lines(&*golden, text).unified_diff().context_radius(CONTEXT).to_string();
        panic!(
            "{path} has something else (-) than what came out (+):\n\n{difference}\n\
             If that is meant, this writes the file, to be committed with its cause:\n  {command}\n"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "BLESS=1")]
    fn a_missing_file_is_no_success() {
        check("no such file", "", "BLESS=1 something");
    }
}
