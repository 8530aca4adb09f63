//! Looks for data: what the user names, what the environment does, the cache, the network.

use crate::{
    characters,
    dataset::{CHARACTERS, DRAWN, Dataset, MNIST, SIGNS, Source, VARIABLE},
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
            (Place::Anywhere, Some(path)) => self
                .named(path, Source::Environment, progress)
                .map_err(|error| DataError::Environment(Box::new(error))),
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
            // It is an error, unless it is one of the words.
            Some(path) => {
                let words = [DRAWN, SIGNS, CHARACTERS, MNIST];
                words.iter().any(|word| path == Path::new(word)).then_some(drawn::SHAPE)
            }
            None => Some(drawn::SHAPE), // MNIST's, the signs' and the characters' are the same
        }
    }

    /// Returns MNIST from the folder that the environment names, if it is there, or else as
    /// [`kept_mnist`](Self::kept_mnist) does.
    fn mnist(&self, progress: Progress<'_>) -> Result<Dataset, DataError> {
        if let Some(path) = self.environment.as_ref().filter(|path| has_idx(path))
            && let Ok(data) = self.named(path, Source::Environment, progress)
            && data.name == MNIST
        {
            return Ok(data);
        }
        self.kept_mnist(progress)
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
        let [a, b, c, d] = idx::NAMES.map(|name| match idx::locate(path, name) {
            Some(file) => Content::read(&file).map_err(DataError::from),
            None => Err(DataError::Missing { folder: path.into(), name }),
        });
        let contents = [a?, b?, c?, d?];
        let (name, fit) = if download::is_mnist(&contents) {
            (MNIST.into(), Fit::Centre)
        } else {
            (whole_name(path), Fit::Contain)
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
            name: whole_name(path),
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

/// Returns true if one of the four IDX files, at least, is in a folder.
fn has_idx(folder: &Path) -> bool {
    idx::NAMES.iter().any(|name| idx::locate(folder, name).is_some())
}

fn tell_of_repeats(data: &Dataset, folder: &Path, progress: Progress<'_>) {
    for note in repeats::notes(data) {
        progress(Event::Note(&format!("{}: {note}", shown(folder))));
    }
}

/// The name of a folder, which `.` does not tell; without what a model file could not hold.
pub(crate) fn whole_name(path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.into());
    shown(whole.file_name().unwrap_or(whole.as_os_str()))
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
mod tests {
    use super::*;
    use crate::dataset::MNIST_FINGERPRINTS;
    use idx::{
        NAMES,
        tests::{gzip, image_file, label_file},
    };
    use shared_model::model::format::Background;
    use std::fs;
    use tempfile::TempDir;

    /// Returns the contents of four files that belong together: three training images and two test
    /// images of 2×1 pixels.
    fn files() -> [Vec<u8>; 4] {
        [
            image_file(3, 2, 1, &[1, 2, 3, 4, 5, 6]),
            label_file(3, &[4, 0, 4]),
            image_file(2, 2, 1, &[7, 8, 9, 10]),
            label_file(2, &[0, 1]),
        ]
    }

    fn folder(files: &[Vec<u8>; 4]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in NAMES.iter().zip(files) {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        folder
    }

    fn named(path: Option<&Path>) -> Place {
        path.map_or(Place::Anywhere, |path| Place::Named(path.into()))
    }

    /// A search without a cache and a network.
    fn at(place: Place, environment: Option<&Path>) -> Search {
        Search {
            request: Request { place, ..Request::default() },
            environment: environment.map(Path::to_path_buf),
            cache: "/not/there".into(),
            mirrors: Vec::new(),
        }
    }

    fn search(given: Option<&Path>, environment: Option<&Path>) -> Result<Dataset, DataError> {
        at(named(given), environment).find(&mut |event| panic!("{event:?}"))
    }

    fn error(folder: &Path) -> String {
        search(Some(folder), None).unwrap_err().to_string()
    }

    #[test]
    fn a_folder_is_read_under_every_spelling() {
        let files = files();
        let plain = folder(&files);
        let other = tempfile::tempdir().unwrap();
        for (name, bytes) in NAMES.iter().zip(&files) {
            fs::write(other.path().join(name.replace("-idx", ".idx") + ".gz"), gzip(bytes)).unwrap();
        }
        for folder in [plain.path(), other.path()] {
            let dataset = search(Some(folder), None).unwrap();
            assert_eq!(dataset.name, folder.file_name().unwrap().to_str().unwrap());
            assert_eq!(dataset.source, Source::Given(folder.into()));
            assert_eq!(dataset.class_names, ["0", "1", "2", "3", "4"]);
            assert_eq!(dataset.preprocessing, Preprocessing::new(Fit::Contain, Background::Auto));
            assert_eq!((dataset.train.len(), dataset.test.len()), (3, 2));
            assert_eq!((dataset.train.height, dataset.train.width), (2, 1));
            assert_eq!((dataset.train.image(1), dataset.train.label(0)), (&[3, 4][..], 4));
            assert_eq!(dataset.test.image(1), [9, 10]);
        }
    }

    /// An archive's folders of the plain names, with the files in them, beside dotted files or
    /// without.
    #[test]
    fn folders_of_the_files_names_are_looked_into() {
        let files = files();
        let [inside, beside] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        for (name, bytes) in NAMES.iter().zip(&files) {
            for folder in [&inside, &beside] {
                fs::create_dir(folder.path().join(name)).unwrap();
            }
            fs::write(inside.path().join(name).join(name), bytes).unwrap();
            fs::write(beside.path().join(name.replace("-idx", ".idx")), bytes).unwrap();
        }
        for folder in [&inside, &beside] {
            assert_eq!(search(Some(folder.path()), None).unwrap().train.len(), 3);
        }
    }

    #[test]
    fn classes_are_as_many_as_labels_in_use() {
        let mut files = files();
        files[1] = label_file(3, &[3, 10, 3]);
        files[3] = label_file(2, &[5, 10]);
        let dataset = search(Some(folder(&files).path()), None).unwrap();
        assert_eq!((dataset.class_count(), dataset.class_names.len()), (3, 11));
    }

    #[test]
    fn what_is_named_comes_before_the_environment() {
        let (given, environment) = (folder(&files()), folder(&files()));
        let dataset = search(Some(given.path()), Some(environment.path())).unwrap();
        assert_eq!(dataset.source, Source::Given(given.path().into()));
        let dataset = search(None, Some(environment.path())).unwrap();
        assert_eq!(dataset.source, Source::Environment(environment.path().into()));
        assert!(dataset.source.to_string().ends_with("(from TINYTRIPLET_DATA)"));
    }

    #[test]
    fn who_wants_mnist_gets_nothing_else() {
        let other = folder(&files());
        for environment in [None, Some(other.path()), Some(Path::new("/not/there"))] {
            let error = at(Place::Mnist, environment).find(&mut |event| panic!("{event:?}")).unwrap_err();
            assert!(matches!(error, DataError::Download(_)), "{error}");
        }
        let drawn = at(Place::Drawn, Some(other.path())).find(&mut |event| panic!("{event:?}")).unwrap();
        assert_eq!(drawn.source, Source::Drawn);
    }

    #[test]
    fn the_shape_is_known_unless_idx_files_have_it() {
        let shape = |place: Place, environment: Option<&Path>| {
            let mut search = at(place, environment);
            (search.request.config.size.0, search.request.config.channels) = ([64, 48], 3);
            search.known_shape()
        };
        let (idx, pictures) = (folder(&files()), tempfile::tempdir().unwrap());
        let [idx, pictures] = [idx.path(), pictures.path()];
        let (digits, colour) = (Shape::new(28, 28, 1), Shape::new(64, 48, 3));
        let anywhere = || Place::Anywhere;
        assert_eq!(shape(anywhere(), None), Some(digits));
        assert_eq!(shape(anywhere(), Some(pictures)), Some(colour));
        assert_eq!(shape(anywhere(), Some(idx)), None);
        assert_eq!(shape(Place::Named(pictures.into()), Some(idx)), Some(colour));
        assert_eq!(shape(Place::Named(idx.into()), None), None);
        assert_eq!(shape(Place::Named(DRAWN.into()), None), Some(digits));
        assert_eq!(shape(Place::Named("/not/there".into()), None), None);
        assert_eq!([Place::Mnist, Place::Drawn].map(|place| shape(place, Some(idx))), [Some(digits); 2]);
    }

    #[test]
    fn what_is_no_picture_is_grey() {
        let idx = folder(&files());
        for place in [Place::Drawn, Place::Signs, Place::Characters, Place::Named(idx.path().into())] {
            let mut search = at(place.clone(), None);
            assert_eq!(search.find(&mut |_| {}).unwrap().train.channels, 1);
            search.request.config.channels = 3;
            let error = search.find(&mut |_| {}).unwrap_err().to_string();
            assert!(error.contains(" are grey, and the net takes 3 values per pixel"), "{place:?}: {error}");
        }
    }

    #[test]
    fn a_wrong_path_is_an_error_and_nothing_else_is_taken() {
        let path = Path::new("/not/there");
        assert!(error(path).starts_with("/not/there: no such folder."), "{}", error(path));
        let message = search(None, Some(path)).unwrap_err().to_string();
        assert!(message.starts_with("TINYTRIPLET_DATA=/not/there: no such folder."), "{message}");
        let folder = folder(&files());
        assert!(error(&folder.path().join(NAMES[0])).contains("this is a file"));
    }

    #[test]
    fn a_missing_file_is_named() {
        let folder = folder(&files());
        fs::remove_file(folder.path().join(NAMES[2])).unwrap();
        let message = error(folder.path());
        assert!(
            message.ends_with(
                "t10k-images-idx3-ubyte is not in this folder, neither plain nor gzipped (.gz). Put all four IDX files \
                 there"
            ),
            "{message}"
        );
    }

    #[test]
    fn files_that_do_not_belong_together_are_told() {
        let mut counts = files();
        counts[1] = label_file(2, &[1, 2]);
        let counts = folder(&counts);
        let message = error(counts.path());
        assert!(message.contains("train-images-idx3-ubyte: 3 images, but 2 labels in "), "{message}");
        assert!(
            message.contains("train-labels-idx1-ubyte. Take both files from the same place"),
            "{message}"
        );

        let mut sizes = files();
        sizes[2] = image_file(2, 1, 2, &[7, 8, 9, 10]);
        let message = error(folder(&sizes).path());
        assert!(message.contains("training images have 2×1 pixels, test images 1×2"), "{message}");
    }

    #[test]
    fn the_word_asks_for_drawn_digits() {
        let dataset = search(Some(Path::new(DRAWN)), None).unwrap();
        assert_eq!((dataset.name.as_str(), dataset.source), ("drawn-digits", Source::Drawn));
        assert_eq!((dataset.train.len(), dataset.test.len()), (12_000, 2_000));
    }

    #[test]
    fn a_word_asks_for_made_up_characters() {
        let dataset = search(Some(Path::new(SIGNS)), None).unwrap();
        assert_eq!((dataset.name.as_str(), &dataset.source), ("drawn-signs", &Source::Signs));
        assert_eq!((dataset.train.len(), dataset.test.len(), dataset.class_count()), (12_000, 2_000, 10));
        let dataset = search(Some(Path::new(CHARACTERS)), None).unwrap();
        assert_eq!((dataset.name.as_str(), &dataset.source), ("made-up-characters", &Source::MadeUp));
        assert_eq!(
            (dataset.preprocessing.fit, dataset.preprocessing.background),
            (Fit::Centre, Background::Auto)
        );
        let wanted = at(Place::Characters, None).find(&mut |event| panic!("{event:?}")).unwrap();
        assert_eq!(wanted.test, dataset.test);
    }

    /// The real thing, where this machine has it.
    #[test]
    fn mnist_is_recognised() {
        let Some(path) = env::var_os(VARIABLE) else { return };
        // Cargo runs tests in the package's folder, people name folders from the workspace's.
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
        let dataset = search(None, Some(&path)).unwrap();
        assert_eq!([&dataset.train, &dataset.test].map(Split::fingerprint), MNIST_FINGERPRINTS);
        assert_eq!(at(Place::Mnist, Some(&path)).find(&mut |_| {}).unwrap().train, dataset.train);
        assert_eq!((dataset.name.as_str(), dataset.class_names.len()), ("mnist", 10));
        assert_eq!(dataset.preprocessing, Preprocessing::MNIST);
        assert_eq!((dataset.train.len(), dataset.test.len()), (60_000, 10_000));
        assert_eq!((dataset.train.height, dataset.train.width), (28, 28));
    }
}
