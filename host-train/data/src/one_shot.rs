//! One-shot classification in the format of Omniglot's test (Lake, Salakhutdinov and Tenenbaum,
//! "Human-level concept learning through probabilistic program induction", Science 2015).
//!
//! ```text
//! all_runs/
//!   run01/  class_labels.txt        lines such as `run01/test/item01.png run01/training/class15.png`
//!           training/ class01.png … one image of each class
//!           test/     item01.png …  each shows the class of one of those
//!   run02/  …
//! ```
//!
//! Paths in `class_labels.txt` may also begin in the run's folder: `test/item01.png`.

use crate::{
    folder::{FolderError, Listing},
    names::{last, name, shown},
    picture::{self, PictureError},
};
use rayon::prelude::*;
use shared_model::{inspect::Shape, model::format::Preprocessing};
use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};
use thiserror::Error;

/// The file of a run that says which training image each test image is like.
pub const LABELS: &str = "class_labels.txt";
/// The folder of a run with one image of each class.
const TRAINING: &str = "training";
/// The folder of a run with the images that are asked about.
const TEST: &str = "test";
/// No file of labels comes near this size.
const LARGEST_LABELS: u64 = 1 << 20;

/// A run: one image of each class, and images that are asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The name of its folder.
    pub name: String,
    /// One image of each class.
    pub training: Vec<Image>,
    /// The images that are asked about, in the order of the file of labels.
    pub trials: Vec<Trial>,
}

/// An image, ready for a net.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The name of its file.
    pub name: String,
    /// Row by row, 0 for the background.
    pub pixels: Vec<u8>,
}

/// An image that is asked about, and the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// The image.
    pub image: Image,
    /// The place of the training image of its class.
    pub answer: usize,
}

/// The reason why a folder holds no one-shot runs.
#[derive(Debug, Error)]
pub enum OneShotError {
    /// A folder is not listed.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// There are no runs.
    #[error(
        "{}: no runs are in it; each is a sub-folder with {LABELS}, {TRAINING}/ and {TEST}/, such as run01",
        shown(.0)
    )]
    NoRuns(PathBuf),
    /// A file of labels cannot be read.
    #[error("{}: cannot be read: {error}. A run needs {LABELS}, {TRAINING}/ and {TEST}/", shown(path))]
    Labels {
        /// The file.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// A line of it is not as it should be.
    #[error("{}:{line}: {problem}", shown(path))]
    Line {
        /// The file.
        path: PathBuf,
        /// The line's number, from 1 on.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// Nothing is asked.
    #[error("{}: no pair of images is in it", shown(.0))]
    NoPairs(PathBuf),
    /// A test image without an answer.
    #[error("{}: no line of {LABELS} has this test image", shown(.0))]
    NotAsked(PathBuf),
    /// An image cannot be used.
    #[error(transparent)]
    Picture(#[from] PictureError),
}

/// Reads all runs in a folder, by the natural order of their names.
///
/// # Errors
/// Returns [`OneShotError`] if there are none, if anything in one of them is missing or said twice, or if an
/// image cannot be read.
pub fn read(folder: &Path, preprocessing: Preprocessing, shape: Shape) -> Result<Vec<Run>, OneShotError> {
    let runs = Listing::of(folder)?.folders;
    if runs.is_empty() {
        return Err(OneShotError::NoRuns(folder.into()));
    }
    runs.iter().map(|run| Files::of(run)?.read(preprocessing, shape)).collect()
}

/// The images of a run as files.
struct Files {
    name: String,
    training: Vec<PathBuf>,
    /// Each with the place of its answer.
    trials: Vec<(PathBuf, usize)>,
}

impl Files {
    fn of(run: &Path) -> Result<Self, OneShotError> {
        let path = run.join(LABELS);
        let text = read_text(&path).map_err(|error| OneShotError::Labels { path: path.clone(), error })?;
        let [training, test] = [TRAINING, TEST].map(|part| Ok(Listing::of(&run.join(part))?.pictures));
        let (training, test): (Vec<PathBuf>, Vec<PathBuf>) = match (training, test) {
            (Ok(training), Ok(test)) => (training, test),
            (Err(error), _) | (_, Err(error)) => return Err(error),
        };
        let mut trials: Vec<(PathBuf, usize)> = Vec::new();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let wrong = |problem| OneShotError::Line { path: path.clone(), line: number + 1, problem };
            let [asked, answer] = line.split_whitespace().collect::<Vec<_>>()[..] else {
                return Err(wrong("it is not two paths, a test image and a training image".into()));
            };
            let place = |text, part, files| find(run, text, part, files).map_err(wrong);
            let (asked, answer) = (place(asked, TEST, &test)?, place(answer, TRAINING, &training)?);
            if trials.iter().any(|(other, _)| *other == test[asked]) {
                return Err(wrong(format!("{TEST}/{} is in an earlier line, too", name(&test[asked]))));
            }
            trials.push((test[asked].clone(), answer));
        }
        if trials.is_empty() {
            return Err(OneShotError::NoPairs(path));
        }
        match test.into_iter().find(|image| trials.iter().all(|(asked, _)| asked != image)) {
            Some(image) => Err(OneShotError::NotAsked(image)),
            None => Ok(Self { name: name(run), training, trials }),
        }
    }

    fn read(self, preprocessing: Preprocessing, shape: Shape) -> Result<Run, OneShotError> {
        let image = |path: &PathBuf| {
            let pixels = picture::read(path, preprocessing, shape)?.pixels;
            Ok::<_, PictureError>(Image { name: name(path), pixels })
        };
        let training = self.training.par_iter().map(image).collect::<Result<_, _>>()?;
        let trials =
            self.trials.par_iter().map(|(path, answer)| Ok(Trial { image: image(path)?, answer: *answer }));
        let trials = trials.collect::<Result<_, PictureError>>()?;
        Ok(Run { name: self.name, training, trials })
    }
}

fn read_text(path: &Path) -> io::Result<String> {
    let mut text = Vec::new();
    File::open(path)?.take(LARGEST_LABELS + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LARGEST_LABELS {
        return Err(io::Error::other(format!("it has more than {LARGEST_LABELS} bytes")));
    }
    String::from_utf8(text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Returns the place among `files`, which lie in the folder `part` of a run, of the one that `text` names;
/// or what is wrong with it.
fn find(run: &Path, text: &str, part: &str, files: &[PathBuf]) -> Result<usize, String> {
    let run = name(run);
    let names: Vec<&str> = text.split('/').collect();
    let ([folder, file] | [_, folder, file]) = names[..] else {
        return Err(format!("`{text}` is not a path such as {run}/{part}/NAME"));
    };
    if folder != part || (names.len() == 3 && names[0] != run) {
        return Err(format!("`{text}` is not in {run}/{part}"));
    }
    let place = files.iter().position(|path| last(path).to_str() == Some(file));
    place.ok_or_else(|| format!("there is no image {run}/{part}/{file}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::tests::{cross, encoded};
    use image::ImageFormat;
    use shared_model::model::format::{Background, Fit};
    use std::fs;
    use tempfile::TempDir;

    const PREPROCESSING: Preprocessing = Preprocessing::new(Fit::Contain, Background::Auto);
    const SHAPE: Shape = Shape::new(8, 6, 1);

    /// Returns two runs: of the first, each test image has its answer's size, of the second, `b` has `1`'s.
    fn folder() -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (run, labels) in [
            ("run2", "test/b.png training/1.png\n\n"),
            ("run1", "run1/test/b.png run1/training/2.png\r\nrun1/test/a.png run1/training/1.png\r\n"),
        ] {
            let tests: &[(&str, u32)] = if run == "run1" { &[("a", 1), ("b", 2)] } else { &[("b", 1)] };
            for (image, number) in [("1", 1), ("2", 2), ("10", 10)]
                .map(|(name, number)| (format!("training/{name}"), number))
                .into_iter()
                .chain(tests.iter().map(|(name, number)| (format!("test/{name}"), *number)))
            {
                let path = folder.path().join(run).join(format!("{image}.png"));
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, encoded(&cross(number + 4, number + 5), ImageFormat::Png)).unwrap();
            }
            fs::write(folder.path().join(run).join(LABELS), labels).unwrap();
        }
        folder
    }

    fn error(folder: &Path) -> String {
        let message = read(folder, PREPROCESSING, SHAPE).unwrap_err().to_string();
        message.replace(folder.to_str().unwrap(), "X")
    }

    #[test]
    fn runs_come_with_their_answers() {
        let folder = folder();
        fs::write(folder.path().join("readme.txt"), "no run").unwrap();
        let runs = read(folder.path(), PREPROCESSING, SHAPE).unwrap();
        let pixels = |number: u32| {
            crate::prepare::prepare(&cross(number + 4, number + 5), PREPROCESSING, SHAPE).unwrap().pixels
        };
        let [first, second] = runs.as_slice() else { panic!("{runs:?}") };
        assert_eq!((first.name.as_str(), second.name.as_str()), ("run1", "run2"));
        let names: Vec<&str> = first.training.iter().map(|image| image.name.as_str()).collect();
        assert_eq!(names, ["1.png", "2.png", "10.png"]);
        assert_eq!(first.training[2].pixels, pixels(10));
        let trials: Vec<_> =
            first.trials.iter().map(|trial| (trial.image.name.as_str(), trial.answer)).collect();
        assert_eq!(trials, [("b.png", 1), ("a.png", 0)]);
        assert_eq!(first.trials[0].image.pixels, pixels(2));
        assert_eq!((second.trials.len(), second.trials[0].answer), (1, 0));
    }

    #[test]
    fn what_is_wrong_with_the_labels_is_named_by_line() {
        for (labels, message) in [
            ("test/a.png", ":1: it is not two paths, a test image and a training image"),
            ("a.png 1.png", ":1: `a.png` is not a path such as run1/test/NAME"),
            ("training/1.png test/a.png", ":1: `training/1.png` is not in run1/test"),
            ("run2/test/a.png training/1.png", ":1: `run2/test/a.png` is not in run1/test"),
            (
                "test/a.png training/1.png\ntest/b.png training/3.png",
                ":2: there is no image run1/training/3.png",
            ),
            ("test/c.png training/1.png", ":1: there is no image run1/test/c.png"),
            (
                "test/a.png training/1.png\n\ntest/a.png training/2.png",
                ":3: test/a.png is in an earlier line, too",
            ),
            ("\n", ": no pair of images is in it"),
        ] {
            let folder = folder();
            fs::write(folder.path().join("run1").join(LABELS), labels).unwrap();
            assert_eq!(error(folder.path()), format!("X/run1/{LABELS}{message}"));
        }
        let folder = folder();
        fs::write(folder.path().join("run1").join(LABELS), "test/a.png training/1.png").unwrap();
        assert_eq!(
            error(folder.path()),
            format!("X/run1/test/b.png: no line of {LABELS} has this test image")
        );
    }

    #[test]
    fn labels_that_are_too_long_are_refused() {
        let folder = folder();
        let line = "test/b.png training/1.png\n";
        let labels = line.to_owned() + &"é".repeat(1 << 19) + "\n";
        fs::write(folder.path().join("run2").join(LABELS), labels).unwrap();
        let told = format!("X/run2/{LABELS}: cannot be read: it has more than 1048576 bytes. A run needs ");
        assert!(error(folder.path()).starts_with(&told), "{}", error(folder.path()));
    }

    #[test]
    fn what_is_missing_is_named() {
        let folder = folder();
        fs::remove_dir_all(folder.path().join("run2/training")).unwrap();
        assert!(error(folder.path()).starts_with("X/run2/training: cannot be listed: "));
        fs::remove_file(folder.path().join("run1").join(LABELS)).unwrap();
        assert!(error(folder.path()).starts_with(&format!("X/run1/{LABELS}: cannot be read: ")));
        let empty = tempfile::tempdir().unwrap();
        assert!(
            error(empty.path())
                .starts_with("X: no runs are in it; each is a sub-folder with class_labels.txt")
        );
        let folder = self::folder();
        fs::write(folder.path().join("run1/test/a.png"), "broken").unwrap();
        assert!(error(folder.path()).starts_with("X/run1/test/a.png: "), "{}", error(folder.path()));
    }
}
