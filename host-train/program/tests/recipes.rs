//! Recipes of known nets: what they cost before they are trained, and that they can be.

mod coloured;
mod program;

use coloured::{COLOURS, disc, folder};
use program::{fails, host_train, program};
use serde_json::Value;
use std::fs;

#[track_caller]
fn inspected(arguments: &[&str]) -> String {
    let output = host_train(&[&["inspect"], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(arguments.contains(&"--json") || text.lines().all(|line| line.chars().count() <= 80), "{text}");
    text
}

fn report(arguments: &[&str]) -> Value {
    serde_json::from_str(&inspected(&[arguments, &["--json"]].concat())).unwrap()
}

#[test]
fn a_recipe_is_inspected_before_it_is_trained() {
    for (name, input, macs) in [
        ("mobilenet", [96, 96, 3], 7_505_536),
        ("dscnn", [49, 10, 1], 2_660_096),
        ("conv4", [28, 28, 1], 9_815_040),
    ] {
        let found = report(&["-c", name]);
        assert_eq!(found["input"], serde_json::json!(input));
        assert_eq!((&found["macs"], &found["embedding"]), (&macs.into(), &64.into()), "{name}");
        assert_eq!(found["slow_layers"], serde_json::json!([]), "{name}");
        let boards = found["boards"].as_array().unwrap();
        assert_eq!(boards.len(), 6, "{name}: {boards:?}");
        for board in boards {
            assert!(board["instructions"].as_u64() > Some(macs / 8), "{name}: {board}");
        }
        let text = inspected(&["-c", name]);
        for words in [name, "not trained", "model in flash"] {
            assert!(text.contains(words), "{name}: {words} is not in\n{text}");
        }
    }
    // The ledger has counted this very net.
    let counted = report(&["-c", "default"]);
    assert_eq!(counted["boards"][0]["counted"], true);
    let changed = report(&["-c", "default", "--set", "data.size=32", "--set", "data.channels=3"]);
    assert_eq!(changed["input"], serde_json::json!([32, 32, 3]));
    assert_eq!(changed["boards"][0]["counted"], false);
}

#[test]
fn what_is_slow_on_a_board_and_need_not_be_is_said() {
    let slow = |layers: &str| {
        let found = report(&[
            "-c",
            "quick",
            "--set",
            &format!("net.layers=[{layers}, {{dense={{out_features=8}}}}]"),
        ]);
        let slow = found["slow_layers"].as_array().unwrap();
        slow.iter().map(|sentence| sentence.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let conv = |channels| format!("{{conv={{out_channels={channels}, kernel=3, relu=true}}}}");
    let depthwise = "{depthwise_conv={kernel=3}}";
    assert_eq!(slow(&format!("{}, {depthwise}", conv(8))), [""; 0]);
    let [sentence] = &slow(&format!("{}, {depthwise}", conv(6)))[..] else { panic!("one is slow") };
    assert!(sentence.starts_with("net.layers[1] (depthwise_conv) takes the plain kernel"), "{sentence}");
    assert!(
        sentence.contains("about 30 times") && sentence.contains("a multiple of 4 channels"),
        "{sentence}"
    );
    let text = inspected(&[
        "-c",
        "quick",
        "--set",
        &format!("net.layers=[{}, {depthwise}, {{dense={{out_features=8}}}}]", conv(6)),
    ]);
    assert!(text.contains("\nSLOW: net.layers[1] (depthwise_conv) takes the plain kernel"), "{text}");
}

#[test]
fn what_is_no_recipe_is_named() {
    fails(
        &host_train(&["inspect", "-c", "mobilnet"]),
        &["no recipe `mobilnet`", "did you mean `mobilenet`?"],
    );
    fails(&host_train(&["inspect", "-c", "quick", "--set", "net.views=0"]), &["net.views"]);
    let output = host_train(&["inspect"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(host_train(&["inspect", "runs/x", "--set", "net.views=3"]).status.code(), Some(2));
    let output = host_train(&["inspect", "runs/x", "-c", "quick"]);
    assert_eq!(output.status.code(), Some(2));
    // What cannot be built is refused as before a training.
    let set = "net.layers=[{max_pool={kernel=31}}]";
    fails(&host_train(&["inspect", "-c", "quick", "--set", set]), &["net.layers[0] (max_pool)"]);
}

/// A few steps of each, on what its input is made for.
#[test]
fn known_nets_are_trained() {
    let here = tempfile::tempdir().unwrap();
    let at = here.path();
    fs::create_dir(at.join("discs")).unwrap();
    folder(&at.join("discs"), 6);
    disc(COLOURS[0].1, 1).save(at.join("one.png")).unwrap();
    for (recipe, data) in [("mobilenet", "discs"), ("dscnn", "discs"), ("conv4", "discs")] {
        let arguments =
            ["-c", recipe, "--data", data, "--name", recipe, "--out", ".", "--set", "train.steps=2"];
        let output = program(at, &arguments).output().unwrap();
        assert!(output.status.success(), "{recipe}: {}", String::from_utf8_lossy(&output.stderr));
        let model = at.join(recipe).join("model.postcard");
        assert!(model.is_file(), "{recipe}");
    }
}
