//! `eval --one-shot`: one-shot classification in runs, in the format of Omniglot's test.

use crate::terminal::{Progress, print};
use anyhow::Result;
use shared_model::Model;
use std::path::Path;
use tinytriplet_data::one_shot::read;
use tinytriplet_evaluation::one_shot::{OneShot, RunErrors, WrongAnswer, one_shot};
use tinytriplet_report::text::{count, hex, interval, percent};

/// Classifies the test images of all runs in `folder`, and prints the errors.
///
/// # Errors
/// Returns an error if the folder does not hold such runs, or an image cannot be read.
pub fn run(model: &Model<'_>, folder: &Path, json: bool) -> Result<()> {
    let progress = Progress::new("one-shot", 0, "images");
    let runs = read(folder, model.metadata().preprocessing, model.metadata().input)?;
    let found = one_shot(model, &runs);
    progress.finish(&count(found.runs.len() as u64, "run"));
    match json {
        true => {
            let result = serde_json::json!({ "one_shot": found, "model": { "hash": hex(model.hash()) } });
            Ok(print(format_args!("{result:#}\n"))?)
        }
        false => Ok(print(table(&found))?),
    }
}

/// Returns a line per run, with its wrong answers, and one for all.
fn table(found: &OneShot) -> String {
    let width = found.runs.iter().map(|run| run.name.chars().count()).max().unwrap_or(0).max(8);
    let line = |name: &str, error, wrong: usize, trials| {
        format!("{name:<width$} {:>8}   {wrong} of {trials}", percent(Some(error)))
    };
    let mut text = "\none-shot classification, int8: errors in %\n".to_owned();
    for RunErrors { name, error, trials, wrong } in &found.runs {
        text += &(line(name, *error, wrong.len(), *trials) + "\n");
        for WrongAnswer { test, nearest, right } in wrong {
            text += &format!("{:width$}            {test}: {nearest}, not {right}\n", "");
        }
    }
    let wrong = found.runs.iter().map(|run| run.wrong.len()).sum();
    let range = interval(found.interval);
    text + &line("all runs", found.error, wrong, found.trials) + &format!("; 95 %: {range}\n")
}
