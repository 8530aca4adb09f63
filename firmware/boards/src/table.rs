//! The table of boards. The firmware's build script reads the memories from it, the launcher and
//! the measuring program the rest.

/// A board that the firmware runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Board {
    /// The name, which is also that of its Cargo feature.
    pub name: &'static str,
    /// A description for people.
    pub description: &'static str,
    /// The compiler's target.
    pub target: &'static str,
    /// The emulator that stands for it on a PC.
    pub emulator: Emulated,
    /// The name that `probe-rs` has for the chip; `None` if the board exists in the emulator only.
    pub chip: Option<&'static str>,
    /// The boot loader that takes UF2 files; `None` if the board has none.
    pub uf2: Option<Uf2>,
    /// The memory of the program and the model.
    pub flash: Region,
    /// The needs of the chip to start a program.
    pub boot: Boot,
    /// The memory of the gallery: whole sectors without any of the program, at the end of `flash`,
    /// after its first sector, or outside of it. It is kept when the firmware is flashed again.
    pub gallery: Region,
    /// The memory of everything else.
    pub ram: Region,
    /// The counter of the measuring program.
    pub counter: Counter,
}

/// The emulator of a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emulated {
    /// `qemu-system-arm`.
    QemuArm {
        /// QEMU's name for the machine.
        machine: &'static str,
        /// The machine's serial port that the firmware uses, counted from 0.
        serial_port: usize,
        /// The memory of the machine that is kept in a file, with the gallery in it; `None` if the
        /// gallery is not kept.
        memory: Option<Region>,
    },
    /// `qemu-system-riscv32`.
    QemuRiscv32 {
        /// QEMU's name for the machine.
        machine: &'static str,
        /// As above.
        memory: Option<Region>,
    },
    /// The npm package `rp2040js`, driven by the launcher's `emulator-js/rp2040.mjs`. It keeps the
    /// gallery in a file.
    Rp2040js,
    /// There is no emulator.
    None,
}

impl core::fmt::Display for Emulated {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::QemuArm { machine, .. } | Self::QemuRiscv32 { machine, .. } => {
                write!(f, "QEMU's {machine}")
            }
            Self::Rp2040js => f.write_str("rp2040js"),
            Self::None => f.write_str("no emulator"),
        }
    }
}

/// A boot loader that shows itself as a drive, and flashes the UF2 file that is copied there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uf2 {
    /// The number of the chips in [the format's list][families].
    ///
    /// [families]: https://github.com/microsoft/uf2/blob/master/utils/uf2families.json
    pub family: u32,
    /// The name of the drive.
    pub drive: &'static str,
}

/// The needs of a chip to start a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boot {
    /// The vectors at the beginning of the flash.
    Vectors,
    /// A second boot stage of [`STAGE2_LEN`] bytes, and the vectors after it: RP2040.
    Stage2,
    /// The vectors, and after them a block that marks this as a program: RP235x.
    ImageDefinition,
}

/// Bytes of an RP2040's second boot stage.
pub const STAGE2_LEN: usize = 256;

impl Board {
    /// Returns the memory that the emulator keeps in a file. The gallery is in it.
    pub fn kept_memory(&self) -> Option<Region> {
        match self.emulator {
            Emulated::QemuArm { memory, .. } | Emulated::QemuRiscv32 { memory, .. } => memory,
            Emulated::Rp2040js => Some(self.gallery),
            Emulated::None => None,
        }
    }
}

/// The counter by which a board tells what a computation costs.
///
/// With QEMU's `-icount shift=N`, each instruction takes 2^N ns of virtual time, so that any timer
/// counts instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// A "CMSDK APB timer" (32 bits, downwards). In the emulator it counts instructions.
    CmsdkTimer {
        /// Address of its registers.
        address: u32,
        /// Its clock in MHz.
        megahertz: u32,
    },
    /// RISC-V's `minstret` counts instructions.
    Minstret,
    /// Two registers that `emulator-js/rp2040.mjs` adds to the chip: instructions, and cycles by
    /// rp2040js' model of the Cortex-M0+.
    StandIn {
        /// Address of the first.
        address: u32,
        /// The processor's clock in MHz.
        megahertz: u32,
    },
    /// The chip's own cycle counter, `DWT.CYCCNT`. QEMU does not have it.
    Dwt,
}

/// The `N` of `-icount shift=N` for machines with a [`Counter::CmsdkTimer`]. The 128 ns of an
/// instruction are more than two ticks of its clock (25 MHz: 3.2, 20 MHz: 2.56), so that rounding
/// to whole ticks loses no instruction.
pub const TIMER_SHIFT: u32 = 7;

impl Counter {
    /// Returns the `N` of QEMU's `-icount shift=N`; `None` if the counter is not QEMU's.
    pub fn shift(self) -> Option<u32> {
        match self {
            Self::CmsdkTimer { .. } => Some(TIMER_SHIFT),
            Self::Minstret => Some(0),
            Self::StandIn { .. } | Self::Dwt => None,
        }
    }

    /// Returns the processor's clock in MHz if an emulator counts its cycles.
    pub fn megahertz(self) -> Option<u32> {
        match self {
            Self::StandIn { megahertz, .. } => Some(megahertz),
            Self::CmsdkTimer { .. } | Self::Minstret | Self::Dwt => None,
        }
    }
}

/// A memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// First address.
    pub origin: u32,
    /// Size in bytes.
    pub len: usize,
}

impl Region {
    /// Returns the address after the last one.
    pub const fn end(self) -> u32 {
        self.origin + self.len as u32
    }
}

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// One of ARM's MPS2 boards. They differ by the processor; `src/board/mps2.rs` has the addresses of
/// the peripherals.
const MPS2_AN386: Board = Board {
    name: "mps2-an386",
    description: "ARM's MPS2 FPGA board with a Cortex-M4F, emulated",
    target: "thumbv7em-none-eabihf",
    emulator: mps2("mps2-an386", 0x2100_0000),
    chip: None,
    uf2: None,
    flash: Region { origin: 0, len: 4 * MIB },
    boot: Boot::Vectors,
    gallery: Region { origin: 0x2100_0000, len: 64 * KIB },
    ram: Region { origin: 0x2000_0000, len: 4 * MIB },
    counter: Counter::CmsdkTimer { address: 0x4000_0000, megahertz: 25 },
};

/// Returns an MPS2 board in QEMU. The "PSRAM" at this address is kept.
const fn mps2(machine: &'static str, psram: u32) -> Emulated {
    let memory = Some(Region { origin: psram, len: 16 * MIB });
    Emulated::QemuArm { machine, serial_port: 0, memory }
}

/// All boards. The launcher boots the first one by default.
pub static BOARDS: [Board; 9] = [
    MPS2_AN386,
    Board {
        name: "mps2-an385",
        description: "ARM's MPS2 FPGA board with a Cortex-M3, emulated",
        target: "thumbv7m-none-eabi",
        emulator: mps2("mps2-an385", 0x2100_0000),
        ..MPS2_AN386
    },
    Board {
        name: "mps2-an500",
        description: "ARM's MPS2 FPGA board with a Cortex-M7, emulated",
        emulator: mps2("mps2-an500", 0x6000_0000),
        gallery: Region { origin: 0x6000_0000, len: 64 * KIB },
        ..MPS2_AN386
    },
    Board {
        name: "mps2-an505",
        description: "ARM's MPS2 FPGA board with a Cortex-M33, emulated",
        target: "thumbv8m.main-none-eabihf",
        emulator: mps2("mps2-an505", 0x8000_0000),
        // The secure aliases: the processor starts in that state, and stays there.
        flash: Region { origin: 0x1000_0000, len: 4 * MIB },
        gallery: Region { origin: 0x8000_0000, len: 64 * KIB },
        ram: Region { origin: 0x3800_0000, len: 4 * MIB },
        counter: Counter::CmsdkTimer { address: 0x5000_0000, megahertz: 20 },
        ..MPS2_AN386
    },
    Board {
        name: "nrf52840-dk",
        description: "Nordic's nRF52840-DK, a Cortex-M4F at 64 MHz",
        target: "thumbv7em-none-eabihf",
        emulator: Emulated::None,
        chip: Some("nRF52840_xxAA"),
        uf2: None,
        flash: Region { origin: 0, len: MIB },
        boot: Boot::Vectors,
        gallery: Region { origin: 0x000f_8000, len: 32 * KIB },
        ram: Region { origin: 0x2000_0000, len: 256 * KIB },
        counter: Counter::Dwt,
    },
    Board {
        name: "nucleo-f446re",
        description: "ST's Nucleo-F446RE, a Cortex-M4F at 168 MHz",
        target: "thumbv7em-none-eabihf",
        emulator: Emulated::QemuArm { machine: "netduinoplus2", serial_port: 1, memory: None },
        chip: Some("STM32F446RE"),
        uf2: None,
        flash: Region { origin: 0x0800_0000, len: 512 * KIB },
        boot: Boot::Vectors,
        // Sectors 1 and 2, which are among the smallest. The vectors have to be in sector 0.
        gallery: Region { origin: 0x0800_4000, len: 2 * 16 * KIB },
        ram: Region { origin: 0x2000_0000, len: 128 * KIB },
        counter: Counter::Dwt,
    },
    Board {
        name: "pico",
        description: "Raspberry Pi Pico, a Cortex-M0+ at 125 MHz",
        target: "thumbv6m-none-eabi",
        emulator: Emulated::Rp2040js,
        chip: Some("RP2040"),
        uf2: Some(Uf2 { family: 0xe48b_ff56, drive: "RPI-RP2" }),
        flash: Region { origin: 0x1000_0000, len: 2 * MIB },
        boot: Boot::Stage2,
        gallery: Region { origin: 0x101f_0000, len: 64 * KIB },
        ram: Region { origin: 0x2000_0000, len: 256 * KIB },
        // The chip has nothing at this address: its bus reports an error.
        counter: Counter::StandIn { address: 0x4007_0000, megahertz: 125 },
    },
    Board {
        name: "pico2",
        description: "Raspberry Pi Pico 2, a Cortex-M33 at 150 MHz",
        target: "thumbv8m.main-none-eabihf",
        emulator: Emulated::None,
        chip: Some("RP235x"),
        uf2: Some(Uf2 { family: 0xe48b_ff59, drive: "RP2350" }),
        flash: Region { origin: 0x1000_0000, len: 4 * MIB },
        boot: Boot::ImageDefinition,
        gallery: Region { origin: 0x103f_0000, len: 64 * KIB },
        ram: Region { origin: 0x2000_0000, len: 512 * KIB },
        counter: Counter::Dwt,
    },
    Board {
        name: "riscv-virt",
        description: "QEMU's board for RISC-V with an RV32IMAC core, emulated",
        target: "riscv32imac-unknown-none-elf",
        // All of it is RAM; the processor starts at its first address.
        emulator: Emulated::QemuRiscv32 {
            machine: "virt",
            memory: Some(Region { origin: 0x8000_0000, len: 16 * MIB }),
        },
        chip: None,
        uf2: None,
        flash: Region { origin: 0x8000_0000, len: 4 * MIB },
        boot: Boot::Vectors,
        gallery: Region { origin: 0x8080_0000, len: 64 * KIB },
        ram: Region { origin: 0x8040_0000, len: 4 * MIB },
        counter: Counter::Minstret,
    },
];

/// Returns the board with this name.
pub const fn find(name: &str) -> Option<&'static Board> {
    // A constant function can neither iterate nor compare texts.
    let mut index = 0;
    while index < BOARDS.len() {
        if is_same(BOARDS[index].name.as_bytes(), name.as_bytes()) {
            return Some(&BOARDS[index]);
        }
        index += 1;
    }
    None
}

const fn is_same(a: &[u8], b: &[u8]) -> bool {
    let mut index = 0;
    while index < a.len() && index < b.len() && a[index] == b[index] {
        index += 1;
    }
    index == a.len() && index == b.len()
}
