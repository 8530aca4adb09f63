//! `samples`: test images as files, something to show to a board.

use super::data::{DataArgs, mark};
use crate::terminal::print;
use anyhow::{Context, Result, ensure};
use clap::{Args, value_parser};
use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use std::fs;
use std::path::PathBuf;
use tinytriplet_data::{Class, Rng, classes};
use tinytriplet_recipe::DataConfig;
use tinytriplet_report::{run_folder::write_whole, text::count};

/// Arguments of `samples`.
#[derive(Clone, Debug, Args)]
pub struct SamplesArgs {
    /// Folder to write to; it must be empty, or not there
    pub folder: PathBuf,
    /// The source of the images
    #[command(flatten)]
    pub data: DataArgs,
    /// Number of images per class
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = value_parser!(u16).range(1..))]
    pub per_class: u16,
    /// Same seed, same images
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Writes test images of each class to a sub-folder of its name.
///
/// # Errors
/// Returns an error if the data cannot be used, or the folder is not empty or cannot be written.
pub fn run(args: &SamplesArgs) -> Result<()> {
    let folder = &args.folder;
    ensure!(!folder.is_file(), "{}: this is a file: name a folder, empty or new", folder.display());
    let mut entries = fs::read_dir(folder).into_iter().flatten();
    ensure!(
        entries.next().is_none(),
        "{}: this folder is not empty: name another one, or remove it",
        folder.display()
    );
    let data = super::data::find(&args.data, args.seed, &DataConfig::default())?;
    let rng = Rng::new(args.seed);
    let mut written = 0;
    for Class { label, mut images } in classes(data.test.labels()) {
        rng.stream(label.into()).shuffle(&mut images);
        let folder = folder.join(&data.class_names[usize::from(label)]);
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create the folder {}", folder.display()))?;
        for (number, &index) in images.iter().take(args.per_class.into()).enumerate() {
            let mut png = Vec::new();
            let [width, height] = [data.test.width, data.test.height].map(|side| side as u32);
            let grey = ExtendedColorType::L8;
            PngEncoder::new(&mut png).write_image(data.test.image(index), width, height, grey)?;
            write_whole(&folder.join(format!("{number}.png")), &png)?;
            written += 1;
        }
    }
    let images = count(written, "test image");
    Ok(print(format_args!("{}: {images}, one sub-folder per class{}\n", folder.display(), mark(&data)))?)
}
