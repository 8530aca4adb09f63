//! Things that differ by colour alone, from end to end: they are told apart in colour, and not in grey.

mod coloured;
mod program;

use coloured::{COLOURS, disc, folder};
use program::{fails, host_train, program};
use serde_json::Value;
use shared_model::{Model, prepare::grey};
use std::{fs, path::Path, process::Output};

fn run(at: &Path, arguments: &[&str]) -> Output {
    program(at, arguments).output().unwrap()
}

#[track_caller]
fn done(at: &Path, arguments: &[&str]) -> (String, String) {
    let output = run(at, arguments);
    let [out, error] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(output.status.success(), "{error}");
    (out, error)
}

#[test]
fn things_that_differ_by_colour_alone_are_told_apart_in_colour() {
    let all = COLOURS.map(|(_, colour)| grey(colour));
    assert_eq!(all, [all[0]; 4], "of one grey");
    let here = tempfile::tempdir().unwrap();
    let at = here.path();
    fs::create_dir(at.join("discs")).unwrap();
    folder(&at.join("discs"), 15);
    let train = |name: &str, more: &[&str]| {
        let set =
            ["--set", "train.steps=60", "--set", "data.background='dark'", "--set", "train.hold_out='none'"];
        let arguments = ["-c", "quick", "--data", "discs", "--name", name, "--out", "."];
        let (_, error) = done(at, &[&arguments[..], &set, more].concat());
        let metrics = fs::read_to_string(at.join(name).join("metrics.json")).unwrap();
        let metrics: Value = serde_json::from_str(&metrics).unwrap();
        (metrics["int8"]["precision_at_1"].as_f64().unwrap(), metrics, error)
    };
    let (precision, metrics, error) = train("colour", &["--set", "data.channels=3"]);
    assert!(error.contains("48 training and 12 test images of 28x28 in colour"), "{error}");
    // All of 12 with several seeds.
    assert!(precision > 0.9, "{precision}");
    // Each picture has three others that are the same, in other classes: one in four is a guess.
    let (in_grey, _, error) = train("grey", &[]);
    assert!(error.contains("training and 12 test images of 28x28\n"), "{error}");
    assert!(in_grey < 0.6, "{in_grey}");

    let file = fs::read(at.join("colour/model.postcard")).unwrap();
    let model = Model::decode(&file).unwrap();
    assert_eq!(model.input().shape.channels, 3);
    let config = fs::read_to_string(at.join("colour/config.toml")).unwrap();
    assert!(config.contains("channels = 3"), "{config}");
    let (evaluated, _) = done(at, &["eval", "colour", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&evaluated).unwrap()["int8"], metrics["int8"]);

    // The report's pictures are in colour.
    done(at, &["report", "colour"]);
    let sprite = image::open(at.join("colour/projector/raw/sprite.png")).unwrap().into_rgb8();
    for (name, colour) in COLOURS {
        assert!(sprite.pixels().any(|pixel| pixel.0 == colour), "nothing is {name}");
    }

    // A grey picture has three values that are alike; what is seen is in colour.
    image::GrayImage::from_pixel(40, 30, image::Luma([90])).save(at.join("grey.png")).unwrap();
    disc(COLOURS[3].1, 40).save(at.join("red.png")).unwrap();
    let (rows, _) =
        done(at, &["embed", "--model", "colour", "--out", "e.npy", "--images", "grey.png", "red.png"]);
    assert!(rows.ends_with("2 x 64 int8\n"), "{rows}");
    done(at, &["see", "red.png", "--model", "colour", "-o", "seen.png"]);
    let seen = image::open(at.join("seen.png")).unwrap().into_rgb8();
    assert!(seen.pixels().filter(|pixel| pixel.0 == COLOURS[3].1).count() > 2_000);

    let (inspected, _) = done(at, &["inspect", "colour"]);
    assert!(inspected.contains("28x28x3"), "{inspected}");
}

#[test]
fn what_does_not_go_with_colour_is_named() {
    let here = tempfile::tempdir().unwrap();
    let at = here.path();
    fs::create_dir(at.join("discs")).unwrap();
    folder(&at.join("discs"), 4);
    let train = |data: &str, set: &[&str]| {
        let set: Vec<&str> = set.iter().flat_map(|set| ["--set", set]).collect();
        run(at, &[&["-c", "quick", "--data", data, "--set", "train.steps=1"][..], &set].concat())
    };
    let two = host_train(&["-c", "quick", "--set", "data.channels=2"]);
    fails(&two, &["data.channels is 2; it must be 1 (grey) or 3 (colour)"]);
    fails(
        &train("discs", &["data.channels=3", "data.fit='centre'"]),
        &["data.fit", "centre", "stretch or contain where data.channels is 3"],
    );
    for data in ["drawn", "characters"] {
        fails(&train(data, &["data.channels=3"]), &["are grey, and the net takes 3 values per pixel"]);
    }
    let mixture = "data.mixture=[{share=1.0},{source='characters',share=1.0}]";
    fails(&train("discs", &["data.channels=3", mixture]), &["made-up-characters are grey"]);
}
