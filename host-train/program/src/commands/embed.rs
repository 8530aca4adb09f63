//! `embed`: the engine's integers for images, as a NumPy array.

use super::{
    images::{self, IfBroken},
    model_file::read_model,
};
use crate::terminal::print;
use anyhow::Result;
use clap::Args;
use rayon::prelude::*;
use shared_model::inspect::Element;
use std::path::PathBuf;
use tinytriplet_evaluation::engine::Engine;
use tinytriplet_report::{run_folder::write_whole, text::thousands};

/// Arguments of `embed`.
#[derive(Clone, Debug, Args)]
pub struct EmbedArgs {
    /// A model file, or the folder of a run
    #[arg(long, value_name = "FILE")]
    pub model: PathBuf,
    /// Image files (PNG, JPEG, BMP), folders of them, or IDX files, plain or gzipped, of which
    /// `FILE:3,5,10-19` chooses some; pictures are made ready as the model says. Each is printed
    /// after its row of the array, unless that is its number in an IDX file
    #[arg(long, value_name = "PATH", num_args = 1.., required = true)]
    pub images: Vec<PathBuf>,
    /// NumPy file to write: N x D, uint8 or int8, the engine's own integers
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Name image files that are broken, and go on without them; they have no row
    #[arg(long)]
    pub skip_broken: bool,
}

/// Writes the embeddings of `images` to `out`, an N × D array of `uint8` or `int8`. The rows are
/// printed, each with its image, but for those whose number is that of the image in its IDX file.
///
/// # Errors
/// A file cannot be read, is not what it should be, or `out` cannot be written.
pub fn run(EmbedArgs { model, images, out, skip_broken }: &EmbedArgs) -> Result<()> {
    let file = read_model(model)?;
    let model = file.decode()?;
    let if_broken = match images.as_slice() {
        _ if *skip_broken => IfBroken::Skip,
        [only] if !only.is_dir() => IfBroken::Fail,
        _ => IfBroken::Advise,
    };
    let images = images::read(images, model.metadata().input, model.metadata().preprocessing, if_broken)?;
    let embeddings = Engine::new(&model).embed_all(images.par_iter().map(|image| image.pixels.as_slice()))?;
    let (rows, columns) = (images.len(), model.embedding_len());
    write_whole(out, &npy(&embeddings, rows, columns, model.output().element))?;
    for (row, image) in images.iter().enumerate().filter(|(row, image)| image.number != Some(*row)) {
        print(format_args!("{row} {image}\n"))?;
    }
    let element = dtype(model.output().element).1;
    Ok(print(format_args!("{}: {} x {columns} {element}\n", out.display(), thousands(rows as u64)))?)
}

fn dtype(element: Element) -> (&'static str, &'static str) {
    match element {
        Element::Unsigned => ("|u1", "uint8"),
        Element::Signed => ("|i1", "int8"),
    }
}

/// Returns a two-dimensional array in NumPy's format, version 1.0 (numpy.lib.format): magic,
/// version, length of the header, the header as a Python dictionary padded to a multiple of 64, the
/// bytes.
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
