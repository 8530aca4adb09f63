//! The memory that the firmware needs on each board, to the last byte, compared with `tests/golden/firmware.txt`.

use firmware::model;
use std::fmt::Write;
use tests::golden;
use tinytriplet_boards::BOARDS;
use tinytriplet_launcher::emulator::{self, Binary};
use tinytriplet_ledger::text::thousands;

const COMMAND: &str = "BLESS=1 cargo test -p tests --test firmware_sizes";

#[test]
fn flash_and_ram_of_every_board() {
    let mut text = format!(
        "What the firmware takes of each board, in bytes, by tests/tests/firmware_sizes.rs. Do not edit:\n  \
         {COMMAND}\n\n\
         Flash: the program, the built-in model's {} among it; of what there is beside the gallery's region.\n\
         RAM: variables, a gallery of {} labels and the log's buffer among them; the rest is the stack's.\n\n\
         {:15}{:>12}{:>14}{:>12}{:>14}{:>10}\n",
        thousands(model::FILE.len() as u64),
        model::CAPACITY,
        "board",
        "flash",
        "of",
        "RAM",
        "of",
        "gallery"
    );
    for board in &BOARDS {
        let program = emulator::build(board, Binary::Firmware).unwrap_or_else(|error| panic!("{error}"));
        let sizes = [
            program.flash(),
            board.flash.len as u64,
            program.ram(),
            board.ram.len as u64,
            board.gallery.len as u64,
        ];
        let [flash, of_flash, ram, of_ram, gallery] = sizes.map(thousands);
        writeln!(text, "{:15}{flash:>12}{of_flash:>14}{ram:>12}{of_ram:>14}{gallery:>10}", board.name)
            .unwrap();
    }
    golden::check("tests/golden/firmware.txt", &text, COMMAND);
}
