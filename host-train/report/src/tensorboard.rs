//! Curves and scores for TensorBoard, which shows runs side by side: `tensorboard --logdir runs`.
//!
//! An event file is a sequence of records; each frames a message `Event` (tensorflow's
//! `event.proto` and `summary.proto`) with its length and two checksums (`record_writer.cc`).

mod protobuf;

use super::Findings;
use crate::run_folder::write_whole;
use anyhow::Result;
use crc::{CRC_32_ISCSI, Crc, Table};
use protobuf::Message;
use serde_json::Value;
use std::path::Path;
use tinytriplet_evaluation::history::HistoryRow;

/// TensorBoard finds the file by the middle of its name. The number stands for the time at which it
/// was begun.
pub const EVENTS: &str = "events.out.tfevents.0.tinytriplet";

/// CRC-32C, Castagnoli's.
const CRC: Crc<u32, Table<1>> = Crc::<u32, Table<1>>::new(&CRC_32_ISCSI);

/// Writes [`EVENTS`] to the folder of a run:
///
/// * `training/loss`, `training/mined`, `training/learning_rate` and `held_out/precision_at_1` by
///   step, as `history.csv` has them;
/// * at the last step, every score of `metrics.json` that is one number, such as
///   `int8/recall_at/4`;
/// * the recipe as text.
///
/// The same run gives the same bytes: times are the seconds of training, counted from the beginning
/// of 1970, so that the axis "relative" is right and "wall" begins there.
///
/// # Errors
/// Returns an error if the file cannot be written.
pub fn write(findings: &Findings, folder: &Path) -> Result<()> {
    let training = &findings.training;
    let mut file = record(&Message::default().double(1, 0.0).bytes(3, b"brain.Event:2").finish());
    let mut add = |seconds, step, values| file.extend(record(&event(seconds, step, values).finish()));
    add(0.0, 0, vec![text("recipe", &recipe(findings))]);
    for row in &training.history {
        let HistoryRow { step, seconds, loss, mined, learning_rate, precision_at_1, .. } = *row;
        let mut values = vec![
            scalar("training/loss", loss),
            scalar("training/mined", mined),
            scalar("training/learning_rate", learning_rate),
        ];
        values.extend(precision_at_1.map(|share| scalar("held_out/precision_at_1", share)));
        add(seconds, step, values);
    }
    let mut scores = numbers("float", &serde_json::to_value(&findings.float)?);
    scores.extend(numbers("int8", &serde_json::to_value(&findings.int8)?));
    let scores = scores.into_iter().map(|(tag, score)| scalar(&tag, score)).collect();
    let (step, seconds) = training.history.last().map_or((0, 0.0), |row| (row.step, row.seconds));
    add(seconds, step, scores);
    write_whole(&folder.join(EVENTS), &file)
}

/// Returns the recipe as Markdown.
fn recipe(findings: &Findings) -> String {
    let drawn = if findings.data.drawn { ", which are DRAWN digits, not MNIST" } else { "" };
    let code: String = findings.recipe.lines().map(|line| format!("    {line}\n")).collect();
    format!("Trained and tested on {}{drawn}.\n\n{code}", findings.data.name)
}

/// Returns the numbers in an object and in the objects within, with the path to each. Lists are left out:
/// one number per class is a table, not a curve.
fn numbers(path: &str, value: &Value) -> Vec<(String, f64)> {
    match value {
        Value::Object(fields) => {
            fields.iter().flat_map(|(name, value)| numbers(&format!("{path}/{name}"), value)).collect()
        }
        value => value.as_f64().map(|number| (path.to_owned(), number)).into_iter().collect(),
    }
}

/// `Event`, with a `Summary`.
fn event(seconds: f64, step: usize, values: Vec<Message>) -> Message {
    let summary = values.into_iter().fold(Message::default(), |summary, value| summary.message(1, value));
    Message::default().double(1, seconds).int(2, step as u64).message(5, summary)
}

/// `Summary.Value`: a point of a curve.
fn scalar(tag: &str, value: f64) -> Message {
    Message::default().bytes(1, tag.as_bytes()).float(2, value as f32)
}

/// `Summary.Value`: a text, as a `TensorProto` of one string that the plugin "text" shows.
fn text(tag: &str, text: &str) -> Message {
    const DT_STRING: u64 = 7;
    let plugin = Message::default().bytes(1, b"text");
    let metadata = Message::default().message(1, plugin);
    let tensor =
        Message::default().int(1, DT_STRING).message(2, Message::default()).bytes(8, text.as_bytes());
    Message::default().bytes(1, tag.as_bytes()).message(9, metadata).message(8, tensor)
}

/// Returns a message with its length before it and a checksum after each of the two.
fn record(message: &[u8]) -> Vec<u8> {
    let length = (message.len() as u64).to_le_bytes();
    let mut record = length.to_vec();
    record.extend(masked_crc(&length).to_le_bytes());
    record.extend(message);
    record.extend(masked_crc(message).to_le_bytes());
    record
}

/// Returns a checksum that stays one when data that hold checksums are checked.
fn masked_crc(data: &[u8]) -> u32 {
    CRC.checksum(data).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The checksums are those of another program, which divides bit by bit.
    #[test]
    fn a_record_by_hand() {
        let record = record(&Message::default().double(1, 0.0).bytes(3, b"brain.Event:2").finish());
        assert_eq!(record[..8], 24u64.to_le_bytes());
        assert_eq!(record[8..12], [0xa3, 0x7f, 0x4b, 0x22]);
        assert_eq!(record[12..36], *b"\x09\0\0\0\0\0\0\0\0\x1a\x0dbrain.Event:2");
        assert_eq!(record[36..], [0xee, 0xdf, 0x28, 0xa3]);
    }

    #[test]
    fn scores_that_are_one_number() {
        let scores = json!({"a": 1, "b": {"c": 0.5, "none": null}, "list": [1.0], "text": "2"});
        assert_eq!(numbers("int8", &scores), [("int8/a".to_owned(), 1.0), ("int8/b/c".to_owned(), 0.5)]);
    }
}
