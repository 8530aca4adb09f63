//! `embed`: the engine's integers for images, as a NumPy array.

use super::read_model;
use crate::{
    data::{folder, idx, picture},
    engine::Engine,
    run_folder::write_whole,
    terminal::thousands,
};
use anyhow::{Context, Result, ensure};
use rayon::prelude::*;
use shared_model::{Element, Model};
use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

/// Writes the embeddings of `images` to `out`, an N × D array of `uint8` or `int8`: those of an IDX file, or of image
/// files and of those in folders, each of which is printed behind the number of its row.
///
/// # Errors
/// A file cannot be read, is not what it should be, or `out` cannot be written.
pub fn run(model: &Path, images: &[PathBuf], out: &Path) -> Result<()> {
    let file = read_model(model)?;
    let model = file.decode()?;
    let (pixels, names) = match images {
        [one] if is_idx(one) => (read_idx(one, &model)?, Vec::new()),
        _ => read_pictures(images, &model)?,
    };
    let rows = pixels.len() / model.input_len();
    let embeddings = Engine::new(&model).embed_all(pixels.par_chunks_exact(model.input_len()))?;
    let columns = model.embedding_len();
    write_whole(out, &npy(&embeddings, rows, columns, model.output().element))?;
    for (row, name) in names.iter().enumerate() {
        println!("{row} {}", name.display());
    }
    println!("{}: {} x {columns} {}", out.display(), thousands(rows as u64), dtype(model.output().element).1);
    Ok(())
}

/// Whether a file is to be read as IDX: its content begins like it, or like gzip, which no picture does.
fn is_idx(path: &Path) -> bool {
    let mut start = [0; 2];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && matches!(start, [0, 0] | [0x1f, 0x8b])
}

fn read_idx(path: &Path, model: &Model<'_>) -> Result<Vec<u8>> {
    let images = idx::read_images(path)?;
    let shape = model.metadata().input;
    ensure!(
        images.height * images.width == model.input_len(),
        "the images have {}x{} pixels, the model takes {shape}: choose another model or resize the images",
        images.height,
        images.width,
    );
    Ok(images.into_pixels())
}

/// The pixels of pictures, one after another, and their paths.
fn read_pictures(paths: &[PathBuf], model: &Model<'_>) -> Result<(Vec<u8>, Vec<PathBuf>)> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(folder::pictures(path)?.0);
        } else {
            files.push(path.clone());
        }
    }
    let first = paths.first().context("no images are named")?;
    ensure!(!files.is_empty(), "{}: no image (PNG, JPEG or BMP) is in this folder", first.display());
    let shape = model.metadata().input;
    ensure!(
        shape.channels == 1,
        "the model takes {shape}, but image files are made grey: choose another model"
    );
    let size = [shape.height, shape.width].map(usize::from);
    let read = |path: &PathBuf| picture::read(path, model.metadata().preparation, size);
    let pixels = files.par_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok((pixels.concat(), files))
}

fn dtype(element: Element) -> (&'static str, &'static str) {
    match element {
        Element::Unsigned => ("|u1", "uint8"),
        Element::Signed => ("|i1", "int8"),
    }
}

/// A two-dimensional array in NumPy's format, version 1.0 (numpy.lib.format): magic, version, length of the
/// header, the header as a Python dictionary padded to a multiple of 64, the bytes.
fn npy(bytes: &[u8], rows: usize, columns: usize, element: Element) -> Vec<u8> {
    const PREFIX: usize = 10;
    let mut header = format!(
        "{{'descr': '{}', 'fortran_order': False, 'shape': ({rows}, {columns}), }}",
        dtype(element).0
    );
    let len = (PREFIX + header.len() + 1).next_multiple_of(64) - PREFIX;
    header += &" ".repeat(len - 1 - header.len());
    header.push('\n');
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((len as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(bytes);
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_as_numpy_writes_it() {
        // numpy.save of np.array([[1, -2]], dtype=np.int8)
        let expected =
            "\u{93}NUMPY\u{1}\u{0}v\u{0}{'descr': '|i1', 'fortran_order': False, 'shape': (1, 2), }";
        let mut expected: Vec<u8> = expected.chars().map(|c| c as u8).collect();
        expected.resize(127, b' ');
        expected.extend([b'\n', 1, 0xfe]);
        assert_eq!(npy(&[1, 0xfe], 1, 2, Element::Signed), expected);
    }
}
