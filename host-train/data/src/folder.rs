//! A folder of pictures: one sub-folder per class, named after it.
//!
//! ```text
//! mugs/                      mugs/
//!   blue/  1.jpg 2.jpg …       train/  blue/ …  red/ …
//!   red/   1.jpg 2.jpg …       test/   blue/ …  red/ …
//! ```
//!
//! Nothing is left to chance: classes and files go by the natural order of their names, whatever
//! the system's.

use crate::{
    event::{Event, Progress},
    picture::{self, PictureError, is_hidden, is_named_so, name, natural_order},
    split::{Label, Split},
};
use rayon::prelude::*;
use shared_model::model::format::Preprocessing;
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};
use thiserror::Error;

/// The number of labels, which is the most classes.
const MOST_CLASSES: usize = 1 << Label::BITS;
/// Pictures that are read between two reports of progress.
const TOGETHER: usize = 128;

/// The reason why a folder makes no data set.
#[derive(Debug, Error)]
pub enum FolderError {
    /// The system does not list it.
    #[error("{}: cannot be listed: {source}", path.display())]
    List {
        /// The folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// Too few classes to tell apart, or too many to number.
    #[error(
        "{}: {count} class folder(s); it takes 2 to {MOST_CLASSES}, each a sub-folder with the images of one class",
        path.display()
    )]
    Classes {
        /// The folder.
        path: PathBuf,
        /// Its classes.
        count: usize,
    },
    /// A class of nothing.
    #[error(
        "{}: no image (PNG, JPEG or BMP) that can be used is in this class folder. Put some there, or remove it",
        .0.display()
    )]
    Empty(PathBuf),
    /// A class that only the test split has.
    #[error(
        "{}: no such class is in the training folder. Name a class alike in `train` and in `test`, or remove it",
        .0.display()
    )]
    Untrained(PathBuf),
    /// One image a class.
    #[error("{}: no class has two images, so nothing is left to test with. Add images", .0.display())]
    NothingToTest(PathBuf),
    /// An image that cannot be used.
    #[error(
        "{first}. Repair or remove it, or say --skip-broken to go on without such files ({count} of {files} images)"
    )]
    Broken {
        /// The first one.
        first: PictureError,
        /// Returns their number.
        count: usize,
        /// The number of images, sound ones included.
        files: usize,
    },
}

/// The content of a folder.
#[derive(Debug)]
pub(super) struct Folder {
    pub class_names: Vec<String>,
    pub train: Split,
    pub test: Split,
}

/// Settings for reading a folder's pictures.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    pub preprocessing: Preprocessing,
    /// Rows and columns.
    pub size: [usize; 2],
    /// The share of each class to test with, if the folder has no split of its own.
    pub test_share: f64,
    pub skip_broken: bool,
}

/// A class in a folder: pictures as files first, then as pixels.
#[derive(Debug)]
struct Class<T> {
    path: PathBuf,
    pictures: Vec<T>,
}

/// Returns true if there are sub-folders, which may be classes.
pub(super) fn has_classes(folder: &Path) -> bool {
    list(folder).is_ok_and(|entries| entries.iter().any(|entry| is_class(entry)))
}

/// Returns the pictures that lie in a folder, in natural order; and how much else does.
///
/// # Errors
/// Returns an error if the system does not list the folder.
pub fn pictures(folder: &Path) -> Result<(Vec<PathBuf>, usize), FolderError> {
    let entries = list(folder)?;
    let count = entries.len();
    let pictures: Vec<PathBuf> =
        entries.into_iter().filter(|entry| is_named_so(entry) && !entry.is_dir()).collect();
    let passed_over = count - pictures.len();
    Ok((pictures, passed_over))
}

impl Reading {
    /// Reads the folder.
    pub(super) fn read(self, folder: &Path, progress: Progress<'_>) -> Result<Folder, FolderError> {
        let [train, test] = ["train", "test"].map(|split| folder.join(split));
        let is_split = has_classes(&train) && has_classes(&test);
        let train = if is_split { train } else { folder.into() };
        let (trained, mut passed_over) = classes(&train)?;
        if !(2..=MOST_CLASSES).contains(&trained.len()) {
            return Err(FolderError::Classes { path: train, count: trained.len() });
        }
        let class_names: Vec<String> = trained.iter().map(|class| name(&class.path)).collect();
        let labels: BTreeMap<&str, usize> =
            class_names.iter().enumerate().map(|(label, name)| (name.as_str(), label)).collect();
        let (tested, others) = if is_split { classes(&test)? } else { (Vec::new(), 0) };
        passed_over += others;
        let unknown = |class: &&Class<PathBuf>| !labels.contains_key(name(&class.path).as_str());
        if let Some(class) = tested.iter().find(unknown) {
            return Err(FolderError::Untrained(class.path.clone()));
        }
        if passed_over > 0 {
            progress(Event::Note(&format!(
                "{}: passed over {passed_over} file(s) or folder(s) that are hidden, no PNG, JPEG or BMP, or not \
                 where an image of a class is",
                folder.display()
            )));
        }

        let places = trained.len();
        let mut pixels = self.pixels(trained.into_iter().chain(tested).collect(), progress)?;
        let tested = pixels.split_off(places);
        let (mut train, mut test) = (Builder::default(), Builder::default());
        for (label, class) in pixels.iter().enumerate() {
            let is_test = match is_split {
                true => vec![false; class.pictures.len()],
                false => spread(class.pictures.len(), self.test_share),
            };
            for (picture, is_test) in class.pictures.iter().zip(is_test) {
                (if is_test { &mut test } else { &mut train }).push(picture, label);
            }
        }
        for class in &tested {
            let label = labels[name(&class.path).as_str()];
            class.pictures.iter().for_each(|picture| test.push(picture, label));
        }
        if test.labels.is_empty() {
            return Err(FolderError::NothingToTest(folder.into()));
        }
        Ok(Folder { class_names, train: train.split(self.size), test: test.split(self.size) })
    }

    /// Reads the files of all classes.
    fn pixels(
        self,
        classes: Vec<Class<PathBuf>>,
        progress: Progress<'_>,
    ) -> Result<Vec<Class<Vec<u8>>>, FolderError> {
        let paths: Vec<&PathBuf> = classes.iter().flat_map(|class| &class.pictures).collect();
        let of = paths.len();
        let mut read: Vec<Result<Vec<u8>, PictureError>> = Vec::with_capacity(of);
        progress(Event::Read { done: 0, of });
        for paths in paths.chunks(TOGETHER) {
            let paths = paths.par_iter();
            read.par_extend(paths.map(|path| picture::read(path, self.preprocessing, self.size)));
            progress(Event::Read { done: read.len(), of });
        }
        let mut read = read.into_iter();
        let mut broken = Vec::new();
        let mut sound = Vec::new();
        for Class { path, pictures } in classes {
            let read = read.by_ref().take(pictures.len());
            let pictures: Vec<_> =
                read.filter_map(|read| read.map_err(|error| broken.push(error)).ok()).collect();
            sound.push(Class { path, pictures });
        }
        if self.skip_broken {
            broken.iter().for_each(|error| progress(Event::Note(&format!("passed over {error}"))));
        } else if !broken.is_empty() {
            let count = broken.len();
            return Err(FolderError::Broken { first: broken.swap_remove(0), count, files: of });
        }
        match sound.iter().find(|class| class.pictures.is_empty()) {
            Some(class) => Err(FolderError::Empty(class.path.clone())),
            None => Ok(sound),
        }
    }
}

/// Returns the classes in a folder, by the natural order of their names; and how much else lies there and
/// in them.
fn classes(folder: &Path) -> Result<(Vec<Class<PathBuf>>, usize), FolderError> {
    let (paths, others): (Vec<_>, Vec<_>) = list(folder)?.into_iter().partition(|entry| is_class(entry));
    let mut passed_over = others.len();
    let mut classes = Vec::new();
    for path in paths {
        let (pictures, others) = pictures(&path)?;
        if pictures.is_empty() {
            return Err(FolderError::Empty(path));
        }
        passed_over += others;
        classes.push(Class { path, pictures });
    }
    Ok((classes, passed_over))
}

fn is_class(path: &Path) -> bool {
    path.is_dir() && !is_hidden(path)
}

/// Returns the content of a folder, by the natural order of the names.
fn list(folder: &Path) -> Result<Vec<PathBuf>, FolderError> {
    let list = || fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>();
    let mut entries = list().map_err(|source| FolderError::List { path: folder.into(), source })?;
    entries.sort_by(|a, b| natural_order(&name(a), &name(b)));
    Ok(entries)
}

/// Returns which of `count` pictures are tested with: `share` of them, rounded, but at least one, and one
/// is left to train with. They lie evenly spread, because neighbours are often alike.
fn spread(count: usize, share: f64) -> Vec<bool> {
    let tested = ((count as f64 * share).round() as usize).max(1).min(count.saturating_sub(1));
    let mut is_test = vec![false; count];
    // The middles of as many equal parts.
    (0..tested).for_each(|part| is_test[(2 * part + 1) * count / (2 * tested)] = true);
    is_test
}

/// Collects the pictures of a [`Split`].
#[derive(Default)]
struct Builder {
    pixels: Vec<u8>,
    labels: Vec<Label>,
}

impl Builder {
    /// `label` is below [`MOST_CLASSES`].
    fn push(&mut self, picture: &[u8], label: usize) {
        self.pixels.extend_from_slice(picture);
        self.labels.push(label as Label);
    }

    fn split(self, [height, width]: [usize; 2]) -> Split {
        let split = Split::new(height, width, self.pixels, self.labels);
        split.expect("a label for each image, all of a size that a recipe may name")
    }
}

#[cfg(test)]
mod tests {
    use super::{super::picture::tests::*, *};
    use image::ImageFormat;
    use shared_model::model::format::{Background, Fit};
    use tempfile::TempDir;

    const READING: Reading = Reading {
        preprocessing: Preprocessing { fit: Fit::Contain, background: Background::Auto },
        size: [8, 6],
        test_share: 0.2,
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
        super::super::prepare::prepare(picture_of(number), READING.preprocessing, READING.size)
    }

    fn read(reading: Reading, folder: &Path) -> (Result<Folder, FolderError>, Vec<String>) {
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
        let folder =
            folder(&["train/b/1.png", "train/a/2.png", "train/a/3.png", "test/b/4.png", "readme.txt"]);
        let (read, notes) = read(READING, folder.path());
        let read = read.unwrap();
        assert_eq!(read.class_names, ["a", "b"]);
        assert_eq!(images(&read.train), [(0, pixels_of(2)), (0, pixels_of(3)), (1, pixels_of(1))]);
        assert_eq!(images(&read.test), [(1, pixels_of(4))]);
        assert_eq!(notes, [""; 0], "what lies beside the splits belongs to neither");

        add(folder.path(), "test/c/1.png");
        assert!(error(folder.path()).contains("test/c: no such class is in the training folder"));
        // Without classes in it, `test` is a class like any other.
        let other = self::folder(&["train/1.png", "train/2.png", "test/3.png", "test/4.png"]);
        assert_eq!(super::tests::read(READING, other.path()).0.unwrap().class_names, ["test", "train"]);
    }

    #[test]
    fn what_is_no_image_is_passed_over_and_counted() {
        let folder =
            folder(&["a/1.png", "a/2.png", "b/1.png", "b/2.png", "a/.3.png", ".git/4.png", "a/deep/5.png"]);
        fs::write(folder.path().join("a/Thumbs.db"), "x").unwrap();
        let (read, notes) = read(READING, folder.path());
        let read = read.unwrap();
        assert_eq!((read.class_names.len(), read.train.len(), read.test.len()), (2, 2, 2));
        let [note] = notes.as_slice() else { panic!("{notes:?}") };
        assert!(note.contains("passed over 4 file(s) or folder(s)"), "{note}");
    }

    #[cfg(unix)]
    #[test]
    fn links_are_what_they_point_to() {
        let folder = folder(&["a/1.png", "a/2.png", "elsewhere/1.png"]);
        let other = self::folder(&["1.png", "2.png"]);
        std::os::unix::fs::symlink(other.path(), folder.path().join("b")).unwrap();
        std::os::unix::fs::symlink(other.path().join("2.png"), folder.path().join("elsewhere/2.png"))
            .unwrap();
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
        assert!(message.contains("/b: no image (PNG, JPEG or BMP) that can be used"), "{message}");
    }

    #[test]
    fn folders_that_make_no_data_set_say_why() {
        let folder = folder(&["a/1.png", "a/2.png"]);
        assert!(error(folder.path()).contains(": 1 class folder(s); it takes 2 to 65536"));
        fs::create_dir(folder.path().join("b")).unwrap();
        assert!(error(folder.path()).contains("/b: no image (PNG, JPEG or BMP)"));
        let single = self::folder(&["a/1.png", "b/1.png"]);
        assert!(error(single.path()).contains("no class has two images"));
    }
}
