//! What inference costs on each board, as `tests/golden/ledger/` has it: counted, and compared on every change by
//! `tests/tests/ledger.rs`, which writes these files. They are read as they are, so that there is one truth.

use shared_model::inspect::{Kernel, Operation, Shape, Step};

const FILES: [&str; 6] = [
    include_str!("../../../tests/golden/ledger/pico.txt"),
    include_str!("../../../tests/golden/ledger/mps2-an385.txt"),
    include_str!("../../../tests/golden/ledger/mps2-an386.txt"),
    include_str!("../../../tests/golden/ledger/mps2-an505.txt"),
    include_str!("../../../tests/golden/ledger/mps2-an500.txt"),
    include_str!("../../../tests/golden/ledger/riscv-virt.txt"),
];

/// The page of a board.
#[derive(Clone, Debug, PartialEq)]
pub struct Board {
    /// Such as `pico`.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Its clock in MHz, where cycles of it are counted.
    pub megahertz: Option<f64>,
    /// What was counted there.
    pub nets: Vec<Net>,
}

/// What a net costs on a board.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Net {
    /// Name of its recipe.
    pub name: String,
    /// Its steps, in order.
    pub steps: Vec<Entry>,
    /// Of one embedding, the whole.
    pub cost: Cost,
    /// Bytes of stack of an inference.
    pub stack: usize,
}

/// What a step of a net costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What it computes.
    pub work: Work,
    /// What it costs.
    pub cost: Cost,
}

/// What a step computes: all that its cost depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// See [`operation`].
    pub operation: String,
    /// Its input.
    pub input: Shape,
    /// Its output.
    pub output: Shape,
    /// See [`path`].
    pub path: String,
    /// Multiply-accumulates.
    pub macs: u64,
}

/// Instructions, and cycles where the emulator has a model of the processor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Instructions.
    pub instructions: u64,
    /// Cycles.
    pub cycles: Option<u64>,
}

impl Work {
    /// What a step of a packed model computes.
    pub fn new(step: &Step<'_>) -> Self {
        Self {
            operation: operation(step),
            input: step.input.shape,
            output: step.output.shape,
            path: path(step.kernel).to_owned(),
            macs: step.macs(),
        }
    }
}

/// Kind, window and pool of a step, as the ledger has them.
pub fn operation(step: &Step<'_>) -> String {
    let size = |[rows, columns]: [usize; 2]| format!("{rows}x{columns}");
    match &step.operation {
        Operation::Conv2d { geometry, pool, .. } => {
            let stride = match geometry.stride {
                [1, 1] => String::new(),
                [rows, columns] if rows == columns => format!("/{rows}"),
                stride => format!("/{}", size(stride)),
            };
            let pool = pool.map(|pool| format!(" + pool {}", size(pool.kernel.map(usize::from))));
            format!("conv {}{stride}{}", size(geometry.kernel), pool.unwrap_or_default())
        }
        Operation::MaxPool2d(pool) => format!("max pool {}", size(pool.kernel.map(usize::from))),
        Operation::AveragePool2d(pool, _) => format!("average pool {}", size(pool.kernel.map(usize::from))),
        Operation::Dense(_) => "dense".to_owned(),
    }
}

/// How a board computes a step, as the ledger has it.
pub fn path(kernel: Kernel) -> &'static str {
    match kernel {
        Kernel::Reference(_) => REFERENCE,
        Kernel::Winograd => "Winograd",
        Kernel::Taps => "Taps",
        Kernel::Rows => "Rows",
    }
}

/// The [`path`] of the plain kernels.
pub const REFERENCE: &str = "Reference";

/// All boards, the cheapest first.
pub fn boards() -> Vec<Board> {
    FILES.iter().map(|file| board(file).expect("the ledger is as its test wrote it")).collect()
}

/// Reads the page of a board; `None` where it is none.
fn board(text: &str) -> Option<Board> {
    let (name, description) =
        text.lines().next()?.strip_prefix("What inference costs on ")?.strip_suffix('.')?.split_once(": ")?;
    let mut nets = Vec::<Net>::new();
    for line in text.lines() {
        if let Some((name, _)) = line.split_once(" (model ") {
            nets.push(Net { name: name.to_owned(), ..Net::default() });
        } else if let Some(net) = nets.last_mut() {
            if let Some(rest) = line.strip_prefix("  embed, the whole ") {
                net.cost = costs(rest.split_whitespace())?.1;
            } else if let Some((_, stack)) = line.split_once(" + stack ") {
                net.stack = number(stack.split_whitespace().next()?)? as usize;
            } else if let Some((left, right)) = line.split_once(" → ")
                && !left.trim_start().starts_with("step ")
            {
                net.steps.push(entry(left, right)?);
            }
        }
    }
    let clocked = nets.iter().all(|net| net.cost.cycles.is_some());
    let clock =
        description.split_once(" at ").and_then(|(_, clock)| clock.strip_suffix(" MHz")?.parse().ok());
    let megahertz = clock.filter(|_| clocked);
    Some(Board { name: name.to_owned(), description: description.to_owned(), megahertz, nets })
}

/// `conv 3x3 28x28x1` and `26x26x4 Taps 6,084 …`
fn entry(left: &str, right: &str) -> Option<Entry> {
    let (operation, input) = left.trim().rsplit_once(' ')?;
    let mut fields = right.split_whitespace();
    let (output, path) = (shape(fields.next()?)?, fields.next()?.to_owned());
    let (macs, cost) = costs(fields)?;
    let operation = operation.trim_end().to_owned();
    Some(Entry { work: Work { operation, input: shape(input)?, output, path, macs }, cost })
}

/// MACs, instructions, instructions for a MAC; cycles, cycles for a MAC, or not.
fn costs<'a>(mut fields: impl Iterator<Item = &'a str>) -> Option<(u64, Cost)> {
    let (macs, instructions) = (number(fields.next()?)?, number(fields.next()?)?);
    let cycles = fields.nth(1).and_then(number);
    Some((macs, Cost { instructions, cycles }))
}

fn number(text: &str) -> Option<u64> {
    text.replace(',', "").parse().ok()
}

fn shape(text: &str) -> Option<Shape> {
    let sides: Vec<u16> = text.split('x').map(str::parse).collect::<Result<_, _>>().ok()?;
    let &[height, width, channels] = sides.as_slice() else { return None };
    Some(Shape::new(height, width, channels))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_by_hand() {
        let boards = boards();
        let pico = &boards[0];
        assert_eq!(pico.name, "pico");
        assert_eq!(pico.description, "Raspberry Pi Pico, a Cortex-M0+ at 125 MHz");
        assert_eq!(pico.megahertz, Some(125.0));
        let names: Vec<&str> = pico.nets.iter().map(|net| net.name.as_str()).collect();
        assert_eq!(names, ["default", "origin", "best", "lenet5", "tiny"]);
        let text = "What inference costs on toy: A toy at 5 MHz.\n\n\
            net (model 00)\n  \
            step                  input → output     path           MACs instructions  /MAC       cycles  /MAC\n  \
            conv 5x5/2 + pool 2x2 28x28x1 → 12x12x16 Taps        230,400    2,276,817  9.88    3,448,646 14.97\n  \
            embed, the whole                                     893,952    5,380,232  6.02    8,123,860  9.09\n  \
            decode                                                          1,362,725          1,821,162\n  \
            RAM of an inference: image 784 + scratch 4,704 + embedding 64 + stack 2,076 = 7,628 bytes\n";
        let work = Work {
            operation: "conv 5x5/2 + pool 2x2".into(),
            input: Shape::new(28, 28, 1),
            output: Shape::new(12, 12, 16),
            path: "Taps".into(),
            macs: 230_400,
        };
        let steps = vec![Entry { work, cost: Cost { instructions: 2_276_817, cycles: Some(3_448_646) } }];
        let cost = Cost { instructions: 5_380_232, cycles: Some(8_123_860) };
        let toy = Board {
            name: "toy".into(),
            description: "A toy at 5 MHz".into(),
            megahertz: Some(5.0),
            nets: vec![Net { name: "net".into(), steps, cost, stack: 2_076 }],
        };
        assert_eq!(board(text), Some(toy));
    }

    #[test]
    fn every_page_is_whole() {
        for board in boards() {
            assert_eq!(board.megahertz.is_some(), board.name == "pico");
            assert_eq!(board.nets.len(), 5);
            for net in board.nets {
                let sum: u64 = net.steps.iter().map(|step| step.cost.instructions).sum();
                // The steps are counted in a run of their own; see the test that writes the ledger.
                assert!(net.cost.instructions.abs_diff(sum) < sum / 50, "{}: {}", board.name, net.name);
                assert!(net.stack > 1000);
            }
        }
    }
}
