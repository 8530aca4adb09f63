//! A folder of pictures: a sub-folder a class, named after it.
//!
//! ```text
//! mugs/                      mugs/
//!   blue/  1.jpg 2.jpg …       train/  blue/ …  red/ …
//!   red/   1.jpg 2.jpg …       test/   blue/ …  red/ …
//! ```
//!
//! Nothing is left to chance: classes and files go by the natural order of their names, whatever the system's.

use super::{
    Event, Label, Progress, Split,
    picture::{self, PictureError, is_hidden, is_named_so, name, natural_order},
};
use rayon::prelude::*;
use shared_model::format::Preparation;
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};
use thiserror::Error;

/// As many classes as there are labels.
const MOST_CLASSES: usize = 1 << Label::BITS;

/// Why a folder makes no data set.
#[derive(Debug, Error)]
pub enum FolderError {
    /// The system does not list it.
    #[error("{}: cannot be listed: {source}", path.display())]
    List {
        /// The folder.
        path: PathBuf,
        /// What the system says.
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
        /// How many there are.
        count: usize,
        /// How many images there are, sound ones included.
        files: usize,
    },
}

/// What a folder holds.
#[derive(Debug)]
pub(super) struct Folder {
    pub class_names: Vec<String>,
    pub train: Split,
    pub test: Split,
}

/// How a folder's pictures are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    pub preparation: Preparation,
    /// Rows and columns.
    pub size: [usize; 2],
    /// Of every class, where the folder has no split of its own.
    pub test_share: f64,
    pub skip_broken: bool,
}

/// A class in a folder: pictures as files first, then as pixels.
#[derive(Debug)]
struct Class<T> {
    path: PathBuf,
    pictures: Vec<T>,
}

/// Whether there are sub-folders, which may be classes.
pub(super) fn has_classes(folder: &Path) -> bool {
    list(folder).is_ok_and(|entries| entries.iter().any(|entry| is_class(entry)))
}

/// The pictures that lie in a folder, in natural order; and how much else does.
///
/// # Errors
/// The system does not list the folder.
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
        let read = |class: &Class<PathBuf>| {
            let pictures = class.pictures.par_iter();
            pictures.map(|path| picture::read(path, self.preparation, self.size)).collect::<Vec<_>>()
        };
        let read: Vec<Vec<Result<Vec<u8>, PictureError>>> = classes.par_iter().map(read).collect();
        let files = read.iter().map(Vec::len).sum();
        let mut broken = Vec::new();
        let mut sound = Vec::new();
        for (class, read) in classes.into_iter().zip(read) {
            let pictures: Vec<_> =
                read.into_iter().filter_map(|read| read.map_err(|error| broken.push(error)).ok()).collect();
            sound.push(Class { path: class.path, pictures });
        }
        if self.skip_broken {
            broken.iter().for_each(|error| progress(Event::Note(&format!("passed over {error}"))));
        } else if !broken.is_empty() {
            let count = broken.len();
            return Err(FolderError::Broken { first: broken.swap_remove(0), count, files });
        }
        match sound.iter().find(|class| class.pictures.is_empty()) {
            Some(class) => Err(FolderError::Empty(class.path.clone())),
            None => Ok(sound),
        }
    }
}

/// The classes in a folder, by the natural order of their names; and how much else lies there and in them.
fn classes(folder: &Path) -> Result<(Vec<Class<PathBuf>>, usize), FolderError> {
    let (paths, others): (Vec<_>, Vec<_>) = list(folder)?.into_iter().partition(|entry| is_class(entry));
    let mut passed_over = others.len();
    let mut classes = Vec::new();
    for path in paths {
        let (pictures, others) = pictures(&path)?;
        passed_over += others;
        classes.push(Class { path, pictures });
    }
    Ok((classes, passed_over))
}

fn is_class(path: &Path) -> bool {
    path.is_dir() && !is_hidden(path)
}

/// What is in a folder, by the natural order of the names.
fn list(folder: &Path) -> Result<Vec<PathBuf>, FolderError> {
    let list = || fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>();
    let mut entries = list().map_err(|source| FolderError::List { path: folder.into(), source })?;
    entries.sort_by(|a, b| natural_order(&name(a), &name(b)));
    Ok(entries)
}

/// Which of `count` pictures are tested with: `share` of them, rounded, but at least one, and one is left to train
/// with. They lie evenly spread, because neighbours are often alike.
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
        Split { height, width, pixels: self.pixels, labels: self.labels }
    }
}
