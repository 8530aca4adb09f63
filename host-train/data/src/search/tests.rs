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
fn a_damaged_mnist_is_told_and_no_other_is_taken() {
    let other = folder(&files());
    fs::write(other.path().join(NAMES[0]), &files()[0][..9]).unwrap();
    let found = at(Place::Mnist, Some(other.path())).find(&mut |event| panic!("{event:?}"));
    let message = found.unwrap_err().to_string();
    let told = format!("TINYTRIPLET_DATA={}/{}: ends after 9 bytes", other.path().display(), NAMES[0]);
    assert!(message.starts_with(&told), "{message}");
}

#[test]
fn a_folder_is_not_taken_for_what_it_is_called() {
    let desk = tempfile::tempdir().unwrap();
    for name in [MNIST, "drawn-digits", "drawn-signs", "made-up-characters"] {
        let folder = desk.path().join(name);
        fs::create_dir(&folder).unwrap();
        for (name, bytes) in NAMES.iter().zip(&files()) {
            fs::write(folder.join(name), bytes).unwrap();
        }
        let data = search(Some(&folder), None).unwrap();
        assert_eq!(data.name, format!("{name}/"));
        assert!(!crate::is_own(&data, MNIST));
        let error = at(Place::Mnist, Some(&folder)).find(&mut |event| panic!("{event:?}")).unwrap_err();
        assert!(matches!(error, DataError::Download(_)), "{error}");
    }
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
    assert!(message.contains("train-labels-idx1-ubyte. Take both files from the same place"), "{message}");

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
