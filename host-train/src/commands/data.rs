//! Finds the data and says what was found.

use crate::{
    cli::DataArgs,
    data::{self, Dataset, Event, Source},
    terminal::{Progress, thousands},
};
use anyhow::Result;

/// The data that the arguments, the environment or the cache name, or a download, or drawn digits.
///
/// # Errors
/// What the user named cannot be used.
pub fn find(args: &DataArgs, seed: u64) -> Result<Dataset> {
    let mut download: Option<(Progress, String)> = None;
    let data = data::find(args.data.as_deref(), seed, &mut |event| match event {
        Event::Note(note) => eprintln!("{note}"),
        Event::Started { file, mirror, bytes } => {
            let progress = Progress::new("download", bytes.unwrap_or(0));
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
    eprintln!(
        "{:>10} {}: {} training and {} test images of {}x{}, {} classes",
        "data",
        data.name,
        thousands(data.train.len() as u64),
        thousands(data.test.len() as u64),
        data.train.height,
        data.train.width,
        data.classes,
    );
    eprintln!("{:>10} {}", "", data.source);
    Ok(data)
}

/// What stands behind every number that was not measured on data from outside.
pub fn mark(data: &Dataset) -> &'static str {
    if data.source == Source::Drawn { " (on DRAWN digits, not MNIST)" } else { "" }
}
