//! What a person should take away. `docs/METRICS.md`, "The report's verdict", says the same in words.

mod advice;
mod weakness;

use super::{Findings, Grade, Verdict};
use tinytriplet_recipe::Config;
use weakness::{FEW_TEST_IMAGES, int8_loss, percent, weakest_class};

/// [`Grade::Good`] takes at least this share right, of each kind that is measured.
const GOOD: f64 = 0.97;
/// [`Grade::Fair`] takes at least this share right.
const FAIR: f64 = 0.90;
/// A class of which less is recognised is a weak point, however good the others are.
const WEAK_CLASS: f64 = 0.90;
/// An int8 that loses more than this share is a weak point.
const DEAR_INT8: f64 = 0.01;
/// What a person should take away from `findings` of a run of `config`.
pub fn verdict(findings: &Findings, config: &Config) -> Verdict {
    Verdict { grade: grade(findings), sentence: sentence(findings), advice: advice::advice(findings, config) }
}

fn grade(findings: &Findings) -> Grade {
    let int8 = &findings.int8;
    let mut shares = vec![int8.prototype_5_shot.mean, int8.precision_at_1];
    shares.extend(int8.unseen.iter().map(|unseen| unseen.prototype_5_shot.mean));
    // What could not be measured does not count.
    let lowest = shares.into_iter().fold(f64::NAN, f64::min);
    let weak = findings.data.drawn
        || findings.data.test_images < FEW_TEST_IMAGES
        || int8_loss(findings) > DEAR_INT8
        || weakest_class(findings).is_some_and(|(_, share)| share < WEAK_CLASS);
    match lowest {
        lowest if lowest >= GOOD && !weak => Grade::Good,
        lowest if lowest >= FAIR => Grade::Fair,
        _ => Grade::Poor,
    }
}

/// The numbers that matter, for somebody who has never heard their names.
fn sentence(findings: &Findings) -> String {
    let int8 = &findings.int8;
    let mut parts = Vec::new();
    if !int8.prototype_5_shot.mean.is_nan() {
        parts.push(format!(
            "shown five examples of each class, it names {} of the test images right",
            percent(int8.prototype_5_shot.mean)
        ));
    }
    if !int8.precision_at_1.is_nan() {
        parts.push(format!(
            "the image nearest to another is of its class in {} of cases (P@1)",
            percent(int8.precision_at_1)
        ));
    }
    if !int8.pairs.equal_error_rate.is_nan() {
        parts.push(format!(
            "telling same from different errs in {} of pairs (equal error rate)",
            percent(int8.pairs.equal_error_rate)
        ));
    }
    if let Some(unseen) = &int8.unseen
        && !unseen.prototype_5_shot.mean.is_nan()
    {
        parts.push(format!(
            "of {} it was never trained on, it names {} right",
            match unseen.labels.len() {
                1 => "a class".to_owned(),
                count => format!("{count} classes"),
            },
            percent(unseen.prototype_5_shot.mean)
        ));
    }
    if parts.is_empty() {
        return "There is nothing to measure: it takes two classes, and two test images of one of them."
            .into();
    }
    let points = 100.0 * int8_loss(findings);
    parts.push(match points {
        ..0.005 => "int8 costs nothing of that".into(),
        _ => format!("int8 costs {points:.2} points of that"),
    });
    let mut text = parts.join("; ") + ".";
    if findings.data.drawn {
        text.insert_str(0, "on DRAWN digits, which say little about real images: ");
    }
    text[..1].to_uppercase() + &text[1..]
}

#[cfg(test)]
pub(super) mod tests;
