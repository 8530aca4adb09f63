//! Texts that are committed and must come out again.

use std::{env, fmt::Write, fs, path::Path};

/// Compares `text` with the file `golden/{name}`, and panics with what is different. With `BLESS` set, the file is
/// written instead.
///
/// # Panics
/// They are different, or the file cannot be read or written. `command` is what blesses.
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
        panic!(
            "tests/golden/{name} says something else (-) than what came out (+):\n\n{}\n\
             If that is meant to be so, this writes it anew, to be committed with its cause:\n  {command}\n",
            difference(&golden, text)
        );
    }
}

/// Lines that are different, each with the last line before it that begins in the first column: its heading.
fn difference(old: &str, new: &str) -> String {
    let [old, new] = [old, new].map(|text| text.lines().collect::<Vec<_>>());
    // Longest common subsequence of the lines from i and from j on.
    let mut common = vec![vec![0; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] = if old[i] == new[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut text, mut heading) = (String::new(), None);
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        let (a, b) = (old.get(i), new.get(j));
        if a == b {
            if let Some(line) = a.filter(|line| line.starts_with(|first: char| first.is_alphanumeric())) {
                heading = Some(*line);
            }
            (i, j) = (i + 1, j + 1);
            continue;
        }
        if let Some(heading) = heading.take() {
            writeln!(text, "  {heading}").expect("a string takes everything");
        }
        let gone = j == new.len() || i < old.len() && common[i + 1][j] >= common[i][j + 1];
        let (sign, line) = if gone { ('-', a) } else { ('+', b) };
        writeln!(text, "{sign} {}", line.expect("one of them has not ended")).expect("as above");
        if gone { i += 1 } else { j += 1 }
    }
    if text.is_empty() { "only the line ends are different\n".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_shown_with_their_heading() {
        let old = "one\n a 1\n b 2\ntwo\n c 3\n d 4\n";
        assert_eq!(difference(old, &old.replace("c 3", "c 4")), "  two\n-  c 3\n+  c 4\n");
        assert_eq!(difference(old, &old.replace(" b 2\n", "")), "  one\n-  b 2\n");
        assert_eq!(difference(old, &format!("{old} e\n")), "  two\n+  e\n");
        assert_eq!(difference(old, old.trim_end()), "only the line ends are different\n");
    }

    #[test]
    #[should_panic(expected = "BLESS=1")]
    fn a_missing_file_is_no_success() {
        check("no such file", "", "BLESS=1 something");
    }
}
