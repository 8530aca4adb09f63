//! `host-train device` against a board without hardware: every command, and its messages when
//! something is wrong.

#[cfg(target_os = "linux")]
mod baud;
mod coloured;
mod fake;
mod program;

use fake::{CAPACITY, EMBEDDING_MICROSECONDS, Fake, MODEL, damaged_weights};
use program::{fails, host_train, program};
use serde_json::Value;
use shared_model::{
    Model,
    prepare::{prepare, scratch_len},
};
use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Output, Stdio},
    thread,
    time::Duration,
};
use tempfile::TempDir;
use tinytriplet_data::{Class, classes, raw::raw};

/// A folder with images to show, and a board to show them to.
struct Desk {
    folder: TempDir,
    port: String,
}

impl Desk {
    fn new(fake: Fake) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = tinytriplet_data::drawn::dataset(3, 1, 5).test;
        for Class { label, images } in classes(data.labels()) {
            let class = folder.path().join(label.to_string());
            fs::create_dir(&class).unwrap();
            for (number, index) in images.into_iter().enumerate() {
                let pixels = data.image(index).to_vec();
                let image = image::GrayImage::from_raw(28, 28, pixels).unwrap();
                image.save(class.join(format!("{number}.png"))).unwrap();
            }
        }
        Self { folder, port: fake.start() }
    }

    fn at(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn device(&self, arguments: &[&str]) -> Output {
        let arguments = [&["device", "--port", &self.port], arguments].concat();
        program(self.folder.path(), &arguments).stdin(Stdio::null()).output().unwrap()
    }

    /// Returns what it prints; it succeeds, and no line is wider than a terminal.
    #[track_caller]
    fn does(&self, arguments: &[&str]) -> String {
        let output = self.device(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let out = String::from_utf8(output.stdout).unwrap();
        for line in out.lines().filter(|line| !line.contains('{') && !line.contains('/')) {
            assert!(line.chars().count() <= 80, "wider than a terminal: {line}");
        }
        out
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.does(arguments)).unwrap()
    }

    #[track_caller]
    fn fails(&self, arguments: &[&str], words: &[&str]) {
        fails(&self.device(arguments), words);
    }
}

#[test]
fn a_board_says_who_it_is() {
    let desk = Desk::new(Fake { exemplars: 3, ..Fake::default() });
    let model = Model::decode(MODEL).unwrap();
    let hash: String = model.hash().iter().map(|byte| format!("{byte:02x}")).collect();
    let info = desk.does(&["info"]);
    for words in [
        concat!("fake, firmware ", env!("CARGO_PKG_VERSION")),
        &hash,
        "28x28x1, fit centre",
        "1,234 of 5,678",
        "0 of 4 labels, 3 exemplars each",
    ] {
        assert!(info.contains(words), "{words:?} is not in\n{info}");
    }
    let info = desk.json(&["info", "--json"]);
    assert_eq!(info["model"]["hash"], hash);
    assert_eq!(info["model"]["input"], serde_json::json!([28, 28, 1]));
    assert_eq!(info["gallery"]["capacity"], CAPACITY);
    let limit = model.metadata().thresholds.equal_error.unwrap().distance;
    let real = model.distance().real(limit, model.output().scale);
    assert!((info["model"]["equal_error"]["distance"].as_f64().unwrap() - f64::from(real)).abs() < 1e-6);
}

/// Over a bad line, too: everything is carried out once.
#[test]
fn what_is_enrolled_is_recognised_listed_saved_and_forgotten() {
    for fake in
        [Fake::default(), Fake { exemplars: 3, ..Fake::default() }, Fake { damages: 7, ..Fake::default() }]
    {
        let desk = Desk::new(fake);
        let out = desk.does(&["recognise", "7/0.png"]);
        assert!(out.contains("7/0.png") && out.contains(" unknown  ") && out.contains(" -"), "{out}");
        assert_eq!(desk.does(&["enrol", "7", "7/0.png", "7/1.png"]), "7: 1 image\n7: 2 images\n");
        assert_eq!(desk.does(&["enroll", "7", "7/2.png"]), "7: 3 images\n");
        desk.does(&["enrol", "a zero", "0"]);
        let out = desk.does(&["recognise", "7/3.png", "0/4.png", "--threshold", "none"]);
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines.len(), 4, "{out}");
        assert!(lines[1].starts_with("7/3.png  ") && lines[1].contains("  7  "), "{out}");
        assert!(lines[2].contains("  a zero  "), "{out}");
        assert_eq!(lines[3], "2 images: 2 known, 0 unknown");
        let out = desk.does(&["recognise", "7/3.png", "--threshold", "0"]);
        assert!(out.contains("unknown (7)"), "{out}");

        let answer = desk.json(&["recognise", "0/3.png", "--json"]);
        assert_eq!((&answer["image"], &answer["label"]), (&"0/3.png".into(), &"a zero".into()));
        let number = |name: &str| answer[name].as_f64().unwrap();
        assert!((number("runner_up_distance") - number("distance") - number("margin")).abs() < 1e-6);
        assert!(number("distance") <= number("threshold"));

        assert_eq!(desk.does(&["list"]).lines().last(), Some("2 labels of at most 4"));
        let list = desk.json(&["list", "--json"]);
        assert_eq!(
            list,
            serde_json::json!([{ "label": "7", "images": 3 }, { "label": "a zero", "images": 5 }])
        );

        let out = desk.does(&["export", "g.json"]);
        assert!(out.starts_with("g.json: 2 labels of the model \"best\""), "{out}");
        desk.fails(
            &["forget", "7", "a zer"],
            &["`a zer` is not enrolled", "did you mean `a zero`", "nothing"],
        );
        assert_eq!(desk.does(&["forget", "7", "7"]), "forgot 7 (3 images)\n");
        let out = desk.does(&["import", "g.json"]);
        let expected =
            "7: 3 images\na zero: 5 images, instead of 5 images\n2 labels imported, 1 of them new\n";
        assert_eq!(out, expected);
        let before = fs::read(desk.at("g.json")).unwrap();
        desk.does(&["export", "g.json"]);
        assert!(fs::read(desk.at("g.json")).unwrap() == before, "it is another gallery now");

        desk.fails(&["clear"], &["forgets 2 labels", "--yes", "export"]);
        assert_eq!(desk.does(&["clear", "--yes"]), "forgot 2 labels\n");
        assert_eq!(desk.does(&["clear"]), "nothing was enrolled\n");
        assert_eq!(desk.does(&["list"]), "0 labels of at most 4\n");
    }
}

#[test]
fn a_slip_is_told_and_taken_back() {
    let desk = Desk::new(Fake::default());
    desk.does(&["enrol", "7", "7"]);
    let out = desk.device(&["enrol", "8", "7/0.png"]);
    let told = String::from_utf8(out.stderr).unwrap();
    assert!(told.contains("warning 7/0.png looks like 7: 0.") && told.contains("forget --last"), "{told}");
    assert_eq!(String::from_utf8(out.stdout).unwrap(), "8: 1 image\n");
    assert_eq!(desk.does(&["forget", "--last"]), "took the last image of 8 back: 0 images left\n");
    desk.fails(&["forget", "--last"], &["nothing can be taken back"]);
    let told = String::from_utf8(desk.device(&["enrol", "7", "0/0.png"]).stderr).unwrap();
    assert!(told.contains("0/0.png is unlike the other images of 7: "), "{told}");
    assert_eq!(desk.does(&["forget", "--last"]), "took the last image of 7 back: 5 images left\n");
    let info = desk.json(&["info", "--json"]);
    assert_eq!((&info["labels"][0]["label"], &info["labels"][0]["images"]), (&"7".into(), &5.into()));
    assert!(info["labels"][0]["threshold"].as_f64().unwrap() > 0.0);
    let info = desk.does(&["info"]);
    assert!(info.contains("\n            7: 5 images, unknown beyond 0."), "{info}");
    assert_eq!(desk.device(&["forget", "--last", "7"]).status.code(), Some(2));
}

#[test]
fn neighbours_vote_where_exemplars_are_kept() {
    let desk = Desk::new(Fake { exemplars: 3, ..Fake::default() });
    desk.does(&["enrol", "1", "1"]);
    desk.does(&["enrol", "8", "8"]);
    let answer = desk.json(&["recognise", "8/1.png", "--neighbours", "3", "--json", "--threshold", "none"]);
    assert_eq!(answer["label"], "8");
    assert!(answer["threshold"].is_null());
    let desk = Desk::new(Fake::default());
    desk.does(&["enrol", "1", "1"]);
    desk.fails(
        &["recognise", "8/1.png", "--neighbours", "3", "--json"],
        &["refused", "TINYTRIPLET_EXEMPLARS"],
    );
    assert_eq!(desk.device(&["recognise", "8/1.png", "--neighbours", "16"]).status.code(), Some(2));
}

#[test]
fn enrolling_what_cannot_be_enrolled() {
    let desk = Desk::new(Fake::default());
    desk.fails(&["enrol", "", "7"], &["cannot be a label", "at least one character"]);
    desk.fails(&["enrol", &"x".repeat(32), "7"], &["cannot be a label", "31 bytes"]);
    desk.fails(&["enrol", "7", "7/0.png", "7/99.png"], &["7/99.png", "cannot be read"]);
    desk.fails(&["enrol", "7", "."], &[".: no image"]);
    assert_eq!(desk.json(&["list", "--json"]), serde_json::json!([]), "nothing was sent");
    for label in 0..CAPACITY {
        desk.does(&["enrol", &label.to_string(), "7/0.png"]);
    }
    desk.fails(
        &["enrol", "one more", "7/0.png"],
        &["7/0.png", "0 of 1 image enrolled", "gallery is full", "forget"],
    );
}

#[test]
fn files_that_are_no_gallery_of_this_board() {
    let desk = Desk::new(Fake::default());
    desk.does(&["enrol", "7", "7"]);
    desk.does(&["export", "g.json"]);
    let text = fs::read_to_string(desk.at("g.json")).unwrap();
    let imports = |change: &dyn Fn(&mut Value), words: &[&str]| {
        let mut file: Value = serde_json::from_str(&text).unwrap();
        change(&mut file);
        fs::write(desk.at("x.json"), file.to_string()).unwrap();
        desk.fails(&["import", "x.json"], &[&["x.json"], words].concat());
    };
    imports(
        &|file| file["model"]["hash"] = "0123456789abcdef".into(),
        &["0123456789abcdef", "the board has"],
    );
    imports(&|file| file["entries"][0]["count"] = 0.into(), &["entry `7` is damaged", "count is 0"]);
    imports(&|file| file["entries"][0]["sums"][3] = 9_999.into(), &["entry `7` is damaged"]);
    imports(&|file| file["entries"][0]["labl"] = "x".into(), &["labl"]);
    imports(
        &|file| {
            let entries = file["entries"].as_array_mut().unwrap();
            entries.extend(
                (0..CAPACITY)
                    .map(|label| {
                        let mut entry = entries[0].clone();
                        entry["label"] = format!("new {label}").into();
                        entry
                    })
                    .collect::<Vec<_>>(),
            );
        },
        &["4 labels that are not enrolled", "room for 3"],
    );
    desk.fails(&["import", "none.json"], &["cannot read none.json"]);
    fs::write(desk.at("x.json"), "not JSON").unwrap();
    desk.fails(&["import", "x.json"], &["x.json", "is no exported gallery", "line 1"]);
    assert_eq!(desk.json(&["list", "--json"]).as_array().unwrap().len(), 1, "nothing was imported");

    // A board that keeps more exemplars than the file has.
    let other = Desk::new(Fake { exemplars: 3, ..Fake::default() });
    let file = desk.at("g.json");
    other.fails(&["import", file.to_str().unwrap()], &["entry `7` has 0 exemplars, the board keeps 3"]);
}

#[test]
fn a_gallery_of_another_model_is_kept_until_it_is_cleared() {
    let desk = Desk::new(Fake { has_other_gallery: true, ..Fake::default() });
    assert!(desk.does(&["info"]).contains("that of abababababababab; `clear` frees it"));
    desk.fails(&["enrol", "7", "7"], &["refused", "abababababababab", "clear"]);
    desk.fails(&["export", "g.json"], &["another model", "abababababababab"]);
    let told = |arguments: &[&str]| String::from_utf8(desk.device(arguments).stderr).unwrap();
    // Only the firmware that it belongs to could export it.
    desk.fails(&["clear"], &["the gallery of another model (abababababababab)", "--yes"]);
    assert!(!told(&["clear"]).contains("export"));
    desk.fails(&["recognise", "7"], &["holds the gallery of another model", "abababababababab"]);
    assert!(!told(&["recognise", "7"]).contains("nothing is enrolled"));
    desk.does(&["clear", "--yes"]);
    desk.does(&["enrol", "7", "7"]);
}

#[test]
fn a_board_is_measured_and_compared() {
    let desk = Desk::new(Fake::default());
    let out = desk.does(&["bench", "--runs", "3"]);
    assert!(out.starts_with("embedding   1.500 ms on the board, 666 a second\n"), "{out}");
    let report = desk.json(&["bench", "--runs", "3", "--json"]);
    assert_eq!(
        (report["runs"].as_u64(), report["embedding_microseconds"].as_f64()),
        (Some(3), Some(EMBEDDING_MICROSECONDS as f64))
    );
    assert!(report["round_trip_microseconds"]["median"].as_u64() > Some(0));
    assert_eq!(desk.device(&["bench", "--runs", "0"]).status.code(), Some(2));

    let out = desk.does(&["parity", "7", "0/1.png"]);
    let pixels = "18 frames to pixels: as this PC makes them, byte for byte\n";
    assert!(out.starts_with(&format!("{pixels}6 images, ")) && out.ends_with("bit for bit\n"), "{out}");
    let out = desk.does(&["parity", "--images", "2", "--frames", "100", "--data", "drawn"]);
    assert!(out.starts_with("102 frames to pixels: as ") && out.contains("\n2 images, "), "{out}");
    assert!(desk.does(&["selftest"]).starts_with("passed: fake, model \"best\""));

    // A damaged file is no reason not to look on.
    fs::create_dir(desk.at("runs")).unwrap();
    fs::create_dir(desk.at("runs/broken")).unwrap();
    fs::write(desk.at("runs/broken/model.postcard"), "x").unwrap();
    desk.does(&["parity", "7/0.png"]);
    desk.fails(&["parity", "7/0.png", "--model", "runs/broken"], &["runs/broken/model.postcard"]);

    let desk = Desk::new(Fake { computes_wrong: true, ..Fake::default() });
    let output = desk.device(&["parity", "7/0.png", "7/1.png"]);
    let out = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1));
    assert!(out.contains("\n7/0.png: differs from layer 2 on\n  conv 3x3 relu max 2x2, "), "{out}");
    assert!(out.ends_with("2 of 2 images DIFFER: the board does not compute what this PC does\n"), "{out}");
    let output = desk.device(&["selftest"]);
    assert_eq!(output.status.code(), Some(1));
    let crcs = format!("computes CRC {:08x}, not {:08x}", test_crc(&damaged_weights()), test_crc(MODEL));
    assert!(String::from_utf8_lossy(&output.stdout).contains(&crcs), "{crcs}");

    let desk = Desk::new(Fake { prepares_wrong: true, ..Fake::default() });
    let output = desk.device(&["parity", "--frames", "6", "7/0.png"]);
    let out = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        out.starts_with("random frame 0 (Grey8, ") && out.contains("7/0.png: other pixels\n  row "),
        "{out}"
    );
    assert!(out.contains(" of 7 frames DIFFER: the board does not make the pixels of this PC\n"), "{out}");
}

/// A picture in colour, larger than a small camera's: paper with a digit in the middle.
fn photo(desk: &Desk) -> image::RgbImage {
    let digit = image::open(desk.at("7/0.png")).unwrap().into_luma8();
    let digit = image::imageops::resize(&digit, 200, 200, image::imageops::FilterType::Triangle);
    image::RgbImage::from_fn(400, 300, |x, y| {
        let inside = (100..300).contains(&x) && (50..250).contains(&y);
        let ink = if inside { digit[(x - 100, y - 50)][0] } else { 0 };
        image::Rgb([230 - ink / 2, 240 - ink / 2, 220 - (x / 4) as u8 - ink / 3])
    })
}

/// The board makes the pixels, and its answers are those of the PC.
#[test]
fn raw_pictures_are_prepared_by_the_board() {
    let desk = Desk::new(Fake::default());
    desk.fails(&["see"], &["refused", "there is no image: show one first"]);
    assert_eq!(desk.does(&["enrol", "--raw", "7", "7/0.png", "7/1.png"]), "7: 1 image\n7: 2 images\n");
    desk.does(&["enrol", "0", "0"]);
    let images = ["7/3.png", "0/1.png", "8/2.png"];
    let answers = desk.does(&[&["recognise"], &images[..]].concat());
    assert_eq!(desk.does(&[&["recognise", "--raw"], &images[..]].concat()), answers);
    let folder = desk.does(&["recognise", "--raw", "7"]);
    assert_eq!(folder, desk.does(&["recognise", "7"]));

    let photo = photo(&desk);
    photo.save(desk.at("photo.png")).unwrap();
    let output = desk.device(&["recognise", "--raw", "photo.png"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let reduced = "photo.png: 400x300 pixels reduced to 134x100, the means of 3x3 (--raw-size)";
    assert!(told.contains(reduced), "{told}");
    desk.fails(
        &["recognise", "--raw", "photo.png", "--raw-size", "400"],
        &["photo.png", "a row of the frame has 1200 bytes, and it takes 1024 at most", "lower --raw-size"],
    );
    fs::write(desk.at("x-idx3-ubyte"), [0, 0, 8, 3, 0, 0, 0, 0]).unwrap();
    desk.fails(&["recognise", "--raw", "x-idx3-ubyte"], &["x-idx3-ubyte", "are pixels already"]);
}

/// A board makes the same colours as the PC, of a net that takes them.
#[test]
fn colours_are_prepared_by_the_board() {
    let here = tempfile::tempdir().unwrap();
    fs::create_dir(here.path().join("discs")).unwrap();
    coloured::folder(&here.path().join("discs"), 5);
    let few = "train.batch={balanced={classes=4, images_per_class=3}}";
    let set =
        ["--set", "train.steps=3", "--set", "data.channels=3", "--set", "data.fit='stretch'", "--set", few];
    let arguments = ["-c", "quick", "--data", "discs", "--name", "colour", "--out", "."];
    let output = program(here.path(), &[&arguments[..], &set].concat()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let file = fs::read(here.path().join("colour/model.postcard")).unwrap();
    let desk = Desk::new(Fake { model: Some(file.leak()), ..Fake::default() });
    assert!(desk.does(&["info"]).contains("28x28x3, fit stretch"));
    coloured::folder(desk.folder.path(), 3);
    desk.does(&["enrol", "--raw", "red", "red/0.png"]);
    desk.does(&["enrol", "green", "green/0.png"]);
    // In colour, in grey, and with transparency.
    coloured::disc([9, 200, 30], 7).save(desk.at("a.png")).unwrap();
    image::DynamicImage::from(coloured::disc([9, 200, 30], 7)).to_rgba8().save(desk.at("b.png")).unwrap();
    let images = ["red/1.png", "green/2.png", "blue/0.png", "3/0.png", "a.png", "b.png"];
    let recognise = ["recognise", "--threshold", "none"];
    let answers = desk.does(&[&recognise[..], &images[..]].concat());
    assert_eq!(desk.does(&[&recognise[..], &["--raw"], &images[..]].concat()), answers);
    desk.does(&["see", "red/1.png", "-o", "seen.png"]);
    let seen = image::open(desk.at("seen.png")).unwrap().into_rgb8();
    let is_red =
        |x: u32| seen.rows().any(|mut row| row.nth(x as usize).is_some_and(|pixel| pixel[0] > pixel[2] + 90));
    let half = seen.width() / 2;
    assert!((0..half).any(is_red) && (half..seen.width()).any(is_red), "on both sides");
    desk.does(&["see", "-o", "last.png"]);
    assert_eq!(image::open(desk.at("last.png")).unwrap().color(), image::ColorType::Rgb8);
    let parity = ["parity", "--frames", "24", "red/1.png", "3/0.png", "--model"];
    let model = here.path().join("colour/model.postcard");
    let told = desk.does(&[&parity[..], &[model.to_str().unwrap()]].concat());
    assert!(told.contains("26 frames to pixels: as this PC makes them, byte for byte"), "{told}");
    // The images of a data set, which have numbers and not names.
    let data = here.path().join("discs");
    let parity = ["parity", "--frames", "0", "--images", "2", "--data", data.to_str().unwrap(), "--model"];
    let told = desk.does(&[&parity[..], &[model.to_str().unwrap()]].concat());
    assert!(told.contains("2 frames to pixels: as this PC makes them, byte for byte"), "{told}");
}

#[test]
fn what_the_board_makes_of_a_picture_is_seen() {
    let desk = Desk::new(Fake::default());
    let photo = photo(&desk);
    photo.save(desk.at("photo.png")).unwrap();
    let out = desk.does(&["see", "photo.png", "-o", "seen.png"]);
    assert!(out.starts_with("fake: photo.png, sent as 134x100 pixels\n|"), "{out}");
    assert!(out.contains("|\nof which it made\n|") && out.ends_with("wrote seen.png\n"), "{out}");
    let seen = |name: &str| image::open(desk.at(name)).unwrap().into_luma8();
    // What the PC makes of the same frame.
    let preprocessing = Model::decode(MODEL).unwrap().metadata().preprocessing;
    let raw = raw(&photo.clone().into(), preprocessing.background, 1, 160).unwrap();
    let shape = Model::decode(MODEL).unwrap().input().shape;
    let mut scratch = vec![0; scratch_len(preprocessing, shape)];
    let mut expected = vec![0; 28 * 28];
    prepare(raw.frame, &raw.bytes, preprocessing, shape, &mut scratch, &mut expected).unwrap();
    assert!(expected.iter().any(|&pixel| pixel > 100));
    // The picture's 400 x 300 pixels, and 16 x 16 for each of the net's, with 16 around both.
    let made = |name: &str, original: u32| {
        let sheet = seen(name);
        assert_eq!(sheet.dimensions(), (3 * 16 + original + 448, 2 * 16 + 448));
        let pixel = |at: u32| sheet[(2 * 16 + original + 16 * (at % 28) + 8, 16 + 16 * (at / 28) + 8)][0];
        (0..28 * 28).map(pixel).collect::<Vec<u8>>()
    };
    assert_eq!(made("seen.png", 400), expected);
    let centre = photo.get_pixel(7, 9);
    assert_eq!(image::open(desk.at("seen.png")).unwrap().into_rgb8().get_pixel(16 + 7, 90 + 9), centre);
    // What it was shown last, however that was sent.
    desk.does(&["recognise", "7/1.png"]);
    desk.does(&["see", "-o", "last.png"]);
    desk.does(&["see", "7/1.png", "-o", "raw.png"]);
    assert_eq!(seen("last.png").into_raw(), made("raw.png", 448));
}

fn test_crc(file: &[u8]) -> u32 {
    let model = Model::decode(file).unwrap();
    let (mut pixels, mut embedding) = (vec![0; model.input_len()], vec![0; model.embedding_len()]);
    model.test_crc(&mut pixels, &mut vec![0; model.scratch_len()], &mut embedding).unwrap()
}

#[test]
fn a_board_comes_back() {
    let desk = Desk::new(Fake::default());
    let out = desk.does(&["reset"]);
    assert!(out.starts_with("fake: back after 0."), "{out}");
    for fault in ["--panic", "--hang"] {
        desk.fails(&["reset", fault], &["refused", "without fault injection"]);
    }
    assert_eq!(desk.device(&["reset", "--panic", "--hang"]).status.code(), Some(2));
}

#[test]
fn a_folder_is_watched() {
    let desk = Desk::new(Fake::default());
    desk.does(&["enrol", "7", "7"]);
    let camera = desk.at("camera");
    fs::create_dir(&camera).unwrap();
    fs::copy(desk.at("0/0.png"), camera.join("old.png")).unwrap();
    let arguments = ["device", "--port", &desk.port, "watch", "camera", "--threshold", "none"];
    let mut watch = program(desk.folder.path(), &arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.next().unwrap().starts_with("image "));
    // Half of it, and a while later all.
    let whole = fs::read(desk.at("7/3.png")).unwrap();
    fs::write(camera.join("new.png"), &whole[..whole.len() / 2]).unwrap();
    thread::sleep(Duration::from_millis(700));
    fs::write(camera.join("new.png"), whole).unwrap();
    let line = lines.next().unwrap();
    assert!(line.contains("camera/new.png") && line.contains("  7  "), "{line}");
    watch.kill().unwrap();
    watch.wait().unwrap();
    desk.fails(&["watch", "nowhere"], &["nowhere: cannot be listed"]);
}

#[test]
fn ports_at_which_no_board_answers() {
    let usage = host_train(&["device", "info"]);
    let error = String::from_utf8_lossy(&usage.stderr).into_owned();
    assert_eq!(usage.status.code(), Some(2));
    assert!(error.contains("which board? Say --port PORT, or set TINYTRIPLET_PORT"), "{error}");
    assert_eq!(host_train(&["device", "--port", "tcp:x", "info"]).status.code(), Some(2));
    let info = |port: &str| host_train(&["device", "--port", port, "info"]);
    fails(&info("/dev/ttyNOT0"), &["/dev/ttyNOT0: no such port"]);
    fails(&info("tcp:127.0.0.1:1"), &["tcp:127.0.0.1:1", "listening there?"]);

    let port = Fake { noise: Some(b"boot: hello, world\r\n"), ..Fake::default() }.start();
    fails(&info(&port), &[&port, "is no answer", "another program on the board"]);
    let port = Fake { noise: Some(b""), ..Fake::default() }.start();
    fails(&info(&port), &[&port, "nothing answers", "docs/BOARDS.md"]);
    let port = Fake { noise: Some(VERSION_4), ..Fake::default() }.start();
    fails(&info(&port), &[&port, "speaks version 4 of the protocol, this program 3", "flash"]);

    let port = Fake::default().start();
    let empty = tempfile::tempdir().unwrap();
    let by_environment = program(empty.path(), &["device", "info"]).env("TINYTRIPLET_PORT", &port).output();
    assert!(by_environment.unwrap().status.success());
}

/// A whole frame of another version: `4`, and the CRC-32 of it.
const VERSION_4: &[u8] = &[6, 4, 0x94, 0x2b, 0x6f, 0xd5, 0];

#[test]
fn samples_are_written_once() {
    let folder = tempfile::tempdir().unwrap();
    let samples = |seed: &str| {
        let arguments = ["samples", "s", "--data", "drawn", "--per-class", "2", "--seed", seed];
        program(folder.path(), &arguments).output().unwrap()
    };
    let out = samples("1");
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert_eq!(text, "s: 20 test images, one sub-folder per class (on DRAWN digits, not MNIST)\n");
    let image = |name: &str| image::open(folder.path().join("s").join(name)).unwrap();
    assert_eq!((image("7/0.png").width(), image("0/1.png").height()), (28, 28));
    assert!(!Path::new(&folder.path().join("s/7/2.png")).exists());
    fails(&samples("1"), &["s: this folder is not empty"]);
}

/// All of them, or none.
#[test]
fn samples_tell_of_fewer_and_leave_nothing_half_written() {
    let folder = tempfile::tempdir().unwrap();
    // The test images of the classes are 200 each.
    let samples = |arguments: &[&str]| {
        let all = [&["samples", "s", "--data", "drawn", "--per-class"], arguments].concat();
        program(folder.path(), &all).output().unwrap()
    };
    fails(&samples(&["2", "--sheet", "nowhere/s.png"]), &["nowhere/s.png: its folder is not there"]);
    fs::create_dir(folder.path().join("taken")).unwrap();
    fails(&samples(&["2", "--sheet", "taken"]), &["taken: this is a folder: name a file"]);
    fails(&samples(&["2", "--sheet", "s/0/s.png"]), &["s/0/s.png: its folder is not there"]);
    if cfg!(target_os = "linux") {
        fails(&samples(&["2", "--sheet", "/dev/full"]), &["cannot write /dev/full"]);
    }
    assert!(!folder.path().join("s").exists());
    let out = samples(&["201", "--sheet", "s/s.png"]);
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let fewer = "     there are fewer than 201 of 0 (200), 1 (200), 2 (200), 3 (200), 4 (200) and\n     5 more: all of \
                 them are written\n";
    assert_eq!(
        text,
        format!("s: 2,000 test images, one sub-folder per class (on DRAWN digits, not MNIST)\n{fewer}")
    );
    let entries = fs::read_dir(folder.path().join("s")).unwrap();
    assert_eq!((entries.count(), folder.path().join("s/9/199.png").exists()), (11, true));
}

#[test]
fn samples_can_be_photographs_and_one_picture() {
    let folder = tempfile::tempdir().unwrap();
    let options = ["--data", "signs", "--per-class", "6", "--photographs", "--sheet", "s.png"];
    let out = program(folder.path(), &["samples", "s"]).args(options).output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert_eq!(text, "s: 60 test images, one sub-folder per class (on DRAWN signs)\n");
    let image = |name: &str| image::open(folder.path().join(name)).unwrap().into_luma8();
    // Paper is light, ink is dark.
    let photograph = image("s/heart/0.png");
    assert!(photograph.width() >= 160 && photograph.height() >= 120);
    let dark = photograph.pixels().filter(|pixel| pixel.0[0] < 128).count();
    assert!(dark > 0 && dark < photograph.len() / 4, "{dark}");
    let sheet = image("s.png");
    assert_eq!(sheet.dimensions(), (6 * 96 + 5 * 4, 10 * 72 + 9 * 4));
    // In the middle of the first cell there is paper, and beside the cell nothing.
    assert!(sheet.get_pixel(48, 5).0[0] < 250 && sheet.get_pixel(98, 36).0[0] == 255);
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/signs.png");
    let committed = image::open(committed).unwrap().into_luma8();
    // Scaling is not in integers.
    let is_alike = |(new, old): (&u8, &u8)| new.abs_diff(*old) <= 2;
    assert!(
        sheet.dimensions() == committed.dimensions() && sheet.iter().zip(committed.iter()).all(is_alike),
        "to write docs/signs.png again: host-train samples signs --data signs --photographs --per-class 6 \
         --sheet docs/signs.png"
    );
}
