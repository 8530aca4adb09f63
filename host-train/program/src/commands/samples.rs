//! `samples`: test images as files, something to show to a board.

mod sheet;

use super::data::{DataArgs, mark};
use crate::cli::whole_number;
use crate::terminal::print;
use anyhow::{Context, Result, ensure};
use clap::{Args, value_parser};
use image::{ExtendedColorType, GrayImage, ImageEncoder, codecs::png::PngEncoder};
use sheet::Sheet;
use std::fs;
use std::path::PathBuf;
use tinytriplet_data::{
    Class, Rng, classes,
    photographs::{Kind, photograph},
};
use tinytriplet_recipe::DataConfig;
use tinytriplet_report::{run_folder::write_whole, text::count};

/// The kinds of photographs, in turn.
const PHOTOGRAPHS: [Kind; 6] =
    [Kind::EvenLight, Kind::FallingLight, Kind::Ruled, Kind::Vignette, Kind::Pencil, Kind::Squared];

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
    /// As a camera would see them on paper: in even and falling light, in pencil, on ruled paper
    #[arg(long)]
    pub photographs: bool,
    /// PNG file to write all of them to as one picture, one row per class
    #[arg(long, value_name = "FILE")]
    pub sheet: Option<PathBuf>,
    /// Same seed, same images
    #[arg(long, default_value_t = 1, value_parser = whole_number::<u64>)]
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
    let size = [data.test.width, data.test.height];
    ensure!(
        !args.photographs || size[0] == size[1],
        "--photographs: the images have {}x{} pixels, and a sign on paper is square",
        size[1],
        size[0]
    );
    let mut rng = Rng::new(args.seed);
    let (mut written, mut sheet) = (0, Sheet::default());
    for Class { label, mut images } in classes(data.test.labels()) {
        rng.stream(label.into()).shuffle(&mut images);
        let folder = folder.join(&data.class_names[usize::from(label)]);
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create the folder {}", folder.display()))?;
        sheet.begin_row();
        for (number, &index) in images.iter().take(args.per_class.into()).enumerate() {
            let pixels = data.test.image(index);
            let image = if args.photographs {
                let kind = PHOTOGRAPHS[number % PHOTOGRAPHS.len()];
                let photograph = photograph(kind, pixels, size[0], &mut rng);
                grey(photograph.greys, [photograph.width, photograph.height])
            } else {
                grey(pixels.to_vec(), size)
            };
            let mut png = Vec::new();
            let (width, height) = image.dimensions();
            PngEncoder::new(&mut png).write_image(&image, width, height, ExtendedColorType::L8)?;
            write_whole(&folder.join(format!("{number}.png")), &png)?;
            if args.sheet.is_some() {
                sheet.add(image);
            }
            written += 1;
        }
    }
    if let Some(path) = &args.sheet {
        write_whole(path, &sheet.png()?)?;
    }
    let images = count(written, "test image");
    Ok(print(format_args!("{}: {images}, one sub-folder per class{}\n", folder.display(), mark(&data)))?)
}

fn grey(pixels: Vec<u8>, [width, height]: [usize; 2]) -> GrayImage {
    GrayImage::from_vec(width as u32, height as u32, pixels).expect("a byte for each pixel")
}
