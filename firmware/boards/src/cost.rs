//! The cost of a computation on a board, and the lines in which the measuring program prints it for
//! the PC.

use core::fmt;

/// The cost of a computation. A board counts one or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Cost {
    /// Instructions executed.
    pub instructions: Option<u32>,
    /// Cycles of the processor's clock.
    pub cycles: Option<u32>,
}

/// A line that the measuring program prints: a word and its values, separated by spaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// The first line: name of the board.
    Board(&'a str),
    /// The count of a computation that is known to have so many instructions: it shows that the
    /// counter is exact.
    Known(u32, Cost),
    /// The lines up to the next of this kind are about the model with this hash and name.
    Model([u8; 8], &'a str),
    /// `Model::decode`.
    Decode(Cost),
    /// `Model::embed`.
    Embed(Cost),
    /// One step of an inference, whose last layer has this index, with the loop of
    /// `Model::embed_observed`. A step that is computed in pieces has the cost of all of them.
    Step(u32, Cost),
    /// Bytes of stack that `Model::decode` needs, with the model it returns.
    DecodeStack(u32),
    /// Bytes of stack that `Model::embed` needs.
    EmbedStack(u32),
    /// Bytes of the engine's scratch.
    Scratch(u32),
    /// Makes pixels of the [`photograph`](crate::photograph), as the model wants them.
    Prepare(Cost),
    /// Bytes of stack that this needs.
    PrepareStack(u32),
    /// Bytes of scratch that this needs.
    PrepareScratch(u32),
    /// CRC-32 of the pixels.
    Pixels(u32),
    /// CRC-32 of the embedding of the image with this index in
    /// `shared_model::engine::TestImage::ALL`.
    Embedding(u32, u32),
    /// The last line.
    Done,
}

impl Cost {
    /// Returns the cost without a part that cost `part`.
    #[must_use]
    pub fn less(self, part: Self) -> Self {
        let difference = |whole: Option<u32>, part: Option<u32>| Some(whole?.wrapping_sub(part?));
        Self {
            instructions: difference(self.instructions, part.instructions),
            cycles: difference(self.cycles, part.cycles),
        }
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut part = |count: Option<u32>, end| match count {
            Some(count) => write!(f, "{count}{end}"),
            None => write!(f, "-{end}"),
        };
        part(self.instructions, " ")?;
        part(self.cycles, "")
    }
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Board(name) => write!(f, "board {name}"),
            Self::Known(count, cost) => write!(f, "known {count} {cost}"),
            Self::Model(hash, name) => write!(f, "model {:016x} {name}", u64::from_be_bytes(*hash)),
            Self::Decode(cost) => write!(f, "decode {cost}"),
            Self::Embed(cost) => write!(f, "embed {cost}"),
            Self::Step(layer, cost) => write!(f, "step {layer} {cost}"),
            Self::DecodeStack(bytes) => write!(f, "decode-stack {bytes}"),
            Self::EmbedStack(bytes) => write!(f, "embed-stack {bytes}"),
            Self::Scratch(bytes) => write!(f, "scratch {bytes}"),
            Self::Prepare(cost) => write!(f, "prepare {cost}"),
            Self::PrepareStack(bytes) => write!(f, "prepare-stack {bytes}"),
            Self::PrepareScratch(bytes) => write!(f, "prepare-scratch {bytes}"),
            Self::Pixels(crc) => write!(f, "pixels {crc:08x}"),
            Self::Embedding(image, crc) => write!(f, "embedding {image} {crc:08x}"),
            Self::Done => f.write_str("done"),
        }
    }
}

impl<'a> Line<'a> {
    /// Reads a line without its line feed. Returns `None` if it is not one of these.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let pair = || rest.split_once(' ');
        Some(match word {
            "board" => Self::Board(rest),
            "known" => Self::Known(pair()?.0.parse().ok()?, cost(pair()?.1)?),
            "model" => Self::Model(u64::from_str_radix(pair()?.0, 16).ok()?.to_be_bytes(), pair()?.1),
            "decode" => Self::Decode(cost(rest)?),
            "embed" => Self::Embed(cost(rest)?),
            "step" => Self::Step(pair()?.0.parse().ok()?, cost(pair()?.1)?),
            "decode-stack" => Self::DecodeStack(rest.parse().ok()?),
            "embed-stack" => Self::EmbedStack(rest.parse().ok()?),
            "scratch" => Self::Scratch(rest.parse().ok()?),
            "prepare" => Self::Prepare(cost(rest)?),
            "prepare-stack" => Self::PrepareStack(rest.parse().ok()?),
            "prepare-scratch" => Self::PrepareScratch(rest.parse().ok()?),
            "pixels" => Self::Pixels(u32::from_str_radix(rest, 16).ok()?),
            "embedding" => Self::Embedding(pair()?.0.parse().ok()?, u32::from_str_radix(pair()?.1, 16).ok()?),
            "done" if rest.is_empty() => Self::Done,
            _ => return None,
        })
    }
}

fn cost(text: &str) -> Option<Cost> {
    let count = |text: &str| if text == "-" { Some(None) } else { text.parse().ok().map(Some) };
    let (instructions, cycles) = text.split_once(' ')?;
    Some(Cost { instructions: count(instructions)?, cycles: count(cycles)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn lines_are_read_as_they_are_written() {
        let cost = Cost { instructions: Some(4_294_967_295), cycles: None };
        let both = Cost { instructions: Some(0), cycles: Some(7) };
        for line in [
            Line::Board("pico"),
            Line::Known(1_000, both),
            Line::Model([0, 1, 2, 3, 4, 5, 6, 0xff], "a name of words"),
            Line::Model([0; 8], ""),
            Line::Decode(cost),
            Line::Embed(cost),
            Line::Step(3, both),
            Line::DecodeStack(6_352),
            Line::EmbedStack(0),
            Line::Scratch(1),
            Line::Prepare(both),
            Line::PrepareStack(1_024),
            Line::PrepareScratch(14_464),
            Line::Pixels(0x89ab_cdef),
            Line::Embedding(3, 0x0123_4567),
            Line::Done,
        ] {
            assert_eq!(Line::parse(&line.to_string()), Some(line));
        }
    }

    #[test]
    fn other_lines_are_refused() {
        for text in [
            "",
            "done 1",
            "decode",
            "decode 1",
            "decode 1 x",
            "step 1 2",
            "model 12",
            "embedding 1",
            "embedding 1 g",
        ] {
            assert_eq!(Line::parse(text), None, "{text:?}");
        }
    }
}
