//! Writes the inputs that fuzzing begins with: `seeds FOLDER` makes a folder for each target in there.

use image::{DynamicImage, ImageFormat, RgbaImage};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared_model::{Layout, model::layout::repack_to_vec};
use std::{
    env, fs,
    io::{self, Cursor},
    path::Path,
};
use tests::random;
use tinytriplet_data::drawn;

/// Random inputs for a target whose input is what random numbers would be.
const RANDOM: usize = 64;

fn main() -> io::Result<()> {
    let Some(corpus) = env::args_os().nth(1) else {
        return Err(io::Error::other("usage: seeds FOLDER"));
    };
    let corpus = Path::new(&corpus);
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for target in ["c", "frames", "net", "store"] {
        write(corpus, target, (0..RANDOM).map(|index| noise(&mut rng, 16 << (index % 8))))?;
    }
    write(corpus, "model", models(&mut rng))?;
    write(corpus, "idx", [idx()])?;
    write(corpus, "picture", pictures())?;
    write(corpus, "recipe", recipes()?)
}

fn write(corpus: &Path, target: &str, seeds: impl IntoIterator<Item = Vec<u8>>) -> io::Result<()> {
    let folder = corpus.join(target);
    fs::create_dir_all(&folder)?;
    (0..).zip(seeds).try_for_each(|(number, seed)| fs::write(folder.join(format!("seed-{number}")), seed))
}

fn noise(rng: &mut impl Rng, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    rng.fill(&mut bytes[..]);
    bytes
}

/// Small nets in both layouts, after a byte by which all is mended.
fn models(rng: &mut impl Rng) -> Vec<Vec<u8>> {
    let plain = (0..RANDOM).map(|_| random::model(rng)).filter(|file| file.len() < 4096);
    plain
        .flat_map(|file| {
            let packed = repack_to_vec(&file, Layout::Packed).expect("random nets are valid");
            [file, packed]
        })
        .map(|file| [&[7], &file[..]].concat())
        .collect()
}

/// Ten drawn digits and their labels, after the length of the images' file.
fn idx() -> Vec<u8> {
    let split = drawn::dataset(1, 1, 1).train;
    let mut images = vec![0, 0, 8, 3];
    for size in [split.len(), split.height, split.width] {
        images.extend((size as u32).to_be_bytes());
    }
    split.images().for_each(|image| images.extend_from_slice(image));
    let mut labels = vec![0, 0, 8, 1];
    labels.extend((split.len() as u32).to_be_bytes());
    labels.extend(split.labels().iter().map(|&label| label as u8));
    [&(images.len() as u16).to_le_bytes(), &images[..], &labels].concat()
}

/// A cross of every kind of pixel in every kind of file, after how it is prepared.
fn pictures() -> Vec<Vec<u8>> {
    let cross = RgbaImage::from_fn(12, 9, |x, y| {
        image::Rgba(if x == 4 || y == 4 { [200, 20, 90, 255] } else { [7, 9, 30, 128] })
    });
    let cross = DynamicImage::from(cross);
    let kinds = [
        DynamicImage::from(cross.to_luma8()),
        DynamicImage::from(cross.to_luma16()),
        DynamicImage::from(cross.to_luma_alpha8()),
        DynamicImage::from(cross.to_rgb8()),
        DynamicImage::from(cross.to_rgb16()),
        cross,
    ];
    let files = kinds.iter().flat_map(|picture| {
        [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Bmp].into_iter().filter_map(|format| {
            let mut file = Cursor::new(Vec::new());
            // Not every file holds every kind of pixel.
            picture.write_to(&mut file, format).is_ok().then(|| file.into_inner())
        })
    });
    (0..).zip(files).map(|(way, file)| [&[way, 27, 27], &file[..]].concat()).collect()
}

/// The recipes in `configs/`, the last of them with changes.
fn recipes() -> io::Result<Vec<Vec<u8>>> {
    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
    let mut texts = Vec::new();
    for entry in fs::read_dir(configs)? {
        let path = entry?.path();
        if path.is_file() {
            texts.push(fs::read(path)?);
        }
    }
    let changed = texts
        .last()
        .map(|text| [text, &b"\n#set\ntrain.steps=3\ntrain.loss={ sup_con = {} }\n"[..]].concat());
    texts.extend(changed);
    Ok(texts)
}
