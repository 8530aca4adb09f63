//! `report`: what a run was worth, to look at; or several, side by side.

use super::{
    checkpoint::checkpoint,
    data::{DataArgs, trained_on},
    folds,
    model_file::read_model,
    run_data::{Needed, OtherData, RunData, recipe},
};
use crate::terminal::{Progress, print};
use anyhow::{Result, ensure};
use clap::Args;
use shared_model::Model;
use std::{
    collections::BTreeSet,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};
use tinytriplet_data::Dataset;
use tinytriplet_evaluation::strangers::Questions;
use tinytriplet_evaluation::{
    history::HistoryRow,
    metrics::Draws,
    scores::{float_scores, int8_scores},
};
use tinytriplet_recipe::NetConfig;
use tinytriplet_report::{
    Findings, REPORT, Run, history,
    run_folder::{CHECKPOINT, HISTORY, RunFolder, unreadable, write_whole},
    text::listed,
};

/// Arguments of `report`.
#[derive(Clone, Debug, Args)]
pub struct ReportArgs {
    /// Folders of runs, such as runs/default
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<PathBuf>,
    /// The source of the images
    #[command(flatten)]
    pub data: DataArgs,
    /// Whether they may be others than the run's
    #[command(flatten)]
    pub other_data: OtherData,
    /// File to write [default: report.html in the run's folder; of several runs, comparison.html
    /// beside them]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Print all that the report shows as JSON, a list of runs, and write nothing
    #[arg(long, conflicts_with = "out")]
    pub json: bool,
}

/// The page about several runs.
const COMPARISON: &str = "comparison.html";

/// Evaluates each run once more and writes the report.
///
/// # Errors
/// Returns an error if a folder is not that of a run or lacks a file, the data are not the run's,
/// or the report cannot be written.
pub fn run(args: &ReportArgs) -> Result<()> {
    if let ([run], None, false) = (args.runs.as_slice(), &args.out, args.json) {
        let files = judge(run, args, tinytriplet_report::write)?;
        let (page, run) = (run.join(REPORT), run.display());
        return Ok(print(format_args!("wrote {run}:\n{}open {}\n", listed(&files), page.display()))?);
    }
    let findings = args.runs.iter().map(|run| judge(run, args, |_, run| run.findings()));
    let mut findings = findings.collect::<Result<Vec<_>>>()?;
    tell_apart(&mut findings, &args.runs);
    if args.json {
        return Ok(print(serde_json::to_string(&findings)? + "\n")?);
    }
    let out = args.out.clone().unwrap_or_else(|| common_folder(&args.runs).join(COMPARISON));
    write_whole(&out, tinytriplet_report::page(&findings)?.as_bytes())?;
    Ok(print(format_args!("wrote {}\n", out.display()))?)
}

/// Gives runs of one name, from several folders, their paths for names.
fn tell_apart(findings: &mut [Findings], runs: &[PathBuf]) {
    let names: BTreeSet<&str> = findings.iter().map(|findings| findings.name.as_str()).collect();
    if names.len() < findings.len() {
        for (findings, run) in findings.iter_mut().zip(runs) {
            findings.name = run.display().to_string();
        }
    }
}

/// Returns the innermost folder that all runs are in.
fn common_folder(runs: &[PathBuf]) -> PathBuf {
    let parents = runs.iter().map(|run| run.parent().unwrap_or(run).to_owned());
    let common = |a: PathBuf, b: PathBuf| {
        a.components().zip(b.components()).take_while(|(a, b)| a == b).map(|(part, _)| part).collect()
    };
    parents.reduce(common).unwrap_or_default()
}

/// Evaluates the run in a folder, and returns what `report` makes of it.
fn judge<T>(
    folder: &Path,
    args: &ReportArgs,
    report: impl FnOnce(&RunFolder, &Run<'_>) -> Result<T>,
) -> Result<T> {
    let folder = RunFolder::open(folder)?;
    let config = recipe(&folder)?;
    let file = read_model(folder.path())?;
    let model = file.decode()?;
    let own = RunData::read(&folder)?;
    let data = own.find(&args.data, config.seed, &config.data)?;
    own.ensure_own(&data, Needed::All, args.other_data)?;
    ensure_size(&model, &data)?;
    let unseen = data.unseen_labels(&config.data)?;
    let raw = NetConfig { normalise: false, ..config.net.clone() };
    let net = checkpoint(&raw, &data.train, &folder.file(CHECKPOINT))?;
    let history = read_history(&folder)?;

    let progress = Progress::new("evaluate", 0, "");
    let float = float_scores(|split| net.embed(split.images()), model.distance(), &data, &unseen);
    let int8 = int8_scores(&model, &data, trained_on(&data, &config.data, &unseen), Some(Draws::DEFAULT));
    progress.finish("float and int8");
    let progress = Progress::new("report", 0, "");
    let name = folder.name(&config.name);
    let run = Run {
        name: &name,
        config: &config,
        net: &net.to_float_net(),
        file: file.bytes(),
        data: &data,
        unseen: &unseen,
        history,
        float: &float,
        int8: &int8,
        strangers: folds::read(&folder)?.as_ref().map(Questions::equal_error),
    };
    let made = report(&folder, &run)?;
    progress.finish(&name);
    Ok(made)
}

/// Checks that a run's model takes these images.
fn ensure_size(model: &Model<'_>, data: &Dataset) -> Result<()> {
    let [height, width, channels] = data.test.shape();
    let input = model.metadata().input;
    ensure!(
        [input.height, input.width, input.channels].map(usize::from) == [height, width, channels],
        "the images have {height}x{width}x{channels} pixels, the run's have {input}; name the run's own data with \
         --data",
    );
    Ok(())
}

fn read_history(folder: &RunFolder) -> Result<Vec<HistoryRow>> {
    let path = folder.file(HISTORY);
    match fs::read_to_string(&path) {
        Ok(text) => history::from_csv(&text),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
    .map_err(|error| {
        let advice =
            "Copy the run again, or remove this file: the report then lacks the course of the training";
        unreadable(&path, format_args!("{error:#}"), advice)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_lies_beside_the_runs() {
        let of = |runs: &[&str]| common_folder(&runs.iter().map(PathBuf::from).collect::<Vec<_>>());
        assert_eq!(of(&["runs/a", "runs/b/"]), Path::new("runs"));
        assert_eq!(of(&["/x/runs/a", "/x/other/b"]), Path::new("/x"));
        assert_eq!(of(&["a", "b"]), Path::new(""));
    }
}
