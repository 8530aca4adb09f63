use super::board::Board;
use crate::{
    commands::{
        data::{self, DataArgs},
        images::{self, IfBroken, Image},
        model_file::{ModelFile, read_model},
    },
    terminal::{Progress, print},
};
use anyhow::{Context, Result, ensure};
use clap::{Args, value_parser};
use rayon::prelude::*;
use shared_model::{Model, model::format::MAX_LAYERS};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
};
use tinytriplet_evaluation::engine::Engine;
use tinytriplet_recipe::DataConfig;
use tinytriplet_report::text::{count, hex, operation};

/// Test images that are compared unless told otherwise.
const IMAGES: u16 = 10;

/// Arguments of `parity`.
#[derive(Clone, Debug, Args)]
pub struct ParityArgs {
    /// Images to compare with, as for `recognise` [default: test images of the data at hand]
    #[arg(value_name = "IMAGES")]
    files: Vec<PathBuf>,
    /// Number of test images
    #[arg(long, value_name = "N", default_value_t = IMAGES, conflicts_with = "files", value_parser = value_parser!(u16).range(1..))]
    images: u16,
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
    let engine = Engine::new(&plain);
    let expected = engine.embed_all(images.par_iter().map(|image| image.pixels.as_slice()))?;

    let mut progress = Progress::new("parity", images.len() as u64, "images");
    let mut different = 0u64;
    for (done, (image, expected)) in (1..).zip(images.iter().zip(expected.chunks(plain.embedding_len()))) {
        let digests = digests(&packed, &image.pixels)?;
        let actual = board.client.digests(&image.pixels)?;
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
            None if board.client.embed(&image.pixels)? != expected => {
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
        return Ok(ExitCode::FAILURE);
    }
    print(format_args!("{total}, {steps} and an embedding each: as this PC computes, bit for bit\n"))?;
    Ok(ExitCode::SUCCESS)
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
