//! Names of files and folders: bytes, which need not be text.

use std::{
    cmp::Ordering,
    collections::HashMap,
    ffi::OsStr,
    path::{Path, PathBuf},
};
use unicode_normalization::UnicodeNormalization;

/// Returns `1 image`, `3 images`, `2 classes`.
#[must_use]
pub fn counted(number: usize, thing: &str) -> String {
    match (number, thing.ends_with('s')) {
        (1, _) => format!("1 {thing}"),
        (_, true) => format!("{number} {thing}es"),
        (_, false) => format!("{number} {thing}s"),
    }
}

/// A name or a path as it is shown. What is not UTF-8 or is a control character is escaped, as in
/// `\xba\xec`.
#[must_use]
pub fn shown(name: impl AsRef<OsStr>) -> String {
    let name = name.as_ref();
    match name.to_str() {
        Some(text) if !text.contains(char::is_control) => text.into(),
        _ => escaped(name),
    }
}

/// A name in which everything that is not printable is escaped, and so is the backslash; where the
/// name is not UTF-8, everything that is not ASCII.
fn escaped(name: &OsStr) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
    let one = |c: char| match c {
        '\t' => "\\t".into(),
        '\n' => "\\n".into(),
        '\r' => "\\r".into(),
        '\\' => "\\\\".into(),
        c if c.is_control() => hex(c.encode_utf8(&mut [0; 4]).as_bytes()),
        c => c.to_string(),
    };
    match name.to_str() {
        Some(text) => text.chars().map(one).collect(),
        None => {
            let bytes = name.as_encoded_bytes().iter();
            bytes.map(|byte| if byte.is_ascii() { one((*byte).into()) } else { hex(&[*byte]) }).collect()
        }
    }
}

/// A path as a shell takes it.
#[must_use]
pub fn quoted(path: &Path) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+=:,@%".contains(c);
    match path.to_str() {
        Some(text) if !text.is_empty() && text.chars().all(is_plain) => text.into(),
        Some(text) if !text.contains(char::is_control) => format!("'{}'", text.replace('\'', r"'\''")),
        _ => format!("$'{}'", escaped(path.as_os_str()).replace('\'', r"\'")),
    }
}

/// The last part of a path, to be shown.
#[must_use]
pub fn name(path: &Path) -> String {
    shown(last(path))
}

/// The last part of a path, which tells it from the others in its folder.
pub(crate) fn last(path: &Path) -> &OsStr {
    path.file_name().unwrap_or_default()
}

/// Returns true if a file's name begins with a dot.
#[must_use]
pub fn is_hidden(path: &Path) -> bool {
    last(path).as_encoded_bytes().starts_with(b".")
}

/// Returns the form that names that look the same share: Unicode writes `é` as one character (NFC)
/// or as two (NFD). `None` if the name is not UTF-8.
pub(crate) fn composed(name: &OsStr) -> Option<String> {
    Some(name.to_str()?.nfc().collect())
}

/// The first two of `paths` whose names look the same.
pub(crate) fn look_alike<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Option<[PathBuf; 2]> {
    let mut seen = HashMap::new();
    paths.into_iter().find_map(|path| {
        let first = seen.insert(composed(last(path))?, path)?;
        Some([first.into(), path.into()])
    })
}

/// The order in which people put names: numbers in them count as numbers, so that `img2` is before
/// `img10`. Otherwise by bytes. Only equal names are equal.
#[must_use]
pub fn natural_order(a: impl AsRef<OsStr>, b: impl AsRef<OsStr>) -> Ordering {
    let (a, b) = (a.as_ref().as_encoded_bytes(), b.as_ref().as_encoded_bytes());
    let (mut left, mut right) = (a, b);
    loop {
        let ordering = match (left, right) {
            ([b'0'..=b'9', ..], [b'0'..=b'9', ..]) => {
                let (number, other) = (digits(&mut left), digits(&mut right));
                number.len().cmp(&other.len()).then(number.cmp(other))
            }
            ([one, others @ ..], [other, more @ ..]) => {
                (left, right) = (others, more);
                one.cmp(other)
            }
            // `01` and `1` are the same number.
            ([], []) => return a.cmp(b),
            _ => left.len().cmp(&right.len()),
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
}

/// Takes the number that `text` begins with, and returns it without leading zeros.
fn digits<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    *text = rest;
    let zeros = number.iter().take_while(|&&digit| digit == b'0').count();
    &number[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_put_in_the_order_of_people() {
        let mut names =
            ["b", "img10.png", "img2.png", "10", "9", "img02.png", "", "é", "a1b10", "a1b9", "img2"];
        names.sort_by(|a, b| natural_order(a, b));
        assert_eq!(
            names,
            ["", "9", "10", "a1b9", "a1b10", "b", "img2", "img02.png", "img2.png", "img10.png", "é"]
        );
        let long = ["1".repeat(50), "1".repeat(49) + "2"];
        assert!(natural_order(&long[0], &long[1]).is_lt());
    }

    #[cfg(unix)]
    fn bytes(name: &[u8]) -> &OsStr {
        std::os::unix::ffi::OsStrExt::from_bytes(name)
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_no_text_are_told_apart() {
        let [red, blue] = [&b"\xba\xec\xc9\xab"[..], b"\xc0\xb6\xc9\xab"].map(bytes);
        assert!(natural_order(red, blue).is_lt() && natural_order(blue, red).is_gt());
        assert_eq!([red, blue].map(shown), [r"\xba\xec\xc9\xab", r"\xc0\xb6\xc9\xab"]);
        let latin = bytes(b"/data/caf\xe9 \\ '1'");
        assert_eq!(shown(latin), r"/data/caf\xe9 \\ '1'");
        assert_eq!(quoted(Path::new(latin)), r"$'/data/caf\xe9 \\ \'1\''");
        assert_eq!((composed(red), name(Path::new("/a/b"))), (None, "b".into()));
    }

    #[test]
    fn names_are_shown_on_one_line() {
        assert_eq!(shown("größe \\ 4"), "größe \\ 4");
        assert_eq!(shown("a\tb\nc\\\u{85}"), r"a\tb\nc\\\xc2\x85");
        assert_eq!(quoted(Path::new("runs/größe-4")), "runs/größe-4");
        assert_eq!(quoted(Path::new("Tom's $HOME")), r"'Tom'\''s $HOME'");
    }

    #[test]
    fn two_forms_of_one_name_look_alike() {
        let [nfc, nfd] = ["a/caf\u{e9}", "a/cafe\u{301}"].map(Path::new);
        assert_eq!(look_alike([nfc, Path::new("a/cafe"), nfd]), Some([nfc.into(), nfd.into()]));
        assert_eq!(look_alike([nfc, Path::new("a/cafe")]), None);
    }
}
