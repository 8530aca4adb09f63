//! Pictures of things that are trained on and never enrolled, without labels.

use crate::{
    error::DataError,
    event::{Event, Progress},
    folder,
    names::{counted, shown},
    picture,
    split::{Label, Split},
};
use rayon::prelude::*;
use shared_model::{inspect::Shape, model::format::Preprocessing};
use std::path::{Path, PathBuf};

/// Reads the pictures of a folder and of its sub-folders, whose names mean nothing: decoys, which is what else a
/// camera may see. A net learns to keep them away from the things that it is trained to tell apart. They have
/// no classes, so nothing is learned about what they are; each has a label of its own.
///
/// # Errors
/// Returns [`DataError`] if the folder cannot be listed, holds no picture or too many, or has one that cannot
/// be used, unless `skip_broken` passes over it.
pub fn decoys(
    folder: &Path,
    shape: Shape,
    preprocessing: Preprocessing,
    skip_broken: bool,
    progress: Progress<'_>,
) -> Result<Split, DataError> {
    if !folder.is_dir() {
        return Err(DataError::NoDecoys(folder.into()));
    }
    let mut paths = Vec::new();
    let deeper = list(folder, DEPTH, &mut paths, progress)?;
    match (deeper, paths.len()) {
        (0, _) => {}
        (count, 0) => return Err(DataError::DeepDecoys { folder: folder.into(), count, depth: DEPTH }),
        (count, _) => progress(Event::Note(&format!(
            "{}: not used: {} more than {DEPTH} folders down. To use them, move them up",
            shown(folder),
            counted(count, "picture")
        ))),
    }
    if paths.len() > MOST {
        return Err(DataError::ManyDecoys { folder: folder.into(), count: paths.len(), most: MOST });
    }
    let read: Vec<_> = paths.par_iter().map(|path| picture::read(path, preprocessing, shape)).collect();
    let mut pixels = Vec::new();
    for picture in read {
        match picture {
            Ok(picture) => pixels.extend(picture.pixels),
            Err(error) if skip_broken => progress(Event::Note(&format!("passed over {error}"))),
            Err(error) => return Err(DataError::BrokenDecoy(Box::new(error))),
        }
    }
    let shape = [shape.height, shape.width, shape.channels].map(usize::from);
    let count = pixels.len() / shape.iter().product::<usize>();
    if count == 0 {
        return Err(DataError::NoDecoys(folder.into()));
    }
    let labels = (0..count).map(|label| label as Label).collect();
    Ok(Split::of_shape(shape, pixels, labels).expect("a label for each picture"))
}

/// The most decoys: few are meant, and each takes a label.
const MOST: usize = 10_000;
/// Levels of sub-folders.
const DEPTH: usize = 4;

/// Adds the pictures in a folder and below, in natural order, and returns the number of those that lie deeper
/// than `depth` folders down.
fn list(
    folder: &Path,
    depth: usize,
    paths: &mut Vec<PathBuf>,
    progress: Progress<'_>,
) -> Result<usize, DataError> {
    let mut listing = folder::Listing::of(folder)?;
    listing.others.notes(folder).iter().for_each(|note| progress(Event::Note(note)));
    paths.append(&mut listing.pictures);
    match depth.checked_sub(1) {
        Some(depth) => listing.folders.iter().map(|below| list(below, depth, paths, progress)).sum(),
        None => Ok(listing.pictures_below()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::tests::{cross, encoded};
    use image::ImageFormat;
    use shared_model::model::format::{Background, Fit};
    use std::fs;

    fn read(folder: &Path, skip_broken: bool) -> (Result<Split, String>, Vec<String>) {
        let mut notes = Vec::new();
        let preprocessing = Preprocessing::new(Fit::Contain, Background::Auto);
        let read =
            decoys(folder, Shape::new(8, 6, 1), preprocessing, skip_broken, &mut |event| match event {
                Event::Note(note) => notes.push(note.to_owned()),
                event => panic!("{event:?}"),
            });
        (read.map_err(|error| error.to_string()), notes)
    }

    #[test]
    fn pictures_in_a_folder_and_below_are_decoys() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        assert!(
            read(&at("not there"), false)
                .0
                .unwrap_err()
                .ends_with("no folder with pictures (PNG, JPEG or BMP) is there. Name one")
        );
        assert!(read(folder.path(), false).0.unwrap_err().contains("no folder with pictures"));
        fs::create_dir(at("nuts")).unwrap();
        for (name, size) in [("10.png", 9), ("2.png", 12), ("nuts/1.png", 15)] {
            fs::write(at(name), encoded(&cross(size, size), ImageFormat::Png)).unwrap();
        }
        fs::write(at("readme.txt"), "no picture").unwrap();
        let (found, notes) = read(folder.path(), false);
        let found = found.unwrap();
        assert_eq!((found.labels(), found.height, found.width), (&[0, 1, 2][..], 8, 6));
        assert!(notes.len() == 1 && notes[0].contains("passed over what is no image: 1 .txt"), "{notes:?}");

        fs::write(at("nuts/1.png"), "broken").unwrap();
        let error = read(folder.path(), false).0.unwrap_err();
        assert!(error.contains("--skip-broken"), "{error}");
        assert_eq!(read(folder.path(), true).0.unwrap().len(), 2);
    }

    #[test]
    fn decoys_that_lie_too_deep_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let add = |below: &str| {
            fs::create_dir_all(folder.path().join(below)).unwrap();
            let cross = encoded(&cross(9, 9), ImageFormat::Png);
            fs::write(folder.path().join(below).join("1.png"), cross).unwrap();
        };
        add("a/b/c/d/e");
        add("a/b/c/d/f/g");
        let at = folder.path().display();
        let error = read(folder.path(), false).0.unwrap_err();
        assert_eq!(
            error,
            format!("{at}: no pictures up to 4 folders down, but 2 pictures below. Move them up")
        );
        add("a/b/c/d");
        let (found, notes) = read(folder.path(), false);
        assert_eq!(found.unwrap().len(), 1);
        let told = format!("{at}: not used: 2 pictures more than 4 folders down. To use them, move them up");
        assert_eq!(notes, [told]);
    }
}
