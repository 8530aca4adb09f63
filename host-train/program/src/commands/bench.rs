//! `bench`: embeddings a second on this machine, and where the time goes.

use super::model_file::read_model;
use crate::terminal::print;
use anyhow::Result;
use clap::Args;
use rayon::prelude::*;
use serde::Serialize;
use shared_model::{Model, inspect::Step};
use std::{
    hint::black_box,
    path::PathBuf,
    time::{Duration, Instant},
};
use tinytriplet_evaluation::engine::{Engine, StepPath};
use tinytriplet_report::text::{hex, operation, thousands};

/// Arguments of `bench`.
#[derive(Clone, Debug, Args)]
pub struct BenchArgs {
    /// A model file, or the folder of a run
    pub model: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Embeddings a second of `model` in batches, on all of this machine's cores: the best of several
/// rounds of at least 0.2 seconds, because whatever else the machine does only makes a round
/// slower.
pub fn embeddings_per_second(model: &Model<'_>) -> f64 {
    rate(&Engine::new(model))
}

fn rate(engine: &Engine<'_>) -> f64 {
    const ROUNDS: usize = 5;
    const BATCH: usize = 256;
    let image = image(engine.model());
    let round = || {
        let started = Instant::now();
        let mut embedded = 0;
        while started.elapsed() < Duration::from_millis(200) {
            let batch = (0..BATCH).into_par_iter().map(|_| image.as_slice());
            black_box(engine.embed_all(batch).expect("an image of the model's size"));
            embedded += BATCH;
        }
        embedded as f64 / started.elapsed().as_secs_f64()
    };
    (0..ROUNDS).map(|_| round()).fold(0.0, f64::max)
}

/// Returns the image that is embedded. Every value occurs; time does not depend on the pixels.
fn image(model: &Model<'_>) -> Vec<u8> {
    (0..model.input_len()).map(|index| (index * 37 % 256) as u8).collect()
}

/// The output of `bench --json`, which the command's help describes.
#[derive(Serialize)]
struct Report {
    embeddings_per_second: f64,
    threads: usize,
    instruction_set: &'static str,
    macs: u64,
    hash: String,
    microseconds: f64,
    plain_microseconds: f64,
    layers: Vec<LayerReport>,
}

/// A step of the model on one thread.
#[derive(Serialize)]
struct LayerReport {
    layer: usize,
    kind: String,
    input: String,
    output: String,
    macs: u64,
    path: &'static str,
    microseconds: f64,
    plain_microseconds: f64,
    gigamacs_per_second: f64,
}

/// Measures a model and prints the result.
///
/// # Errors
/// Returns an error if the file is no valid model.
pub fn run(BenchArgs { model, json }: &BenchArgs) -> Result<()> {
    let file = read_model(model)?;
    let model = file.decode()?;
    let report = measure(&model);
    let text = if *json { serde_json::to_string_pretty(&report)? + "\n" } else { describe(&report) };
    Ok(print(text)?)
}

fn measure(model: &Model<'_>) -> Report {
    let engine = Engine::new(model);
    let embeddings_per_second = rate(&engine);
    let image = image(model);
    let batch = [image.as_slice(); 240];
    let fast = fastest(batch.len(), || engine.embed_timed(&batch).expect("images of the model's size").1);
    let plain = fastest(1, || plain_times(model, &image));
    let layers: Vec<LayerReport> = engine
        .steps()
        .zip(fast.iter().zip(&plain))
        .map(|((step, path), (&fast, &plain))| layer_report(&step, path, fast, plain))
        .collect();
    Report {
        embeddings_per_second,
        threads: rayon::current_num_threads(),
        instruction_set: engine.simd().name(),
        macs: model.macs(),
        hash: hex(model.hash()),
        microseconds: fast.iter().sum(),
        plain_microseconds: plain.iter().sum(),
        layers,
    }
}

fn layer_report(step: &Step<'_>, path: StepPath, microseconds: f64, plain_microseconds: f64) -> LayerReport {
    LayerReport {
        layer: step.layer,
        kind: operation(step),
        input: step.input.shape.to_string(),
        output: step.output.shape.to_string(),
        macs: step.macs(),
        path: match path {
            StepPath::Fast => "fast",
            StepPath::Plain => "plain",
        },
        microseconds,
        plain_microseconds,
        gigamacs_per_second: step.macs() as f64 / microseconds / 1e3,
    }
}

/// Microseconds an image of each step, in the fastest of the rounds that fit into half a second. A
/// round gives the times for `images` images.
fn fastest(images: usize, mut round: impl FnMut() -> Vec<Duration>) -> Vec<f64> {
    let started = Instant::now();
    let mut best = round();
    while started.elapsed() < Duration::from_millis(500) {
        let times = round();
        if times.iter().sum::<Duration>() < best.iter().sum() {
            best = times;
        }
    }
    best.iter().map(|time| 1e6 * time.as_secs_f64() / images as f64).collect()
}

/// Times of the steps with the kernels that define the arithmetic.
fn plain_times(model: &Model<'_>, image: &[u8]) -> Vec<Duration> {
    let mut scratch = vec![0; model.scratch_len()];
    let mut embedding = vec![0; model.embedding_len()];
    let mut times = Vec::new();
    let mut before = Instant::now();
    let observe = |_: &Step<'_>, output: &[u8]| {
        black_box(output);
        let now = Instant::now();
        times.push(now - before);
        before = now;
    };
    model.embed_observed(image, &mut scratch, &mut embedding, observe).expect("buffers of the right length");
    times
}

/// Returns the report for people, 80 columns wide.
fn describe(report: &Report) -> String {
    let line = |name: &str, output: &str, macs: u64, [time, plain]: [f64; 2], path: &str| {
        let speed = if macs == 0 { String::new() } else { format!("{:.1}", macs as f64 / time / 1e3) };
        let (macs, faster) = (thousands(macs), plain / time);
        let line = format!("{name:<29} {output:>10} {macs:>10} {time:>7.2} {speed:>6} {faster:>5.1}x {path}");
        line.trim_end().to_owned() + "\n"
    };
    let mut text = format!("{:53}us per {:>12}\n", "One thread", "times");
    text += "  layer                           output       MACs   image GMAC/s  plain path\n";
    for layer in &report.layers {
        let name = format!("{:>3} {}", layer.layer, layer.kind);
        let times = [layer.microseconds, layer.plain_microseconds];
        text += &line(&name, &layer.output, layer.macs, times, layer.path);
    }
    text += &line("    total", "", report.macs, [report.microseconds, report.plain_microseconds], "");
    let gigamacs = report.embeddings_per_second * report.macs as f64 / 1e9;
    text += &format!(
        "\n{} embeddings/s on {} threads in batches, {gigamacs:.1} GMAC/s, {}\n",
        thousands(report.embeddings_per_second as u64),
        report.threads,
        report.instruction_set,
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_fits_80_columns() {
        let layer = LayerReport {
            layer: 31,
            kind: "conv 5x5/2x1 relu max 2x2".into(),
            input: "224x224x3".into(),
            output: "112x112x64".into(),
            macs: 99_999_999,
            path: "plain",
            microseconds: 9_999.0,
            plain_microseconds: 999_900.0,
            gigamacs_per_second: 10.0,
        };
        let report = Report {
            embeddings_per_second: 1e7,
            threads: 128,
            instruction_set: "avx512-vnni",
            macs: 99_999_999,
            hash: String::new(),
            microseconds: 9_999.0,
            plain_microseconds: 999_900.0,
            layers: vec![layer],
        };
        let text = describe(&report);
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
    }
}
