//! Looks for data: what the user names, what the environment does, the cache, the network.

use crate::{
    characters,
    dataset::{
        CHARACTERS, DRAWN, DRAWN_DIGITS, DRAWN_SIGNS, Dataset, MADE_UP_CHARACTERS, MNIST, SIGNS, Source,
        VARIABLE,
    },
    download, drawn,
    error::DataError,
    event::{Event, Progress},
    folder::Reading,
    idx::{self, Content},
    names::shown,
    repeats,
    split::{Label, Split},
};
use shared_model::{
    inspect::Shape,
    model::format::{Fit, Preprocessing},
};
use std::{
    env,
    path::{Path, PathBuf},
};
use tinytriplet_recipe::DataConfig;

/// The place of the data that are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// The first that there is: the folder that the environment names, MNIST from the cache or the
    /// network, drawn digits.
    #[default]
    Anywhere,
    /// The place that the user named: a folder, or one of the words [`DRAWN`], [`SIGNS`],
    /// [`CHARACTERS`] and [`MNIST`].
    Named(PathBuf),
    /// Wherever MNIST is: in the folder that the environment names, in the cache, on the network.
    Mnist,
    /// Drawn digits.
    Drawn,
    /// Drawn signs.
    Signs,
    /// Made-up characters.
    Characters,
}

/// A request to [`find`].
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The place of the data.
    pub place: Place,
    /// For what this program draws.
    pub seed: u64,
    /// The settings for images.
    pub config: DataConfig,
    /// True if an image file that is broken is named and passed over; it is an error otherwise.
    pub skip_broken: bool,
    /// True if the data are to be trained on, so that a class of too few images is an error.
    pub to_train: bool,
}

/// Finds data: see the [crate](crate).
///
/// # Errors
/// Returns [`DataError`] if what the user or the environment named cannot be used.
pub fn find(request: Request, progress: Progress<'_>) -> Result<Dataset, DataError> {
    Search::new(request).find(progress)
}

/// Returns the shape of the images that [`find`] would give, where that is known before any of them
/// is read: pictures get that of the request's settings, and digits have their own. The size of the
/// images in IDX files is not known.
#[must_use]
pub fn known_shape(request: Request) -> Option<Shape> {
    Search::new(request).known_shape()
}

/// The places where [`find`] looks.
#[derive(Clone, Debug)]
pub struct Search {
    /// The request.
    pub request: Request,
    /// The path that the environment gives.
    pub environment: Option<PathBuf>,
    /// The folder that keeps MNIST.
    pub cache: PathBuf,
    /// Addresses to which a file's name is appended, the best first.
    pub mirrors: Vec<String>,
}

impl Search {
    /// Looks where this machine keeps data.
    fn new(request: Request) -> Self {
        Self {
            request,
            // Set to nothing means not set, as is the habit.
            environment: env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from),
            cache: cache_folder(),
            mirrors: download::MIRRORS.iter().map(|&mirror| mirror.into()).collect(),
        }
    }

    /// Looks there: see [`find`].
    ///
    /// # Errors
    /// Returns the same errors as [`find`].
    pub fn find(&self, progress: Progress<'_>) -> Result<Dataset, DataError> {
        let data = self.any(progress)?;
        // Whatever is no picture is grey.
        let wanted = self.request.config.channels;
        match usize::from(wanted) == data.train.channels {
            true => Ok(data),
            false => Err(DataError::Grey { name: data.name, wanted }),
        }
    }

    fn any(&self, progress: Progress<'_>) -> Result<Dataset, DataError> {
        match (&self.request.place, &self.environment) {
            (Place::Named(path), _) => self.named(path, Source::Given, progress),
            (Place::Drawn, _) => Ok(self.drawn(drawn::dataset)),
            (Place::Signs, _) => Ok(self.drawn(drawn::signs)),
            (Place::Characters, _) => Ok(self.characters()),
            (Place::Mnist, _) => self.mnist(progress),
            (Place::Anywhere, Some(path)) => self.named_by_environment(path, progress),
            (Place::Anywhere, None) => self.kept_mnist(progress).or_else(|error| {
                let DataError::Download(error) = error else { return Err(error) };
                progress(Event::Note(&format!(
                    "{error}\nNo MNIST, so this run uses DRAWN DIGITS, made up by this program: its numbers are \
                     not MNIST's.\nFor MNIST, put its four files into a folder and name that with --data or \
                     {VARIABLE}."
                )));
                Ok(self.drawn(drawn::dataset))
            }),
        }
    }

    fn known_shape(&self) -> Option<Shape> {
        let place = match &self.request.place {
            Place::Named(path) => Some(path),
            Place::Anywhere => self.environment.as_ref(),
            Place::Mnist | Place::Drawn | Place::Signs | Place::Characters => None,
        };
        match place {
            Some(path) if path.is_dir() => (!has_idx(path)).then_some(self.request.config.shape()),
            Some(path) => is_word(path).then_some(drawn::SHAPE), // otherwise it is an error
            None => Some(drawn::SHAPE), // MNIST's, the signs' and the characters' are the same
        }
    }

    /// Returns MNIST from the folder that the environment names, if it is there, or else as
    /// [`kept_mnist`](Self::kept_mnist) does.
    fn mnist(&self, progress: Progress<'_>) -> Result<Dataset, DataError> {
        if let Some(path) = self.environment.as_ref().filter(|path| has_idx(path)) {
            let data = self.named_by_environment(path, progress)?;
            if data.name == MNIST {
                return Ok(data);
            }
        }
        self.kept_mnist(progress)
    }

    /// Returns the data that the environment names.
    fn named_by_environment(&self, path: &Path, progress: Progress<'_>) -> Result<Dataset, DataError> {
        let found = self.named(path, Source::Environment, progress);
        found.map_err(|error| DataError::Environment(Box::new(error)))
    }

    /// Returns MNIST from the cache or the network.
    fn kept_mnist(&self, progress: Progress<'_>) -> Result<Dataset, DataError> {
        let mnist = download::obtain(&self.cache, &self.mirrors, download::CHECKSUMS, progress)?;
        let source = if mnist.downloaded { Source::Downloaded } else { Source::Cache };
        let preprocessing = self.request.config.preprocessing(Fit::Centre);
        dataset(MNIST.into(), source, preprocessing, &self.cache, mnist.contents)
    }

    /// Returns the data that somebody named, by a path or by a word.
    fn named(
        &self,
        path: &Path,
        source: fn(PathBuf) -> Source,
        progress: Progress<'_>,
    ) -> Result<Dataset, DataError> {
        if !path.exists() {
            return match path.to_str() {
                Some(DRAWN) => Ok(self.drawn(drawn::dataset)),
                Some(SIGNS) => Ok(self.drawn(drawn::signs)),
                Some(CHARACTERS) => Ok(self.characters()),
                Some(MNIST) => self.mnist(progress),
                _ => Err(DataError::NoFolder(path.into())),
            };
        }
        if !path.is_dir() {
            return Err(DataError::NotAFolder(path.into()));
        }
        if !has_idx(path) {
            return self.pictures(path, source, progress);
        }
        let contents = contents(path)?;
        let (name, fit) = if download::is_mnist(&contents) {
            (MNIST.into(), Fit::Centre)
        } else {
            (folder_name(path), Fit::Contain)
        };
        let data = dataset(name, source, self.request.config.preprocessing(fit), path, contents)?;
        tell_of_repeats(&data, path, progress);
        Ok(data)
    }

    /// Returns the data in a folder of images.
    fn pictures(
        &self,
        path: &Path,
        source: fn(PathBuf) -> Source,
        progress: Progress<'_>,
    ) -> Result<Dataset, DataError> {
        let config = &self.request.config;
        let preprocessing = config.preprocessing(Fit::Contain);
        let reading = Reading {
            preprocessing,
            shape: config.shape(),
            test_share: config.test_share,
            min_images: config.min_images,
            to_train: self.request.to_train,
            unseen: &config.unseen,
            skip_broken: self.request.skip_broken,
        };
        let folder = reading.read(path, progress)?;
        let data = Dataset {
            name: folder_name(path),
            source: source(path.into()),
            class_names: folder.class_names,
            preprocessing,
            train: folder.train,
            test: folder.test,
        };
        tell_of_repeats(&data, path, progress);
        Ok(data)
    }

    fn characters(&self) -> Dataset {
        let Request { seed, config, .. } = &self.request;
        Dataset { preprocessing: config.preprocessing(Fit::Centre), ..characters::dataset(*seed) }
    }

    /// Returns what `draw` makes of a seed and the numbers of images.
    fn drawn(&self, draw: fn(u64, usize, usize) -> Dataset) -> Dataset {
        let Request { seed, config, .. } = &self.request;
        let drawn = draw(*seed, drawn::TRAIN_PER_CLASS, drawn::TEST_PER_CLASS);
        Dataset { preprocessing: config.preprocessing(Fit::Centre), ..drawn }
    }
}

/// Returns true if a path is one of the words [`DRAWN`], [`SIGNS`], [`CHARACTERS`] and [`MNIST`], and nothing of
/// that name is there.
#[must_use]
pub fn is_word(path: &Path) -> bool {
    [DRAWN, SIGNS, CHARACTERS, MNIST].iter().any(|word| path == Path::new(word)) && !path.exists()
}

/// Returns true if one of the four IDX files, at least, is in a folder.
fn has_idx(folder: &Path) -> bool {
    idx::NAMES.iter().any(|name| idx::locate(folder, name).is_some())
}

fn tell_of_repeats(data: &Dataset, folder: &Path, progress: Progress<'_>) {
    for note in repeats::notes(data) {
        progress(Event::Note(&format!("{}: {note}", shown(folder))));
    }
}

/// The contents of a folder's four files, in the order of [`idx::NAMES`].
fn contents(folder: &Path) -> Result<[Content; 4], DataError> {
    let [a, b, c, d] = idx::NAMES.map(|name| match idx::locate(folder, name) {
        Some(file) => Content::read(&file).map_err(DataError::from),
        None => Err(DataError::Missing { folder: folder.into(), name }),
    });
    Ok([a?, b?, c?, d?])
}

/// The name of the data in a folder: the folder's, which `.` does not tell, without what a model file could not
/// hold. A `/` tells it from that of MNIST, or of what this program draws, where the folder holds something else.
pub(crate) fn folder_name(path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.into());
    let name = shown(whole.file_name().unwrap_or(whole.as_os_str()));
    let is_other = match name.as_str() {
        MNIST => !contents(path).is_ok_and(|contents| download::is_mnist(&contents)),
        DRAWN_DIGITS | DRAWN_SIGNS | MADE_UP_CHARACTERS => true,
        _ => false,
    };
    if is_other { name + "/" } else { name }
}

/// Returns the data set in a folder's four files, which stand in the order of [`idx::NAMES`].
fn dataset(
    name: String,
    source: fn(PathBuf) -> Source,
    preprocessing: Preprocessing,
    folder: &Path,
    contents: [Content; 4],
) -> Result<Dataset, DataError> {
    let [train_images, train_labels, test_images, test_labels] = contents;
    let train = split(train_images, train_labels)?;
    let test = split(test_images, test_labels)?;
    let size = |split: &Split| (split.height, split.width);
    if size(&train) != size(&test) {
        return Err(DataError::Sizes { folder: folder.into(), train: size(&train), test: size(&test) });
    }
    let highest = train.labels().iter().chain(test.labels()).max();
    let class_names = highest.map_or(0..=0, |&highest| 0..=highest).map(|label| label.to_string()).collect();
    Ok(Dataset { name, source: source(folder.into()), class_names, preprocessing, train, test })
}

fn split(images: Content, labels: Content) -> Result<Split, DataError> {
    let (images_path, labels_path) = (images.path.clone(), labels.path.clone());
    let (images, labels) = (images.images()?, labels.labels()?);
    if images.len() != labels.len() {
        return Err(DataError::Counts {
            images: images_path,
            image_count: images.len(),
            labels: labels_path,
            label_count: labels.len(),
        });
    }
    let labels = labels.into_iter().map(Label::from).collect();
    let split = Split::new(images.height, images.width, images.into_pixels(), labels);
    Ok(split.expect("images of an IDX file have pixels, and are as many as labels"))
}

/// `tinytriplet/mnist` in the place where this system keeps what can be made again.
fn cache_folder() -> PathBuf {
    let absolute = |variable| env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = |below| env::home_dir().map(|home| home.join(below));
    absolute("XDG_CACHE_HOME")
        .or_else(|| absolute("LOCALAPPDATA").filter(|_| cfg!(windows)))
        .or_else(|| home(if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" }))
        // Checksums guard whatever is there.
        .unwrap_or_else(env::temp_dir)
        .join("tinytriplet/mnist")
}

#[cfg(test)]
mod tests;
