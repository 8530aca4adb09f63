use super::{super::picture::tests::*, *};
use image::ImageFormat;
use shared_model::model::format::{Background, Fit};
use std::fs;
use tempfile::TempDir;

const READING: Reading<'_> = Reading {
    preprocessing: Preprocessing::new(Fit::Contain, Background::Auto),
    shape: Shape::new(8, 6, 1),
    test_share: 0.2,
    min_images: 0,
    to_train: false,
    unseen: &[],
    skip_broken: false,
};

/// Returns a folder of pictures, each of a size that is the number in its name and one more.
fn folder(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        add(folder.path(), file);
    }
    folder
}

fn add(folder: &Path, file: &str) {
    let path = folder.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let digits: String = name(&path).chars().filter(char::is_ascii_digit).collect();
    let picture = picture_of(digits.parse().unwrap_or(3));
    fs::write(&path, encoded(&picture, ImageFormat::Png)).unwrap();
}

fn picture_of(number: u32) -> image::DynamicImage {
    cross(number + 1, number + 2)
}

fn pixels_of(number: u32) -> Vec<u8> {
    crate::prepare::prepare(&picture_of(number), READING.preprocessing, READING.shape).unwrap().pixels
}

fn read(reading: Reading<'_>, folder: &Path) -> (Result<Folder, FolderError>, Vec<String>) {
    let mut notes = Vec::new();
    let read = reading.read(folder, &mut |event| match event {
        Event::Note(note) => notes.push(note.to_owned()),
        Event::Read { done, of } => assert!(done <= of),
        event => panic!("{event:?}"),
    });
    (read, notes)
}

fn error(folder: &Path) -> String {
    read(READING, folder).0.unwrap_err().to_string()
}

fn images(split: &Split) -> Vec<(Label, Vec<u8>)> {
    (0..split.len()).map(|index| (split.label(index), split.image(index).to_vec())).collect()
}

#[test]
fn classes_and_files_go_by_natural_order_and_the_split_is_even() {
    let mut files: Vec<String> = (1..=10).map(|i| format!("class 10/img{i}.png")).collect();
    files.extend((20..24).map(|i| format!("class 9/{i}.PNG")));
    files.push("class 11/7.png".into());
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let folder = folder(&files);
    let (read, notes) = read(READING, folder.path());
    let read = read.unwrap();
    assert_eq!(notes, [""; 0]);
    assert_eq!(read.class_names, ["class 9", "class 10", "class 11"]);
    // One of 4: the third. Two of 10: the third and the eighth. The only one stays.
    let labelled = |list: &[(Label, u32)]| -> Vec<_> {
        list.iter().map(|&(label, number)| (label, pixels_of(number))).collect()
    };
    assert_eq!(images(&read.test), labelled(&[(0, 22), (1, 3), (1, 8)]));
    let train = [20, 21, 23].map(|i| (0, i)).into_iter();
    let train = train.chain([1, 2, 4, 5, 6, 7, 9, 10].map(|i| (1, i))).chain([(2, 7)]);
    assert_eq!(images(&read.train), labelled(&train.collect::<Vec<_>>()));
    assert_eq!((read.train.height, read.train.width), (8, 6));
    assert_eq!(read.test.file(2), Some(folder.path().join("class 10/img8.png").as_path()));
    assert_eq!(read.train.file(0), Some(folder.path().join("class 9/20.PNG").as_path()));
}

#[test]
fn some_are_tested_with_and_some_are_left() {
    let tested = |count, share| spread(count, share).into_iter().filter(|&is_test| is_test).count();
    assert_eq!([0, 1, 2, 3, 7, 8, 100].map(|count| tested(count, 0.2)), [0, 0, 1, 1, 1, 2, 20]);
    assert_eq!([1, 2, 10].map(|count| tested(count, 0.9)), [0, 1, 9]);
    assert_eq!(tested(1000, 1e-6), 1);
}

#[test]
fn a_split_of_the_folders_own_is_kept() {
    let folder = folder(&["train/b/1.png", "train/a/2.png", "train/a/3.png", "test/b/4.png"]);
    fs::write(folder.path().join("readme.txt"), "x").unwrap();
    let (read, notes) = read(READING, folder.path());
    let read = read.unwrap();
    assert_eq!(read.class_names, ["a", "b"]);
    assert_eq!(images(&read.train), [(0, pixels_of(2)), (0, pixels_of(3)), (1, pixels_of(1))]);
    assert_eq!(images(&read.test), [(1, pixels_of(4))]);
    assert!(notes[0].ends_with("passed over what is no image: 1 .txt"), "{notes:?}");

    add(folder.path(), "test/c/1.png");
    assert!(error(folder.path()).contains("test/c: no such class is in the training folder"));
    // Without classes in it, `test` is a class like any other.
    let other = self::folder(&["train/1.png", "train/2.png", "test/3.png", "test/4.png"]);
    assert_eq!(super::tests::read(READING, other.path()).0.unwrap().class_names, ["test", "train"]);
}

#[test]
fn what_is_no_image_is_passed_over_and_counted() {
    let folder = folder(&[
        "a/1.png",
        "a/2.png",
        "b/1.png",
        "b/2.png",
        "a/.3.png",
        ".git/4.png",
        "a/deep/5.png",
        "a/deep/er/6.png",
        "b/deep/7.png",
        "__MACOSX/a/1.png",
        "a/@eaDir/1.png/thumb.jpg",
        "9.png",
    ]);
    for name in ["a/Thumbs.db", "b/notes.txt", "b/more.TXT", "README"] {
        fs::write(folder.path().join(name), "x").unwrap();
    }
    fs::write(folder.path().join("b/IMG_1.HEIC"), b"\0\0\0\x18ftypheic\0\0\0\0mif1heic").unwrap();
    let (read, notes) = read(READING, folder.path());
    let read = read.unwrap();
    assert_eq!((read.class_names.len(), read.train.len(), read.test.len()), (2, 2, 2));
    let at = folder.path().display();
    assert_eq!(
        notes,
        [
            format!("{at}: not used: 1 image beside the class folders, not in one"),
            format!(
                "{at}: not used: 1 image, each a HEIC picture; the first is {at}/b/IMG_1.HEIC. {}",
                picture::Foreign::Heic.advice()
            ),
            format!(
                "{at}: not used: 3 images in folders inside of class folders: {at}/a/deep \
                 (2), {at}/b/deep (1). To use them, move them up: mv {at}/a/deep/* {at}/a/"
            ),
            format!(
                "{at}: passed over what is no image: 2 .txt, 2 hidden, 1 .db, 1 @eaDir, 1 __MACOSX, 1 without an \
                 ending"
            ),
        ]
    );
}

#[test]
fn what_is_an_image_is_told_by_content() {
    let jpeg = encoded(&picture_of(4).to_rgb8().into(), ImageFormat::Jpeg);
    let folder = folder(&["a/1.png", "a/2.png", "b/1.png"]);
    for name in ["b/2.jfif", "b/3.jpe", "b/4", "b/5.image", "b/6.BMP"] {
        fs::write(folder.path().join(name), &jpeg).unwrap();
    }
    let (read, notes) = read(READING, folder.path());
    assert_eq!(notes, [""; 0]);
    let read = read.unwrap();
    assert_eq!(read.train.len() + read.test.len(), 8);
}

#[cfg(unix)]
#[test]
fn pipes_are_passed_over() {
    let folder = folder(&["a/1.png", "a/2.png", "b/1.png", "b/2.png"]);
    let pipe = folder.path().join("a/x.png");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let (read, notes) = read(READING, folder.path());
    assert_eq!(read.unwrap().train.len(), 2);
    assert!(notes[0].ends_with("passed over what is no image: 1 pipes, sockets or devices"), "{notes:?}");
}

/// Names as a zip file packed in China has them, which all are the same characters to who reads
/// them as UTF-8.
#[cfg(unix)]
#[test]
fn names_that_are_no_text_are_classes_of_their_own() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let names = [&b"\xba\xec\xc9\xab"[..], b"\xc0\xb6\xc9\xab", b"\xc2\xcc\xc9\xab", b"caf\xe8", b"caf\xe9"];
    // The order in which a system lists them is not that of their names.
    for order in [[0, 1, 2, 3, 4], [3, 0, 4, 2, 1]] {
        let folder = tempfile::tempdir().unwrap();
        for (split, count) in [("train", 3), ("test", 2)] {
            for class in order {
                let at = folder.path().join(split).join(OsStr::from_bytes(names[class]));
                fs::create_dir_all(&at).unwrap();
                for number in 0..count {
                    let picture = encoded(&picture_of(10 * class as u32 + number), ImageFormat::Png);
                    fs::write(at.join(format!("{number}.png")), picture).unwrap();
                }
            }
        }
        let (read, notes) = read(READING, folder.path());
        let read = read.unwrap();
        assert_eq!(notes, [""; 0]);
        let shown = [r"caf\xe8", r"caf\xe9", r"\xba\xec\xc9\xab", r"\xc0\xb6\xc9\xab", r"\xc2\xcc\xc9\xab"];
        assert_eq!(read.class_names, shown);
        for (label, class) in (0..).zip([3, 4, 0, 1, 2]) {
            let of: Vec<Vec<u8>> = images(&read.test)
                .into_iter()
                .filter(|image| image.0 == label)
                .map(|image| image.1)
                .collect();
            assert_eq!(of, [pixels_of(10 * class), pixels_of(10 * class + 1)]);
        }
    }
    // What is shown of two names must be two names.
    let folder = folder(&[r"caf\xe9/1.png", r"caf\xe9/2.png", "b/1.png", "b/2.png"]);
    let at = folder.path().join(OsStr::from_bytes(names[4]));
    fs::create_dir(&at).unwrap();
    add(&at, "1.png");
    assert!(error(folder.path()).contains("are shown alike"), "{}", error(folder.path()));
}

#[test]
fn two_unicode_forms_of_a_name_are_named() {
    let folder = folder(&[
        "train/caf\u{e9}/1.png",
        "train/caf\u{e9}/2.png",
        "train/b/1.png",
        "train/b/2.png",
        "test/cafe\u{301}/1.png",
    ]);
    let message = error(folder.path());
    assert!(message.contains("have names that look the same, but are spelled with other bytes"), "{message}");
    assert!(message.contains("train/caf\u{e9} and ") && message.contains("test/cafe\u{301}"), "{message}");
    let folder = self::folder(&["caf\u{e9}/1.png", "cafe\u{301}/1.png"]);
    assert!(error(folder.path()).contains("have names that look the same"));
}

/// Returns the message about such files, with `X` for the folder.
fn advice(files: &[&str]) -> String {
    // What lies beside the folder counts, so that it has one to itself.
    let around = tempfile::tempdir().unwrap();
    let folder = around.path().join("data");
    files.iter().for_each(|file| add(&folder, file));
    let message = error(&folder);
    assert!(!message.contains("remove") && !message.contains("elete"), "{message}");
    message.replace(folder.to_str().unwrap(), "X")
}

#[test]
fn folders_on_another_level_are_named_with_a_command() {
    for (files, message) in [
        (
            &["X/a/1.png", "X/a/2.png", "X/b/1.png"][..],
            "X: the class folders seem to be one level further down: X/X/a (2), X/X/b (1). Name the folder that \
             holds them: X/X",
        ),
        (
            &["a/images/1.png", "b/images/1.png", "b/images/2.png"],
            "X: the images of each class lie in a folder inside of the class folder: X/a/images (1), X/b/images \
             (2). Move them up, as in: mv X/a/images/* X/a/",
        ),
        (
            &["a/1.png", "b/p/1.png", "b/q/1.png", "c/r/2.png"],
            "X: class folders lie on two levels: X/a holds images (1), and X/b holds class folders (p (1), q (1)). \
             If it is a class, put it into a group, as in: mv X/a X/b/. If it is none, move it elsewhere",
        ),
        (
            &["a/1.png", "a/p/1.png", "b/p/1.png", "b/q/1.png"],
            "X: class folders lie on two levels: X/a holds images (1), and X/b holds class folders (p (1), q (1)). \
             Of a group, each image must lie in a class folder; the first that does not is X/a/1.png",
        ),
        (
            &["a/p/1.png", "a/q/1.png", "b/p/1.png", "b/q/deep/2.png"],
            "X/b/q: no image (PNG, JPEG or BMP) is in this class folder. It holds a folder with images, X/b/q/deep \
             (1). Move them up: mv X/b/q/deep/* X/b/q/",
        ),
        (
            &["a/1.png", "a/2.png", "b/s 1/1.png"],
            "X/b: no image (PNG, JPEG or BMP) is in this class folder. It holds a folder with images, X/b/s 1 (1). \
             Move them up: mv 'X/b/s 1'/* X/b/",
        ),
        (
            &["1.png", "2.png"],
            "X: it holds 2 images, but no class folders, so nothing says what they show. Put the images of each \
             class into a sub-folder with the class's name",
        ),
    ] {
        assert_eq!(advice(files), message);
    }
    let folder = folder(&["a/1.png", "a/2.png", "b/1.png"]);
    let message = error(&folder.path().join("a"));
    assert!(message.contains("it seems to be one class of the folder above"), "{message}");
    assert!(message.ends_with(&format!("Name that one: {}", folder.path().display())), "{message}");
}

#[test]
fn classes_of_groups_are_named_after_both() {
    let folder = folder(&[
        "Latin/c10/1.png",
        "Latin/c10/2.png",
        "Latin/c9/3.png",
        "Latin/c9/4.png",
        "Greek/c9/5.png",
        "Greek/c9/6.png",
        "7.png",
    ]);
    fs::write(folder.path().join("Greek/strokes.txt"), "x").unwrap();
    let (read, notes) = read(READING, folder.path());
    let read = read.unwrap();
    assert_eq!(read.class_names, ["Greek/c9", "Latin/c9", "Latin/c10"]);
    let labelled = |list: [(Label, u32); 3]| list.map(|(label, number)| (label, pixels_of(number)));
    assert_eq!(images(&read.train), labelled([(0, 5), (1, 3), (2, 1)]));
    assert_eq!(images(&read.test), labelled([(0, 6), (1, 4), (2, 2)]));
    let [beside, others] = notes.as_slice() else { panic!("{notes:?}") };
    assert!(beside.ends_with("not used: 1 image beside the class folders, not in one"));
    assert!(others.ends_with("passed over what is no image: 1 .txt"), "{others}");

    // An empty folder is no group.
    fs::create_dir(folder.path().join("Runes")).unwrap();
    let message = error(folder.path());
    assert!(
        message.contains("/Runes: no class folder is in this folder, and the folders beside"),
        "{message}"
    );
}

#[test]
fn a_split_may_have_groups() {
    let folder = folder(&[
        "train/Greek/a/1.png",
        "train/Greek/b/2.png",
        "train/Latin/a/3.png",
        "test/Greek/a/4.png",
        "test/Greek/b/5.png",
        "test/Latin/a/6.png",
    ]);
    let read = read(READING, folder.path()).0.unwrap();
    assert_eq!(read.class_names, ["Greek/a", "Greek/b", "Latin/a"]);
    assert_eq!(images(&read.test), [(0, pixels_of(4)), (1, pixels_of(5)), (2, pixels_of(6))]);
    add(folder.path(), "test/Latin/b/1.png");
    assert!(error(folder.path()).contains("test/Latin/b: no such class is in the training folder"));
}

#[test]
fn classes_of_a_group_that_is_never_trained_on_may_be_small() {
    let folder = folder(&[
        "Greek/a/1.png",
        "Greek/b/1.png",
        "Latin/a/1.png",
        "Latin/a/2.png",
        "Latin/a/3.png",
        "Latin/b/1.png",
        "Latin/b/2.png",
        "Latin/b/3.png",
    ]);
    let training = Reading { to_train: true, ..READING };
    let message = super::tests::read(training, folder.path()).0.unwrap_err().to_string();
    assert!(message.contains(": Greek/a (1), Greek/b (1). Add images"), "{message}");
    let unseen = ["Greek".to_owned()];
    assert!(super::tests::read(Reading { unseen: &unseen, ..training }, folder.path()).0.is_ok());
}

#[test]
fn splits_of_other_names_are_named_with_a_command() {
    let split = |train: &str, test: &str| {
        let files = [train, test].map(|split| ["a/1.png", "b/1.png"].map(|file| format!("{split}/{file}")));
        let files: Vec<&str> = files.as_flattened().iter().map(String::as_str).collect();
        advice(&files)
    };
    let rename = |train, test, commands| {
        format!(
            "X: it holds a split in {train} and {test}, but the folders of a split must be called train and test. \
             Rename them: {commands}"
        )
    };
    for (train, test, commands) in [
        ("training", "testing", "mv X/training X/train && mv X/testing X/test"),
        ("Train", "Test", "mv X/Train X/train && mv X/Test X/test"),
        ("train", "val", "mv X/val X/test"),
        ("train_set", "test", "mv X/train_set X/train"),
    ] {
        assert_eq!(split(train, test), rename(train, test, commands));
    }
    let with_a_fifth = "To test with a fifth of the training images instead, name their folder: X/train";
    assert_eq!(
        advice(&["train/a/1.png", "train/b/1.png"]),
        format!(
            "X: it holds training images in train, but there is no folder `test` with the same class folders. \
             {with_a_fifth}"
        )
    );
    assert_eq!(
        advice(&["train/a/1.png", "train/b/1.png", "test/1.png", "test/2.png"]),
        format!(
            "X: it holds training images in train, but test holds 2 images, but no class folders that would say \
             what they show. {with_a_fifth}"
        )
    );
}

#[test]
fn what_a_split_does_not_use_is_counted() {
    let folder = folder(&[
        "train/a/1.png",
        "train/a/2.png",
        "train/b/3.png",
        "test/a/4.png",
        "valid/a/5.png",
        "valid/b/6.png",
        "docs/x",
    ]);
    fs::remove_file(folder.path().join("docs/x")).unwrap();
    let (read, notes) = read(READING, folder.path());
    assert_eq!(read.unwrap().train.len(), 3);
    let [note] = notes.as_slice() else { panic!("{notes:?}") };
    assert!(note.contains("/valid: not used: 2 images. Of a split, `train` is trained on"), "{note}");
}

#[test]
fn a_folder_of_idx_files_further_down_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("MNIST/raw")).unwrap();
    fs::write(folder.path().join("MNIST/raw/train-images-idx3-ubyte"), "x").unwrap();
    let message = error(folder.path());
    assert!(message.contains("the IDX files are in ") && message.ends_with("/MNIST/raw"), "{message}");
}

#[test]
fn classes_without_images_say_what_is_there_instead() {
    let folder = folder(&["a/1.png", "a/2.png"]);
    fs::create_dir(folder.path().join("b")).unwrap();
    assert!(error(folder.path()).ends_with(
        "/b: no image (PNG, JPEG or BMP) is in this class folder. It is empty. Put images there, or move this \
         folder elsewhere"
    ));
    fs::write(folder.path().join("b/list.txt"), "x").unwrap();
    assert!(error(folder.path()).ends_with("is in this class folder. It holds 1 .txt"));
    fs::write(folder.path().join("b/1.webp"), b"RIFF\x24\0\0\0WEBPVP8 ").unwrap();
    let message = error(folder.path());
    assert!(
        message.contains("It holds 1 image, each a WebP picture, such as 1.webp. Convert it"),
        "{message}"
    );
}

#[test]
fn classes_of_too_few_images_are_all_named_before_any_is_read() {
    let mut files: Vec<String> = (0..3).map(|number| format!("big/{number}.png")).collect();
    files.extend((0..3).map(|number| format!("large/{number}.png")));
    files.extend((0..9).map(|class| format!("small{class}/1.png")));
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let folder = folder(&files);
    fs::write(folder.path().join("small3/1.png"), "broken").unwrap();
    let training = Reading { to_train: true, ..READING };
    let message = super::tests::read(training, folder.path()).0.unwrap_err().to_string();
    assert!(
        message.ends_with(
            ": 9 of 11 classes have fewer than 3 images, 2 to train on and 1 to test with: small0 (1), small1 (1), \
             small2 (1), small3 (1), small4 (1) and 4 more. Add images, or leave these classes out: set \
             data.min_images to 3"
        ),
        "{message}"
    );
    let (read, notes) = super::tests::read(Reading { min_images: 3, ..training }, folder.path());
    assert_eq!(read.unwrap().class_names, ["big", "large"]);
    assert!(
        notes[0].contains("left out 9 of 11 classes, which have fewer than data.min_images = 3"),
        "{notes:?}"
    );
    // Who only looks at them needs no pairs, and classes that are never trained on need none
    // either.
    fs::remove_dir_all(folder.path().join("small3")).unwrap();
    assert_eq!(super::tests::read(READING, folder.path()).0.unwrap().class_names.len(), 10);
    let unseen: Vec<String> = (0..9).map(|class| format!("small{class}")).collect();
    let read = super::tests::read(Reading { unseen: &unseen, ..training }, folder.path()).0;
    assert_eq!(read.unwrap().class_names.len(), 10);
    let message = super::tests::read(Reading { min_images: 9, ..training }, folder.path()).0.unwrap_err();
    assert!(
        message
            .to_string()
            .contains(": data.min_images = 9 leaves 0 of 10 classes, and it takes 2: too few images are in "),
        "{message}"
    );
}

#[test]
fn sizes_are_those_of_sound_images() {
    let mut files = vec!["a/1.png", "a/2.png", "a/3.png", "b/1.png", "b/2.png", "b/3.png"];
    files.extend(["c/1.png", "c/2.png", "c/3.png"]);
    let folder = folder(&files);
    fs::write(folder.path().join("b/2.png"), "broken").unwrap();
    let skipping = Reading { skip_broken: true, to_train: true, ..READING };
    let message = super::tests::read(skipping, folder.path()).0.unwrap_err().to_string();
    assert!(message.contains("1 of 3 classes have fewer than 3 images, "), "{message}");
    assert!(message.contains(": b (2). Add images, or leave these classes out"), "{message}");

    let (read, notes) = super::tests::read(Reading { min_images: 3, ..skipping }, folder.path());
    let read = read.unwrap();
    assert_eq!(read.class_names, ["a", "c"]);
    assert_eq!((read.train.labels(), read.test.labels()), (&[0, 0, 1, 1][..], &[0, 1][..]));
    assert!(notes[1].contains("left out 1 of 3 classes") && notes[1].contains(": b (2)"), "{notes:?}");
    fs::write(folder.path().join("c/2.png"), "broken").unwrap();
    let message = super::tests::read(Reading { min_images: 3, ..skipping }, folder.path()).0.unwrap_err();
    assert!(message.to_string().contains(": data.min_images = 3 leaves 1 of 3 classes, and it takes 2: too few images are in b (2), c (2). Choose"), "{message}");

    let split: Vec<String> = files.iter().map(|file| format!("train/{file}")).collect();
    let split: Vec<&str> = split.iter().map(String::as_str).chain(["test/b/7.png", "test/c/8.png"]).collect();
    let folder = self::folder(&split);
    fs::write(folder.path().join("train/b/1.png"), "broken").unwrap();
    let read = super::tests::read(Reading { min_images: 3, ..skipping }, folder.path()).0.unwrap();
    assert_eq!((read.class_names, read.test.labels()), (vec!["a".into(), "c".into()], &[1][..]));
}

#[test]
fn two_images_a_class_are_enough_with_a_split() {
    let folder = folder(&[
        "train/a/1.png",
        "train/a/2.png",
        "train/b/1.png",
        "train/b/2.png",
        "train/c/1.png",
        "test/a/3.png",
        "test/c/3.png",
    ]);
    let training = Reading { to_train: true, ..READING };
    let message = super::tests::read(training, folder.path()).0.unwrap_err().to_string();
    assert!(
        message.contains("1 of 3 classes have fewer than 2 images, a pair to train on: c (1)"),
        "{message}"
    );
    let read = super::tests::read(Reading { min_images: 2, ..training }, folder.path()).0.unwrap();
    assert_eq!((read.train.labels(), read.test.labels()), (&[0, 0, 1, 1][..], &[0][..]));
}

#[test]
fn slivers_of_16_bits_get_one_note() {
    let folder = folder(&["a/1.png", "a/2.png", "b/1.png", "b/2.png"]);
    for name in ["a/7.png", "b/8.png"] {
        let image = image::ImageBuffer::from_fn(9, 9, |x, y| image::Luma([(7300 + 9 * x + y) as u16]));
        image.save(folder.path().join(name)).unwrap();
    }
    let (read, notes) = read(READING, folder.path());
    assert!(read.is_ok());
    let [note] = notes.as_slice() else { panic!("{notes:?}") };
    assert!(
        note.contains(": only a quarter of the range of 16 bits, or less, is in 2 images, as from"),
        "{note}"
    );
    assert!(note.contains("in which 2 of 256 greys are left of ") && note.contains("a/7.png"), "{note}");
}

#[cfg(unix)]
#[test]
fn links_are_what_they_point_to() {
    let folder = folder(&["a/1.png", "a/2.png", "elsewhere/1.png"]);
    let other = self::folder(&["1.png", "2.png"]);
    std::os::unix::fs::symlink(other.path(), folder.path().join("b")).unwrap();
    std::os::unix::fs::symlink(other.path().join("2.png"), folder.path().join("elsewhere/2.png")).unwrap();
    let read = read(READING, folder.path()).0.unwrap();
    assert_eq!(read.class_names, ["a", "b", "elsewhere"]);
    assert_eq!(images(&read.test).iter().filter(|(_, pixels)| *pixels == pixels_of(2)).count(), 3);
    std::os::unix::fs::symlink("/not/there", folder.path().join("a/9.png")).unwrap();
    assert!(error(folder.path()).contains("a/9.png: cannot be read"), "{}", error(folder.path()));
}

#[test]
fn a_broken_image_is_an_error_or_passed_over() {
    let folder = folder(&["a/1.png", "a/2.png", "a/3.png", "b/1.png", "b/2.png"]);
    let whole = fs::read(folder.path().join("a/2.png")).unwrap();
    fs::write(folder.path().join("a/2.png"), &whole[..whole.len() / 2]).unwrap();
    fs::write(folder.path().join("b/9.jpg"), "no picture").unwrap();
    let message = error(folder.path());
    assert!(message.contains("a/2.png: cannot be decoded: "), "{message}");
    assert!(
        message.ends_with("or say --skip-broken to go on without such files (2 of 6 images)"),
        "{message}"
    );

    let skipping = Reading { skip_broken: true, ..READING };
    let (read, notes) = read(skipping, folder.path());
    let read = read.unwrap();
    assert_eq!((read.train.labels(), read.test.labels()), (&[0, 1][..], &[0, 1][..]));
    assert_eq!(notes.len(), 2);
    assert!(notes[0].contains("a/2.png") && notes[1].contains("b/9.jpg"), "{notes:?}");

    for file in ["b/1.png", "b/2.png"] {
        fs::write(folder.path().join(file), "gone").unwrap();
    }
    let message = super::tests::read(skipping, folder.path()).0.unwrap_err().to_string();
    assert!(message.contains("/b: all images of this class are broken"), "{message}");
}

#[test]
fn folders_that_make_no_data_set_say_why() {
    let folder = folder(&["a/1.png", "a/2.png"]);
    assert!(error(folder.path()).contains(": 1 class folder; it takes 2 to 65536"));
    let single = self::folder(&["a/1.png", "b/1.png"]);
    assert!(error(single.path()).contains("no class has two images"));
}
