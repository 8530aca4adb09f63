//! Counts what models cost on a board: builds and boots the measuring program, reads the lines that
//! it prints, and checks them by what the PC computes.

mod table;

use crate::{
    emulator::{self, Binary, Emulator, EmulatorError},
    output::print,
};
use shared_model::{
    Layout, Model,
    engine::TestImage,
    model::{
        crc32,
        layout::{RepackError, repack_to_vec},
    },
    prepare::{Format, Frame, prepare, scratch_len},
};
use std::{
    error::Error,
    fmt, fs,
    io::{self, Read},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use tinytriplet_boards::{
    Board, Counter,
    cost::{self, Line},
    photograph,
};
use tinytriplet_ledger::{Cost, File, Known, Ledger, Net, Preparation, Ram, Step, Work};

/// The time that the board may compute before it prints the next line.
const PATIENCE: Duration = Duration::from_secs(300);

/// The models that are measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Models {
    /// The model file that is built into the firmware.
    BuiltIn(&'static [u8]),
    /// Each file `*.postcard` in a folder.
    Folder(PathBuf),
}

/// Prints what the models cost on a board, as a table or as JSON.
pub(crate) fn run(board: &'static Board, models: &Models, json: bool) -> Result<(), Box<dyn Error>> {
    let ledger = measure(board, models)?;
    print(&if json { ledger.to_json() } else { table::table(&ledger) })
}

/// Builds the measuring program for `board` with the models, boots it, and gathers what it prints.
///
/// # Errors
/// See [`MeasureError`].
pub fn measure(board: &'static Board, models: &Models) -> Result<Ledger, MeasureError> {
    if board.counter == Counter::Dwt {
        return Err(MeasureError::NoCounter(board));
    }
    let (folder, files) = match models {
        Models::BuiltIn(file) => (None, vec![("built in".to_owned(), file.to_vec())]),
        Models::Folder(folder) => {
            let failed = |error| MeasureError::File(folder.clone(), error);
            let folder = fs::canonicalize(folder).map_err(failed)?;
            let files = read_models(&folder)?;
            (Some(folder), files)
        }
    };
    let program = emulator::build(board, Binary::Measure { models: folder.as_deref() })?;
    let lines = lines(Emulator::boot_counting(&program)?)?;
    gather(board, &files, &lines)
}

/// Reads the model files of a folder. Returns their names and contents.
fn read_models(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, MeasureError> {
    let failed = |error| MeasureError::File(folder.to_owned(), error);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "postcard") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.push((name, fs::read(&path).map_err(|error| MeasureError::File(path, error))?));
        }
    }
    files.sort();
    Ok(files)
}

/// Returns the lines that the board prints.
fn lines(mut emulator: Emulator) -> Result<String, MeasureError> {
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    let mut last = Instant::now();
    loop {
        match emulator.read(&mut buffer) {
            Ok(0) => return Err(ended_early(&text)),
            Ok(len) => {
                text.extend_from_slice(&buffer[..len]);
                last = Instant::now();
                if has_restarted(&text) {
                    return Err(ended_early(&text));
                }
                if text.ends_with(format!("{}\n", Line::Done).as_bytes()) {
                    return Ok(String::from_utf8_lossy(&text).into_owned());
                }
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                if last.elapsed() > PATIENCE {
                    return Err(ended_early(&text));
                }
            }
            Err(error) => return Err(EmulatorError::Socket(error).into()),
        }
    }
}

/// Returns true if the board restarted, as it does after a panic.
fn has_restarted(text: &[u8]) -> bool {
    let mut lines = text.split(|&byte| byte == b'\n');
    let first = lines.next();
    lines.any(|line| Some(line) == first)
}

fn ended_early(text: &[u8]) -> MeasureError {
    let text = String::from_utf8_lossy(text);
    MeasureError::Ended(text.lines().next_back().unwrap_or_default().to_owned())
}

/// A net, and the index of the last layer of each step.
struct Counted {
    net: Net,
    layers: Vec<u32>,
}

/// Makes a ledger of the lines that the board printed about these files, and checks it.
fn gather(board: &'static Board, files: &[(String, Vec<u8>)], text: &str) -> Result<Ledger, MeasureError> {
    let mut known = Vec::new();
    let mut counted = Vec::<Counted>::new();
    let (mut embeddings, mut pixels) = (0, 0);
    for text in text.lines() {
        let unexpected = || MeasureError::Line(text.to_owned());
        let exact = |cost: cost::Cost| {
            let instructions = cost.instructions.ok_or_else(unexpected)?.into();
            Ok::<_, MeasureError>(Cost { instructions, cycles: cost.cycles.map(u64::from) })
        };
        let line = Line::parse(text).ok_or_else(unexpected)?;
        match line {
            Line::Board(name) if name == board.name => continue,
            Line::Known(executed, cost) => {
                if cost.instructions != Some(executed) {
                    return Err(MeasureError::Inexact(executed, cost));
                }
                known.push(Known { executed, cost: exact(cost)? });
                continue;
            }
            Line::Model(hash, name) => {
                let (file, bytes) = files.get(counted.len()).ok_or_else(unexpected)?;
                let expected = expected(file, bytes)?;
                if (hex(&hash), name) != (expected.net.hash.clone(), &*expected.net.model) {
                    return Err(unexpected());
                }
                counted.push(expected);
                continue;
            }
            Line::Done => continue,
            _ => {}
        }
        let Counted { net, layers } = counted.last_mut().ok_or_else(unexpected)?;
        match line {
            Line::Decode(cost) => net.decode = exact(cost)?,
            Line::Embed(cost) => net.embed = exact(cost)?,
            Line::Step(last_layer, cost) => {
                let step = layers.iter().position(|&layer| layer == last_layer).ok_or_else(unexpected)?;
                net.steps[step].cost = exact(cost)?;
            }
            Line::DecodeStack(bytes) => net.decode_stack = bytes,
            Line::EmbedStack(bytes) => net.ram.stack = bytes as usize,
            Line::Scratch(bytes) if bytes as usize == net.ram.scratch => {}
            Line::Embedding(index, crc) => {
                let expected = net.embedding_crcs.get(index as usize).ok_or_else(unexpected)?;
                if format!("{crc:08x}") != *expected {
                    return Err(MeasureError::Embedding(net.name.clone(), TestImage::ALL[index as usize]));
                }
                embeddings += 1;
            }
            line => {
                let preparation = net.preparation.as_mut().ok_or_else(unexpected)?;
                match line {
                    Line::Prepare(cost) => preparation.cost = exact(cost)?,
                    Line::PrepareStack(bytes) => preparation.stack = bytes as usize,
                    Line::PrepareScratch(bytes) if bytes as usize == preparation.scratch => {}
                    Line::Pixels(crc) if format!("{crc:08x}") == preparation.pixels_crc => pixels += 1,
                    Line::Pixels(_) => return Err(MeasureError::Pixels(net.name.clone())),
                    _ => return Err(unexpected()),
                }
            }
        }
    }
    let all = TestImage::ALL.len() * files.len();
    let prepared = counted.iter().filter(|counted| counted.net.preparation.is_some()).count();
    let is_whole = counted.len() == files.len() && embeddings == all && pixels == prepared;
    if known.is_empty() || !is_whole {
        return Err(ended_early(text.as_bytes()));
    }
    Ok(Ledger {
        board: board.name.to_owned(),
        description: board.description.to_owned(),
        emulator: board.emulator.to_string(),
        megahertz: board.counter.megahertz(),
        known,
        nets: counted.into_iter().map(|counted| counted.net).collect(),
        program: None,
    })
}

/// Returns the PC's part of the ledger on a model: all but the costs. Embeddings are computed with
/// the plain weights, by the kernels that define the results, so that no fast path is compared with
/// itself.
fn expected(file: &str, bytes: &[u8]) -> Result<Counted, MeasureError> {
    let refused = |error| MeasureError::Model(file.to_owned(), error);
    let repacked = |layout| repack_to_vec(bytes, layout).map_err(refused);
    let (plain, packed) = (repacked(Layout::Plain)?, repacked(Layout::Packed)?);
    let decode = |file| Model::decode(file).map_err(|error| refused(RepackError::Decode(error)));
    let (model, on_board) = (decode(&plain)?, decode(&packed)?);

    let (mut scratch, mut embedding) = (vec![0; model.scratch_len()], vec![0; model.embedding_len()]);
    let mut pixels = vec![0; model.input_len()];
    let crc = |image: TestImage| {
        image.draw(&mut pixels);
        // All lengths are right.
        let _ = model.embed(&pixels, &mut scratch, &mut embedding);
        format!("{:08x}", crc32(&embedding))
    };
    let embedding_crcs = TestImage::ALL.map(crc).to_vec();
    let step = |step| Step { work: Work::new(&step), cost: Cost::default() };
    let net = Net {
        name: file.strip_suffix(".postcard").unwrap_or(file).to_owned(),
        also: Vec::new(),
        model: model.metadata().name.to_owned(),
        hash: hex(&model.hash()),
        steps: on_board.steps().map(step).collect(),
        embed: Cost::default(),
        macs: model.macs(),
        decode: Cost::default(),
        decode_stack: 0,
        ram: Ram {
            image: on_board.input_len(),
            scratch: 4 * on_board.scratch_len(),
            embedding: on_board.embedding_len(),
            stack: 0,
        },
        preparation: preparation(&on_board),
        file: File {
            packed: packed.len(),
            plain: plain.len(),
            weights: on_board.steps().filter_map(|step| step.weights_len()).sum(),
            parameters: model.parameters(),
        },
        embedding_crcs,
    };
    Ok(Counted { net, layers: on_board.steps().map(|step| step.last_layer() as u32).collect() })
}

/// Returns the PC's part of the ledger on a model's preparation.
fn preparation(model: &Model<'_>) -> Option<Preparation> {
    let (preprocessing, shape) = (model.metadata().preprocessing, model.input().shape);
    let [height, width] = photograph::SIZE;
    let frame = Frame::new(Format::Grey8, width, height).ok()?;
    let mut photograph = vec![0; photograph::LEN];
    photograph::draw(&mut photograph);
    let scratch_len = scratch_len(preprocessing, shape);
    let (mut scratch, mut pixels) = (vec![0; scratch_len], vec![0; model.input_len()]);
    prepare(frame, &photograph, preprocessing, shape, &mut scratch, &mut pixels).ok()?;
    Some(Preparation {
        frame: photograph::SIZE,
        cost: Cost::default(),
        scratch: 4 * scratch_len,
        stack: 0,
        pixels_crc: format!("{:08x}", crc32(&pixels)),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The reason why there is no ledger.
#[derive(Debug)]
pub enum MeasureError {
    /// The emulated board counts nothing.
    NoCounter(&'static Board),
    /// A file or folder cannot be read.
    File(PathBuf, io::Error),
    /// This file is not a model.
    Model(String, RepackError),
    /// The program could not be built or booted.
    Emulator(EmulatorError),
    /// The board fell silent after this line.
    Ended(String),
    /// The board printed a line that is not expected there.
    Line(String),
    /// The board counted a known number of instructions wrong.
    Inexact(u32, cost::Cost),
    /// The board's embedding of this image by this model is not the PC's.
    Embedding(String, TestImage),
    /// The pixels that the board made of the photograph for this model are not the PC's.
    Pixels(String),
}

impl From<EmulatorError> for MeasureError {
    fn from(error: EmulatorError) -> Self {
        Self::Emulator(error)
    }
}

impl fmt::Display for MeasureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCounter(board) => write!(
                f,
                "{} counts neither instructions nor cycles; mps2-an386 has the same \
                 processor. On the chip, flash it and read its serial line:\n  \
                 cargo run --release -p firmware --bin measure --features {} --target {}",
                board.emulator, board.name, board.target
            ),
            Self::File(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Model(file, error) => write!(f, "{file}: {error}"),
            Self::Emulator(error) => error.fmt(f),
            Self::Ended(line) => write!(f, "the board printed nothing more after {line:?}"),
            Self::Line(line) => write!(f, "the board printed {line:?}, which is not expected there"),
            Self::Inexact(known, cost) => {
                write!(f, "the counter is not exact: {known} instructions counted as {cost}")
            }
            Self::Embedding(file, image) => {
                write!(f, "{file}: the board's embedding of the test image {image:?} is not the PC's")
            }
            Self::Pixels(file) => {
                write!(f, "{file}: the pixels that the board made of the photograph are not the PC's")
            }
        }
    }
}

impl std::error::Error for MeasureError {}

#[cfg(test)]
mod tests {
    use super::*;
    use tinytriplet_boards::find;

    const MODEL: &[u8] = include_bytes!("../../../models/digits.model.postcard");

    fn files() -> Vec<(String, Vec<u8>)> {
        vec![("built in".to_owned(), MODEL.to_vec())]
    }

    /// Returns what a board prints if its model is packed.
    fn text(crcs: [u32; 4], counted: u32) -> String {
        let cost = |count| cost::Cost { instructions: Some(count), cycles: None };
        let packed = repack_to_vec(MODEL, Layout::Packed).unwrap();
        let model = Model::decode(&packed).unwrap();
        let mut lines = vec![
            Line::Board("riscv-virt"),
            Line::Known(10, cost(counted)),
            Line::Model(model.hash(), model.metadata().name),
            Line::Decode(cost(1)),
            Line::Embed(cost(2)),
        ];
        lines.extend(model.steps().map(|step| Line::Step(step.last_layer() as u32, cost(3))));
        lines.extend([
            Line::DecodeStack(4),
            Line::EmbedStack(5),
            Line::Scratch(4 * model.scratch_len() as u32),
        ]);
        let preparation = preparation(&model).unwrap();
        lines.extend([
            Line::Prepare(cost(6)),
            Line::PrepareStack(7),
            Line::PrepareScratch(preparation.scratch as u32),
            Line::Pixels(u32::from_str_radix(&preparation.pixels_crc, 16).unwrap()),
        ]);
        lines.extend((0..).zip(crcs).map(|(index, crc)| Line::Embedding(index, crc)));
        lines.push(Line::Done);
        lines.iter().map(|line| format!("{line}\n")).collect()
    }

    fn crcs() -> [u32; 4] {
        let net = expected("", MODEL).unwrap().net;
        let crcs: Vec<u32> =
            net.embedding_crcs.iter().map(|crc| u32::from_str_radix(crc, 16).unwrap()).collect();
        crcs.try_into().unwrap()
    }

    fn gathered(text: &str) -> Result<Ledger, MeasureError> {
        gather(find("riscv-virt").unwrap(), &files(), text)
    }

    #[test]
    fn what_is_printed_is_gathered() {
        let ledger = gathered(&text(crcs(), 10)).unwrap();
        let [net] = &ledger.nets[..] else { panic!("{ledger:?}") };
        assert_eq!((net.decode.instructions, net.embed.instructions), (1, 2));
        assert!(net.steps.iter().all(|step| step.cost.instructions == 3), "{net:?}");
        assert_eq!((net.decode_stack, net.ram.stack), (4, 5));
        let preparation = net.preparation.as_ref().unwrap();
        assert_eq!((preparation.cost.instructions, preparation.stack), (6, 7));
        assert_eq!(Ledger::from_json(&ledger.to_json()).unwrap(), ledger);
    }

    #[test]
    fn what_cannot_be_trusted_is_an_error() {
        let crcs = crcs();
        for image in 0..4 {
            let mut wrong = crcs;
            wrong[image] ^= 1;
            let error = gathered(&text(wrong, 10)).unwrap_err();
            assert!(matches!(error, MeasureError::Embedding(_, found) if found == TestImage::ALL[image]));
        }
        assert!(matches!(gathered(&text(crcs, 11)), Err(MeasureError::Inexact(10, _))));
        let good = text(crcs, 10);
        assert!(matches!(gathered(&good.replace("riscv", "mips")), Err(MeasureError::Line(_))));
        assert!(matches!(gathered(&good.replace("decode 1", "decode x")), Err(MeasureError::Line(_))));
        let pixels = good.lines().find(|line| line.starts_with("pixels")).unwrap();
        assert!(matches!(gathered(&good.replace(pixels, "pixels 0")), Err(MeasureError::Pixels(_))));
        let without = good.replace(&format!("{pixels}\n"), "");
        assert!(matches!(gathered(&without), Err(MeasureError::Ended(_))));
        let fewer: String =
            good.split_inclusive('\n').filter(|line| !line.starts_with("embedding 3")).collect();
        assert!(matches!(gathered(&fewer), Err(MeasureError::Ended(_))));
        assert!(matches!(gathered(&good.replace("embedding 3", "embedding 4")), Err(MeasureError::Line(_))));
        assert!(matches!(gathered("board riscv-virt\ndone\n"), Err(MeasureError::Ended(_))));
    }
}
