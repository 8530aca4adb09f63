//! `samples`: test images as files, something to show to a board.

mod sheet;

use super::data::{DataArgs, mark};
use crate::cli::whole_number;
use crate::terminal::print;
use anyhow::{Context, Result, ensure};
use clap::{Args, value_parser};
use image::{ExtendedColorType, GrayImage, ImageEncoder, codecs::png::PngEncoder};
use sheet::Sheet;
use std::{
    fs,
    path::{Path, PathBuf},
};
use tinytriplet_data::{
    Class, Rng, classes,
    names::shown,
    photographs::{Kind, photograph},
};
use tinytriplet_recipe::DataConfig;
use tinytriplet_report::{
    run_folder::write_whole,
    text::{count, wrapped},
};

/// The kinds of photographs, in turn.
const PHOTOGRAPHS: [Kind; 6] =
    [Kind::EvenLight, Kind::FallingLight, Kind::Ruled, Kind::Vignette, Kind::Pencil, Kind::Squared];

/// The largest number of classes with few images that are named.
const MOST_NAMED: usize = 5;

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
/// Returns an error if the data cannot be used, or the folder is not empty or cannot be written: then no image
/// is.
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
    if let Some(sheet) = &args.sheet {
        ensure!(!sheet.is_dir(), "{}: this is a folder: name a file for the sheet", sheet.display());
        let place = sheet.parent().filter(|place| !place.as_os_str().is_empty());
        ensure!(
            place.is_none_or(|place| place.is_dir() || place == folder.as_path()),
            "{}: its folder is not there; create it first",
            sheet.display()
        );
    }
    let mut rng = Rng::new(args.seed);
    let (mut images, mut fewer, mut sheet) = (Vec::new(), Vec::new(), Sheet::default());
    for Class { label, images: mut of_class } in classes(data.test.labels()) {
        rng.stream(label.into()).shuffle(&mut of_class);
        let class = &data.class_names[usize::from(label)];
        if of_class.len() < usize::from(args.per_class) {
            fewer.push(format!("{} ({})", shown(class), of_class.len()));
        }
        sheet.begin_row();
        for (number, &index) in of_class.iter().take(args.per_class.into()).enumerate() {
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
            images.push((Path::new(class).join(format!("{number}.png")), png));
            if args.sheet.is_some() {
                sheet.add(image);
            }
        }
    }
    let sheet = match &args.sheet {
        Some(path) => Some((path.as_path(), sheet.png()?)),
        None => None,
    };
    write(folder, &images, sheet)?;
    let count = count(images.len() as u64, "test image");
    let told = format!("{}: {count}, one sub-folder per class{}\n", folder.display(), mark(&data));
    Ok(print(told + &of_fewer(args.per_class, &fewer))?)
}

/// Returns the lines about classes that have fewer images than were asked for; nothing if there are none.
fn of_fewer(asked: u16, classes: &[String]) -> String {
    let more = classes.len().saturating_sub(MOST_NAMED);
    let mut names = classes[..classes.len() - more].join(", ");
    if more > 0 {
        names += &format!(" and {more} more");
    }
    match classes {
        [] => String::new(),
        _ => {
            wrapped(&format!("there are fewer than {asked} of {names}: all of them are written"), 80, "     ")
        }
    }
}

/// Writes all files to a folder, or none: first to one inside of it, whose contents then move up.
fn write(folder: &Path, images: &[(PathBuf, Vec<u8>)], sheet: Option<(&Path, Vec<u8>)>) -> Result<()> {
    let cannot = |folder: &Path| format!("cannot create the folder {}", folder.display());
    let is_new = !folder.exists();
    fs::create_dir_all(folder).with_context(|| cannot(folder))?;
    let written = || -> Result<()> {
        let partial = tempfile::Builder::new().prefix(".partial-").tempdir_in(folder);
        let partial = partial.with_context(|| format!("cannot write to the folder {}", folder.display()))?;
        for (path, png) in images {
            let path = partial.path().join(path);
            let class = path.parent().unwrap_or(partial.path());
            fs::create_dir_all(class).with_context(|| cannot(class))?;
            write_whole(&path, png)?;
        }
        if let Some((path, png)) = sheet {
            write_whole(path, &png)?;
        }
        for class in fs::read_dir(partial.path())? {
            let class = class?;
            fs::rename(class.path(), folder.join(class.file_name()))?;
        }
        Ok(())
    };
    written().inspect_err(|_| {
        if is_new {
            let _ = fs::remove_dir(folder); // it is empty
        }
    })
}

fn grey(pixels: Vec<u8>, [width, height]: [usize; 2]) -> GrayImage {
    GrayImage::from_vec(width as u32, height as u32, pixels).expect("a byte for each pixel")
}
