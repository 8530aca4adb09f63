//! A run knows its data: every command on it finds them again, and takes no others unasked.

mod files;
mod program;

use files::files;
use image::{GrayImage, Luma};
use program::{fails, host_train, program};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Output,
};
use tempfile::TempDir;

/// A training of a second, on pictures.
const SHORT: [&str; 6] =
    ["-c", "tiny", "--set", "train.steps=4", "--set", "train.batch.balanced.images_per_class=2"];

/// Writes this many pictures of two shapes, which are the thicker the larger `pen` is.
fn pictures(folder: &Path, per_class: u32, pen: u32) {
    for class in ["bar", "cross"] {
        fs::create_dir_all(folder.join(class)).unwrap();
        for number in 0..per_class {
            let middle = 12 + number;
            let near = |at: u32| at.abs_diff(middle) < pen;
            let ink = |x: u32, y: u32| near(x) || (class == "cross" && near(y));
            let image = GrayImage::from_fn(40, 40, |x, y| Luma([if ink(x, y) { 240 } else { 10 }]));
            image.save(folder.join(class).join(format!("{number}.png"))).unwrap();
        }
    }
}

/// A folder with two sets of pictures, `screws` and `nuts`, and a run on the first, `runs/tiny`.
fn desk(more: &[&str]) -> TempDir {
    let desk = tempfile::tempdir().unwrap();
    pictures(&desk.path().join("screws"), 10, 2);
    pictures(&desk.path().join("nuts"), 12, 4);
    let output = run(desk.path(), &[&SHORT[..], &["--data", "screws"], more].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    desk
}

/// Runs the program in a folder, while the environment names other data.
fn run(folder: &Path, arguments: &[&str]) -> Output {
    program(folder, arguments).env("TINYTRIPLET_DATA", folder.join("nuts")).output().unwrap()
}

/// Standard output and standard error of a run that does well.
#[track_caller]
fn done(output: &Output) -> (String, String) {
    let [out, error] =
        [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    assert!(output.status.success(), "{error}");
    (out, error)
}

#[track_caller]
fn assert_same(before: &BTreeMap<PathBuf, Vec<u8>>, folder: &Path) {
    let after = files(folder);
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    for (path, content) in after {
        assert!(content == before[&path], "{} has changed", path.display());
    }
}

fn json(text: &[u8]) -> Value {
    serde_json::from_slice(text).unwrap()
}

#[test]
fn commands_on_a_run_take_its_own_data() {
    let desk = desk(&[]);
    let before = files(&desk.path().join("runs"));
    // From elsewhere: the path was made absolute.
    let elsewhere = desk.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let run = |arguments: &[&str]| {
        program(&elsewhere, arguments).env("TINYTRIPLET_DATA", desk.path().join("nuts")).output().unwrap()
    };
    let place = format!("2 classes, {}, the run's own\n", desk.path().join("screws").display());
    let (out, error) = done(&run(&["export", "../runs/tiny"]));
    assert!(out.starts_with("wrote ../runs/tiny/model.postcard: "), "{out}");
    assert!(error.contains(&place), "{error}");
    assert!(done(&run(&["report", "../runs/tiny"])).1.contains(&place));
    assert_same(&before, &desk.path().join("runs"));

    let (out, error) = done(&run(&["eval", "../runs/tiny", "--json"]));
    assert!(error.contains(&place) && !error.contains("note"), "{error}");
    let metrics = json(&fs::read(desk.path().join("runs/tiny/metrics.json")).unwrap());
    assert_eq!(json(out.as_bytes())["int8"], metrics["int8"]);
    assert_eq!(json(out.as_bytes())["dataset"], "screws");
}

#[test]
fn other_data_are_refused_and_nothing_is_touched() {
    let desk = desk(&[]);
    let before = files(&desk.path().join("runs"));
    let [screws, nuts] = ["screws", "nuts"].map(|name| desk.path().join(name).display().to_string());
    let told = format!(
        "runs/tiny: this run began with other data than are found now: screws (16 training and 4 test images, {screws}) \
         then, nuts (20 training and 4 test images, {nuts}) now. Name its own with --data"
    );
    for command in ["export", "report"] {
        let told = format!("{told}, or say --other-data to take these");
        fails(&run(desk.path(), &[command, "runs/tiny", "--data", "nuts"]), &[&told]);
        assert_same(&before, &desk.path().join("runs"));
    }
    fails(&run(desk.path(), &["--resume", "runs/tiny", "--data", "nuts"]), &[&told]);
    assert_same(&before, &desk.path().join("runs"));

    // An evaluation says what it was done on.
    let (_, error) = done(&run(desk.path(), &["eval", "runs/tiny", "--data", "nuts"]));
    assert!(error.contains("\n      note trained on screws, evaluated on nuts\n"), "{error}");
    // A model file alone knows the name only.
    let alone = "runs/tiny/model.postcard";
    let path = desk.path().join(alone).display().to_string();
    fails(&host_train(&["eval", &path]), &[&path, "trained on screws", "--data"]);
    let (_, error) = done(&run(desk.path(), &["eval", alone, "--data", "screws"]));
    assert!(!error.contains("note"), "{error}");
    let (_, error) = done(&run(desk.path(), &["eval", alone, "--data", "nuts"]));
    assert!(error.contains("trained on screws, evaluated on nuts"), "{error}");
    assert_same(&before, &desk.path().join("runs"));

    // Who wants others gets them; the model was trained on the same as before.
    let other = ["--data", "nuts", "--other-data"];
    done(&run(desk.path(), &[&["export", "runs/tiny"], &other[..]].concat()));
    assert!(fs::read(desk.path().join(alone)).unwrap() != before[&desk.path().join(alone)]);
    let (out, _) = done(&run(desk.path(), &["inspect", "runs/tiny", "--json"]));
    assert_eq!(json(out.as_bytes())["training"]["dataset"], "screws");
    let (out, _) = done(&run(desk.path(), &[&["report", "runs/tiny", "--json"], &other[..]].concat()));
    assert_eq!(json(out.as_bytes())[0]["data"]["name"], "nuts");
}

#[test]
fn images_that_have_changed_are_noticed() {
    let desk = desk(&[]);
    let before = files(&desk.path().join("runs"));
    // As many images as before.
    fs::copy(desk.path().join("nuts/bar/0.png"), desk.path().join("screws/bar/0.png")).unwrap();
    for command in ["export", "report"] {
        let words = ["the images of screws (16 training and 4 test images, ", ") have changed. Name its own"];
        fails(&run(desk.path(), &[command, "runs/tiny"]), &words);
    }
    assert_same(&before, &desk.path().join("runs"));
    let (_, error) = done(&run(desk.path(), &["eval", "runs/tiny"]));
    assert!(
        error.contains("note the run began with other data than it is evaluated on: the images of"),
        "{error}"
    );
}

/// The model file depends on training images only, the report on all.
#[test]
fn other_test_images_change_the_report_only() {
    let desk = tempfile::tempdir().unwrap();
    let screws = desk.path().join("screws");
    pictures(&screws.join("train"), 8, 2);
    pictures(&screws.join("test"), 2, 3);
    done(&run(desk.path(), &[&SHORT[..], &["--data", "screws"]].concat()));
    let before = files(&desk.path().join("runs"));
    fs::copy(screws.join("train/bar/0.png"), screws.join("test/bar/9.png")).unwrap();
    fails(&run(desk.path(), &["report", "runs/tiny"]), &["16 training and 4 test", "16 training and 5 test"]);
    done(&run(desk.path(), &["export", "runs/tiny"]));
    assert_same(&before, &desk.path().join("runs"));
}

#[test]
fn a_folder_that_has_moved_is_named_again() {
    let desk = desk(&[]);
    let before = files(&desk.path().join("runs"));
    let place = desk.path().join("screws");
    fs::rename(&place, desk.path().join("fasteners")).unwrap();
    let gone = format!(
        "runs/tiny: the data of this run cannot be read again: {}: no such folder is there any more. If they are \
         elsewhere now, name the place with --data",
        place.display()
    );
    for command in ["export", "report", "eval", "--resume"] {
        fails(&run(desk.path(), &[command, "runs/tiny"]), &[&gone]);
    }
    // The same images under another name make the same files.
    for command in ["export", "report", "eval"] {
        let (_, error) = done(&run(desk.path(), &[command, "runs/tiny", "--data", "fasteners"]));
        assert!(!error.contains("note"), "{error}");
    }
    assert_same(&before, &desk.path().join("runs"));
    // For good.
    let record = desk.path().join("runs/tiny/data.json");
    let text = fs::read_to_string(&record).unwrap();
    fs::write(&record, text.replace("/screws\"", "/fasteners\"")).unwrap();
    done(&run(desk.path(), &["report", "runs/tiny"]));
}

#[test]
fn a_run_of_an_earlier_version_does_not_know_its_data() {
    let desk = desk(&[]);
    let record = desk.path().join("runs/tiny/data.json");
    let text = fs::read_to_string(&record).unwrap();
    fs::remove_file(&record).unwrap();
    let before = files(&desk.path().join("runs"));
    for command in ["export", "report", "eval"] {
        let words = ["runs/tiny: this run does not know its data", "name them with --data"];
        fails(&run(desk.path(), &[command, "runs/tiny"]), &words);
    }
    // Their name is all that can be compared.
    for command in ["export", "report"] {
        let other = run(desk.path(), &[command, "runs/tiny", "--data", "nuts"]);
        fails(&other, &["other data than are found now: screws then, nuts now."]);
        let (_, error) = done(&run(desk.path(), &[command, "runs/tiny", "--data", "screws"]));
        assert!(error.contains("whether these are its data cannot be told"), "{error}");
    }
    let (_, error) = done(&run(desk.path(), &["eval", "runs/tiny", "--data", "nuts"]));
    assert!(error.contains("note trained on screws, evaluated on nuts\n"), "{error}");
    assert_same(&before, &desk.path().join("runs"));

    fs::write(&record, &text[..text.len() / 2]).unwrap();
    let words =
        ["runs/tiny/data.json: cannot be read as the record of a run's data: EOF", "Remove it, and name"];
    fails(&run(desk.path(), &["export", "runs/tiny"]), &words);
}

#[test]
fn broken_images_are_skipped_again() {
    let desk = tempfile::tempdir().unwrap();
    pictures(&desk.path().join("screws"), 10, 2);
    fs::write(desk.path().join("screws/bar/broken.png"), "no picture").unwrap();
    done(&run(desk.path(), &[&SHORT[..], &["--data", "screws", "--skip-broken"]].concat()));
    let before = files(&desk.path().join("runs"));
    let (_, error) = done(&run(desk.path(), &["export", "runs/tiny"]));
    assert!(error.contains("broken.png"), "{error}");
    done(&run(desk.path(), &["report", "runs/tiny", "--data", "./screws"]));
    assert_same(&before, &desk.path().join("runs"));
}

#[test]
fn drawn_digits_are_drawn_again() {
    let desk = tempfile::tempdir().unwrap();
    done(&run(desk.path(), &[&SHORT[..], &["--data", "drawn", "--seed", "7"]].concat()));
    let before = files(&desk.path().join("runs"));
    // Neither a folder of that name nor the environment is taken for them.
    pictures(&desk.path().join("drawn"), 10, 2);
    let (_, error) = done(&run(desk.path(), &["export", "runs/tiny"]));
    assert!(error.contains("10 classes, drawn by this program, the run's own\n"), "{error}");
    let (_, error) = done(&run(desk.path(), &["eval", "runs/tiny"]));
    assert!(error.contains("drawn by this program, the run's own\n") && !error.contains("note"), "{error}");
    fails(&run(desk.path(), &["export", "runs/tiny", "--data", "drawn"]), &["drawn-digits (12,000 training"]);
    assert_same(&before, &desk.path().join("runs"));
}

/// Each file of a run, damaged in four ways, as every command on a run takes it: one error that names the file and
/// says what to do, or none where the command does without it.
#[test]
fn damaged_files_of_a_run_are_named_with_what_to_do() {
    let desk = desk(&["--set", "train.folds=2", "--decoys", "nuts"]);
    let runs = desk.path().join("runs");
    let whole = files(&runs);
    let own_strangers = ["threshold", "runs/tiny", "--own", "screws", "--strangers", "nuts"];
    let commands: [(&[&str], &[&str]); 7] = [
        (&["eval", "runs/tiny", "--episodes", "0"], &["config.toml", "model.postcard", "data.json"]),
        (&["inspect", "runs/tiny"], &["model.postcard"]),
        (&["embed", "--model", "runs/tiny", "--images", "screws/bar", "--out", "e.npy"], &["model.postcard"]),
        (&own_strangers, &["model.postcard"]),
        (&["calibrate", "runs/tiny"], &["config.toml", "model.postcard"]),
        (
            &["report", "runs/tiny"],
            &[
                "config.toml",
                "model.postcard",
                "data.json",
                "checkpoint.bpk",
                "history.csv",
                "strangers.json",
            ],
        ),
        (
            &["export", "runs/tiny"],
            &["config.toml", "data.json", "checkpoint.bpk", "metrics.json", "strangers.json"],
        ),
    ];
    let advice = |file: &str, damage: &str| match (file, damage) {
        ("config.toml", "missing") => "it has no config.toml; name one such as",
        ("config.toml", _) => "put it right, or copy the run again",
        ("model.postcard", _) => "`host-train export runs/tiny` write",
        ("data.json", "missing") => "it has no data.json",
        ("data.json", _) => "Remove it, and name the data with --data",
        ("history.csv" | "strangers.json", _) => "Copy the run again, or remove this file",
        _ => "copy the run again, or train once more",
    };
    for file in [
        "config.toml",
        "model.postcard",
        "data.json",
        "checkpoint.bpk",
        "metrics.json",
        "history.csv",
        "strangers.json",
    ] {
        let path = runs.join("tiny").join(file);
        let content = fs::read(&path).unwrap();
        for damage in ["missing", "empty", "cut", "garbage"] {
            match damage {
                "missing" => fs::remove_file(&path).unwrap(),
                "empty" => fs::write(&path, "").unwrap(),
                "cut" => fs::write(&path, &content[..content.len() / 2]).unwrap(),
                _ => fs::write(&path, [0xff_u8, 0xfe, 0, 7].repeat(500)).unwrap(),
            }
            for (command, needed) in &commands {
                let output = run(desk.path(), command);
                let is_optional = damage == "missing" && ["history.csv", "strangers.json"].contains(&file);
                // The same error comes of a run that is whole.
                let fails_anyway = command[0] == "calibrate" && !needed.contains(&file);
                if needed.contains(&file) && !is_optional {
                    let named = if damage == "missing" && ["config.toml", "data.json"].contains(&file) {
                        "runs/tiny"
                    } else {
                        file
                    };
                    fails(&output, &[named, advice(file, damage)]);
                } else if !fails_anyway {
                    done(&output);
                }
            }
            for (path, content) in &whole {
                fs::write(runs.join(path), content).unwrap();
            }
        }
    }
}
