//! The README's demonstration, word by word: its commands are run, and print what stands there.
//! Each of them boots the emulated board and ends it: the power is cut between any two.

use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
};

const COMMAND: &str = "BLESS=1 cargo test -p host-train --test demonstration";
/// The text before the block in README.md.
const MARK: &str = "<!-- Run and compared by host-train/program/tests/demonstration.rs -->\n```text\n";

#[test]
fn the_readme_is_true() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let start = readme.find(MARK).expect("README.md has the demonstration") + MARK.len();
    let len = readme[start..].find("```").expect("the block ends");
    let (old, rest) = readme[start..].split_at(len);
    let new = play(old);
    if env::var_os("BLESS").is_some_and(|value| !value.is_empty()) {
        fs::write(&path, [&readme[..start], &new, rest].concat()).unwrap();
        return;
    }
    assert!(
        new == old,
        "README.md's demonstration prints something else now:\n{new}\nTo write it again: {COMMAND}"
    );
    assert!(new.lines().all(|line| line.chars().count() <= 80), "{new}");
}

/// Runs the commands of a transcript, and returns it with what they print today.
fn play(transcript: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_host-train"));
    let mut path = program.parent().unwrap().as_os_str().to_owned();
    path.push(":");
    path.push(env::var_os("PATH").unwrap_or_default());
    let (mut settings, mut new) = (Vec::new(), String::new());
    for line in transcript.lines().filter_map(|line| line.strip_prefix("$ ")) {
        new += &format!("$ {line}\n");
        let line = line.split_once("  #").map_or(line, |(command, _)| command).trim_end();
        if let Some((name, value)) = line.strip_prefix("export ").and_then(|setting| setting.split_once('='))
        {
            settings.push((name.to_owned(), value.to_owned()));
            continue;
        }
        let output = Command::new("sh")
            .args(["-c", line])
            .current_dir(folder.path())
            .env("PATH", &path)
            // Not the reader's own board's.
            .env("TINYTRIPLET_FLASH", folder.path().join("board.flash"))
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        assert!(output.status.success(), "{line}");
        new += &String::from_utf8(output.stdout).unwrap();
        new.push('\n');
    }
    new.trim_end().to_owned() + "\n"
}
