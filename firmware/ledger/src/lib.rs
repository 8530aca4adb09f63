//! The ledger: what inference costs on each board, counted to the last instruction and byte.
//!
//! `data/` has one file per board. `cargo test -p tests --test ledger` counts again and compares,
//! so that a change that makes an inference dearer is seen where it is reviewed; with `BLESS=1` it
//! writes the files. The PC's report reads them through [`boards`], to estimate what another net
//! costs. `cargo run -p firmware -- --measure BOARD --json` prints the same form for any models.

mod format;
pub mod text;
mod work;

pub use work::{Kernel, Kind, Work};

use serde::{Deserialize, Serialize};

/// The costs on one board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// The board's name, such as `pico`.
    pub board: String,
    /// The board's description.
    pub description: String,
    /// The emulator that counted.
    pub emulator: String,
    /// The processor's clock in MHz, if the emulator counts its cycles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub megahertz: Option<u32>,
    /// Known numbers of instructions and the counts of them, which show that the counter is exact.
    pub known: Vec<Known>,
    /// The nets.
    pub nets: Vec<Net>,
    /// The firmware, if it was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<Program>,
}

/// The count of a computation whose number of instructions is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Instructions that were executed.
    pub executed: u32,
    /// The count of them.
    #[serde(flatten)]
    pub cost: Cost,
}

/// Instructions, and cycles if the emulator has a model of the processor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Instructions.
    pub instructions: u64,
    /// Cycles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cycles: Option<u64>,
}

/// The costs of a net.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Net {
    /// The name of its file, without `.postcard`. In the committed ledger it is the name of a
    /// preset.
    pub name: String,
    /// Names of other files with the same net.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// The name in its file.
    pub model: String,
    /// The model's hash, in hexadecimal digits.
    pub hash: String,
    /// The steps of an inference, in order. They are counted in another inference than
    /// [`embed`](Self::embed), which observes each row of them, so that their sum differs by some
    /// dozen instructions per row.
    pub steps: Vec<Step>,
    /// One inference as a whole.
    pub embed: Cost,
    /// Multiply-accumulates of an inference.
    pub macs: u64,
    /// `Model::decode`.
    pub decode: Cost,
    /// Bytes of stack that `Model::decode` needs, with the model it returns.
    pub decode_stack: u32,
    /// Bytes of RAM of an inference.
    pub ram: Ram,
    /// What it takes to make its pixels of a photograph; `None` if the net takes several channels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preparation: Option<Preparation>,
    /// Bytes of the model file.
    pub file: File,
    /// CRC-32 of the embeddings of `shared_model::engine::TestImage::ALL`, in hexadecimal digits.
    /// The PC has computed the same.
    pub embedding_crcs: Vec<String>,
}

/// The cost of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The work that it does.
    #[serde(flatten)]
    pub work: Work,
    /// The cost.
    #[serde(flatten)]
    pub cost: Cost,
}

/// Bytes of RAM of an inference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ram {
    /// An image.
    pub image: usize,
    /// The memory that the engine computes in.
    pub scratch: usize,
    /// An embedding.
    pub embedding: usize,
    /// The stack of `Model::embed`.
    pub stack: usize,
}

/// The cost of making pixels of a photograph, by the model's own preprocessing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preparation {
    /// Height and width of the photograph, which has one grey per pixel.
    pub frame: [u16; 2],
    /// The cost.
    #[serde(flatten)]
    pub cost: Cost,
    /// Bytes of scratch.
    pub scratch: usize,
    /// Bytes of stack.
    pub stack: usize,
    /// CRC-32 of the pixels, in hexadecimal digits. The PC has made the same.
    pub pixels_crc: String,
}

/// The size of a model file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Bytes of the file for a board, whose weights are packed for the kernels.
    pub packed: usize,
    /// Bytes of the file with plain weights.
    pub plain: usize,
    /// Bytes of the packed weights.
    pub weights: usize,
    /// Weights and biases.
    pub parameters: usize,
}

/// The program that is flashed, with its built-in model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Bytes of the model file in it.
    pub model: usize,
    /// Bytes of flash.
    pub flash: u64,
    /// Bytes of RAM, without the stack.
    pub ram: u64,
    /// Code of the engine's parts. An inlined function counts where it went.
    pub code: Vec<Size>,
    /// Sections of the program.
    pub sections: Vec<Size>,
}

/// The size of a part of a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// The part.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
}

impl Ledger {
    /// Writes the ledger as JSON, with one line per step.
    pub fn to_json(&self) -> String {
        format::json(self)
    }

    /// Reads a ledger.
    ///
    /// # Errors
    /// Returns the error of the JSON reader.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

const FILES: [&str; 6] = [
    include_str!("../data/pico.json"),
    include_str!("../data/mps2-an385.json"),
    include_str!("../data/mps2-an386.json"),
    include_str!("../data/mps2-an505.json"),
    include_str!("../data/mps2-an500.json"),
    include_str!("../data/riscv-virt.json"),
];

/// Returns the committed ledgers of all boards, the cheapest board first.
pub fn boards() -> Vec<Ledger> {
    FILES.iter().map(|file| Ledger::from_json(file).expect("the ledger's test wrote the file")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ledger_is_whole() {
        for ledger in boards() {
            assert_eq!(ledger.megahertz.is_some(), ledger.board == "pico");
            let names: Vec<&str> = ledger.nets.iter().map(|net| net.name.as_str()).collect();
            assert_eq!(
                names,
                [
                    "default",
                    "origin",
                    "best",
                    "conv4",
                    "depthwise",
                    "dscnn",
                    "lenet5",
                    "mobilenet",
                    "resnet8",
                    "tiny"
                ]
            );
            for net in ledger.nets {
                let sum: u64 = net.steps.iter().map(|step| step.cost.instructions).sum();
                assert!(net.embed.instructions.abs_diff(sum) < sum / 50, "{}: {}", ledger.board, net.name);
                assert!(net.ram.stack > 1000);
            }
        }
    }

    #[test]
    fn the_files_are_as_they_are_written() {
        for file in FILES {
            assert_eq!(Ledger::from_json(file).unwrap().to_json(), file);
        }
    }
}
