//! Finds the data and says what was found.

use crate::terminal::{Progress, note};
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;
use tinytriplet_data::{Dataset, Event, Request, Source};
use tinytriplet_recipe::DataConfig;
use tinytriplet_report::text::thousands;

/// The source of the images.
#[derive(Clone, Debug, Args)]
pub struct DataArgs {
    /// Folder of the four IDX files, plain or gzipped; or of images (PNG, JPEG, BMP), one
    /// sub-folder per class; or `drawn` for drawn digits [default: the folder in TINYTRIPLET_DATA,
    /// the cache, a download, drawn digits]
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Name image files that are broken, and go on without them
    #[arg(long)]
    pub skip_broken: bool,
}

/// The same as [`find`], where the data are to be trained on: a class of too few images is an
/// error.
///
/// # Errors
/// Returns an error if what the user named cannot be used.
pub fn find_to_train(args: &DataArgs, seed: u64, config: &DataConfig) -> Result<Dataset> {
    find_for(args, seed, config, true)
}

/// The data that the arguments, the environment or the cache name, or a download, or drawn digits.
/// `seed` is for the latter, `config` for images.
///
/// # Errors
/// Returns an error if what the user named cannot be used.
pub fn find(args: &DataArgs, seed: u64, config: &DataConfig) -> Result<Dataset> {
    find_for(args, seed, config, false)
}

fn find_for(args: &DataArgs, seed: u64, config: &DataConfig, to_train: bool) -> Result<Dataset> {
    let request = Request {
        path: args.data.clone(),
        seed,
        config: config.clone(),
        skip_broken: args.skip_broken,
        to_train,
    };
    let mut download: Option<(Progress, String)> = None;
    let mut reading: Option<Progress> = None;
    let data = tinytriplet_data::find(request, &mut |event| match event {
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
    })?;
    let found = format!(
        "{}: {} training and {} test images of {}x{}\n{} classes, {}",
        data.name,
        thousands(data.train.len() as u64),
        thousands(data.test.len() as u64),
        data.train.height,
        data.train.width,
        data.class_count(),
        data.source,
    );
    note("data", found);
    Ok(data)
}

/// Returns the mark after every number that was not measured on data from outside.
pub fn mark(data: &Dataset) -> &'static str {
    if data.source == Source::Drawn { " (on DRAWN digits, not MNIST)" } else { "" }
}
