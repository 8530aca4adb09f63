//! The verdict of a run, for a person. `docs/METRICS.md`, "The report's verdict", says the same in
//! words.

mod advice;
mod grade;
mod weakness;

use super::{Findings, Verdict};
use crate::{
    table::{Line, Table},
    text::interval,
};
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
    let Table { seen, unseen } = Table::new(None, int8);
    let mut parts = Vec::new();
    if let Some(share) = measured(&seen, "prototype_5_shot.mean") {
        parts.push(format!("shown five examples of each class, it names {share} of the test images right"));
    }
    if let Some(share) = measured(&seen, "precision_at_1_gallery") {
        parts.push(format!(
            "the training image nearest to a test image is of its class in {share} of cases (P@1, nearest training image)"
        ));
    }
    if let Some(share) = measured(&seen, "equal_error_rate") {
        parts.push(format!("telling same from different errs in {share} of pairs (equal error rate)"));
    }
    if let Some(share) = measured(&unseen, "prototype_5_shot.mean") {
        parts.push(format!(
            "of {} it was never trained on, it names {share} right",
            match int8.unseen.as_ref().map_or(0, |unseen| unseen.labels.len()) {
                1 => "a class".to_owned(),
                count => format!("{count} classes"),
            },
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

/// Returns `83.33 % (95 %: 44 to 97 %)`, with the interval where there are few images; `None` where
/// nothing was measured.
fn measured(lines: &[Line], key: &str) -> Option<String> {
    let line = lines.iter().find(|line| line.key == key && !line.int8.is_nan())?;
    let range = line.interval.map_or(String::new(), |range| format!(" (95 %: {})", interval(range)));
    Some(percent(line.int8) + &range)
}

#[cfg(test)]
pub(super) mod tests;
