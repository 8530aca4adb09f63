//! `threshold`: two folders of pictures and a committed model propose a threshold.

mod program;

use program::{fails, host_train, program};
use std::{env, fs, path::Path};

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

    // Strangers that are no strangers.
    fails(&ask("own", "own"), &["own: 24 of its 24 pictures are in own, too", "leave them out"]);
    fails(&ask("own", "none"), &["none: no folder with pictures"]);
    fs::create_dir(at("empty")).unwrap();
    fails(&ask("own", "empty"), &["empty: "]);
    fails(&ask("others/fish", "own"), &["others/fish"]);
    fails(
        &host_train(&["threshold", "nowhere", "--own", "a", "--strangers", "b"]),
        &["nowhere: cannot be read"],
    );
}

/// What the model file states of strangers, in the episodes of `eval`, with other drawings than it was calibrated
/// on, and with what people wrote.
#[test]
fn the_stated_rates_hold() {
    let json = |arguments: &[&str]| -> serde_json::Value {
        let out = program(Path::new("."), arguments).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        serde_json::from_slice(&out.stdout).unwrap()
    };
    let stated = json(&["inspect", MODEL, "--json"])["by_shots"].take();
    let mnist = env::var("TINYTRIPLET_DATA").ok();
    for data in ["drawn", "signs"].into_iter().chain(mnist.as_deref()) {
        let scores = json(&["eval", MODEL, "--data", data, "--json"]);
        let open_set = scores["int8"]["episodes"]["all_classes"]["open_set"].as_array().unwrap();
        assert_eq!(open_set.len(), 4);
        for (measured, stated) in open_set.iter().zip(stated.as_array().unwrap()) {
            assert_eq!(measured["shots"], stated["shots"]);
            let accepted = measured["at_threshold"]["strangers_accepted"]["share"].as_f64().unwrap();
            let factor = accepted / stated["false_accept_rate"].as_f64().unwrap();
            // Below 1 is the safe side: of people's digits, half as many are accepted.
            assert!((0.4..1.5).contains(&factor), "{data}, {}: {factor}", stated["shots"]);
        }
    }
}

#[test]
fn a_model_file_is_calibrated_again() {
    let folder = tempfile::tempdir().unwrap();
    let calibrate = |model: &str, more: &[&str]| {
        let arguments = [&["calibrate", model, "--out", "new.postcard"], more].concat();
        program(folder.path(), &arguments).output().unwrap()
    };
    let out = calibrate(MODEL, &[]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    // It was calibrated by the same command.
    assert_eq!(fs::read(folder.path().join("new.postcard")).unwrap(), fs::read(MODEL).unwrap());
    let digits = MODEL.replace("characters.model", "digits.model");
    fails(&calibrate(&digits, &["--data", "signs"]), &["trained on mnist, not on drawn-signs"]);
}

/// A run's recipe says what was held out of its training.
#[test]
fn a_run_is_calibrated_on_what_it_held_out() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| program(folder.path(), arguments).output().unwrap();
    let train = |name: &str| {
        let hold_out = format!("train.hold_out='{name}'");
        let short = ["-c", "tiny", "--data", "drawn", "--out", ".", "--set", "train.steps=20"];
        let out = run(&[&short[..], &["--name", name, "--set", &hold_out]].concat());
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    };
    train("classes");
    let out = run(&["calibrate", "classes", "--out", "new.postcard"]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let read = |path: &str| fs::read(folder.path().join(path)).unwrap();
    assert!(read("new.postcard") == read("classes/model.postcard"), "as training did it");

    train("none");
    fails(
        &run(&["calibrate", "none"]),
        &["none: this run held no images out", "train again with --set 'train.hold_out=\"images\"'"],
    );
    fails(
        &run(&["calibrate", "classes", "--data", "signs"]),
        &["classes: this run began with other data than are found now"],
    );
}

/// The default recipe's net learns made-up characters beside its digits, so it can refuse other signs, and is asked
/// about them.
#[test]
fn digits_beside_made_up_characters_have_thresholds_by_shots() {
    let folder = tempfile::tempdir().unwrap();
    let few = ["--data", "drawn", "--out", ".", "--name", "both", "--set", "train.steps=20"];
    let out = program(folder.path(), &few).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let out = program(folder.path(), &["inspect", "both", "--json"]).output().unwrap();
    let inspected: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let shots = inspected["by_shots"].as_array().unwrap().iter().map(|of| of["shots"].as_u64().unwrap());
    assert_eq!(shots.collect::<Vec<_>>(), [1, 3, 5, 10]);
}
