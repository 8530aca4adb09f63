//! The report's page in a real browser: all of it is there, it does what it says, and it asks no
//! network for anything.

mod findings;

use findings::{findings, nothing};
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};
use tinytriplet_report::{Findings, page};

/// Opens the page in a headless Chromium and does what a reader does. `BROWSER_SCREENSHOTS`, a
/// folder, keeps pictures.
#[track_caller]
fn read(name: &str, page: &Path) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/report.mjs");
    let mut node = Command::new("node");
    node.arg("--test-reporter=spec").arg(script).arg(page).stdin(Stdio::null());
    if let Some(folder) = std::env::var_os("BROWSER_SCREENSHOTS") {
        node.arg(Path::new(&folder).join(name));
    }
    let output = node.output().expect("node, which .ci/setup installs");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[track_caller]
fn read_page_about(name: &str, runs: &[Findings]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    fs::write(&path, page(runs).unwrap()).unwrap();
    read(name, &path);
}

#[test]
fn of_a_training() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_host-train"));
    program.args(["-c", "quick", "--data", "drawn", "--set", "train.steps=30", "--name", "real"]);
    program.env_remove("TINYTRIPLET_DATA").env("XDG_CACHE_HOME", folder.path()).current_dir(folder.path());
    let output = program.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    read("training", &folder.path().join("runs/real/report.html"));
}

#[test]
fn one_run() {
    read_page_about("one", &[findings("by hand", &["cross", "disc", "frame", "stripes"], 0.95)]);
}

#[test]
fn several_runs() {
    let classes = ["cross", "disc", "frame"];
    let runs = [findings("first", &classes, 0.9), findings("second", &classes, 0.95), nothing("third")];
    read_page_about("several", &runs);
}

#[test]
fn many_classes_with_names_that_are_markup() {
    let mut classes: Vec<String> = (0..50).map(|class| format!("class {class}")).collect();
    classes[0] = "</script><img src=x onerror=\"globalThis.pwned = 1\">".into();
    classes[1] = "<!--<script>".into();
    classes[2] = "{{findings}}&lt;\"'`\u{2028}".into();
    classes[3] = "an-uncommonly-long-name-without-any-space-in-it".repeat(3);
    let classes: Vec<&str> = classes.iter().map(String::as_str).collect();
    let mut run = findings("<svg onload=\"globalThis.pwned = 1\">", &classes, 0.8);
    run.recipe = "</script><script>globalThis.pwned = 1</script>".into();
    read_page_about("many", &[run]);
}

#[test]
fn a_run_that_gave_nothing_to_measure() {
    read_page_about("nothing", &[nothing("empty")]);
}
