//! Test images and their embeddings for TensorBoard's projector, the origin's picture of what it
//! had learnt.
//!
//! `tensorboard --logdir runs` shows them in its tab "Projector"; the web page of the projector
//! takes `tensors.tsv` and `metadata.tsv` by its button "Load".

use super::{Run, scatter::evenly, sprite::Tiles};
use crate::run_folder::write_whole;
use anyhow::{Context, Result};
use shared_model::Model;
use std::{
    fmt::{Display, Write},
    fs,
    path::Path,
};
use tinytriplet_data::{Dataset, Label, Split};
use tinytriplet_evaluation::{engine::Engine, scores::int8_embeddings};

/// Says what there is, beside an event file: TensorBoard looks for it there, by this name.
pub const CONFIG: &str = "projector_config.pbtxt";
/// A folder for each embedding is in this one.
pub const FOLDER: &str = "projector";

/// The most images that are shown by their embeddings: more the projector does not lay out.
const EMBEDDED: usize = 10_000;
/// The most images that are shown by their pixels, whose text is long.
const RAW: usize = 2_000;
/// The most rows and columns of an image in a sprite, which may have 8192: those of 10,000 images
/// are 100 · 40.
const TILE: usize = 40;

/// Writes two embeddings of the test set, or of an even part of it, and [`CONFIG`], which names
/// them, to the folder of a run.
///
/// * `projector/int8`: what the engine gives. The values are its integers: real ones are these
///   times one scale, which changes no picture.
/// * `projector/raw`: the pixels, 0 to 255.
///
/// Each has `tensors.tsv`, one row per image; `metadata.tsv`, with the columns `label`, `index` in
/// the test set and `trained`, which is `no` for a class that is in `unseen`; and `sprite.png`,
/// small images, row after row in a square. Nothing is written where there is no test image.
///
/// # Errors
/// Returns an error if the model file is not valid, or a file cannot be written.
///
/// # Panics
/// The images are not of the size that the model takes.
pub fn write(run: &Run<'_>, folder: &Path) -> Result<()> {
    let &Run { data, unseen, .. } = run;
    let test = &data.test;
    if test.is_empty() {
        return Ok(());
    }
    let images = evenly((0..test.len()).collect(), EMBEDDED);
    let model = Model::decode(run.file)?;
    let embeddings = int8_embeddings(&Engine::new(&model), test, &images);
    let rows = (0..images.len()).map(|row| embeddings.row(row));
    embedding(&folder.join(FOLDER).join("int8"), rows, &images, data, unseen)?;

    let images = evenly((0..test.len()).collect(), RAW);
    let rows = images.iter().map(|&image| test.image(image));
    embedding(&folder.join(FOLDER).join("raw"), rows, &images, data, unseen)?;
    write_whole(&folder.join(CONFIG), config(test).as_bytes())
}

/// Writes the files of one embedding.
fn embedding<'a, T: Display + 'a>(
    folder: &Path,
    rows: impl Iterator<Item = &'a [T]>,
    images: &[usize],
    data: &Dataset,
    unseen: &[Label],
) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create the folder {}", folder.display()))?;
    write_whole(&folder.join("tensors.tsv"), tensors(rows).as_bytes())?;
    write_whole(&folder.join("metadata.tsv"), metadata(images, data, unseen).as_bytes())?;
    write_whole(&folder.join("sprite.png"), &sprite(images, &data.test)?)
}

/// Returns a line a row, its values with a tab between any two.
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

/// Returns what is known of each image. A name is one field of one line, whatever is in it.
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

/// Returns a PNG file: as many tiles in a row as there are rows.
fn sprite(images: &[usize], split: &Split) -> Result<Vec<u8>> {
    let columns = (images.len() as f64).sqrt().ceil() as usize;
    Tiles::new(split, TILE).sprite(images, [columns, columns])
}

/// `ProjectorConfig` as protobuf's text.
fn config(split: &Split) -> String {
    let [height, width] = Tiles::new(split, TILE).size();
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
    use tinytriplet_data::drawn;

    #[test]
    fn any_name_is_one_field() {
        let mut data = drawn::dataset(1, 1, 1);
        data.class_names[3] = "a\tb\r\nc".into();
        let text = metadata(&[3, 4], &data, &[data.test.label(4)]);
        let [three, four] = [3, 4].map(|image| usize::from(data.test.label(image)));
        let names = [three, four].map(|label| if label == 3 { "a b  c" } else { &data.class_names[label] });
        assert_eq!(text, format!("label\tindex\ttrained\n{}\t3\tyes\n{}\t4\tno\n", names[0], names[1]));
    }

    #[test]
    fn rows_of_numbers() {
        let rows: [&[i16]; 2] = [&[-128, 0, 7], &[1, 2, 3]];
        assert_eq!(tensors(rows.into_iter()), "-128\t0\t7\n1\t2\t3\n");
    }

    /// Five images of 2x160 pixels: the third is in the first row of a square of nine, the fourth
    /// below the first.
    #[test]
    fn a_sprite_by_hand() {
        let pixels = (0..5).flat_map(|image| [10 * image; 320]).collect();
        let split = Split::new(2, 160, pixels, vec![0; 5]).unwrap();
        assert_eq!(Tiles::new(&split, TILE).size(), [1, 40]);
        let png = sprite(&[0, 1, 2, 3, 4], &split).unwrap();
        let sprite = image::load_from_memory(&png).unwrap().into_luma8();
        assert_eq!(sprite.dimensions(), (120, 3));
        let places = [(0, 0), (79, 0), (80, 0), (0, 1), (40, 1), (80, 1), (119, 2)];
        assert_eq!(places.map(|(x, y)| sprite.get_pixel(x, y).0[0]), [0, 10, 20, 30, 40, 0, 0]);
    }
}
