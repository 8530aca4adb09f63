use super::board::Board;
use crate::terminal::{Progress, print};
use anyhow::Result;
use serde::Serialize;
use shared_model::{Threshold, engine::TestImage, gallery::Method};
use std::time::{Duration, Instant};
use tinytriplet_report::text::{count, thousands};

/// The time that an answer may take besides what is measured.
const ANSWER: Duration = Duration::from_secs(10);

/// The output of `--json`, which the command's help describes.
#[derive(Serialize)]
struct Report<'a> {
    board: &'a str,
    model: String,
    emulated: bool,
    runs: u16,
    embedding_microseconds: f64,
    round_trip_microseconds: RoundTrip,
}

#[derive(Serialize)]
struct RoundTrip {
    min: u64,
    median: u64,
    max: u64,
}

/// Measures `runs` embeddings by the board's clock, and as many recognitions by the PC's.
pub fn run(mut board: Board, runs: u16, as_json: bool) -> Result<()> {
    let mut image = vec![0; board.model.input.len()];
    TestImage::Noise.draw(&mut image);
    // How long to wait for all of them. An emulated board's clock need not be the PC's.
    let start = Instant::now();
    board.client.bench(1)?;
    board.client.set_patience(ANSWER + 2 * u32::from(runs) * start.elapsed());
    let embedding = board.client.bench(runs)? / u32::from(runs);

    let mut round_trips = Vec::new();
    let mut progress = Progress::new("bench", runs.into(), "recognitions");
    for run in 1..=runs {
        let start = Instant::now();
        board.client.show_pixels(&image)?;
        board.client.recognise(Method::Prototype, Threshold::None)?;
        round_trips.push(start.elapsed());
        progress.set(run.into(), String::new);
    }
    drop(progress);
    round_trips.sort();
    let [min, median, max] = [0, round_trips.len() / 2, round_trips.len() - 1].map(|at| round_trips[at]);
    if as_json {
        let [min, median, max] = [min, median, max].map(|time| time.as_micros() as u64);
        let report = Report {
            board: &board.name,
            model: board.model.hash(),
            emulated: board.is_emulated,
            runs,
            embedding_microseconds: embedding.as_nanos() as f64 / 1e3,
            round_trip_microseconds: RoundTrip { min, median, max },
        };
        return Ok(print(serde_json::to_string_pretty(&report)? + "\n")?);
    }
    let rate = match embedding.as_secs_f64() {
        0.0 => String::new(),
        seconds => format!(", {} a second", thousands((1.0 / seconds) as u64)),
    };
    let emulated =
        if board.is_emulated { "            (emulated: this says nothing about the chip)\n" } else { "" };
    Ok(print(format_args!(
        "\
embedding   {} on the board{rate}
recognise   {} there and back ({:.3} to {:.3}), {} enrolled
            {} of each
{emulated}",
        milliseconds(embedding),
        milliseconds(median),
        1e3 * min.as_secs_f64(),
        1e3 * max.as_secs_f64(),
        count(board.gallery.len.into(), "label"),
        count(runs.into(), "run"),
    ))?)
}

fn milliseconds(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1e3)
}
