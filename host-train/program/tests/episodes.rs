//! Few-shot evaluation: episodes on folders on two levels, and one-shot runs.

mod program;

use program::{fails, host_train};
use serde_json::Value;
use shared_model::{Distance, Model};
use std::{collections::BTreeMap, fs, path::Path};
use tempfile::TempDir;
use tinytriplet_data::{Split, classes, drawn};

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../firmware/models/unseen.model.postcard");

fn write(path: &Path, split: &Split, index: usize) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let pixels = split.image(index).to_vec();
    let [width, height] = [split.width, split.height].map(|side| side as u32);
    image::GrayImage::from_raw(width, height, pixels).unwrap().save(path).unwrap();
}

/// Returns a folder of drawn digits in two groups, the first of 6 classes, the second of 4.
fn two_levels(per_class: usize) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let digits = drawn::dataset(3, per_class, 1).train;
    for class in classes(digits.labels()) {
        let group = if class.label < 6 { "low" } else { "high" };
        for &index in &class.images {
            let path = folder.path().join(format!("{group}/{}/{index}.png", class.label));
            write(&path, &digits, index);
        }
    }
    folder
}

/// What the program prints as JSON.
#[track_caller]
fn evaluated(arguments: &[&str]) -> Value {
    let output = host_train(&[&["eval", MODEL, "--json"], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn episodes_are_drawn_within_groups_and_among_all() {
    let folder = two_levels(11);
    let data = folder.path().to_str().unwrap();
    let evaluate =
        |seed| evaluated(&["--data", data, "--episodes", "40", "--seed", seed])["int8"]["episodes"].take();
    let first = evaluate("1");
    assert_eq!((&first["episodes"], &first["trained_on"]), (&40.into(), &false.into()));
    let closed_set = |episodes: &Value, of: &str| -> Vec<(u64, u64, usize)> {
        let rows = episodes[of]["closed_set"].as_array().unwrap().iter();
        let number = |row: &Value, name: &str| row[name].as_u64().unwrap();
        rows.map(|row| (number(row, "ways"), number(row, "shots"), row["left_out"].as_array().unwrap().len()))
            .collect()
    };
    // Six classes are the most that a group has; the one of four is left out.
    assert_eq!(closed_set(&first, "within_groups"), [(5, 1, 1), (5, 5, 1), (6, 1, 1), (6, 5, 1)]);
    assert_eq!(closed_set(&first, "all_classes"), [(5, 1, 0), (5, 5, 0), (10, 1, 0), (10, 5, 0)]);
    for rows in [&first["within_groups"]["open_set"], &first["all_classes"]["open_set"]] {
        let shots: Vec<u64> =
            rows.as_array().unwrap().iter().map(|row| row["shots"].as_u64().unwrap()).collect();
        assert_eq!(shots, [1, 3, 5, 10]);
        for row in rows.as_array().unwrap() {
            let own = &row["at_threshold"];
            let share = |name: &str| own[name]["share"].as_f64().unwrap();
            let known = share("known_right") + share("known_wrong") + share("known_rejected");
            assert!((known - 1.0).abs() < 1e-12 && share("known_right") > 0.5, "{own}");
        }
    }
    assert_eq!(evaluate("1"), first);
    assert_ne!(evaluate("2"), first);
    assert_eq!(evaluated(&["--data", data, "--episodes", "0"])["int8"].get("episodes"), None);

    let output = host_train(&["eval", MODEL, "--data", data, "--episodes", "40"]);
    let [out, error] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(error.contains("10 classes in 2 groups, "), "{error}");
    assert!(out.contains("\n6 of a group ") && out.contains("\nof all classes, 10 "), "{out}");
    assert!(out.contains("left out there: high."), "{out}");
    assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
}

#[test]
fn a_group_may_be_left_untrained() {
    let folder = two_levels(6);
    let out = folder.path().join("runs");
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    for group in ["low", "high"] {
        fs::rename(folder.path().join(group), data.join(group)).unwrap();
    }
    let [data, out] = [&data, &out].map(|path| path.to_str().unwrap());
    let settings = ["--set", "train.steps=3", "--set", "data.unseen=[\"high\"]"];
    let run =
        host_train(&[&["-c", "tiny", "--data", data, "--out", out, "--name", "x"], &settings[..]].concat());
    let (printed, error) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{error}");
    assert!(printed.contains("classes never trained on: high/6, high/7, high/8, high/9\n"), "{printed}");
    let metrics: Value =
        serde_json::from_str(&fs::read_to_string(format!("{out}/x/metrics.json")).unwrap()).unwrap();
    // Of the four, there are no others.
    let within = &metrics["int8"]["episodes"]["within_groups"];
    assert_eq!((&within["classes"], &within["closed_set"][0]["ways"]), (&4.into(), &4.into()));
    assert_eq!(metrics["float"].get("episodes"), None);
}

/// Two runs of drawn digits. The test images of a digit are written in the order of the digits from 9 on.
fn one_shot_runs() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for run in [1, 2] {
        let digits = drawn::dataset(run, 1, 1);
        let name = format!("run{run:02}");
        let mut labels = String::new();
        for class in classes(digits.train.labels()) {
            let path = folder.path().join(format!("{name}/training/class{}.png", class.label));
            write(&path, &digits.train, class.images[0]);
        }
        for class in classes(digits.test.labels()) {
            let item = 9 - class.label;
            let path = folder.path().join(format!("{name}/test/item{item}.png"));
            write(&path, &digits.test, class.images[0]);
            labels += &format!("{name}/test/item{item}.png {name}/training/class{}.png\n", class.label);
        }
        fs::write(folder.path().join(format!("{name}/class_labels.txt")), labels).unwrap();
    }
    folder
}

/// Embeds one image after the other by the plain engine, and compares them one by one.
fn wrong_answers(folder: &Path, run: &str) -> Vec<[String; 3]> {
    let file = fs::read(MODEL).unwrap();
    let model = Model::decode(&file).unwrap();
    assert_eq!(model.distance(), Distance::Cosine);
    let embed = |path: &Path| -> Vec<f64> {
        let output = tempfile::NamedTempFile::new().unwrap();
        let [image, out] = [path, output.path()].map(|path| path.to_str().unwrap());
        let run = host_train(&["embed", "--model", MODEL, "--images", image, "--out", out]);
        assert!(run.status.success());
        fs::read(output.path()).unwrap()[128..]
            .iter()
            .map(|&byte| model.output().element.value(byte).into())
            .collect()
    };
    let names = |part: &str, stem: &str| (0..10).map(|n| format!("{part}/{stem}{n}.png")).collect::<Vec<_>>();
    let embedded = |names: &[String]| -> BTreeMap<String, Vec<f64>> {
        names.iter().map(|name| (name.clone(), embed(&folder.join(run).join(name)))).collect()
    };
    let (training, test) = (embedded(&names("training", "class")), embedded(&names("test", "item")));
    let cosine = |a: &[f64], b: &[f64]| {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    };
    let mut wrong = Vec::new();
    for digit in 0..10 {
        let (asked, right) = (format!("test/item{}.png", 9 - digit), format!("training/class{digit}.png"));
        let similar = |name: &String| cosine(&training[name], &test[&asked]);
        let nearest = training.keys().max_by(|a, b| similar(a).total_cmp(&similar(b))).unwrap();
        if *nearest != right {
            let file = |path: &str| path.rsplit_once('/').unwrap().1.to_owned();
            wrong.push([file(&asked), file(nearest), file(&right)]);
        }
    }
    wrong
}

#[test]
fn one_shot_runs_are_classified_by_the_nearest_training_image() {
    let folder = one_shot_runs();
    let runs = folder.path().to_str().unwrap();
    let found = evaluated(&["--one-shot", runs])["one_shot"].take();
    let mut errors = 0;
    for (place, run) in ["run01", "run02"].into_iter().enumerate() {
        let expected = wrong_answers(folder.path(), run);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let wrong = found["runs"][place]["wrong"].as_array().unwrap().iter();
        let wrong: Vec<_> =
            wrong.map(|one| ["test", "nearest", "right"].map(|part| text(&one[part]))).collect();
        assert_eq!((&found["runs"][place]["name"], wrong), (&run.into(), expected.clone()));
        errors += expected.len();
    }
    assert_eq!((&found["trials"], &found["error"]), (&20.into(), &(errors as f64 / 20.0).into()));

    let output = host_train(&["eval", MODEL, "--one-shot", runs]);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        printed.contains(&format!("\nall runs {:>8.2}   {errors} of 20; 95 %: ", 5.0 * errors as f64)),
        "{printed}"
    );

    let labels = folder.path().join("run02/class_labels.txt");
    fs::write(&labels, fs::read_to_string(&labels).unwrap().replace("class3", "class33")).unwrap();
    fails(
        &host_train(&["eval", MODEL, "--one-shot", runs]),
        &["run02/class_labels.txt:4: there is no image run02/training/class33.png"],
    );
}
