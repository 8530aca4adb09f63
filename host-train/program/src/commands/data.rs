//! Finds the data and says what was found.

use crate::terminal::{Progress, note};
use anyhow::{Result, ensure};
use clap::Args;
use shared_model::inspect::Shape;
use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};
use tinytriplet_data::{
    DataError, Dataset, Event, Label, Place, Progress as Tell, Request, Source, Split, TrainingData,
    known_shape, names::shown, trains_on_own,
};
use tinytriplet_evaluation::scores::TrainedOn;
use tinytriplet_recipe::DataConfig;
use tinytriplet_report::text::{count, thousands};

/// The source of the images.
#[derive(Clone, Debug, Args)]
pub struct DataArgs {
    /// Folder of the four IDX files, plain or gzipped; or of images (PNG, JPEG, BMP), one
    /// sub-folder per class, or per group of classes; or what this program draws: `drawn`
    /// digits, `signs`, made-up `characters` [default: a run's own data; without a run the recipe's, the folder in
    /// TINYTRIPLET_DATA, the cache, a download, drawn digits]
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Name image files that are broken, and go on without them
    #[arg(long)]
    pub skip_broken: bool,
}

/// Returns the decoys of a recipe, if it has some, in the size and manner of `data`'s images.
///
/// # Errors
/// Returns an error if the folder or a picture in it cannot be used.
pub fn decoys(data: &Dataset, skip_broken: bool, config: &DataConfig) -> Result<Option<Split>> {
    let Some(folder) = &config.decoys else { return Ok(None) };
    let decoys = others(folder, data, skip_broken)?;
    check_apart(folder, &decoys, data)?;
    note("note", format_args!("{}: {} decoys, trained on and never enrolled", shown(folder), decoys.len()));
    Ok(Some(decoys))
}

/// Checks that none of a folder's pictures is among `own`: nothing can be told apart from itself.
///
/// # Errors
/// Returns an error that says how many are.
pub fn check_apart(folder: &Path, others: &Split, own: &Dataset) -> Result<()> {
    let known: HashSet<&[u8]> = own.train.images().chain(own.test.images()).collect();
    let both = others.images().filter(|image| known.contains(image)).count();
    ensure!(
        both == 0,
        "{}: {} of its {} are in {}, too; leave them out of one of the two",
        shown(folder),
        thousands(both as u64),
        count(others.len() as u64, "picture"),
        own.name
    );
    Ok(())
}

/// Returns the pictures of a folder and its sub-folders, whatever they show, in the size and manner of
/// `data`'s images.
///
/// # Errors
/// Returns an error if the folder or a picture in it cannot be used.
pub fn others(folder: &Path, data: &Dataset, skip_broken: bool) -> Result<Split> {
    let shape = data.train.shape().map(|size| size as u16);
    let shape = Shape::new(shape[0], shape[1], shape[2]);
    Ok(telling(|progress: Tell<'_>| {
        tinytriplet_data::decoys(folder, shape, data.preprocessing, skip_broken, progress)
    })?)
}

/// The same as [`find`], where the data are to be trained on: a class of too few images is an
/// error.
///
/// # Errors
/// Returns an error if what the user named cannot be used.
pub fn find_to_train(args: &DataArgs, seed: u64, config: &DataConfig) -> Result<Dataset> {
    search(Request { to_train: true, ..args.request(seed, config) }, "")
}

/// The data that the arguments, the environment or the cache name, or a download, or drawn digits.
/// `seed` is for the latter, `config` for images.
///
/// # Errors
/// Returns an error if what the user named cannot be used.
pub fn find(args: &DataArgs, seed: u64, config: &DataConfig) -> Result<Dataset> {
    search(args.request(seed, config), "")
}

/// The same for the data of a run, in the place that the run knows.
///
/// # Errors
/// Returns an error if they cannot be used.
pub fn find_own(place: Place, skip_broken: bool, seed: u64, config: &DataConfig) -> Result<Dataset> {
    let request = Request { place, seed, config: config.clone(), skip_broken, to_train: false };
    search(request, ", the run's own")
}

/// Returns the data in a folder.
///
/// # Errors
/// Returns an error if it cannot be used.
pub fn find_in(folder: &Path, skip_broken: bool, config: &DataConfig) -> Result<Dataset> {
    let (place, config) = (Place::Named(folder.into()), config.clone());
    search(Request { place, seed: 1, config, skip_broken, to_train: false }, "")
}

impl DataArgs {
    fn request(&self, seed: u64, config: &DataConfig) -> Request {
        let named = self.data.clone().or_else(|| config.source.as_ref().map(PathBuf::from));
        Request {
            place: named.map_or(Place::Anywhere, Place::Named),
            seed,
            config: config.clone(),
            skip_broken: self.skip_broken,
            to_train: false,
        }
    }

    /// Returns the shape of the images, where that is known before they are read.
    pub fn known_shape(&self, config: &DataConfig) -> Option<Shape> {
        known_shape(self.request(0, config))
    }
}

/// Returns what a recipe trains on, beside `own` or in its place: see [`TrainingData::find`]. `data` are the run's
/// data.
///
/// # Errors
/// Returns an error if a source cannot be used.
pub fn training_data<'a>(
    own: &'a Split,
    data: &Dataset,
    decoys: Option<&'a Split>,
    skip_broken: bool,
    seed: u64,
    config: &DataConfig,
) -> Result<TrainingData<'a>> {
    let request =
        Request { place: Place::Anywhere, seed, config: config.clone(), skip_broken, to_train: true };
    Ok(telling(|progress| TrainingData::find(own, data, decoys, &request, progress))?)
}

/// Returns what a recipe's training has of the data that it is evaluated on; `unseen` are the labels that it
/// leaves out.
pub fn trained_on<'a>(data: &Dataset, config: &DataConfig, unseen: &'a [Label]) -> TrainedOn<'a> {
    if trains_on_own(data, config) { TrainedOn::AllBut(unseen) } else { TrainedOn::OtherData(unseen) }
}

/// `whose` is added to what is said of the data.
fn search(request: Request, whose: &str) -> Result<Dataset> {
    let data = telling(|progress| tinytriplet_data::find(request, progress))?;
    let groups = match data.groups().len() {
        0 => String::new(),
        groups => format!(" in {}", count(groups as u64, "group")),
    };
    let found = format!(
        "{}: {} training and {} test images of {}x{}{}\n{} classes{groups}, {}{whose}",
        data.name,
        thousands(data.train.len() as u64),
        thousands(data.test.len() as u64),
        data.train.height,
        data.train.width,
        if data.train.channels == 1 { "" } else { " in colour" },
        data.class_count(),
        data.source,
    );
    note("data", found);
    Ok(data)
}

/// Finds something, and shows how that goes on.
fn telling<T>(find: impl FnOnce(Tell<'_>) -> Result<T, DataError>) -> Result<T, DataError> {
    let mut download: Option<(Progress, String)> = None;
    let mut reading: Option<Progress> = None;
    find(&mut |event| match event {
        Event::Note(text) => note("note", text),
        Event::Read { done, of } => {
            let progress = reading.get_or_insert_with(|| Progress::new("read", of as u64, "images"));
            progress.set(done as u64, String::new);
            if done == of
                && let Some(progress) = reading.take()
            {
                progress.finish(&format!("{} images", thousands(of as u64)));
            }
        }
        Event::Started { file, mirror, bytes } => {
            let progress = Progress::new("download", bytes.unwrap_or(0), "bytes");
            download = Some((progress, format!("{file} from {mirror}")));
        }
        Event::Received(bytes) => {
            if let Some((progress, what)) = &mut download {
                progress.set(bytes, || what.clone());
            }
        }
        Event::Ended => {
            if let Some((progress, what)) = download.take() {
                progress.finish(&what);
            }
        }
    })
}

/// Returns the mark after every number that was not measured on data from outside.
pub fn mark(data: &Dataset) -> &'static str {
    match data.source {
        Source::Drawn => " (on DRAWN digits, not MNIST)",
        Source::Signs => " (on DRAWN signs)",
        Source::MadeUp => " (on MADE-UP characters)",
        _ => "",
    }
}
