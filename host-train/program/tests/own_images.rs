//! A folder of pictures, from end to end: train, evaluate, export, inspect, embed; with decoys and without.

use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use shared_model::{
    Gallery, Model, Threshold,
    gallery::{Method, entry_len},
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use tempfile::TempDir;

const SHAPES: [&str; 4] = ["cross", "disc", "frame", "stripes"];

/// One of the shapes, in black on white or white on black, of a size of its own.
fn picture(shape: usize, number: u32) -> DynamicImage {
    let (width, height) = (31 + 7 * number, 45 + 5 * (number % 3));
    let ink = |x: u32, y: u32| {
        let [x, y] = [(x, width), (y, height)].map(|(at, side)| 2.0 * f64::from(at) / f64::from(side) - 1.0);
        let far = x.abs().max(y.abs());
        far < 0.8
            && match shape {
                0 => x.abs().min(y.abs()) < 0.2,
                1 => x * x + y * y < 0.5,
                2 => far > 0.55,
                _ => (5.0 * y).rem_euclid(2.0) < 1.0,
            }
    };
    let on_white = number.is_multiple_of(2);
    GrayImage::from_fn(width, height, |x, y| Luma([if ink(x, y) == on_white { 20 } else { 235 }])).into()
}

/// Writes this many pictures of each shape, in every format.
fn folder(per_class: u32) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (shape, class) in SHAPES.iter().enumerate() {
        fs::create_dir(folder.path().join(class)).unwrap();
        for number in 0..per_class {
            let (image, format, extension) = match number % 4 {
                0 => (picture(shape, number), ImageFormat::Png, "png"),
                1 => (picture(shape, number).to_rgb8().into(), ImageFormat::Jpeg, "JPG"),
                2 => (picture(shape, number).to_rgb8().into(), ImageFormat::Bmp, "bmp"),
                _ => (picture(shape, number).to_rgba16().into(), ImageFormat::Png, "png"),
            };
            let path = folder.path().join(class).join(format!("{number}.{extension}"));
            image.save_with_format(path, format).unwrap();
        }
    }
    folder
}

/// Returns the default recipe, but short, and with these lines in `[train]` and in `[data]`.
fn config(folder: &TempDir, train: &str, data: &str) -> String {
    let config = include_str!("../../../configs/default.toml");
    let steps = config.lines().find(|line| line.starts_with("steps")).unwrap();
    let (config, _) = config.split_once("[train.few]").unwrap();
    let path = folder.path().join("short.toml");
    let config = config.replace(steps, &format!("steps = 40\n{train}"));
    fs::write(&path, config.replace("[data]\n", &format!("[data]\n{data}\n"))).unwrap();
    path.to_str().unwrap().into()
}

fn host_train(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_host-train"))
        .args(arguments)
        .env_remove("TINYTRIPLET_DATA")
        .output()
        .unwrap()
}

/// Standard output and standard error of a run that does well.
#[track_caller]
fn done(arguments: &[&str]) -> (String, String) {
    let output = host_train(arguments);
    let [out, error] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(output.status.success(), "{error}");
    (out, error)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn eight_images_a_class_from_end_to_end() {
    let (folder, out) = (folder(8), tempfile::tempdir().unwrap());
    let data = text(folder.path());
    let config = config(&out, "", "size = [32, 26]");
    let run = out.path().join("few");
    let (printed, error) = done(&["-c", &config, "--data", data, "--name", "few", "--out", text(out.path())]);
    assert!(error.contains("24 training and 8 test images of 32x26\n           4 classes, "), "{error}");
    assert!(error.contains("held-out P@1"), "two of six are held out: {error}");
    assert!(SHAPES.iter().all(|shape| printed.contains(&format!("\n{shape:>7} "))), "{printed}");

    let metrics: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(run.join("metrics.json")).unwrap()).unwrap();
    assert!(metrics["int8"]["precision_at_1"].as_f64() > Some(0.5), "{metrics}");
    let (evaluated, _) = done(&["eval", text(&run), "--data", data, "--json"]);
    let evaluated: serde_json::Value = serde_json::from_str(&evaluated).unwrap();
    assert_eq!(evaluated["int8"], metrics["int8"]);
    let again = out.path().join("again.postcard");
    done(&["export", text(&run), "--data", data, "--out", text(&again)]);
    assert!(fs::read(&again).unwrap() == fs::read(run.join("model.postcard")).unwrap());

    let (inspected, _) = done(&["inspect", text(&again)]);
    assert!(inspected.contains("scaled to fit the size; dark or light background"), "{inspected}");
    assert!(!inspected.contains("(not calibrated)"), "{inspected}");

    // A file and the folder that it is in: the same image, the same row.
    let (class, image) = (folder.path().join("disc"), folder.path().join("disc/4.png"));
    let array = out.path().join("e.npy");
    let (rows, _) = done(&[
        "embed",
        "--model",
        text(&run),
        "--out",
        text(&array),
        "--images",
        text(&image),
        text(&class),
    ]);
    let lines: Vec<&str> = rows.lines().collect();
    assert_eq!(lines.len(), 10, "{rows}");
    assert_eq!(lines[0], format!("0 {}", image.display()));
    assert_eq!(lines[5], format!("5 {}", image.display()));
    assert!(lines[9].ends_with("9 x 64 int8"), "{rows}");
    let array = fs::read(array).unwrap();
    let row = |row: usize| &array[128 + 64 * row..][..64];
    assert!(row(0) == row(5) && row(0) != row(6));
}

#[test]
fn whole_classes_are_held_out() {
    let (folder, out) = (folder(8), tempfile::tempdir().unwrap());
    let long = "é".repeat(60);
    fs::rename(folder.path().join("cross"), folder.path().join(&long)).unwrap();
    let config = config(&out, "hold_out = \"classes\"", "");
    let (printed, error) =
        done(&["-c", &config, "--data", text(folder.path()), "--name", "a", "--out", text(out.path())]);
    assert!(error.contains("held-out P@1"), "{error}");
    let row = printed.lines().find(|line| line.starts_with("éé")).unwrap_or_else(|| panic!("{printed}"));
    assert!(row.contains("é… ") && row.chars().count() <= 80, "{row}");
    let (inspected, _) = done(&["inspect", text(&out.path().join("a"))]);
    assert!(!inspected.contains("(not calibrated)"), "{inspected}");
}

/// One of four is tested with, three are trained on: nothing can be held out, and a tested image
/// has no like.
#[test]
fn what_cannot_be_measured_is_not_printed() {
    let (folder, out) = (folder(4), tempfile::tempdir().unwrap());
    let config = config(&out, "", "");
    let (printed, error) =
        done(&["-c", &config, "--data", text(folder.path()), "--name", "a", "--out", text(out.path())]);
    assert!(error.contains("No class has 6 training images") && !error.contains("P@1"), "{error}");
    let value = |name: &str| {
        let line = printed.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{printed}"));
        // The row's name, float, int8, points, and the range that few images leave.
        line[38..].split_whitespace().nth(1).unwrap().to_owned()
    };
    assert_eq!(["triplet accuracy", "P@1"].map(value), ["-", "-"]);
    assert!(value("5-shot").parse::<f64>().unwrap() > 25.0, "{printed}");
    assert!(
        printed.contains("95 %: where the true share probably lies, judging by 4 test images\n"),
        "{printed}"
    );
    let (inspected, _) = done(&["inspect", text(&out.path().join("a"))]);
    assert!(inspected.contains("(not calibrated)"), "{inspected}");
}

#[test]
fn what_is_wrong_is_named() {
    let (folder, out) = (folder(3), tempfile::tempdir().unwrap());
    let config = config(&out, "", "");
    let broken = folder.path().join("disc/2.bmp");
    fs::write(&broken, "BMno more").unwrap();
    let arguments = ["-c", &config, "--data", text(folder.path()), "--out", text(out.path())];
    let failed = host_train(&arguments);
    let error = String::from_utf8(failed.stderr).unwrap();
    assert_eq!(failed.status.code(), Some(1));
    assert!(error.contains(&format!("\nerror: {}: ", broken.display())), "{error}");
    assert!(error.contains("--skip-broken"), "{error}");

    // Two of its images are left: too few to train on and to test with, and it is told by its name.
    let failed = host_train(&[&arguments[..], &["--skip-broken"]].concat());
    let error = String::from_utf8(failed.stderr).unwrap();
    assert!(error.contains(&format!("passed over {}: ", broken.display())), "{error}");
    assert!(error.contains(": 1 of 4 classes have fewer than 3 images, "), "{error}");
    assert!(error.contains(" to test with: disc (2). Add images"), "{error}");

    fs::remove_dir_all(folder.path().join("disc")).unwrap();
    fs::create_dir(folder.path().join("disc")).unwrap();
    let failed = host_train(&arguments);
    assert!(String::from_utf8(failed.stderr).unwrap().contains("disc: no image (PNG, JPEG or BMP)"));
}

/// Also where turned classes have labels of their own.
#[test]
fn a_class_that_is_too_small_for_a_batch_is_told_by_its_name() {
    let (folder, out) = (folder(8), tempfile::tempdir().unwrap());
    let config = config(&out, "", "");
    for number in ["3.png", "4.png", "5.JPG", "6.bmp", "7.png"] {
        fs::remove_file(folder.path().join("stripes").join(number)).unwrap();
    }
    for turned in ["false", "true"] {
        let turned = format!("train.turned_classes={turned}");
        let failed = host_train(&[
            "-c",
            &config,
            "--data",
            text(folder.path()),
            "--out",
            text(out.path()),
            "--set",
            "train.augment=",
            "--set",
            "train.batch.balanced.images_per_class=4",
            "--set",
            &turned,
        ]);
        let error = String::from_utf8(failed.stderr).unwrap();
        let told = format!("error: {}: class 3 is `stripes`: class 3 has 2 training", text(folder.path()));
        assert!(error.contains(&told), "{error}");
    }
}

/// A run finds the sources of its mixture from wherever it goes on.
#[test]
fn sources_are_kept_as_absolute_paths() {
    let (folder, out) = (folder(6), tempfile::tempdir().unwrap());
    let config = config(&out, "", "");
    let (parent, name) = (folder.path().parent().unwrap(), folder.path().file_name().unwrap());
    let source = name.to_str().unwrap();
    let mixture = format!(
        "data.mixture=[{{ share = 1.0 }}, {{ source = \"{source}\", share = 1.0 }}, {{ source = \"characters\", share = 1.0 }}]"
    );
    let output = Command::new(env!("CARGO_BIN_EXE_host-train"))
        .args(["-c", &config, "--data", source, "--out", text(out.path()), "--name", "a", "--set", &mixture])
        .args(["--set", "train.steps=1"])
        .current_dir(parent)
        .env_remove("TINYTRIPLET_DATA")
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{error}");
    let written = fs::read_to_string(out.path().join("a/config.toml")).unwrap();
    let written: toml::Table = written.parse().unwrap();
    let sources: Vec<Option<&str>> = written["data"]["mixture"]
        .as_array()
        .unwrap()
        .iter()
        .map(|source| source.get("source").and_then(toml::Value::as_str))
        .collect();
    assert_eq!(sources, [None, Some(text(folder.path())), Some("characters")]);
}

/// Draws one of several flat parts, seen from above, at any angle: `turn` tells the one from another.
fn part(kind: &str, turn: u32) -> GrayImage {
    let turn = f64::from(turn);
    let (sine, cosine) = (2.4 * turn).sin_cos();
    let size = 0.75 + 0.1 * (1.7 * turn).sin();
    let [right, down] = [0.08 * (3.1 * turn).sin(), 0.08 * (4.3 * turn).cos()];
    let (light, dark) = (170.0 + 30.0 * (2.1 * turn).sin(), 40.0 + 15.0 * (0.9 * turn).cos());
    let is_part = |x: f64, y: f64| {
        let far = x.hypot(y);
        let is_bar = |along: f64, across: f64| across.abs() < 0.2 && along.abs() < 0.9;
        match kind {
            "ell" => is_bar(x, y + 0.6) || is_bar(y, x + 0.6),
            "tee" => is_bar(x, y + 0.6) || is_bar(y, x),
            "wye" => far < 0.9 && (3.0 * y.atan2(x)).cos() > 0.3,
            "plus" => is_bar(x, y) || is_bar(y, x),
            "ring" => (0.5..0.85).contains(&far),
            "bar" => is_bar(x, y),
            "disc" => far < 0.8,
            "two" => is_bar(x, y - 0.5) || is_bar(x, y + 0.5),
            _ => x.abs().max(y.abs()) < 0.65,
        }
    };
    GrayImage::from_fn(56, 56, |column, row| {
        // Four samples of a pixel.
        let samples = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)];
        let hits = samples.into_iter().filter(|(across, along)| {
            let [x, y] = [f64::from(column) + across, f64::from(row) + along].map(|at| at / 28.0 - 1.0);
            let (x, y) = ((x - right) / size, (y - down) / size);
            is_part(cosine * x + sine * y, cosine * y - sine * x)
        });
        let share = hits.count() as f64 / 4.0;
        Luma([(dark + share * (light - dark)) as u8])
    })
}

/// Writes pictures of a part into a folder, one for each of `turns`, and returns their paths.
fn parts(folder: &Path, kind: &str, turns: std::ops::Range<u32>) -> Vec<PathBuf> {
    fs::create_dir_all(folder).unwrap();
    let write = |turn| {
        let path = folder.join(format!("{kind}{turn}.png"));
        part(kind, turn).save(&path).unwrap();
        path
    };
    turns.map(write).collect()
}

const OWN: [&str; 3] = ["ell", "tee", "wye"];

/// Asks a board in which `own` are enrolled, five pictures each, about new pictures of them, and strangers: how
/// many are named right, wrong, and how many of the strangers are refused.
fn ask(run: &Path, own: &[Vec<PathBuf>], new: &[Vec<PathBuf>], strangers: &[PathBuf]) -> [usize; 3] {
    let file = fs::read(run.join("model.postcard")).unwrap();
    let model = Model::decode(&file).unwrap();
    let mut memory = vec![0; OWN.len() * entry_len(model.embedding_len(), 0)];
    let mut gallery = Gallery::new(&model, 0, &mut memory);
    let mut scratch = vec![0; model.scratch_len()];
    let mut embed = |path: &PathBuf| {
        let preprocessing = model.metadata().preprocessing;
        let picture = tinytriplet_data::picture::read(path, preprocessing, model.input().shape).unwrap();
        let mut embedding = vec![0; model.embedding_len()];
        model.embed(&picture.pixels, &mut scratch, &mut embedding).unwrap();
        embedding
    };
    for (label, pictures) in OWN.iter().zip(own) {
        for path in &pictures[..5] {
            gallery.enrol(label, &embed(path)).unwrap();
        }
    }
    let mut label = |path: &PathBuf| {
        let found = gallery.recognise(&model, &embed(path), Method::Prototype, Threshold::Own);
        found.unwrap().label().map(str::to_owned)
    };
    let mut counts = [0; 3];
    for (kind, pictures) in OWN.iter().zip(new) {
        for found in pictures.iter().filter_map(&mut label) {
            counts[usize::from(found != *kind)] += 1;
        }
    }
    counts[2] = strangers.iter().filter(|&path| label(path).is_none()).count();
    counts
}

/// Three kinds of parts at any angle, twelve pictures each, the recipe that is the default, but 600 steps; then the
/// same with 24 decoys of three other kinds.
#[test]
fn decoys_keep_strangers_out() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let own = OWN.map(|kind| parts(&at("own").join(kind), kind, 0..12));
    let new = OWN.map(|kind| parts(&at("new"), kind, 100..113));
    for kind in ["plus", "ring", "bar"] {
        parts(&at("decoys"), kind, 0..8);
    }
    // Of the decoys' kinds, and of others.
    let strangers: Vec<PathBuf> = ["plus", "ring", "bar", "disc", "two", "square"]
        .iter()
        .flat_map(|kind| parts(&at("strangers"), kind, 200..203))
        .collect();
    let train = |name: &str, more: &[&str]| {
        let data = at("own");
        let always =
            ["--data", text(&data), "--name", name, "--out", text(folder.path()), "--set", "train.steps=600"];
        done(&[&always[..], more].concat())
    };

    let (printed, error) = train("alone", &[]);
    assert!(error.contains("show it at any angle"), "{error}");
    assert!(printed.contains("\nstrangers: nets that were trained without some"), "{printed}");
    let [right, wrong, refused] = ask(&at("alone"), &own, &new, &strangers);
    assert!(right >= 36 && wrong <= 1 && refused >= 12, "{right} of 39, {wrong} wrong, {refused} of 18");

    let (own_kinds, out) = (at("own"), at("none"));
    let twice = ["--data", text(&own_kinds), "--decoys", text(&own_kinds), "--out", text(&out)];
    let failed = host_train(&twice);
    let error = String::from_utf8(failed.stderr).unwrap();
    assert!(error.contains("own: 36 of its 36 pictures are in own, too") && !out.exists(), "{error}");

    let decoys = at("decoys");
    let (printed, error) = train("with-decoys", &["--decoys", text(&decoys)]);
    assert!(error.contains(": 24 decoys, trained on and never enrolled"), "{error}");
    let [right, wrong, refused] = ask(&at("with-decoys"), &own, &new, &strangers);
    assert!(
        right >= 36 && wrong <= 1 && refused >= 15,
        "{right} of 39, {wrong} wrong, {refused} of 18\n{printed}"
    );

    // What is written down of it.
    let run = at("with-decoys");
    let metrics: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(run.join("metrics.json")).unwrap()).unwrap();
    let rates = &metrics["strangers"]["equal_error"];
    assert_eq!(rates["strangers"], 3 * 10 + 24, "{rates}");
    assert!(rates["known_right"].as_f64() > Some(0.7), "{rates}");
    let config = fs::read_to_string(run.join("config.toml")).unwrap();
    assert!(
        config.contains("degrees = 180.0") && config.contains("folds = 3") && !config.contains("few"),
        "{config}"
    );
    let again = at("again.postcard");
    done(&["export", text(&run), "--out", text(&again)]);
    assert!(fs::read(&again).unwrap() == fs::read(run.join("model.postcard")).unwrap());
    fs::remove_dir_all(&decoys).unwrap();
    let failed = host_train(&["--resume", text(&run)]);
    let error = String::from_utf8(failed.stderr).unwrap();
    assert!(error.contains("no folder with pictures") && error.contains("Name one"), "{error}");
}
