//! The boards, in one table. `build.rs` takes the memories from it, the launcher the rest. A board also has
//! a feature of its name in `Cargo.toml` and a module in `src/board/`.

/// A board that the firmware runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Board {
    /// Its name, which is also the name of its Cargo feature.
    pub name: &'static str,
    /// What it is, for people.
    pub description: &'static str,
    /// The compiler's target.
    pub target: &'static str,
    /// The machine of `qemu-system-arm` that stands for it.
    pub machine: &'static str,
    /// Which of the machine's serial ports the firmware talks on, from 0.
    pub serial_port: usize,
    /// What `probe-rs` calls the chip; `None` where the board exists in the emulator only.
    pub chip: Option<&'static str>,
    /// Where the program and the model lie.
    pub flash: Region,
    /// Where everything else lies.
    pub ram: Region,
}

/// A memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// First address.
    pub origin: u32,
    /// Size in bytes.
    pub len: usize,
}

const KIB: usize = 1024;

/// All boards; the first one is what the launcher boots unless told otherwise.
pub const BOARDS: [Board; 2] = [
    Board {
        name: "mps2-an386",
        description: "ARM's MPS2 FPGA board with a Cortex-M4F, emulated",
        target: "thumbv7em-none-eabihf",
        machine: "mps2-an386",
        serial_port: 0,
        chip: None,
        flash: Region { origin: 0, len: 4096 * KIB },
        ram: Region { origin: 0x2000_0000, len: 4096 * KIB },
    },
    Board {
        name: "nucleo-f446re",
        description: "ST's Nucleo-F446RE, a Cortex-M4F at 168 MHz",
        target: "thumbv7em-none-eabihf",
        machine: "netduinoplus2",
        serial_port: 1,
        chip: Some("STM32F446RE"),
        flash: Region { origin: 0x0800_0000, len: 512 * KIB },
        ram: Region { origin: 0x2000_0000, len: 128 * KIB },
    },
];

/// The board of this name.
pub fn find(name: &str) -> Option<&'static Board> {
    BOARDS.iter().find(|board| board.name == name)
}
