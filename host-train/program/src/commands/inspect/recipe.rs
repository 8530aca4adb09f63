//! A recipe's net before it is trained.

use super::{costs, describe_packed, json::Board};
use crate::{commands::train::recipe_text, terminal::print};
use anyhow::Result;
use serde::Serialize;
use shared_model::{Layout, Model, model::layout::repack_to_vec};
use tinytriplet_recipe::{Config, ValidConfig};
use tinytriplet_report::{
    BoardEstimate,
    boards::estimates,
    text::{operation, path, thousands},
};
use tinytriplet_training::train::untrained_file;

/// The output of `--json`, which the command's help describes.
#[derive(Serialize)]
struct Report<'a> {
    name: &'a str,
    input: [u16; 3],
    embedding: usize,
    parameters: usize,
    macs: u64,
    board: Board,
    layers: Vec<Layer>,
    boards: Vec<BoardEstimate>,
    slow_layers: Vec<String>,
}

#[derive(Serialize)]
struct Layer {
    layer: usize,
    kind: String,
    output: [u16; 3],
    parameters: usize,
    macs: u64,
    board_path: &'static str,
}

/// Prints what a recipe's net takes.
///
/// # Errors
/// Returns an error if there is no such recipe, it is wrong, or no such net can be built or run.
pub fn run(name: &str, set: &[String], json: bool) -> Result<()> {
    let text = recipe_text(name)?;
    let config = Config::parse(&text, name)?.with(set)?.validate(name)?;
    let plain = untrained_file(&config.net, config.data.shape())?;
    let file = repack_to_vec(&plain, Layout::Packed)?;
    let model = Model::decode(&file)?;
    let text = match json {
        true => serde_json::to_string_pretty(&report(&config, &model, file.len()))? + "\n",
        false => {
            describe(&config, &model)
                + &describe_packed(&model, file.len())
                + &costs::text(&model, file.len(), Some(&config.net))
        }
    };
    Ok(print(text)?)
}

fn describe(config: &ValidConfig, model: &Model<'_>) -> String {
    let mut text = format!(
        "recipe      {}, not trained\nembedding   {} values\n\n  layer                        output  parameters       MACs\n    \
         image                  {:>11}\n",
        config.name,
        model.embedding_len(),
        model.input().shape.to_string(),
    );
    for step in model.steps() {
        text += &format!(
            "{:>3} {:<22} {:>11} {:>11} {:>10}\n",
            step.layer,
            operation(&step),
            step.output.shape.to_string(),
            thousands(step.parameters() as u64),
            thousands(step.macs()),
        );
    }
    text + &format!(
        "    total {:>28} {:>11} {:>10}\n",
        "",
        thousands(model.parameters() as u64),
        thousands(model.macs())
    )
}

fn report<'a>(config: &'a ValidConfig, model: &Model<'_>, flash: usize) -> Report<'a> {
    let layers = model.steps().map(|step| Layer {
        layer: step.layer,
        kind: operation(&step),
        output: super::json::shape(step.output.shape),
        parameters: step.parameters(),
        macs: step.macs(),
        board_path: path(step.kernel),
    });
    Report {
        name: &config.name,
        input: super::json::shape(model.input().shape),
        embedding: model.embedding_len(),
        parameters: model.parameters(),
        macs: model.macs(),
        board: Board { flash_bytes: flash, ram_bytes: model.ram_len() },
        layers: layers.collect(),
        boards: estimates(model, flash),
        slow_layers: costs::slow(model, Some(&config.net)),
    }
}
