//! A folder of pictures, from end to end: train, evaluate, export, inspect, embed.

use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use std::{
    fs,
    path::Path,
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

/// Returns the default recipe, but short, and with these lines in `[train]` and at the end.
fn config(folder: &TempDir, train: &str, end: &str) -> String {
    let config = include_str!("../../../configs/default.toml");
    let steps = config.lines().find(|line| line.starts_with("steps")).unwrap();
    let path = folder.path().join("short.toml");
    fs::write(&path, config.replace(steps, &format!("steps = 40\n{train}")) + end).unwrap();
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
    let config = config(&out, "", "\n[data]\nsize = [32, 26]\n");
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

    // One of its two images that are left is tested with: too few to train on, and it is told by
    // its name.
    let failed = host_train(&[&arguments[..], &["--skip-broken"]].concat());
    let error = String::from_utf8(failed.stderr).unwrap();
    assert!(error.contains(&format!("passed over {}: ", broken.display())), "{error}");
    assert!(error.contains(": class 1 is `disc`: class 1 has 1 training image(s), but 2 are"), "{error}");

    fs::remove_dir_all(folder.path().join("disc")).unwrap();
    fs::create_dir(folder.path().join("disc")).unwrap();
    let failed = host_train(&arguments);
    assert!(String::from_utf8(failed.stderr).unwrap().contains("disc: no image (PNG, JPEG or BMP)"));
}
