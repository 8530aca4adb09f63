use super::{Findings, Grade, Verdict};
use crate::config::Config;

/// What a person should take away from `findings` of a run of `config`.
pub fn verdict(findings: &Findings, _config: &Config) -> Verdict {
    let int8 = &findings.int8;
    let sentence = format!(
        "5-shot {:.2} %, P@1 {:.2} %",
        100.0 * int8.prototype_5_shot.mean,
        100.0 * int8.precision_at_1
    );
    Verdict { grade: Grade::Good, sentence, advice: Vec::new() }
}
