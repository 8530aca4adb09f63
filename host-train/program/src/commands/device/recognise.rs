use super::{
    board::{Board, ImageArgs, Model, RawArgs, Shown, with_advice},
    gallery::ensure_gallery,
};
use crate::terminal::{Progress, note, print};
use anyhow::{Context, Result};
use clap::Args;
use serde::Serialize;
use shared_model::{
    Recognition, Threshold,
    gallery::{MAX_NEIGHBOURS, Method},
};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    str::FromStr,
    thread,
    time::{Duration, Instant, SystemTime},
};
use tinytriplet_data::folder;
use tinytriplet_report::text::{count, cut};

/// The interval at which a folder is looked at.
const POLL: Duration = Duration::from_millis(200);
/// The time that a file which is no image may take to become one.
const WRITING: Duration = Duration::from_secs(5);

/// Columns of a line: image, label, distance, runner-up, margin.
const IMAGE: usize = 28;
const LABEL: usize = 18;
const NEXT: usize = 14;

/// Options of recognising images and showing the answers.
#[derive(Clone, Copy, Debug, Args)]
pub struct How {
    /// Distance beyond which a thing is unknown: the model's `own`, by the number of images of the
    /// nearest label, or its `eer` (equal error rate of pairs) or `far1` (1 % false accepts); a
    /// distance as it is shown; or `none`
    #[arg(long, alias = "limit", value_name = "THRESHOLD", default_value = "own")]
    threshold: ThresholdArg,
    /// Compare with single images, of which the nearest K vote, not with the mean of each label's;
    /// the board must keep exemplars
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u8).range(1..=MAX_NEIGHBOURS as i64))]
    neighbours: Option<u8>,
    /// Print JSON, one object per line
    #[arg(long)]
    json: bool,
}

/// [`Threshold`] on the command line.
#[derive(Clone, Copy, Debug, PartialEq)]
enum ThresholdArg {
    Own,
    EqualError,
    FalseAccept1Percent,
    Distance(f32),
    None,
}

impl FromStr for ThresholdArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "own" => Ok(Self::Own),
            "eer" => Ok(Self::EqualError),
            "far1" => Ok(Self::FalseAccept1Percent),
            "none" => Ok(Self::None),
            _ => match text.parse() {
                Ok(distance) if (0.0..f32::INFINITY).contains(&distance) => Ok(Self::Distance(distance)),
                _ => Err("say own, eer, far1, none, or a distance such as 0.5".into()),
            },
        }
    }
}

impl How {
    fn threshold(self, model: &Model) -> Threshold {
        match self.threshold {
            ThresholdArg::Own => Threshold::Own,
            ThresholdArg::EqualError => Threshold::EqualError,
            ThresholdArg::FalseAccept1Percent => Threshold::FalseAccept1Percent,
            ThresholdArg::Distance(real) => {
                Threshold::Distance(model.distance.integer(real, model.embedding.scale))
            }
            ThresholdArg::None => Threshold::None,
        }
    }

    fn method(self) -> Method {
        self.neighbours.map_or(Method::Prototype, Method::Neighbours)
    }

    /// Asks the board about an image. Returns the line to print, and whether it is known.
    fn ask(self, board: &mut Board, image: &Shown) -> Result<(String, bool)> {
        board.show(image).map_err(with_advice).with_context(|| image.to_string())?;
        let Board { client, model, .. } = board;
        let recognition = client.recognise(self.method(), self.threshold(model)).map_err(with_advice)?;
        let name = image.to_string();
        let answer = if self.json {
            serde_json::to_string(&Report::new(
                &name,
                &recognition,
                model,
                self.threshold != ThresholdArg::None,
            ))?
        } else {
            line(&name, &recognition, model)
        };
        Ok((answer, recognition.label().is_some()))
    }

    /// Returns the heading.
    fn header(self) -> String {
        if self.json { String::new() } else { row(["image", "label", "distance", "next", "margin"]) + "\n" }
    }
}

/// Checks that there is a gallery to compare with. That it is empty gets a note.
fn ensure_taught(board: &Board) -> Result<()> {
    ensure_gallery(board)?;
    if board.gallery.len == 0 {
        note("note", "nothing is enrolled, so nothing can be known: `host-train device enrol LABEL IMAGES…`");
    }
    Ok(())
}

/// Recognises each image.
pub fn run(mut board: Board, args: &ImageArgs, how: How) -> Result<()> {
    let images = board.read_images(args)?;
    ensure_taught(&board)?;
    let mut known = 0;
    let mut progress = Progress::new("recognise", images.len() as u64, "images");
    for (done, image) in (1..).zip(&images) {
        let (line, is_known) = how.ask(&mut board, image)?;
        let header = if done == 1 { how.header() } else { String::new() };
        progress.suspend(|| print(format_args!("{header}{line}\n")))?;
        progress.set(done, String::new);
        known += u64::from(is_known);
    }
    drop(progress);
    if !how.json && images.len() > 1 {
        let images = images.len() as u64;
        print(format_args!("{}: {known} known, {} unknown\n", count(images, "image"), images - known))?;
    }
    Ok(())
}

/// A file in the watched folder.
struct Watched {
    /// Its size and when it was written.
    stamp: (u64, Option<SystemTime>),
    /// When it was seen so first.
    since: Instant,
    done: bool,
}

impl Watched {
    /// Returns `None` where it is gone.
    fn new(path: &Path, done: bool) -> Option<Self> {
        Some(Self { stamp: stamp(path)?, since: Instant::now(), done })
    }
}

fn stamp(path: &Path) -> Option<(u64, Option<SystemTime>)> {
    fs::metadata(path).ok().map(|metadata| (metadata.len(), metadata.modified().ok()))
}

/// Recognises each image that arrives in `folder`, for ever.
pub fn watch(mut board: Board, folder: &Path, raw: RawArgs, how: How) -> Result<()> {
    let there = folder::pictures(folder)?.0;
    let before = match there.len() as u64 {
        0 => String::new(),
        number => format!(" ({} there already)", count(number, "image")),
    };
    note("watch", format_args!("{}{before}; Ctrl-C ends it", folder.display()));
    ensure_taught(&board)?;
    print(how.header())?;
    let mut watched: BTreeMap<PathBuf, Watched> =
        there.into_iter().filter_map(|path| Watched::new(&path, true).map(|file| (path, file))).collect();
    loop {
        thread::sleep(POLL);
        let there = folder::pictures(folder)?.0;
        watched.retain(|path, _| there.contains(path));
        for path in there {
            let Some(now) = Watched::new(&path, false) else { continue };
            let file = watched.entry(path.clone()).or_insert(now);
            if stamp(&path) != Some(file.stamp) {
                // It is being written.
                watched.remove(&path);
                continue;
            }
            if file.done {
                continue;
            }
            match board.read_picture(&path, raw) {
                Ok(image) if stamp(&path) == Some(file.stamp) => {
                    file.done = true;
                    print(how.ask(&mut board, &image)?.0 + "\n")?;
                }
                Err(error) if file.since.elapsed() > WRITING => {
                    file.done = true;
                    note("note", format_args!("passed over {error}"));
                }
                _ => {}
            }
        }
    }
}

fn line(image: &str, recognition: &Recognition<'_>, model: &Model) -> String {
    let real = |distance| format!("{:.3}", model.real(distance));
    let label = match (recognition.label(), recognition.nearest) {
        (Some(label), _) => cut(label, LABEL),
        (None, Some(nearest)) => format!("unknown ({})", cut(nearest.label, LABEL - "unknown ()".len())),
        (None, None) => "unknown".into(),
    };
    let next = recognition.runner_up.map_or("-".into(), |next| cut(next.label, NEXT));
    let margin = match (recognition.runner_up, recognition.nearest) {
        (Some(next), Some(nearest)) => {
            format!("{:.3}", model.real(next.distance) - model.real(nearest.distance))
        }
        _ => "-".into(),
    };
    row([
        &last(image, IMAGE),
        &label,
        &recognition.nearest.map_or("-".into(), |nearest| real(nearest.distance)),
        &next,
        &margin,
    ])
}

/// Returns a line of at most 80 columns.
fn row([image, label, distance, next, margin]: [&str; 5]) -> String {
    format!("{image:IMAGE$}  {label:LABEL$} {distance:>8}  {next:NEXT$} {margin:>6}")
}

/// Returns the end of `text` that fits `columns`, with `…` before it where there is more.
fn last(text: &str, columns: usize) -> String {
    match text.chars().count() {
        len if len > columns => ['…'].into_iter().chain(text.chars().skip(len - columns + 1)).collect(),
        _ => text.into(),
    }
}

/// The output of `--json` for an image, which the command's help describes.
#[derive(Serialize)]
struct Report<'a> {
    image: &'a str,
    label: Option<&'a str>,
    distance: Option<f32>,
    nearest: Option<&'a str>,
    runner_up: Option<&'a str>,
    runner_up_distance: Option<f32>,
    margin: Option<f32>,
    threshold: Option<f32>,
    background: Option<f32>,
}

impl<'a> Report<'a> {
    fn new(image: &'a str, recognition: &Recognition<'a>, model: &Model, has_threshold: bool) -> Self {
        let Recognition { nearest, runner_up, threshold, background } = recognition;
        let distance = nearest.map(|nearest| model.real(nearest.distance));
        let runner_up_distance = runner_up.map(|next| model.real(next.distance));
        Self {
            image,
            label: recognition.label(),
            distance,
            nearest: nearest.map(|nearest| nearest.label),
            runner_up: runner_up.map(|next| next.label),
            runner_up_distance,
            margin: runner_up_distance.zip(distance).map(|(next, nearest)| next - nearest),
            threshold: has_threshold.then(|| model.real(*threshold)),
            background: background.map(|distance| model.real(distance)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_on_the_command_line() {
        let threshold = |text: &str| text.parse::<ThresholdArg>();
        assert_eq!(threshold("eer"), Ok(ThresholdArg::EqualError));
        assert_eq!(threshold("far1"), Ok(ThresholdArg::FalseAccept1Percent));
        assert_eq!(threshold("none"), Ok(ThresholdArg::None));
        assert_eq!(threshold("0.5"), Ok(ThresholdArg::Distance(0.5)));
        for text in ["", "far2", "-1", "nan", "inf"] {
            assert!(threshold(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_line_fits_a_terminal() {
        let line =
            row([&last(&"long/".repeat(20), IMAGE), &cut(&"x".repeat(31), LABEL), "0.123", "y", "-0.5"]);
        assert!(line.chars().count() <= 80, "{line}");
        assert!(line.starts_with("…g/long/"), "{line}");
        assert_eq!(last("größe", 5), "größe");
    }
}
