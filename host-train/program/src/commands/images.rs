//! Images that the command line names, ready for a model.

use crate::terminal::note;
use anyhow::{Context, Result, bail, ensure};
use rayon::prelude::*;
use shared_model::{inspect::Shape, model::format::Preprocessing, prepare::can_prepare};
use std::{
    fmt,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};
use tinytriplet_data::{folder, idx, names::shown, picture};

/// An image and where it is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The file.
    pub path: PathBuf,
    /// Its number in an IDX file; `None` where the file is a picture.
    pub number: Option<usize>,
    /// The pixels, as a model takes them.
    pub pixels: Vec<u8>,
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.path))?;
        self.number.map_or(Ok(()), |number| write!(f, ":{number}"))
    }
}

/// The treatment of a picture that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfBroken {
    /// It is an error.
    Fail,
    /// It is an error, which tells of `--skip-broken`.
    Advise,
    /// It is named and passed over.
    Skip,
}

/// Reads the images of each of `places` in turn, for a model with this input and preprocessing: a
/// picture (PNG, JPEG, BMP), a folder's pictures, an IDX file's images (plain or gzipped), or some
/// of them: `FILE:3,5,10-19`. With [`IfBroken::Skip`], some of the pictures may be missing.
///
/// # Errors
/// A file cannot be read, is not what it should be, or its images do not suit the model.
pub fn read(
    places: &[PathBuf],
    input: Shape,
    preprocessing: Preprocessing,
    if_broken: IfBroken,
) -> Result<Vec<Image>> {
    let mut images = Vec::new();
    for place in places {
        if let Some((path, numbers)) = idx_file(place) {
            images.extend(read_idx(path, numbers, input)?);
        } else if place.is_dir() {
            images.extend(read_pictures(&in_folder(place)?, input, preprocessing, if_broken)?);
        } else {
            images.extend(read_pictures(std::slice::from_ref(place), input, preprocessing, if_broken)?);
        }
    }
    ensure!(
        !images.is_empty() || if_broken != IfBroken::Skip,
        "all of these images are broken: replace them"
    );
    Ok(images)
}

/// Reads a picture.
///
/// # Errors
/// Returns an error if it cannot be read, or none is made for the model.
pub fn read_picture(path: &Path, input: Shape, preprocessing: Preprocessing) -> Result<Image> {
    ensure_pictures(input, preprocessing)?;
    let pixels = picture::read(path, preprocessing, input)?.pixels;
    Ok(Image { path: path.into(), number: None, pixels })
}

/// Returns the pictures of a folder, at least one.
///
/// # Errors
/// Returns an error if the folder cannot be read, or holds none.
pub fn in_folder(folder: &Path) -> Result<Vec<PathBuf>> {
    let (pictures, notes) = folder::pictures(folder)?;
    notes.iter().for_each(|text| note("note", text));
    ensure!(
        !pictures.is_empty(),
        "{}: no image (PNG, JPEG or BMP) is in this folder; sub-folders are not looked into: name them",
        folder.display()
    );
    Ok(pictures)
}

/// Checks that pictures become the pixels that a model takes.
///
/// # Errors
/// Returns an error if they do not.
pub fn ensure_pictures(input: Shape, preprocessing: Preprocessing) -> Result<()> {
    ensure!(
        can_prepare(preprocessing, input),
        "the model takes images of {} values per pixel ({input}), and this program makes grey ones, of one, or, \
         except signs on paper (centre), ones in colour, of three: choose another model, or give it pixels with a \
         program of your own (docs/LIBRARY.md)",
        input.channels
    );
    Ok(())
}

/// Returns the rows and columns of a model's input.
pub fn size(input: Shape) -> [usize; 2] {
    [input.height, input.width].map(usize::from)
}

fn read_pictures(
    paths: &[PathBuf],
    input: Shape,
    preprocessing: Preprocessing,
    if_broken: IfBroken,
) -> Result<Vec<Image>> {
    ensure_pictures(input, preprocessing)?;
    let read: Vec<_> = paths.par_iter().map(|path| picture::read(path, preprocessing, input)).collect();
    let sound = paths.iter().zip(&read).filter_map(|(path, read)| Some((path, read.as_ref().ok()?)));
    if let Some(text) = picture::note_of_slivers(sound) {
        note("note", text);
    }
    let mut images = Vec::new();
    for (path, read) in paths.iter().zip(read) {
        match read {
            Ok(picture) => images.push(Image { path: path.clone(), number: None, pixels: picture.pixels }),
            Err(error) => match if_broken {
                IfBroken::Fail => return Err(error.into()),
                IfBroken::Advise => bail!("{error}. To go on without such files, say --skip-broken"),
                IfBroken::Skip => note("note", format_args!("passed over {error}")),
            },
        }
    }
    Ok(images)
}

/// Returns the IDX file that `place` names, and which of its images.
fn idx_file(place: &Path) -> Option<(&Path, Option<&str>)> {
    if is_idx(place) {
        return Some((place, None));
    }
    let (path, numbers) = place.to_str()?.rsplit_once(':')?;
    let path = Path::new(path);
    (!place.exists() && is_idx(path)).then_some((path, Some(numbers)))
}

/// Returns true if a file is to be read as IDX: it begins like one (two zeros, then the type for
/// unsigned bytes), or like gzip, which no picture does.
pub fn is_idx(path: &Path) -> bool {
    let mut start = [0; 3];
    // A pipe would be waited for.
    path.is_file()
        && File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok()
        && matches!(start, [0, 0, 8] | [0x1f, 0x8b, _])
}

fn read_idx(path: &Path, numbers: Option<&str>, input: Shape) -> Result<Vec<Image>> {
    let images = idx::read_images(path)?;
    let len = images.height * images.width;
    ensure!(
        input.channels == 1,
        "{}: the images of an IDX file are grey, and the model takes {} values per pixel ({input}): name pictures",
        path.display(),
        input.channels
    );
    ensure!(
        [images.height, images.width] == size(input),
        "{}: the images have {}x{} pixels, the model takes {input}: choose another model or resize the images",
        path.display(),
        images.height,
        images.width,
    );
    let numbers = match numbers {
        None => (0..images.len()).collect(),
        Some(text) => chosen(text, images.len()).with_context(|| format!("{}:{text}", path.display()))?,
    };
    let image = |number| Image {
        path: path.into(),
        number: Some(number),
        pixels: images.pixels()[number * len..][..len].to_vec(),
    };
    Ok(numbers.into_iter().map(image).collect())
}

/// Returns the numbers in `3,5,10-19`, each below `count`.
fn chosen(text: &str, count: usize) -> Result<Vec<usize>> {
    let mut numbers = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (Ok(first), Ok(last)) = (first.parse::<usize>(), last.parse::<usize>()) else {
            bail!("`{part}` is neither a number nor a range: choose images as in 3,5,10-19");
        };
        ensure!(first <= last, "the range {part} is empty: the smaller number comes first");
        ensure!(last < count, "there is no image {last}: the file has {count}, from 0 on");
        numbers.extend(first..=last);
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::model::format::{Background, Fit};

    #[test]
    fn images_are_chosen_by_number() {
        assert_eq!(chosen("3,5,7-9,3", 10).unwrap(), [3, 5, 7, 8, 9, 3]);
        for (text, words) in [
            ("", "`` is neither a number nor a range"),
            ("1,x", "`x` is neither"),
            ("-3", "`-3` is neither"),
            ("9-7", "9-7 is empty"),
            ("7-10", "no image 10: the file has 10"),
        ] {
            let error = chosen(text, 10).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn places_may_be_mixed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let pixels: Vec<u8> = (0..12).collect();
        let header = [0x803u32, 3, 2, 2].map(u32::to_be_bytes).concat();
        std::fs::write(at("idx"), [header, pixels].concat()).unwrap();
        image::GrayImage::new(5, 5).save(at("black.png")).unwrap();
        let places = ["idx", "idx:2,0", "black.png"].map(at);
        let images = read(&places, Shape::new(2, 2, 1), Preprocessing::MNIST, IfBroken::Fail).unwrap();
        let numbers: Vec<_> = images.iter().map(|image| image.number).collect();
        assert_eq!(numbers, [Some(0), Some(1), Some(2), Some(2), Some(0), None]);
        assert_eq!((&images[3].pixels[..], &images[5].pixels[..]), (&[8, 9, 10, 11][..], &[0; 4][..]));
        assert!(images[3].to_string().ends_with("idx:2"));

        let error = |place: &str, shape| {
            format!("{:#}", read(&[at(place)], shape, Preprocessing::MNIST, IfBroken::Fail).unwrap_err())
        };
        assert!(
            error("idx", Shape::new(3, 2, 1))
                .contains("idx: the images have 2x2 pixels, the model takes 3x2x1")
        );
        assert!(error("idx:7", Shape::new(2, 2, 1)).contains("idx:7: there is no image 7"));
        assert!(error("none.png", Shape::new(2, 2, 1)).contains("none.png: cannot be read"));
        // As many bytes, but not the shape.
        assert!(
            error("idx", Shape::new(1, 4, 1))
                .contains("idx: the images have 2x2 pixels, the model takes 1x4x1")
        );
        for place in ["", "black.png"] {
            for shape in [Shape::new(2, 2, 2), Shape::new(2, 2, 3)] {
                let (error, channels) = (error(place, shape), shape.channels);
                let words = format!("the model takes images of {channels} values per pixel ({shape})");
                assert!(error.contains(&words), "{error}");
            }
        }
        let error = error("idx", Shape::new(2, 2, 3));
        assert!(
            error.contains("idx: the images of an IDX file are grey, and the model takes 3 values"),
            "{error}"
        );
        // In colour, if it is not a sign that is looked for.
        let red = image::RgbImage::from_pixel(5, 5, image::Rgb([200, 10, 0]));
        red.save(at("red.png")).unwrap();
        let preprocessing = Preprocessing::new(Fit::Stretch, Background::Dark);
        let places = ["red.png", "black.png"].map(at);
        let images = read(&places, Shape::new(1, 2, 3), preprocessing, IfBroken::Fail).unwrap();
        assert_eq!(images[0].pixels, [200, 10, 0, 200, 10, 0]);
        assert_eq!(images[1].pixels, [0; 6]);
    }

    #[test]
    fn broken_pictures_are_passed_over_where_that_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        image::GrayImage::new(5, 5).save(at("a.png")).unwrap();
        std::fs::write(at("b.png"), "broken").unwrap();
        // It begins with two zeros, as IDX does.
        std::fs::write(at("c.jpg"), b"\0\0\0\x18ftypheic\0\0\0\0mif1heic").unwrap();
        let read = |places: &[&str], if_broken| {
            let places: Vec<PathBuf> = places.iter().map(|place| at(place)).collect();
            read(&places, Shape::new(2, 2, 1), Preprocessing::MNIST, if_broken)
        };
        let images = read(&["", "b.png", "a.png"], IfBroken::Skip).unwrap();
        assert_eq!(images.iter().map(|image| &image.path).collect::<Vec<_>>(), [&at("a.png"), &at("a.png")]);
        let error = |place, if_broken| read(&[place], if_broken).unwrap_err().to_string();
        assert!(error("b.png", IfBroken::Skip).contains("all of these images are broken"));
        assert!(error("b.png", IfBroken::Advise).ends_with("To go on without such files, say --skip-broken"));
        assert!(
            error("c.jpg", IfBroken::Fail)
                .contains("c.jpg: is a HEIC picture, which this program does not read")
        );
    }
}
