//! `threshold`: two folders of pictures and a committed model propose a threshold.

mod program;

use program::{fails, host_train, program};
use std::fs;

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../firmware/models/characters.model.postcard");

#[test]
fn a_threshold_is_proposed_from_two_folders() {
    let folder = tempfile::tempdir().unwrap();
    let samples = ["samples", "own", "--data", "signs", "--per-class", "8"];
    assert!(program(folder.path(), &samples).output().unwrap().status.success());
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("others")).unwrap();
    for stranger in ["fish", "flash", "key", "moon", "note", "spiral", "star"] {
        fs::rename(at("own").join(stranger), at("others").join(stranger)).unwrap();
    }
    let ask = |own: &str, strangers: &str| {
        let arguments = ["threshold", MODEL, "--own", own, "--strangers", strangers];
        program(folder.path(), &arguments).output().unwrap()
    };
    let out = ask("own", "others");
    let [printed, told] = [out.stdout, out.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(out.status.success(), "{told}");
    assert!(told.contains("12 training and 12 test images of 28x28"), "{told}");
    assert!(told.contains("others: 56 images") && !told.contains("trained on"), "{told}");
    // Three kinds, half of the eight pictures of each; seven kinds of strangers, all of them.
    let lines: Vec<&str> = printed.lines().collect();
    assert!(lines[1].contains(" of 12 (") && lines[1].contains(" of 56 ("), "{printed}");
    assert!(lines[2].contains(" 0 of 56 (0 to 6 %)"), "{printed}");
    assert!(lines.last().unwrap().starts_with("host-train device recognise --threshold 0."), "{printed}");

    fails(&ask("own", "none"), &["none: no folder with pictures"]);
    fs::create_dir(at("empty")).unwrap();
    fails(&ask("own", "empty"), &["empty: "]);
    fails(&ask("others/fish", "own"), &["others/fish"]);
    fails(
        &host_train(&["threshold", "nowhere", "--own", "a", "--strangers", "b"]),
        &["nowhere: cannot be read"],
    );
}
