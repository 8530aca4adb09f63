//! The verdict of a run, for a person. `docs/METRICS.md`, "The report's verdict", says the same in
//! words.

mod advice;
mod grade;
mod weakness;

use super::{Findings, Verdict};
use grade::grade;
use tinytriplet_recipe::Config;
use weakness::{int8_loss, percent};

/// Returns the verdict on `findings` of a run of `config`.
pub fn verdict(findings: &Findings, config: &Config) -> Verdict {
    Verdict { grade: grade(findings), sentence: sentence(findings), advice: advice::advice(findings, config) }
}

/// Returns the numbers that matter, for somebody who has never heard their names.
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
