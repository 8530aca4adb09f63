//! Counts what models cost on a board: builds and boots the measuring program, reads the lines that it prints, and checks
//! them by what the PC computes.

mod table;

use crate::{
    emulator::{self, Binary, Emulator, EmulatorError},
    output::print,
};
use shared_model::{
    Layout, Model,
    engine::TestImage,
    inspect::{Operation, Step},
    model::{
        crc32,
        layout::{RepackError, repack_to_vec},
    },
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
    cost::{Cost, Line},
};

/// The time that the board may compute before it prints the next line.
const PATIENCE: Duration = Duration::from_secs(300);

/// The cost of models on a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The board.
    pub board: &'static Board,
    /// Known numbers of instructions, and the board's counts of them. They are exact, or there is an error instead.
    pub known: Vec<(u32, Cost)>,
    /// The models.
    pub models: Vec<ModelReport>,
}

/// The cost of one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelReport {
    /// The file.
    pub file: String,
    /// The model's name.
    pub name: String,
    /// [`Model::hash`].
    pub hash: [u8; 8],
    /// Bytes of the file.
    pub file_len: usize,
    /// `Model::decode`.
    pub decode: Cost,
    /// `Model::embed`.
    pub embed: Cost,
    /// The steps of an inference, counted in another run of it.
    pub steps: Vec<StepReport>,
    /// Bytes of stack that `Model::decode` needs, with the model it returns.
    pub decode_stack: u32,
    /// Bytes of stack that `Model::embed` needs.
    pub embed_stack: u32,
    /// Bytes of the engine's scratch.
    pub scratch: u32,
    /// CRC-32 of the embeddings of [`TestImage::ALL`]. The PC has computed the same.
    pub embedding_crcs: [u32; TestImage::ALL.len()],
}

/// The cost of one step of an inference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepReport {
    /// The index of the last layer that it computes.
    pub layer: usize,
    /// The operation, in words.
    pub operation: String,
    /// [`Step::macs`].
    pub macs: u64,
    /// The cost.
    pub cost: Cost,
}

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
    let report = measure(board, models)?;
    print(&if json { table::json(&report)? } else { table::table(&report)? })
}

/// Builds the measuring program for `board` with the models, boots it, and gathers what it prints.
///
/// # Errors
/// See [`MeasureError`].
pub fn measure(board: &'static Board, models: &Models) -> Result<Report, MeasureError> {
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

/// Makes a report of the lines that the board printed about these files, and checks it.
fn gather(board: &'static Board, files: &[(String, Vec<u8>)], text: &str) -> Result<Report, MeasureError> {
    let mut report = Report { board, known: Vec::new(), models: Vec::new() };
    let mut embeddings = 0;
    for text in text.lines() {
        let unexpected = || MeasureError::Line(text.to_owned());
        let line = Line::parse(text).ok_or_else(unexpected)?;
        let count = report.models.len();
        match line {
            Line::Board(name) if name == board.name => continue,
            Line::Known(known, cost) => {
                if cost.instructions.is_some_and(|counted| counted != known) {
                    return Err(MeasureError::Inexact(known, cost));
                }
                report.known.push((known, cost));
                continue;
            }
            Line::Model(hash, name) => {
                let (file, bytes) = files.get(count).ok_or_else(unexpected)?;
                let expected = expected(file, bytes)?;
                if (hash, name) != (expected.hash, &*expected.name) {
                    return Err(unexpected());
                }
                report.models.push(expected);
                continue;
            }
            Line::Done => continue,
            _ => {}
        }
        let model = report.models.last_mut().ok_or_else(unexpected)?;
        match line {
            Line::Decode(cost) => model.decode = cost,
            Line::Embed(cost) => model.embed = cost,
            Line::Step(layer, cost) => {
                let step = model.steps.iter_mut().find(|step| step.layer == layer as usize);
                step.ok_or_else(unexpected)?.cost = cost;
            }
            Line::DecodeStack(bytes) => model.decode_stack = bytes,
            Line::EmbedStack(bytes) => model.embed_stack = bytes,
            Line::Scratch(bytes) => model.scratch = bytes,
            Line::Embedding(index, crc) => {
                let expected = model.embedding_crcs.get(index as usize).ok_or_else(unexpected)?;
                if crc != *expected {
                    return Err(MeasureError::Embedding(model.file.clone(), TestImage::ALL[index as usize]));
                }
                embeddings += 1;
            }
            _ => return Err(unexpected()),
        }
    }
    let all = TestImage::ALL.len() * files.len();
    if report.known.is_empty() || report.models.len() != files.len() || embeddings != all {
        return Err(ended_early(text.as_bytes()));
    }
    Ok(report)
}

/// Returns the PC's part of the report on a model: all but the costs. It is computed with the plain weights, by the kernels
/// that define the results, so that no fast path is compared with itself.
fn expected(file: &str, bytes: &[u8]) -> Result<ModelReport, MeasureError> {
    let refused = |error| MeasureError::Model(file.to_owned(), error);
    let plain = repack_to_vec(bytes, Layout::Plain).map_err(refused)?;
    let model = Model::decode(&plain).map_err(|error| refused(RepackError::Decode(error)))?;
    let (mut scratch, mut embedding) = (vec![0; model.scratch_len()], vec![0; model.embedding_len()]);
    let mut pixels = vec![0; model.input_len()];
    let embedding_crcs = TestImage::ALL.map(|image| {
        image.draw(&mut pixels);
        // All lengths are right.
        let _ = model.embed(&pixels, &mut scratch, &mut embedding);
        crc32(&embedding)
    });
    let step = |step: Step<'_>| StepReport {
        layer: step.last_layer(),
        operation: describe(&step),
        macs: step.macs(),
        cost: Cost::default(),
    };
    Ok(ModelReport {
        file: file.to_owned(),
        name: model.metadata().name.to_owned(),
        hash: model.hash(),
        file_len: bytes.len(),
        decode: Cost::default(),
        embed: Cost::default(),
        steps: model.steps().map(step).collect(),
        decode_stack: 0,
        embed_stack: 0,
        scratch: 0,
        embedding_crcs,
    })
}

/// Describes a step in a few words, such as `conv 3x3 1→16, max pool 2x2`.
fn describe(step: &Step<'_>) -> String {
    let (from, to) = (step.input.shape.channels, step.output.shape.channels);
    match &step.operation {
        Operation::Conv2d { geometry, pool, .. } => {
            let [rows, columns] = geometry.kernel;
            let pool = pool.map(|pool| format!(", max pool {}x{}", pool.kernel[0], pool.kernel[1]));
            let groups = match geometry.groups {
                1 => String::new(),
                groups => format!(" / {groups}"),
            };
            format!("conv {rows}x{columns} {from}→{to}{groups}{}", pool.unwrap_or_default())
        }
        Operation::MaxPool2d(pool) => format!("max pool {}x{}", pool.kernel[0], pool.kernel[1]),
        Operation::AveragePool2d(pool, _) => format!("average pool {}x{}", pool.kernel[0], pool.kernel[1]),
        Operation::Dense(_) => format!("dense {}→{to}", step.input.len()),
    }
}

/// The reason why there is no report.
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
    Inexact(u32, Cost),
    /// The board's embedding of this image by this model is not the PC's.
    Embedding(String, TestImage),
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
        }
    }
}

impl std::error::Error for MeasureError {}

#[cfg(test)]
mod tests {
    use super::*;
    use tinytriplet_boards::find;

    const MODEL: &[u8] = include_bytes!("../../../models/default.model.postcard");

    fn files() -> Vec<(String, Vec<u8>)> {
        vec![("built in".to_owned(), MODEL.to_vec())]
    }

    fn text(crcs: [u32; 4], counted: u32) -> String {
        let cost = |count| Cost { instructions: Some(count), cycles: None };
        let model = Model::decode(MODEL).unwrap();
        let mut lines = vec![
            Line::Board("riscv-virt"),
            Line::Known(10, cost(counted)),
            Line::Model(model.hash(), model.metadata().name),
            Line::Decode(cost(1)),
            Line::Embed(cost(2)),
        ];
        lines.extend(model.steps().map(|step| Line::Step(step.last_layer() as u32, cost(3))));
        lines.extend([Line::DecodeStack(4), Line::EmbedStack(5), Line::Scratch(6)]);
        lines.extend((0..).zip(crcs).map(|(index, crc)| Line::Embedding(index, crc)));
        lines.push(Line::Done);
        lines.iter().map(|line| format!("{line}\n")).collect()
    }

    fn gathered(text: &str) -> Result<Report, MeasureError> {
        gather(find("riscv-virt").unwrap(), &files(), text)
    }

    #[test]
    fn what_is_printed_is_gathered() {
        let crcs = expected("", MODEL).unwrap().embedding_crcs;
        let report = gathered(&text(crcs, 10)).unwrap();
        let [model] = &report.models[..] else { panic!("{report:?}") };
        assert_eq!((model.decode.instructions, model.embed.instructions), (Some(1), Some(2)));
        assert!(model.steps.iter().all(|step| step.cost.instructions == Some(3)), "{model:?}");
        assert_eq!((model.decode_stack, model.embed_stack, model.scratch), (4, 5, 6));
    }

    #[test]
    fn what_cannot_be_trusted_is_an_error() {
        let crcs = expected("", MODEL).unwrap().embedding_crcs;
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
        let fewer: String =
            good.split_inclusive('\n').filter(|line| !line.starts_with("embedding 3")).collect();
        assert!(matches!(gathered(&fewer), Err(MeasureError::Ended(_))));
        assert!(matches!(gathered(&good.replace("embedding 3", "embedding 4")), Err(MeasureError::Line(_))));
        assert!(matches!(gathered("board riscv-virt\ndone\n"), Err(MeasureError::Ended(_))));
    }
}
