//! `see` shows what a net is given of a picture.

mod program;

use image::{GrayImage, Luma};
use program::{fails, host_train, program};
use std::{fs, path::Path, process::Output};
use tinytriplet_data::drawn;

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../firmware/models/digits.model.postcard");

/// A drawn digit, 28 × 28 pixels, whose ink fills 20 rows or columns, so that it stays as it is.
fn digit() -> GrayImage {
    let digits = drawn::dataset(1, 1, 1).train;
    GrayImage::from_raw(28, 28, digits.image(0).to_vec()).unwrap()
}

fn saved(folder: &Path, name: &str, image: &GrayImage) {
    image.save(folder.join(name)).unwrap();
}

#[track_caller]
fn see(folder: &Path, arguments: &[&str]) -> [String; 2] {
    let Output { stdout, stderr, status } = program(folder, arguments).output().unwrap();
    let [output, error] = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(status.success(), "{error}");
    [output, error]
}

/// The net's pixels, from the right half of what `see` wrote: each is 16 × 16 pixels of it.
fn right_half(sheet: &Path) -> Vec<u8> {
    let sheet = image::open(sheet).unwrap().into_luma8();
    let (left, top) = (sheet.width() - 16 - 448, (sheet.height() - 448) / 2);
    let at = |index: u32| sheet.get_pixel(left + index % 28 * 16 + 15, top + index / 28 * 16).0[0];
    (0..784).map(at).collect()
}

#[test]
fn the_drawing_has_the_pixels_that_the_net_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let digit = digit();
    saved(folder.path(), "digit.png", &digit);
    let mut negative = digit.clone();
    image::imageops::invert(&mut negative);
    saved(folder.path(), "negative.png", &negative);

    // In a pipe there are no colours; each pixel is two characters wide.
    let [output, _] = see(folder.path(), &["see", "digit.png", "-o", "seen.PNG"]);
    let lines: Vec<&str> = output.lines().collect();
    assert_eq!(lines.len(), 30);
    assert_eq!(
        lines[0],
        "digit.png: 28x28 pixels, dark background (its border says); its ink centred in 28x28"
    );
    assert_eq!(lines[29], "wrote seen.PNG");
    let pixels = right_half(&folder.path().join("seen.PNG"));
    for (line, row) in lines[1..29].iter().zip(pixels.chunks(28)) {
        let level = |pixel: u8| char::from(b" .:-=+*#%@"[(usize::from(pixel) * 9 + 127) / 255]);
        let expected: String = row.iter().flat_map(|&pixel| [level(pixel); 2]).collect();
        assert_eq!(*line, format!("|{expected}|"));
    }
    assert!(pixels.iter().any(|&pixel| pixel > 200));

    let [light, _] = see(folder.path(), &["see", "negative.png", "--model", MODEL]);
    let first = light.lines().next().unwrap();
    assert_eq!(
        first,
        "negative.png: 28x28 pixels, light background (its border says), so inverted; its ink centred in 28x28"
    );
    assert!(light.lines().skip(1).eq(lines[1..29].iter().copied()), "{light}\n{output}");
}

#[test]
fn a_photograph_is_shown_step_by_step() {
    let folder = tempfile::tempdir().unwrap();
    // Ruled paper with a cross, and a speck.
    let sheet = GrayImage::from_fn(160, 120, |x, y| {
        let is_ink = (76..84).contains(&x) && (40..80).contains(&y) || (60..100).contains(&x) && y / 8 == 7;
        let is_speck = (130..134).contains(&x) && (104..108).contains(&y);
        Luma([if is_ink || is_speck {
            40
        } else if y == 20 || y == 94 {
            120
        } else {
            220
        }])
    });
    saved(folder.path(), "paper.png", &sheet);
    let [output, _] = see(folder.path(), &["see", "paper.png", "-o", "seen.png"]);
    assert_eq!(
        output.lines().next().unwrap(),
        "paper.png: 160x120 pixels, light background (most of it is), so inverted; 2 lines of the paper and 1 speck \
         removed; its ink centred in 28x28"
    );
    // The original, the frame without its rim, its cells, the ink, and the pixels, each enlarged.
    let seen = image::open(folder.path().join("seen.png")).unwrap();
    assert_eq!(seen.width(), 2 * 160 + 2 * 156 + 5 * 78 + 2 * 156 + 16 * 28 + 6 * 16);
    let pixels = right_half(&folder.path().join("seen.png"));
    assert_eq!(pixels[14 * 28..15 * 28], [&[0; 4][..], &[255; 20], &[0; 4]].concat());
}

#[test]
fn the_model_says_what_is_done() {
    let folder = tempfile::tempdir().unwrap();
    saved(folder.path(), "digit.png", &digit());
    // Without a model, it is as for the built-in one.
    let built_in = see(folder.path(), &["see", "digit.png"]);
    assert_eq!(see(folder.path(), &["see", "digit.png", "--model", MODEL]), built_in);

    let file = fs::read(MODEL).unwrap();
    let model = shared_model::Model::decode(&file).unwrap();
    assert_eq!(model.metadata().preprocessing, shared_model::model::format::Preprocessing::MNIST);
}

#[test]
fn a_folder_is_written_of_several_pictures() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("pictures")).unwrap();
    saved(folder.path(), "pictures/a.png", &digit());
    saved(folder.path(), "pictures/b.png", &digit());
    saved(folder.path(), "c.png", &digit());
    see(folder.path(), &["see", "pictures", "c.png", "-o", "seen"]);
    let mut names: Vec<_> =
        fs::read_dir(folder.path().join("seen")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["a.png.seen.png", "b.png.seen.png", "c.png.seen.png"]);

    // Of the same name, each in a folder as its own is called.
    fs::create_dir(folder.path().join("others")).unwrap();
    saved(folder.path(), "others/a.png", &digit());
    see(folder.path(), &["see", "pictures", "others", "-o", "both"]);
    for sheet in ["pictures/a.png.seen.png", "others/a.png.seen.png", "b.png.seen.png"] {
        assert!(folder.path().join("both").join(sheet).is_file(), "{sheet}");
    }
}

#[test]
fn a_picture_without_ink_gets_a_note() {
    let folder = tempfile::tempdir().unwrap();
    saved(folder.path(), "blank.png", &GrayImage::from_pixel(40, 30, Luma([250])));
    let [_, note] = see(folder.path(), &["see", "blank.png"]);
    assert_eq!(note, "      note blank.png: there is no ink: all pixels that the net is given are 0\n");

    let mut faint = GrayImage::from_pixel(28, 28, Luma([250]));
    (9..19).for_each(|x| faint.put_pixel(x, 14, Luma([220])));
    saved(folder.path(), "faint.png", &faint);
    let [_, note] = see(folder.path(), &["see", "faint.png"]);
    assert_eq!(
        note,
        "      note faint.png: the ink is faint: the brightest pixel that the net is given is 30 of 255\n"
    );
}

#[test]
fn a_picture_that_is_not_there_is_named() {
    fails(&host_train(&["see", "nowhere.png"]), &["nowhere.png", "cannot be read"]);
}
