use super::board::{Board, RAW_SIZE, with_advice};
use crate::{
    commands::{
        data::{self, DataArgs},
        images::{self, IfBroken, Image},
        model_file::{ModelFile, read_model},
    },
    terminal::{Progress, note, print},
};
use anyhow::{Context, Result, ensure};
use clap::{Args, value_parser};
use rayon::prelude::*;
use shared_model::{
    Model,
    model::format::{MAX_LAYERS, Preprocessing},
    prepare::{Crop, Format, Frame, can_prepare, prepare, scratch_len},
};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
};
use tinytriplet_data::{Rng, raw::Raw};
use tinytriplet_evaluation::engine::Engine;
use tinytriplet_recipe::DataConfig;
use tinytriplet_report::text::{count, hex, operation};

/// Test images that are compared unless told otherwise.
const IMAGES: u16 = 10;
/// Random camera frames that are compared unless told otherwise: two in every format.
const FRAMES: u16 = 12;
/// The longest side of a random frame.
const SIDE: usize = 48;

/// Arguments of `parity`.
#[derive(Clone, Debug, Args)]
pub struct ParityArgs {
    /// Images to compare with, as for `recognise` [default: test images of the data at hand]
    #[arg(value_name = "IMAGES")]
    files: Vec<PathBuf>,
    /// Number of test images
    #[arg(long, value_name = "N", default_value_t = IMAGES, conflicts_with = "files", value_parser = value_parser!(u16).range(1..))]
    images: u16,
    /// Number of random camera frames
    #[arg(long, value_name = "N", default_value_t = FRAMES)]
    frames: u16,
    #[command(flatten)]
    data: DataArgs,
    /// The model on the board: a file, or the folder of a run [default: the one with the board's
    /// hash among runs/*/model.postcard, firmware/models/*.postcard and TINYTRIPLET_MODEL]
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
}

/// Compares what the board computes, step by step, with what this PC does.
pub fn run(mut board: Board, args: &ParityArgs) -> Result<ExitCode> {
    let file = find_model(&board, args.model.as_deref())?;
    let plain = file.decode()?;
    let packed = file.packed()?;
    let packed = Model::decode(&packed)?;
    let images = find_images(&board, args)?;
    let differ = compare_pixels(&mut board, plain.metadata().preprocessing, args.frames, &images)?;
    let engine = Engine::new(&plain);
    let expected = engine.embed_all(images.par_iter().map(|image| image.pixels.as_slice()))?;

    let mut progress = Progress::new("parity", images.len() as u64, "images");
    let mut different = 0u64;
    for (done, (image, expected)) in (1..).zip(images.iter().zip(expected.chunks(plain.embedding_len()))) {
        let digests = digests(&packed, &image.pixels)?;
        board.client.show_pixels(&image.pixels)?;
        let actual = board.client.digests()?;
        let first = packed.steps().zip(0..).find(|&(_, at)| digests.get(at) != actual.get(at));
        let difference = match first {
            Some((step, at)) => {
                let digest =
                    |digest: Option<&u32>| digest.map_or("nothing".into(), |crc| format!("{crc:08x}"));
                Some(format!(
                    "differs from layer {} on\n  {}, {} to {}\n  CRC {} on the board, {} on this PC",
                    step.layer,
                    operation(&step),
                    step.input.shape,
                    step.output.shape,
                    digest(actual.get(at)),
                    digest(digests.get(at)),
                ))
            }
            None if board.client.embed()? != expected => {
                Some("all layers are the same, and the embedding is another one".into())
            }
            None => None,
        };
        if let Some(difference) = difference {
            different += 1;
            progress.suspend(|| print(format_args!("{image}: {difference}\n")))?;
        }
        progress.set(done, String::new);
    }
    drop(progress);
    let (total, steps) = (count(images.len() as u64, "image"), count(packed.steps().count() as u64, "step"));
    if different > 0 {
        print(format_args!("{different} of {total} DIFFER: the board does not compute what this PC does\n"))?;
    } else {
        print(format_args!("{total}, {steps} and an embedding each: as this PC computes, bit for bit\n"))?;
    }
    Ok(if differ || different > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Compares the pixels that the board makes of camera frames with those that this PC makes: random
/// ones, and the images. Returns whether some differ.
fn compare_pixels(
    board: &mut Board,
    preprocessing: Preprocessing,
    random_frames: u16,
    images: &[Image],
) -> Result<bool> {
    let shape = board.model.input.shape;
    if !can_prepare(preprocessing, shape) {
        note(
            "note",
            "the model takes pixels that are neither grey nor in colour, so a board makes none of a camera's frame",
        );
        return Ok(false);
    }
    // What a data set has are pixels already: a frame of the net's own size and colours.
    let of_pixels = if shape.channels == 1 { Format::Grey8 } else { Format::Rgb888 };
    let mut rng = Rng::new(1);
    let mut frames: Vec<(String, Raw)> = Vec::new();
    for (number, &format) in (0..random_frames).zip(Format::ALL.iter().cycle()) {
        let raw = random(&mut rng, format);
        let Crop { left, top, width, height } = raw.frame.crop();
        let name = format!(
            "random frame {number} ({format:?}, {}x{} pixels, of which {width}x{height} from {left}, {top} on)",
            raw.frame.width(),
            raw.frame.height()
        );
        frames.push((name, raw));
    }
    for image in images {
        let raw = match image.number {
            None => board.read_raw(&image.path, RAW_SIZE)?,
            Some(_) => Raw {
                frame: Frame::new(of_pixels, shape.width, shape.height)?,
                bytes: image.pixels.clone(),
                block: 1,
            },
        };
        frames.push((image.to_string(), raw));
    }
    let mut scratch = vec![0; scratch_len(preprocessing, shape)];
    let mut expected = vec![0; board.model.input.len()];
    let (mut progress, mut different) = (Progress::new("parity", frames.len() as u64, "frames"), 0u64);
    for (done, (name, Raw { frame, bytes, .. })) in (1..).zip(&frames) {
        prepare(*frame, bytes, preprocessing, shape, &mut scratch, &mut expected)?;
        board.client.show_frame(*frame, bytes).map_err(with_advice).with_context(|| name.clone())?;
        let actual = board.client.pixels()?;
        if actual != expected {
            different += 1;
            let first = actual.iter().zip(&expected).position(|(a, b)| a != b);
            let first = first.map_or("their number".into(), |first| {
                let (pixel, width) = (first / usize::from(shape.channels), usize::from(shape.width));
                let (row, column) = (pixel / width, pixel % width);
                format!(
                    "row {row}, column {column} is {} on the board, {} on this PC",
                    actual[first], expected[first]
                )
            });
            progress.suspend(|| print(format_args!("{name}: other pixels\n  {first}\n")))?;
        }
        progress.set(done, String::new);
    }
    drop(progress);
    let total = count(frames.len() as u64, "frame");
    if different > 0 {
        print(format_args!(
            "{different} of {total} DIFFER: the board does not make the pixels of this PC\n"
        ))?;
    } else {
        print(format_args!("{total} to pixels: as this PC makes them, byte for byte\n"))?;
    }
    Ok(different > 0)
}

/// Returns a frame of random size and content: noise, or a few strokes on noisy paper, in some of
/// them with a crop.
fn random(rng: &mut Rng, format: Format) -> Raw {
    let mut side = || 1 + rng.below(SIDE) as u16;
    let (mut width, height) = (side(), side());
    if matches!(format, Format::Yuyv | Format::Uyvy) {
        width = width.next_multiple_of(2);
    }
    let mut frame =
        Frame::new(format, width, height).expect("its sides are at least 1, and even where they must");
    if rng.below(2) == 0 {
        let mut part = |side: u16| {
            let from = rng.below(side.into()) as u16;
            (from, 1 + rng.below((side - from).into()) as u16)
        };
        let ((left, width), (top, height)) = (part(width), part(height));
        frame = frame.cropped(Crop { left, top, width, height }).expect("it is inside the frame");
    }
    let (row, height) = (frame.row_len(), usize::from(height));
    let (paper, noise) = if rng.below(3) == 0 { (0, 256) } else { (rng.below(256), 1 + rng.below(30)) };
    let mut bytes: Vec<u8> = (0..row * height).map(|_| (paper + rng.below(noise)).min(255) as u8).collect();
    for _ in 0..rng.below(4) {
        let (ink, from) = (rng.below(256) as u8, rng.below(bytes.len()));
        let (rows, columns) = (1 + rng.below(height), 1 + rng.below(1 + row / 3));
        for line in bytes[from..].chunks_mut(row).take(rows) {
            line.iter_mut().take(columns).for_each(|byte| *byte = ink);
        }
    }
    Raw { frame, bytes, block: 1 }
}

fn digests(model: &Model<'_>, pixels: &[u8]) -> Result<heapless::Vec<u32, MAX_LAYERS>> {
    let mut scratch = vec![0; model.scratch_len()];
    let mut embedding = vec![0; model.embedding_len()];
    Ok(model.digests(pixels, &mut scratch, &mut embedding)?)
}

/// Returns the images that are named, or test images of the data at hand.
fn find_images(board: &Board, args: &ParityArgs) -> Result<Vec<Image>> {
    let (shape, preprocessing) = (board.model.input.shape, board.model.preprocessing);
    if !args.files.is_empty() {
        return images::read(&args.files, shape, preprocessing, IfBroken::Fail);
    }
    let data = data::find(&args.data, 1, &DataConfig::default().for_model(shape, preprocessing))?;
    let test = &data.test;
    ensure!(
        test.image(0).len() == board.model.input.len(),
        "the test images have {}x{} pixels, the model takes {shape}: name image files",
        test.height,
        test.width,
    );
    let image = |number| Image {
        path: format!("{}, test image", data.name).into(),
        number: Some(number),
        pixels: test.image(number).to_vec(),
    };
    Ok((0..usize::from(args.images).min(test.len())).map(image).collect())
}

/// Returns the file of the board's model.
fn find_model(board: &Board, given: Option<&Path>) -> Result<ModelFile> {
    let hash = |file: &ModelFile| file.decode().map(|model| model.hash());
    if let Some(path) = given {
        let file = read_model(path)?;
        let found = hash(&file)?;
        ensure!(
            found == board.model.hash,
            "{}: is the model {}, and the board has \"{}\" {}",
            path.display(),
            hex(found),
            board.model.name,
            board.model.hash(),
        );
        return Ok(file);
    }
    let fits = |path: PathBuf| {
        let file = read_model(&path).ok()?;
        hash(&file).is_ok_and(|hash| hash == board.model.hash).then_some(file)
    };
    candidates().into_iter().find_map(fits).with_context(|| {
        format!(
            "no model file at hand has the board's hash, \"{}\" {}: say --model FILE. Looked at runs/*/model.postcard, \
             firmware/models/*.postcard and TINYTRIPLET_MODEL",
            board.model.name,
            board.model.hash(),
        )
    })
}

/// Returns where the model that was built into a board may lie: below this folder, or that of the
/// project.
fn candidates() -> Vec<PathBuf> {
    let files = |folder: &Path| -> Vec<PathBuf> {
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    let mut candidates: Vec<PathBuf> = env::var_os("TINYTRIPLET_MODEL").map(Into::into).into_iter().collect();
    for project in [Path::new("."), &Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")] {
        candidates.extend(files(&project.join("runs")));
        candidates.extend(files(&project.join("firmware/models")));
    }
    candidates
}

/// Has the board check itself.
pub fn self_test(mut board: Board) -> Result<ExitCode> {
    let (expected, actual) = board.client.self_test()?;
    let model = format!("model \"{}\" {}", board.model.name, board.model.hash());
    if actual == expected {
        print(format_args!("passed: {}, {model}, CRC {actual:08x}\n", board.name))?;
        return Ok(ExitCode::SUCCESS);
    }
    print(format_args!(
        "FAILED: {}, {model}: computes CRC {actual:08x}, not {expected:08x}\n\
         `host-train device parity` tells from which layer on\n",
        board.name
    ))?;
    Ok(ExitCode::FAILURE)
}
