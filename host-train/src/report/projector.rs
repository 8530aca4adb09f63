//! Test images and their embeddings for TensorBoard's projector, the origin's picture of what it had learnt.
//!
//! `tensorboard --logdir runs` shows them in its tab "Projector"; the web page of the projector takes `tensors.tsv` and
//! `metadata.tsv` by its button "Load".

use crate::{
    data::{Dataset, Label, Split},
    engine::Engine,
    evaluation::int8_embeddings,
    run_folder::write_whole,
};
use anyhow::{Context, Result};
use image::{
    ExtendedColorType, GrayImage, ImageEncoder,
    codecs::png::PngEncoder,
    imageops::{replace, thumbnail},
};
use shared_model::Model;
use std::{
    fmt::{Display, Write},
    fs,
    path::{Path, PathBuf},
};

/// Says what there is, beside an event file: TensorBoard looks for it there, by this name.
pub const CONFIG: &str = "projector_config.pbtxt";
/// A folder for each embedding is in this one.
pub const FOLDER: &str = "projector";

/// The most images that are shown by their embeddings: more the projector does not lay out.
const EMBEDDED: usize = 10_000;
/// The most images that are shown by their pixels, whose text is long.
const RAW: usize = 2_000;
/// The most rows and columns of an image in a sprite, which may have 8192: those of 10,000 images are 100 · 40.
const TILE: usize = 40;

/// Writes two embeddings of the test set, or of an even part of it, and [`CONFIG`], which names them; returns the paths.
/// `folder` is that of a run.
///
/// * `projector/int8`: what the engine gives. The values are its integers: real ones are these times one scale, which
///   changes no picture.
/// * `projector/raw`: the pixels, 0 to 255.
///
/// Each has `tensors.tsv`, a row an image; `metadata.tsv`, with the columns `label`, `index` in the test set and
/// `trained`, which is `no` for a class that is in `unseen`; and `sprite.png`, small images, row after row in a square.
/// Nothing is written where there is no test image.
///
/// # Errors
/// A file cannot be written.
///
/// # Panics
/// The images are not of the size that the model takes.
pub fn write(model: &Model<'_>, data: &Dataset, unseen: &[Label], folder: &Path) -> Result<Vec<PathBuf>> {
    let test = &data.test;
    if test.is_empty() {
        return Ok(Vec::new());
    }
    let images = even_part(test.len(), EMBEDDED);
    let embeddings = int8_embeddings(&Engine::new(model), test, &images);
    let rows = (0..images.len()).map(|row| embeddings.row(row));
    let mut written = embedding(&folder.join(FOLDER).join("int8"), rows, &images, data, unseen)?;

    let images = even_part(test.len(), RAW);
    let rows = images.iter().map(|&image| test.image(image));
    written.extend(embedding(&folder.join(FOLDER).join("raw"), rows, &images, data, unseen)?);

    let path = folder.join(CONFIG);
    write_whole(&path, config(test).as_bytes())?;
    written.push(path);
    Ok(written)
}

/// Writes the files of one embedding, and returns their paths.
fn embedding<'a, T: Display + 'a>(
    folder: &Path,
    rows: impl Iterator<Item = &'a [T]>,
    images: &[usize],
    data: &Dataset,
    unseen: &[Label],
) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create the folder {}", folder.display()))?;
    let files = [
        ("tensors.tsv", tensors(rows).into_bytes()),
        ("metadata.tsv", metadata(images, data, unseen).into_bytes()),
        ("sprite.png", sprite(images, &data.test)?),
    ];
    files
        .into_iter()
        .map(|(name, content)| {
            let path = folder.join(name);
            write_whole(&path, &content)?;
            Ok(path)
        })
        .collect()
}

/// At most `most` of the numbers below `count`, ascending and evenly spread.
fn even_part(count: usize, most: usize) -> Vec<usize> {
    let part = count.min(most);
    (0..part).map(|at| at * count / part).collect()
}

/// A line a row, its values with a tab between any two.
fn tensors<'a, T: Display + 'a>(rows: impl Iterator<Item = &'a [T]>) -> String {
    let mut text = String::new();
    for row in rows {
        for (column, value) in row.iter().enumerate() {
            let before = if column == 0 { "" } else { "\t" };
            write!(text, "{before}{value}").expect("a string takes what is written");
        }
        text.push('\n');
    }
    text
}

/// What is known of each image. A name is one field of one line, whatever is in it.
fn metadata(images: &[usize], data: &Dataset, unseen: &[Label]) -> String {
    let mut text = String::from("label\tindex\ttrained\n");
    for &image in images {
        let label = data.test.label(image);
        let name = data.class_names[usize::from(label)].replace(char::is_control, " ");
        let trained = if unseen.contains(&label) { "no" } else { "yes" };
        writeln!(text, "{name}\t{image}\t{trained}").expect("a string takes what is written");
    }
    text
}

/// A PNG file: as many tiles in a row as there are rows.
fn sprite(images: &[usize], split: &Split) -> Result<Vec<u8>> {
    let [width, height] = tile(split);
    let columns = (images.len() as f64).sqrt().ceil() as u32;
    let mut sprite = GrayImage::new(columns * width, columns * height);
    for (at, &image) in (0..).zip(images) {
        let pixels = split.image(image).to_vec();
        let full = GrayImage::from_raw(split.width as u32, split.height as u32, pixels);
        let small = thumbnail(&full.expect("an image of a split has its size"), width, height);
        replace(&mut sprite, &small, (at % columns * width).into(), (at / columns * height).into());
    }
    let mut png = Vec::new();
    let (width, height) = sprite.dimensions();
    PngEncoder::new(&mut png).write_image(&sprite, width, height, ExtendedColorType::L8)?;
    Ok(png)
}

/// Columns and rows of an image in a sprite: its own, or as many as may be in the same proportion.
fn tile(split: &Split) -> [u32; 2] {
    let longer = split.width.max(split.height);
    [split.width, split.height].map(|side| (side * longer.min(TILE) / longer).max(1) as u32)
}

/// `ProjectorConfig` as protobuf's text.
fn config(split: &Split) -> String {
    let [width, height] = tile(split);
    let embedding = |name: &str, folder: &str| {
        let path = format!("{FOLDER}/{folder}");
        format!(
            "embeddings {{\n  \
             tensor_name: \"{name}\"\n  \
             tensor_path: \"{path}/tensors.tsv\"\n  \
             metadata_path: \"{path}/metadata.tsv\"\n  \
             sprite {{\n    \
             image_path: \"{path}/sprite.png\"\n    \
             single_image_dim: [{width}, {height}]\n  \
             }}\n\
             }}\n"
        )
    };
    embedding("int8 embeddings", "int8") + &embedding("raw pixels", "raw")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Source, prepare::MNIST_LIKE};

    #[test]
    fn an_even_part() {
        assert_eq!(even_part(4, 10), [0, 1, 2, 3]);
        assert_eq!(even_part(10, 4), [0, 2, 5, 7]);
        assert_eq!(even_part(0, 4), [0; 0]);
    }
}
