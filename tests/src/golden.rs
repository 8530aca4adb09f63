//! Texts that are committed and must come out again.

use similar::TextDiff;
use std::{env, fs, path::Path};

/// Lines that are shown before and after what differs: enough to see which part of a ledger it is in.
const CONTEXT: usize = 5;

/// Compares `text` with the file `golden/{name}`. If `BLESS` is set, writes the file instead.
///
/// # Panics
/// Panics if they differ, with the difference and the `command` that blesses; and if the file cannot be read or
/// written.
pub fn check(name: &str, text: &str, command: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(name);
    if env::var_os("BLESS").is_some_and(|value| !value.is_empty()) {
        fs::create_dir_all(path.parent().expect("it has a folder"))
            .and_then(|()| fs::write(&path, text))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        return;
    }
    let golden = fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; this makes the file:\n  {command}", path.display());
    });
    if golden != text {
        let difference =
            TextDiff::from_lines(&*golden, text).unified_diff().context_radius(CONTEXT).to_string();
        panic!(
            "tests/golden/{name} has something else (-) than what came out (+):\n\n{difference}\n\
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
