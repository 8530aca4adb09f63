//! `inspect`: what is in a model file, or what would be in that of a recipe.

mod costs;
pub mod json;
mod recipe;

use super::model_file::read_model;
use crate::terminal::print;
use anyhow::{Context, Result, bail};
use clap::Args;
use serde::{Deserialize, Serialize};
use shared_model::{
    Model,
    engine::SelfTestError,
    inspect::Element,
    model::format::{Background, CalibratedThreshold, Fit, Preprocessing, SHOTS, TrainingSummary},
};
use std::{
    fs,
    path::{Path, PathBuf},
};
use tinytriplet_evaluation::metrics::{SeparatePairs, interval_95};
use tinytriplet_report::{
    run_folder::METRICS,
    table::MANY,
    text::{MODEL_IN_FLASH, RAM, RAM_PLAIN, count, hex, interval, operation, path, thousands},
};

/// Arguments of `inspect`.
#[derive(Clone, Debug, Args)]
pub struct InspectArgs {
    /// A model file, or the folder of a run
    #[arg(required_unless_present = "config", conflicts_with = "config")]
    pub model: Option<PathBuf>,
    /// A recipe instead, which is not trained yet: a file (TOML or JSON), or one of the program's own
    #[arg(short, long, value_name = "FILE|NAME")]
    pub config: Option<String>,
    /// Change a field of the recipe first: --set net.views=3; docs/CONFIG.md lists them
    #[arg(long, value_name = "FIELD=VALUE", requires = "config", conflicts_with = "model")]
    pub set: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Prints layers, shapes, scales, bytes, RAM, multiply-accumulates, hash and CRC of the model at
/// `path`, once it has passed its self-test, as it is and packed, and what it costs on boards; of a
/// recipe, all that is known before it is trained; as JSON where asked.
///
/// # Errors
/// Returns an error if the file is no valid model, or fails its self-test; or if the recipe is wrong.
pub fn run(args: &InspectArgs) -> Result<()> {
    match (&args.model, &args.config) {
        (_, Some(config)) => recipe::run(config, &args.set, args.json),
        (Some(model), None) => inspect(model, args.json),
        (None, None) => bail!("name a model file or the folder of a run, or a recipe with -c"),
    }
}

fn inspect(path: &Path, json: bool) -> Result<()> {
    let file = read_model(path)?;
    let model = file.decode()?;
    let board = file.packed()?;
    let packed = Model::decode(&board)?;
    self_test(&model)
        .and_then(|()| self_test(&packed))
        .with_context(|| format!("{} fails its self-test", path.display()))?;
    let text = match json {
        true => {
            serde_json::to_string_pretty(&json::Report::new(&model, file.bytes(), &packed, board.len()))?
                + "\n"
        }
        false => {
            let held_out = HeldOut::of(path, &model);
            describe(&model, file.bytes(), held_out.as_ref())
                + &describe_packed(&packed, board.len())
                + &costs::text(&packed, board.len(), None)
        }
    };
    Ok(print(text)?)
}

/// The images that thresholds were calibrated on. A model file does not know them, its run's folder
/// does.
#[derive(Deserialize, Serialize)]
pub struct HeldOut {
    /// How many.
    pub images: usize,
    /// Pairs among them that share no image.
    pub pairs: SeparatePairs,
    /// What they were calibrated on instead, if nets were asked about strangers.
    #[serde(skip)]
    pub asked: Option<Asked>,
}

/// Images that nets which had not seen them were asked about.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Asked {
    /// Images of classes that such a net was trained on.
    known: usize,
    /// Images of anything else.
    strangers: usize,
}

impl HeldOut {
    /// Returns those of `model`, which is at `path`; `None` if that is not in its run's folder.
    fn of(path: &Path, model: &Model<'_>) -> Option<Self> {
        let folder = if path.is_dir() { path } else { path.parent()? };
        let text = fs::read(folder.join(METRICS)).ok()?;
        let mut metrics: serde_json::Value = serde_json::from_slice(&text).ok()?;
        let is_the_models = metrics["model"]["hash"] == hex(model.hash());
        let held_out: Self =
            is_the_models.then(|| serde_json::from_value(metrics["held_out"].take()).ok())??;
        let asked = serde_json::from_value(metrics["strangers"]["equal_error"].take()).ok();
        Some(Self { asked, ..held_out })
    }
}

fn self_test(model: &Model<'_>) -> Result<(), SelfTestError> {
    let [mut pixels, mut embedding] = [model.input_len(), model.embedding_len()].map(|len| vec![0; len]);
    model.self_test(&mut pixels, &mut vec![0; model.scratch_len()], &mut embedding)
}

/// Describes the model as a board has it: its weights packed, and the kernel of each layer.
fn describe_packed(model: &Model<'_>, bytes: usize) -> String {
    let mut text = "\nOn a board, its weights packed (docs/KERNELS.md)\n\n  layer                     \
                    weights  path\n"
        .to_owned();
    for step in model.steps() {
        text += &format!(
            "{:>3} {:<22} {:>8}  {}\n",
            step.layer,
            operation(&step),
            step.weights_len().map_or(String::new(), |len| thousands(len as u64)),
            path(step.kernel),
        );
    }
    text + &format!(
        "\n{MODEL_IN_FLASH:<21} {} bytes\n{RAM:<21} {}\n{:22}without the stack, which docs/RESULTS.md has\n",
        thousands(bytes as u64),
        ram(model),
        ""
    )
}

/// Describes the RAM of an inference.
fn ram(model: &Model<'_>) -> String {
    format!(
        "{} bytes: image {}, scratch {}, embedding {}",
        thousands(model.ram_len() as u64),
        thousands(model.input_len() as u64),
        thousands(4 * model.scratch_len() as u64),
        thousands(model.embedding_len() as u64),
    )
}

fn describe(model: &Model<'_>, file: &[u8], held_out: Option<&HeldOut>) -> String {
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
            {precision}
images      {preprocessing}
{views}distance    {distance}
{thresholds}
background  {background} prototypes of what it was trained on
",
        name = metadata.name,
        crc = header.crc,
        version = header.version,
        bytes = thousands(file.len() as u64),
        seen = thousands(images_seen),
        precision = precision(precision_at_1, held_out),
        preprocessing = preprocessing(metadata.preprocessing),
        views = views(metadata.views),
        distance = model.distance(),
        thresholds = thresholds(model, held_out),
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
    text + &format!("{RAM_PLAIN:<21} {}\n", ram(model))
}

/// Returns P@1 of the held-out images, which are compared with each other.
fn precision(share: f32, held_out: Option<&HeldOut>) -> String {
    if held_out.is_some_and(|held_out| held_out.images == 0) {
        return "nothing was held out of the training".into();
    }
    let share = f64::from(share);
    let range = held_out.map_or(String::new(), |held_out| in_range(share, held_out.images, held_out));
    format!("P@1, nearest other held-out image: {:.2} %{range}", 100.0 * share)
}

/// Returns ` (44 to 97 %)`, where there are few images.
fn in_range(share: f64, trials: usize, held_out: &HeldOut) -> String {
    let range = if held_out.images < MANY { interval_95(share, trials) } else { None };
    range.map_or(String::new(), |range| format!(" ({})", interval(range)))
}

/// Describes the thresholds, with their errors on what they were calibrated on.
fn thresholds(model: &Model<'_>, held_out: Option<&HeldOut>) -> String {
    let thresholds = model.metadata().thresholds;
    let own = thresholds.by_shots.map_or(String::new(), |by_shots| own(model, by_shots));
    let named = [("eer", thresholds.equal_error), ("far1", thresholds.false_accept_1_percent)];
    let lines = named.into_iter().filter_map(|(name, of)| Some(threshold(name, model, of?, held_out)));
    let lines: String = lines.collect();
    if lines.is_empty() {
        return "unknown if  never: the model has no threshold (not calibrated)".into();
    }
    let on = match held_out {
        Some(HeldOut { asked: Some(Asked { known, strangers }), .. }) => format!(
            "on {} of nets without some of the classes and decoys, and\n            {} of strangers to them; in brackets: 95 % sure",
            count(*known as u64, "image"),
            count(*strangers as u64, "image")
        ),
        None => "on pairs of held-out training images; how many, only the run's folder knows".into(),
        Some(held_out) => {
            let ranges = if held_out.images < MANY { "; in brackets: 95 % sure" } else { "" };
            format!("on pairs of {}{ranges}", count(held_out.images as u64, "held-out training image"))
        }
    };
    format!(
        "unknown if  farther away than        false accepts        false rejects\n{lines}            {on}{own}"
    )
}

/// Describes the thresholds by shots.
fn own(model: &Model<'_>, by_shots: [CalibratedThreshold; SHOTS.len()]) -> String {
    let line = |(shots, threshold): (u32, CalibratedThreshold)| {
        let CalibratedThreshold { distance, false_accept_rate, false_reject_rate } = threshold;
        let real = model.distance().real(distance, model.output().scale);
        let [accepted, missed] = [false_accept_rate, false_reject_rate].map(|rate| 100.0 * f64::from(rate));
        let distance = format!("{real:.4} ({distance})");
        format!("\n  own, {shots:<4} {distance:<24} {:<20} {missed:.2} %", format!("{accepted:.2} %"))
    };
    let lines: String = SHOTS.into_iter().zip(by_shots).map(line).collect();
    format!(
        "\nor, by shots                         strangers accepted   not named right{lines}\n            \
         with five labels enrolled, each by so many images or more"
    )
}

fn views(views: u8) -> String {
    match views {
        1 => String::new(),
        _ => format!("            {views} views of each, whose embeddings are averaged\n"),
    }
}

fn preprocessing(Preprocessing { fit, background, .. }: Preprocessing) -> String {
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

fn threshold(
    name: &str,
    model: &Model<'_>,
    threshold: CalibratedThreshold,
    held_out: Option<&HeldOut>,
) -> String {
    let CalibratedThreshold { distance, false_accept_rate, false_reject_rate } = threshold;
    let real = model.distance().real(distance, model.output().scale);
    let rate = |share: f32, of_asked: fn(Asked) -> usize, of_pairs: fn(SeparatePairs) -> usize| {
        let share = f64::from(share);
        let range = held_out.map_or(String::new(), |held_out| match held_out.asked {
            Some(asked) => interval_95(share, of_asked(asked))
                .map_or(String::new(), |range| format!(" ({})", interval(range))),
            None => in_range(share, of_pairs(held_out.pairs), held_out),
        });
        format!("{:.2} %{range}", 100.0 * share)
    };
    let accepts = rate(false_accept_rate, |asked| asked.strangers, |pairs| pairs.different);
    let rejects = rate(false_reject_rate, |asked| asked.known, |pairs| pairs.same);
    format!("  {name:<9} {:<24} {accepts:<20} {rejects}\n", format!("{real:.4} ({distance})"))
}

fn tensor(tensor: &shared_model::inspect::Tensor) -> String {
    let element = match tensor.element {
        Element::Unsigned => "0..255",
        Element::Signed => "-127..127",
    };
    format!("{:>11} {element:>9} {:>10.3e}", tensor.shape.to_string(), tensor.scale)
}
