//! `inspect`: what is in a model file.

pub mod json;

use super::model_file::read_model;
use crate::terminal::print;
use anyhow::{Context, Result};
use clap::Args;
use shared_model::{
    Model,
    engine::SelfTestError,
    inspect::Element,
    model::format::{Background, CalibratedThreshold, Fit, Preprocessing, TrainingSummary},
};
use std::path::PathBuf;
use tinytriplet_report::text::{hex, operation, path, thousands};

/// Arguments of `inspect`.
#[derive(Clone, Debug, Args)]
pub struct InspectArgs {
    /// A model file, or the folder of a run
    pub model: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Prints layers, shapes, scales, bytes, RAM, multiply-accumulates, hash and CRC of the model at
/// `path`, once it has passed its self-test, as it is and packed; as JSON where asked.
///
/// # Errors
/// Returns an error if the file is no valid model, or fails its self-test.
pub fn run(args: &InspectArgs) -> Result<()> {
    let file = read_model(&args.model)?;
    let model = file.decode()?;
    let board = file.packed()?;
    let packed = Model::decode(&board)?;
    self_test(&model)
        .and_then(|()| self_test(&packed))
        .with_context(|| format!("{} fails its self-test", args.model.display()))?;
    let text = match args.json {
        true => {
            serde_json::to_string_pretty(&json::Report::new(&model, file.bytes(), &packed, board.len()))?
                + "\n"
        }
        false => describe(&model, file.bytes()) + &describe_packed(&packed, board.len()),
    };
    Ok(print(text)?)
}

fn self_test(model: &Model<'_>) -> Result<(), SelfTestError> {
    let [mut pixels, mut embedding] = [model.input_len(), model.embedding_len()].map(|len| vec![0; len]);
    model.self_test(&mut pixels, &mut vec![0; model.scratch_len()], &mut embedding)
}

/// Describes the model as a board has it: its weights packed, and the kernel of each layer.
fn describe_packed(model: &Model<'_>, bytes: usize) -> String {
    let mut text = format!(
        "\nOn a board, its weights packed (docs/KERNELS.md): {} bytes of flash\n\n  layer                     \
         weights  path\n",
        thousands(bytes as u64)
    );
    for step in model.steps() {
        text += &format!(
            "{:>3} {:<22} {:>8}  {}\n",
            step.layer,
            operation(&step),
            step.weights_len().map_or(String::new(), |len| thousands(len as u64)),
            path(step.kernel),
        );
    }
    text + "\n" + &ram(model, "rows of maps and workspace")
}

/// Describes the RAM of an inference; `scratch` is what the engine's scratch holds.
fn ram(model: &Model<'_>, scratch: &str) -> String {
    format!(
        "RAM         {} bytes: image {}, {scratch} {}, embedding {}\n",
        thousands(model.ram_len() as u64),
        thousands(model.input_len() as u64),
        thousands(4 * model.scratch_len() as u64),
        thousands(model.embedding_len() as u64),
    )
}

fn describe(model: &Model<'_>, file: &[u8]) -> String {
    let metadata = model.metadata();
    let header = model.header();
    let TrainingSummary { dataset, tool, seed, images_seen, precision_at_1 } = metadata.training;
    let hash_note = if model.hash_matches(file) { "" } else { "  (does NOT match the content)" };
    let hash = hex(model.hash());
    let mut text = format!(
        "\
name        {name}
hash        {hash}{hash_note}
CRC-32      {crc:08x}
format      version {version}, {bytes} bytes
self-test   passed
trained on  {dataset}, {seen} images seen, seed {seed}, by {tool}
            P@1 {precision:.2} % on held-out training images
images      {preprocessing}
distance    {distance}
unknown if  above {equal}  (equal error)
            above {far}  (1 % false accepts)
background  {background} prototypes of what it was trained on
",
        name = metadata.name,
        crc = header.crc,
        version = header.version,
        bytes = thousands(file.len() as u64),
        seen = thousands(images_seen),
        precision = 100.0 * precision_at_1,
        preprocessing = preprocessing(metadata.preprocessing),
        distance = model.distance(),
        equal = threshold(model, metadata.thresholds.equal_error),
        far = threshold(model, metadata.thresholds.false_accept_1_percent),
        background = metadata.background_prototypes,
    );
    text += "\n  layer                        output      type      scale  parameters       MACs\n";
    text += &format!("    image                  {}\n", tensor(&model.input()));
    for step in model.steps() {
        text += &format!(
            "{:>3} {:<22} {} {:>11} {:>10}\n",
            step.layer,
            operation(&step),
            tensor(&step.output),
            thousands(step.parameters() as u64),
            thousands(step.macs()),
        );
    }
    text += &format!(
        "    total                                             {:>11} {:>10}\n\n",
        thousands(model.parameters() as u64),
        thousands(model.macs()),
    );
    text + &ram(model, "whole maps between layers")
}

fn preprocessing(Preprocessing { fit, background }: Preprocessing) -> String {
    let fit = match fit {
        Fit::Stretch => "stretched to the size",
        Fit::Contain => "scaled to fit the size",
        Fit::Centre => "scaled to fit 20/28 of the size, centre of mass in the middle",
    };
    let background = match background {
        Background::Dark => "dark",
        Background::Light => "light",
        Background::Auto => "dark or light",
    };
    format!("{fit}; {background} background")
}

fn threshold(model: &Model<'_>, threshold: Option<CalibratedThreshold>) -> String {
    match threshold {
        None => "(not calibrated)".into(),
        Some(CalibratedThreshold { distance, false_accept_rate, false_reject_rate }) => format!(
            "{distance} = {:.4}: accepts {:.2} % of different, rejects {:.2} % of same",
            model.distance().real(distance, model.output().scale),
            100.0 * false_accept_rate,
            100.0 * false_reject_rate,
        ),
    }
}

fn tensor(tensor: &shared_model::inspect::Tensor) -> String {
    let element = match tensor.element {
        Element::Unsigned => "0..255",
        Element::Signed => "-127..127",
    };
    format!("{:>11} {element:>9} {:>10.3e}", tensor.shape.to_string(), tensor.scale)
}
