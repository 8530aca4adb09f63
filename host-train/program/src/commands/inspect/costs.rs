//! The cost of a model on each board, and the layers that are slow there.

use shared_model::Model;
use tinytriplet_recipe::NetConfig;
use tinytriplet_report::{
    boards::estimates,
    slow::slow_layers,
    text::{thousands, wrapped},
};

/// Returns sentences about layers that are slow on a board and need not be, named as `net` has them, if
/// that is known. `packed` is the model with its weights packed.
pub fn slow(packed: &Model<'_>, net: Option<&NetConfig>) -> Vec<String> {
    let name = |layer| net.and_then(|net| net.board_layer(layer));
    slow_layers(packed).iter().map(|slow| slow.sentence(name(slow.layer).as_deref())).collect()
}

/// Describes what an inference takes on each board, and which layers are slow there.
pub fn text(packed: &Model<'_>, flash: usize, net: Option<&NetConfig>) -> String {
    let mut text = "\n".to_owned();
    for sentence in slow(packed, net) {
        text += &(wrapped(&format!("SLOW: {sentence}."), 80, "") + "\n");
    }
    let boards = estimates(packed, flash);
    if boards.is_empty() {
        return text + "instructions on boards are not known: no net that was counted has such layers\n";
    }
    text += "board             instructions               time  RAM with stack\n";
    for board in boards {
        let time = board.milliseconds.map_or("-".into(), |milliseconds| format!("{milliseconds:.1} ms"));
        text += &format!(
            "{:<16} {:>13} {:<9} {time:>9} {:>15}\n",
            board.board,
            thousands(board.instructions),
            if board.counted { "counted" } else { "estimated" },
            thousands(board.ram as u64),
        );
    }
    text + "counted: of this very net; estimated: by its layers, from those of other nets\n"
}
