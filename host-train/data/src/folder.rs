//! A folder of pictures: one sub-folder per class, named after it. Classes may lie in groups, such
//! as the characters of alphabets: `Greek/alpha` is then a class's name, and `Greek` its group's.
//!
//! ```text
//! mugs/                      mugs/                          signs/
//!   blue/  1.jpg 2.jpg …       train/  blue/ …  red/ …        Greek/  alpha/ …  beta/ …
//!   red/   1.jpg 2.jpg …       test/   blue/ …  red/ …        Latin/  a/ …  b/ …
//! ```
//!
//! Nothing is left to chance: classes and files go by the natural order of their names, whatever
//! the system's. A name is the bytes that it has; where it is shown, those that are not UTF-8 are
//! escaped.

mod layout;
mod listing;

use crate::{
    dataset::group_of,
    event::{Event, Progress},
    names::{counted, name, shown},
    picture::{self, Picture, PictureError},
    split::{Label, Split},
};
use layout::Layout;
pub(crate) use listing::Listing;
use listing::some;
use rayon::prelude::*;
use shared_model::{inspect::Shape, model::format::Preprocessing};
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};
use thiserror::Error;

/// The number of labels, which is the most classes.
const MOST_CLASSES: usize = 1 << Label::BITS;
/// Pictures that are read between two reports of progress.
const TOGETHER: usize = 128;
/// Classes that a message names.
const NAMED: usize = 5;

/// The reason why a folder makes no data set.
#[derive(Debug, Error)]
pub enum FolderError {
    /// The system does not list it.
    #[error("{}: cannot be listed: {source}", shown(path))]
    List {
        /// The folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// Too few classes to tell apart, or too many to number.
    #[error(
        "{}: {}; it takes 2 to {MOST_CLASSES}, each a sub-folder with the images of one class",
        shown(path), counted(*count, "class folder")
    )]
    Classes {
        /// The folder.
        path: PathBuf,
        /// Its classes.
        count: usize,
    },
    /// Its sub-folders do not hold the images of one class each.
    #[error("{}: {advice}", shown(folder))]
    Layout {
        /// The folder.
        folder: PathBuf,
        /// The folder's actual contents, and the remedy.
        advice: String,
    },
    /// Two classes whose names look the same.
    #[error(
        "{} and {} have names that look the same, but are spelled with other bytes (Unicode has two forms of some \
         letters, NFC and NFD). Rename one of them as the other, or differently if they are two classes",
        shown(first),
        shown(second)
    )]
    Alike {
        /// One of them.
        first: PathBuf,
        /// The other one.
        second: PathBuf,
    },
    /// Two classes that would have one name in a model file.
    #[error("{first:?} and {second:?} are shown alike, as {}. Rename one of them", name(first))]
    SameName {
        /// One of them.
        first: PathBuf,
        /// The other one.
        second: PathBuf,
    },
    /// A class whose images are all broken.
    #[error("{}: all images of this class are broken. Replace them, or move the folder elsewhere", shown(.0))]
    Empty(PathBuf),
    /// A class that only the test split has.
    #[error(
        "{}: no such class is in the training folder. Name a class alike in `train` and in `test`, or move it out of \
         `test`",
        shown(.0)
    )]
    Untrained(PathBuf),
    /// [`min_images`](tinytriplet_recipe::DataConfig::min_images) leaves less than two classes.
    #[error(
        "{}: data.min_images = {min_images} leaves {left} of {}, and it takes 2: too few images are in {}. Choose a smaller \
         number, or add images",
        shown(folder), counted(left + left_out.len(), "class"), small(left_out)
    )]
    LeftOut {
        /// The folder.
        folder: PathBuf,
        /// The number of images that a class must have.
        min_images: usize,
        /// The number of classes that have as many.
        left: usize,
        /// Those that have fewer, and the images of each.
        left_out: Vec<(String, usize)>,
    },
    /// Classes that cannot be trained on.
    #[error(
        "{}: {} of {of} classes have fewer than {fewest} images, {}: {}. Add images{}",
        shown(folder), classes.len(),
        if *fewest > 2 { "2 to train on and 1 to test with" } else { "a pair to train on" }, small(classes),
        leave_out(*fewest, of - classes.len())
    )]
    TooFew {
        /// The folder.
        folder: PathBuf,
        /// Their names, and the images of each.
        classes: Vec<(String, usize)>,
        /// The number of all classes.
        of: usize,
        /// The images that are needed of each.
        fewest: usize,
    },
    /// One image a class.
    #[error("{}: no class has two images, so nothing is left to test with. Add images", shown(.0))]
    NothingToTest(PathBuf),
    /// An image that cannot be used.
    #[error(
        "{first}. Repair or replace it, or say --skip-broken to go on without such files ({count} of {files} images)"
    )]
    Broken {
        /// The first one.
        first: PictureError,
        /// The number of broken ones.
        count: usize,
        /// The number of images, sound ones included.
        files: usize,
    },
}

/// Some classes and the number of their images.
fn small(classes: &[(String, usize)]) -> String {
    some(classes.iter().map(|(name, images)| format!("{name} ({images})")), NAMED)
}

/// Returns another remedy, if enough classes (`others`) have enough images.
fn leave_out(fewest: usize, others: usize) -> String {
    match others {
        0 | 1 => String::new(),
        _ => format!(", or leave these classes out: set data.min_images to {fewest}"),
    }
}

/// The contents of a folder.
#[derive(Debug)]
pub(super) struct Folder {
    pub class_names: Vec<String>,
    pub train: Split,
    pub test: Split,
}

/// Settings for reading a folder's pictures.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading<'a> {
    pub preprocessing: Preprocessing,
    pub shape: Shape,
    /// The share of each class to test with, if the folder has no split of its own.
    pub test_share: f64,
    /// Classes of fewer images are left out.
    pub min_images: usize,
    /// True if every class except the unseen ones needs a pair of images.
    pub to_train: bool,
    /// Names of classes, or of groups, that are not trained on.
    pub unseen: &'a [String],
    pub skip_broken: bool,
}

/// A picture's file, and its pixels.
type ReadPicture = (PathBuf, Vec<u8>);

/// A class in a folder: pictures as files first, then as pixels, too.
#[derive(Debug)]
struct Class<T> {
    path: PathBuf,
    /// Its path in the folder of all classes: its own folder's name, after that of its group.
    place: PathBuf,
    pictures: Vec<T>,
}

impl<T> Class<T> {
    /// Its name, which is that of its folder, after that of its group: `Greek/alpha`.
    fn name(&self) -> String {
        let names: Vec<String> = self.place.iter().map(shown).collect();
        names.join("/")
    }
}

/// The pictures that lie in a folder, in natural order; and notes about what else does.
///
/// # Errors
/// The system does not list the folder.
pub fn pictures(folder: &Path) -> Result<(Vec<PathBuf>, Vec<String>), FolderError> {
    let listing = Listing::of(folder)?;
    Ok((listing.pictures, listing.others.notes(folder)))
}

impl Reading<'_> {
    /// Reads the folder.
    pub(super) fn read(self, folder: &Path, progress: Progress<'_>) -> Result<Folder, FolderError> {
        let mut layout = Layout::of(folder)?;
        for note in layout.notes.iter().chain(&layout.others.notes(folder)) {
            progress(Event::Note(note));
        }
        self.leave_out(folder, &mut layout.train, &mut layout.test, progress)?;
        let Layout { train: trained, test: tested, .. } = layout;
        let (places, is_split) = (trained.len(), tested.is_some());
        let classes = trained.into_iter().chain(tested.into_iter().flatten()).collect();
        let mut trained = self.pixels(folder, classes, progress)?;
        let of_test = trained.split_off(places);
        let mut tested = is_split.then_some(of_test);
        // Without its broken images, a class may be too small.
        self.leave_out(folder, &mut trained, &mut tested, progress)?;

        let class_names = trained.iter().map(Class::name).collect();
        let label = |(label, class): (usize, &Class<ReadPicture>)| (class.place.clone(), label);
        let labels: BTreeMap<PathBuf, usize> = trained.iter().enumerate().map(label).collect();
        let (mut train, mut test) = (Builder::default(), Builder::default());
        for (label, class) in trained.iter().enumerate() {
            let is_test = match is_split {
                true => vec![false; class.pictures.len()],
                false => spread(class.pictures.len(), self.test_share),
            };
            for (picture, is_test) in class.pictures.iter().zip(is_test) {
                (if is_test { &mut test } else { &mut train }).push(picture, label);
            }
        }
        for class in tested.iter().flatten() {
            let label = labels[&class.place];
            class.pictures.iter().for_each(|picture| test.push(picture, label));
        }
        if test.labels.is_empty() {
            return Err(FolderError::NothingToTest(folder.into()));
        }
        Ok(Folder { class_names, train: train.split(self.shape), test: test.split(self.shape) })
    }

    /// Leaves out classes that are too small, and refuses those that could not be trained on.
    fn leave_out<T>(
        self,
        folder: &Path,
        train: &mut Vec<Class<T>>,
        test: &mut Option<Vec<Class<T>>>,
        progress: Progress<'_>,
    ) -> Result<(), FolderError> {
        let of = train.len();
        let is_small = |class: &Class<T>, fewest| class.pictures.len() < fewest;
        let sized = |class: &Class<T>| (class.name(), class.pictures.len());
        let left_out: Vec<Class<T>> =
            train.extract_if(.., |class| is_small(class, self.min_images)).collect();
        if !left_out.is_empty() {
            if let Some(test) = test {
                test.retain(|class| left_out.iter().all(|other| other.place != class.place));
            }
            progress(Event::Note(&format!(
                "{}: left out {} of {of} classes, which have fewer than data.min_images = {} images: {}",
                shown(folder),
                left_out.len(),
                self.min_images,
                small(&left_out.iter().map(sized).collect::<Vec<_>>())
            )));
            if train.len() < 2 {
                return Err(FolderError::LeftOut {
                    folder: folder.into(),
                    min_images: self.min_images,
                    left: train.len(),
                    left_out: left_out.iter().map(sized).collect(),
                });
            }
        }
        // Where the folder has no split of its own, one of every class is tested with.
        let fewest = if test.is_some() { 2 } else { 3 };
        let is_trained = |class: &&Class<T>| {
            let name = class.name();
            !self.unseen.iter().any(|unseen| *unseen == name || group_of(&name) == Some(unseen))
        };
        let small = train.iter().filter(is_trained).filter(|class| is_small(class, fewest));
        let classes: Vec<_> = small.map(sized).collect();
        if self.to_train && !classes.is_empty() {
            return Err(FolderError::TooFew { folder: folder.into(), classes, of: train.len(), fewest });
        }
        Ok(())
    }

    /// Reads the files of all classes.
    fn pixels(
        self,
        folder: &Path,
        classes: Vec<Class<PathBuf>>,
        progress: Progress<'_>,
    ) -> Result<Vec<Class<ReadPicture>>, FolderError> {
        let paths: Vec<&PathBuf> = classes.iter().flat_map(|class| &class.pictures).collect();
        let of = paths.len();
        let mut read: Vec<Result<Picture, PictureError>> = Vec::with_capacity(of);
        progress(Event::Read { done: 0, of });
        for paths in paths.chunks(TOGETHER) {
            let paths = paths.par_iter();
            read.par_extend(paths.map(|path| picture::read(path, self.preprocessing, self.shape)));
            progress(Event::Read { done: read.len(), of });
        }
        let read_so = paths.iter().zip(&read).filter_map(|(path, read)| Some((*path, read.as_ref().ok()?)));
        if let Some(note) = picture::note_of_slivers(read_so) {
            progress(Event::Note(&format!("{}: {note}", shown(folder))));
        }
        let mut read = read.into_iter();
        let mut broken = Vec::new();
        let mut sound = Vec::new();
        for Class { path, place, pictures } in classes {
            let read = pictures.into_iter().zip(read.by_ref());
            let pictures = read.filter_map(|(path, read)| {
                let picture = read.map_err(|error| broken.push(error)).ok()?;
                Some((path, picture.pixels))
            });
            let pictures = pictures.collect();
            sound.push(Class { path, place, pictures });
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

/// Which of `count` pictures are tested with: `share` of them, rounded, but at least one, and one
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
    files: Vec<PathBuf>,
}

impl Builder {
    /// `label` is below [`MOST_CLASSES`].
    fn push(&mut self, (file, picture): &ReadPicture, label: usize) {
        self.pixels.extend_from_slice(picture);
        self.labels.push(label as Label);
        self.files.push(file.clone());
    }

    fn split(self, Shape { height, width, channels }: Shape) -> Split {
        let shape = [height, width, channels].map(usize::from);
        let split = Split::of_shape(shape, self.pixels, self.labels);
        split.expect("a label for each image, all of a size that a recipe may name").with_files(self.files)
    }
}

#[cfg(test)]
mod tests;
