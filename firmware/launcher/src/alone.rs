//! Shows a board that sees by itself: digits step by, and it learns them and names them.

use crate::{
    emulator::{self, Binary, Emulator},
    output::print,
};
use shared_model::{
    Gallery, Model, Threshold,
    gallery::{self, Method},
    prepare::strokes::rasterise,
};
use std::{error::Error, time::Duration};
use tinytriplet_boards::Board;
use tinytriplet_device::{
    pattern::{DIGITS, Pattern},
    reading::Reading,
    source::{Sight, Source, Wish},
};

/// Digits to show: two ways of each are taught, and then all three are named.
const SHOWN: usize = 5 * DIGITS.len();
/// The time to wait for what the board says next. The emulator may have to share its processor.
const PATIENCE: Duration = Duration::from_secs(60);

/// Builds the firmware for `board` with a pen that writes digits, boots it, and shows what the
/// board says. `model` is the model file that is built in, and `capacity` the labels that the
/// board's gallery has room for.
pub fn run(board: &'static Board, model: &[u8], capacity: usize) -> Result<(), Box<dyn Error>> {
    print(&format!("Building the firmware for {}, with a pen that writes digits\n", board.name))?;
    let expected = expected(&Model::decode(model)?, capacity)?;
    let program = emulator::build(board, Binary::Pattern)?;
    let mut emulator = Emulator::boot(&program)?;
    print("\nThe board says:\n")?;
    for line in &expected {
        let said = emulator.read_text(PATIENCE)?;
        print(&format!("  {said}\n"))?;
        if said != *line {
            return Err(format!("the PC says \"{line}\"").into());
        }
    }
    print(&format!("\n{} lines: the PC says the same, byte by byte.\n", expected.len()))
}

/// Returns what a board has to say.
fn expected(model: &Model<'_>, capacity: usize) -> Result<Vec<String>, Box<dyn Error>> {
    let shape = model.input().shape;
    let mut memory = vec![0; capacity * gallery::entry_len(model.embedding_len(), 0)];
    let mut gallery = Gallery::new(model, 0, &mut memory);
    let (mut scratch, mut pixels) = (vec![0; model.scratch_len()], vec![0; model.input_len()]);
    let mut embedding = vec![0; model.embedding_len()];
    let (mut pattern, mut said, mut shown) = (Pattern::new(), Vec::new(), 0);
    let mut current = 0;
    while shown < SHOWN {
        let Sight::Strokes(points) = pattern.look()? else { continue };
        rasterise(points, [shape.height, shape.width], &mut scratch, &mut pixels)?;
        model.embed(&pixels, &mut scratch, &mut embedding)?;
        let seen = gallery.recognise(model, &embedding, Method::Prototype, Threshold::Own)?;
        said.push(format!("sees {}", Reading::new(&seen, model.distance(), model.output().scale)));
        shown += 1;
        let Some(wish) = pattern.wish() else { continue };
        let number = if wish == Wish::NewLabel { gallery.len() + 1 } else { current };
        let label = format!("new-{number}");
        said.push(match gallery.enrol(&label, &embedding) {
            Ok(count) => {
                current = number;
                format!("learns {label}: {count} {}", if count == 1 { "image" } else { "images" })
            }
            Err(error) => format!("learns nothing: {error}"),
        });
    }
    Ok(said)
}
