//! `see`: what a net is given of a picture, drawn in the terminal and beside the original.

pub mod sheet;

use super::{
    drawing::{Style, drawn},
    images,
    model_file::read_model,
};
use crate::terminal::{note, print};
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use shared_model::{
    inspect::Shape,
    model::format::{Background, Fit, Preprocessing},
    prepare::Found,
};
use std::{
    collections::HashMap,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};
use tinytriplet_data::{
    names::shown,
    picture,
    prepare::{Prepared, prepare_observed},
};
use tinytriplet_report::run_folder::write_whole;

/// Input and preprocessing of the committed models, which know signs on paper.
const BUILT_IN: (Shape, Preprocessing) = (Shape::new(28, 28, 1), Preprocessing::MNIST);
/// An image whose brightest pixel is darker than this is called faint.
const FAINT: u8 = 64;

/// Arguments of `see`.
#[derive(Clone, Debug, Args)]
pub struct SeeArgs {
    /// Image files (PNG, JPEG, BMP), or folders of them
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// A model file, or the folder of a run, which says how pictures are made ready. Without it,
    /// that is done as for the built-in model, which knows signs on paper
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// PNG file to write: the original, what is found on the way, and what the net is given, side
    /// by side. Of several pictures, or if the name does not end in .png, a folder of such files
    #[arg(short, long, value_name = "PATH")]
    pub out: Option<PathBuf>,
}

/// Prints what the net is given of each picture, and writes it beside the original.
///
/// # Errors
/// Returns an error if a file cannot be read or is no picture, or a PNG cannot be written.
pub fn run(SeeArgs { files, model, out }: &SeeArgs) -> Result<()> {
    let (input, preprocessing) = match model {
        None => BUILT_IN,
        Some(path) => {
            let file = read_model(path)?;
            let model = file.decode()?;
            (model.metadata().input, model.metadata().preprocessing)
        }
    };
    images::ensure_pictures(input, preprocessing)?;
    let (size, channels) = (images::size(input), usize::from(input.channels));
    let pictures = pictures(files)?;
    let sheets = match out {
        None => vec![None; pictures.len()],
        Some(out) => sheet_paths(&pictures, out)?.into_iter().map(Some).collect(),
    };
    let style = Style::of_output();
    for (path, sheet) in pictures.iter().zip(sheets) {
        let mut images = Vec::new();
        let ([width, height], prepared) = picture::open(path, |image| {
            if sheet.is_some() {
                images.push(sheet::original(image));
            }
            let prepared = prepare_observed(image, preprocessing, input, |stage| {
                if sheet.is_some() {
                    let [rows, columns] = stage.size;
                    images.push(sheet::pixels(stage.pixels, [rows, columns, 1]));
                }
            })?;
            Ok(([image.width(), image.height()], prepared))
        })?;
        let told = treatment(preprocessing, prepared.found, size);
        print(format_args!("{}: {width}x{height} pixels, {told}\n", shown(path)))?;
        print(drawn(&prepared.pixels, [size[1], channels], style))?;
        if let Some(text) = doubt(&prepared) {
            note("note", format_args!("{}: {text}", shown(path)));
        }
        if let Some(path) = sheet {
            images.push(sheet::pixels(&prepared.pixels, [size[0], size[1], channels]));
            write_whole(&path, &sheet::beside(&images)?)?;
            print(format_args!("wrote {}\n", shown(&path)))?;
        }
    }
    Ok(())
}

/// Returns the pictures among `places`, and those in the folders among them.
fn pictures(places: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut pictures = Vec::new();
    for place in places {
        ensure!(
            !images::is_idx(place),
            "{}: this is an IDX file: its images are used as they are",
            shown(place)
        );
        if place.is_dir() {
            pictures.extend(images::in_folder(place)?);
        } else {
            pictures.push(place.clone());
        }
    }
    Ok(pictures)
}

/// Returns the file to write for each picture: `out` itself, or a file in the folder `out`, which
/// is created. Pictures of the same name go to folders named after theirs.
fn sheet_paths(pictures: &[PathBuf], out: &Path) -> Result<Vec<PathBuf>> {
    let is_png = out.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png"));
    if let [picture] = pictures
        && is_png
        && !out.is_dir()
    {
        let is_same =
            fs::canonicalize(out).is_ok_and(|out| fs::canonicalize(picture).is_ok_and(|it| it == out));
        ensure!(!is_same, "{}: this is the picture itself: name another file", shown(out));
        return Ok(vec![out.into()]);
    }
    ensure!(
        !out.is_file(),
        "{}: this is a file, and there are {} pictures: name a folder",
        shown(out),
        pictures.len()
    );
    let mut named: HashMap<&OsStr, usize> = HashMap::new();
    pictures
        .iter()
        .filter_map(|picture| picture.file_name())
        .for_each(|name| *named.entry(name).or_default() += 1);
    let mut sheets = HashMap::new();
    let mut paths = Vec::new();
    for picture in pictures {
        let name = picture.file_name().with_context(|| format!("{}: has no name", shown(picture)))?;
        let parent = picture.parent().and_then(Path::file_name).filter(|_| named[name] > 1);
        let folder = parent.map_or_else(|| out.to_owned(), |parent| out.join(parent));
        let mut name = name.to_owned();
        name.push(".seen.png");
        let sheet = folder.join(name);
        if let Some(other) = sheets.insert(sheet.clone(), picture) {
            bail!(
                "{} and {} would both become {}: look at one after the other",
                shown(other),
                shown(picture),
                shown(&sheet)
            );
        }
        paths.push(sheet);
    }
    for folder in paths.iter().filter_map(|sheet| sheet.parent()) {
        fs::create_dir_all(folder).with_context(|| format!("cannot create the folder {}", shown(folder)))?;
    }
    Ok(paths)
}

/// Tells what has been done to a picture.
fn treatment(Preprocessing { fit, background, .. }: Preprocessing, found: Found, size: [usize; 2]) -> String {
    let is_searched = fit == Fit::Centre && !found.is_tidy;
    let by = match (background, is_searched) {
        (Background::Auto, true) => "most of it is",
        (Background::Auto, false) => "its border says",
        _ => "as the model says",
    };
    let background = match found.background {
        Background::Light => "light background",
        _ => "dark background",
    };
    let inverted = if found.background == Background::Light { ", so inverted" } else { "" };
    let fit = match fit {
        Fit::Stretch => "stretched to",
        Fit::Contain => "scaled to fit",
        Fit::Centre => "its ink centred in",
    };
    let removed = if is_searched { removed(found) } else { String::new() };
    format!("{background} ({by}){inverted}; {removed}{fit} {}x{}", size[1], size[0])
}

/// Tells what of the paper was removed.
fn removed(found: Found) -> String {
    let counted =
        [(found.lines, "line of the paper", "lines of the paper"), (found.specks, "speck", "specks")];
    let counted: Vec<String> = counted
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many }))
        .collect();
    if counted.is_empty() { String::new() } else { format!("{} removed; ", counted.join(" and ")) }
}

/// Tells why a net could not know an image.
fn doubt(Prepared { pixels, .. }: &Prepared) -> Option<String> {
    let (least, most) = (pixels.iter().min()?, pixels.iter().max()?);
    if least == most {
        Some(format!("there is no ink: all pixels that the net is given are {most}"))
    } else if *most < FAINT {
        Some(format!("the ink is faint: the brightest pixel that the net is given is {most} of 255"))
    } else {
        None
    }
}
