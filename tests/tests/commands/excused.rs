//! Commands that are not run here, and why. Their words are checked all the same, see `words.rs`.

use super::markdown::Command;

/// The beginning of a command, and the reason why it is not run.
const EXCUSED: [(&str, &str); 16] = [
    (".ci/", "it is what runs this test"),
    ("BLESS=1 cargo test", "it would write over what it is compared with"),
    ("cargo test", "it is what runs this test"),
    ("TINYTRIPLET_HISTORIES=100000 cargo test", "it takes minutes; `cargo test` plays fewer"),
    ("cargo deny", "it needs a network: a database of advisories"),
    ("cargo install", "it needs a network and minutes"),
    (
        "cargo run --manifest-path tests/storage-comparison/",
        "it takes minutes, and builds what nothing else needs",
    ),
    (
        "cargo build --release --manifest-path firmware/examples/",
        "it builds what nothing else needs; .ci/run does",
    ),
    (
        "cargo run --manifest-path firmware/examples/",
        "it would write over a picture, by what nothing else needs",
    ),
    ("cargo build --release -p tinytriplet-c", "tests/tests/c.rs builds the same"),
    ("cargo run -p tinytriplet-c", "tests/tests/c.rs does the same"),
    ("make -C firmware/c/", "tests/tests/c.rs does the same"),
    ("qemu-system-arm", "tests/tests/examples.rs does the same"),
    ("cargo run --release -p firmware", "it needs a board; tests/tests/firmware_sizes.rs builds the same"),
    ("cargo run --release -p host-train", "it builds Burn again: minutes"),
    (
        "tensorboard",
        "it serves until it is stopped; host-train/program/tests/tensorboard.rs has it read a run",
    ),
];

/// Returns the reason why `command` is not run; `None` if it has to be run.
pub fn reason(command: &Command) -> Option<&'static str> {
    EXCUSED.iter().find(|(beginning, _)| command.line.starts_with(beginning)).map(|(_, reason)| *reason)
}

/// Excuses that nothing needs.
pub fn unused<'c>(commands: impl Iterator<Item = &'c Command> + Clone) -> Vec<&'static str> {
    let beginnings = EXCUSED.iter().map(|(beginning, _)| *beginning);
    beginnings
        .filter(|beginning| !commands.clone().any(|command| command.line.starts_with(beginning)))
        .collect()
}
