//! Checks that a board can hold the models, as far as its memories decide it. The linker checks the
//! rest.

use crate::{gallery_size::GallerySize, linker::program_flash};
use shared_model::build::PackedModel;
use std::env;
use tinytriplet_boards::{Board, photograph};
use tinytriplet_device::memory;

/// `DEFMT_RTT_BUFFER_SIZE` unless it is set, as in the crate defmt-rtt.
const RTT_LEN: usize = 1024;

/// Checks that the board has enough RAM and flash for the built-in model and its gallery.
pub fn check(board: &Board, file: &PackedModel, gallery: GallerySize) -> Result<(), String> {
    let model = file.decode().map_err(|error| error.to_string())?;
    let GallerySize { capacity, exemplars } = gallery;
    let (input_len, scratch_len, dim) =
        (model.input_len(), memory::scratch_len(&model), model.embedding_len());
    let sizes = memory::Sizes { input_len, scratch_len, dim, exemplars, capacity };
    let ram = rtt_len() + memory::ram_len(sizes);
    let name = model.metadata().name;
    if ram > board.ram.len {
        return Err(format!(
            "the model \"{name}\" needs {ram} bytes of RAM ({} of them to compute in, {} for a gallery of {capacity} \
             entries), {} has {}",
            4 * scratch_len,
            memory::gallery_len(dim, exemplars, capacity),
            board.name,
            board.ram.len
        ));
    }
    let flash = program_flash(board).len;
    if file.bytes().len() > flash {
        return Err(format!(
            "the model \"{name}\" has {} bytes, {} has {flash} bytes of flash, program included",
            file.bytes().len(),
            board.name,
        ));
    }
    Ok(())
}

/// Checks that the board has enough RAM and flash for the measured models. All of them are in the
/// program.
pub fn check_measured(board: &Board, files: &[PackedModel]) -> Result<(), String> {
    for file in files {
        let model = file.decode().map_err(|error| error.to_string())?;
        let scratch = 4 * (memory::scratch_len(&model) - model.scratch_len());
        let ram =
            rtt_len() + memory::OTHER_LEN + memory::STACK_LEN + model.ram_len() + scratch + photograph::LEN;
        if ram > board.ram.len {
            return Err(format!(
                "{}: measuring it needs {ram} bytes of RAM, {} has {}",
                file.path().display(),
                board.name,
                board.ram.len
            ));
        }
    }
    let len: usize = files.iter().map(|file| file.bytes().len()).sum();
    let flash = program_flash(board).len;
    if len > flash {
        return Err(format!(
            "the models to be measured have {len} bytes together, {} has {flash} bytes of flash: \
             measure fewer at a time",
            board.name
        ));
    }
    Ok(())
}

/// Returns the bytes of the log's buffer.
fn rtt_len() -> usize {
    env::var("DEFMT_RTT_BUFFER_SIZE").ok().and_then(|size| size.parse().ok()).unwrap_or(RTT_LEN)
}
