use super::board::{Board, ImageArgs, Model, with_advice};
use crate::{
    device::ClientError,
    terminal::{INTERRUPTED, Progress, error, interrupted, listen_for_interrupt, note, print},
};
use anyhow::{Context, Result};
use shared_model::gallery::{Doubt, Match, check_label};
use std::process::ExitCode;
use tinytriplet_report::text::count;

/// Checks a label before a board is asked.
pub fn check(label: &str) -> Result<()> {
    check_label(label).with_context(|| format!("{label:?} cannot be a label"))
}

/// Enrols each image; nothing is sent before all of them are read.
pub fn run(mut board: Board, label: &str, args: &ImageArgs) -> Result<ExitCode> {
    let images = board.read_images(args)?;
    listen_for_interrupt("`host-train device list` tells what is enrolled".into())?;
    let mut progress = Progress::new("enrol", images.len() as u64, "images");
    for (done, image) in images.iter().enumerate() {
        let so_far = || format!("{done} of {} enrolled", count(images.len() as u64, "image"));
        if interrupted() {
            drop(progress);
            error(format_args!("interrupted: {}", so_far()));
            return Ok(ExitCode::from(INTERRUPTED));
        }
        board.show(image).map_err(with_advice).with_context(|| format!("{image} ({})", so_far()))?;
        let (enrolled, doubt) = match board.client.enrol_and_doubt(label) {
            Ok((enrolled, doubt)) => (enrolled, doubt.map(|doubt| in_words(doubt, label, &board.model))),
            Err(error @ ClientError::Refused(_)) => {
                return Err(error).with_context(|| format!("{image} ({})", so_far()));
            }
            Err(error) => {
                let doubt = "whether this one is, `host-train device list` tells";
                return Err(error).with_context(|| format!("{image} ({}; {doubt})", so_far()));
            }
        };
        progress.suspend(|| print(format_args!("{label}: {}\n", count(enrolled.into(), "image"))))?;
        if let Some(doubt) = doubt {
            progress.suspend(|| {
                note("warning", format_args!("{image} {doubt}; `device forget --last` takes it back"))
            });
        }
        progress.set(done as u64 + 1, String::new);
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns what is doubtful about an image, after its name.
fn in_words(doubt: Doubt<'_>, label: &str, model: &Model) -> String {
    let real = |distance| model.distance.real(distance, model.embedding.scale);
    match doubt {
        Doubt::Like(Match { label: other, distance }) => {
            format!("looks like {other}: {:.3} away", real(distance))
        }
        Doubt::Unlike(distance) => {
            format!("is unlike the other images of {label}: {:.3} away from them", real(distance))
        }
    }
}
