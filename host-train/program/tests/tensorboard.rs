//! A run's files for TensorBoard, read by TensorBoard itself.

mod files;
mod tiny;

use files::files;
use std::{path::Path, process::Command};
use tiny::TRAIN;

#[track_caller]
fn succeeds(command: &mut Command) {
    let output = command.output().unwrap();
    let [out, error] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success(), "{out}{error}");
}

#[test]
fn tensorboard_shows_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let program = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_host-train"));
        command.current_dir(folder.path());
        command
    };
    succeeds(program().args(TRAIN));
    let runs = folder.path().join("runs");
    let written = files(&runs);

    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tensorboard");
    let python = tests.join(".venv/bin/python");
    assert!(
        python.exists(),
        "{}: TensorBoard is not installed; this installs it: .ci/setup",
        python.display()
    );
    succeeds(Command::new(python).arg(tests.join("check.py")).arg(&runs).arg("tiny"));

    // The same run has the same files.
    succeeds(program().args(["report", "runs/tiny", "--data", "drawn"]));
    let again = files(&runs);
    assert_eq!(again.keys().collect::<Vec<_>>(), written.keys().collect::<Vec<_>>());
    for (path, content) in again {
        assert!(content == written[&path], "{} has changed", path.display());
    }
}
