//! The grade of a run.

use super::weakness::{FEW_TEST_IMAGES, int8_loss, weakest_class};
use crate::{Findings, Grade};

/// [`Grade::Good`] takes at least this share right, of each kind that is measured.
const GOOD: f64 = 0.97;
/// [`Grade::Fair`] takes at least this share right.
const FAIR: f64 = 0.90;
/// A class that is recognised less often is a weak point, however good the others are.
const WEAK_CLASS: f64 = 0.90;
/// An int8 that loses more than this share is a weak point.
const DEAR_INT8: f64 = 0.01;
pub(super) fn grade(findings: &Findings) -> Grade {
    let int8 = &findings.int8;
    let mut shares = vec![int8.prototype_5_shot.mean, int8.precision_at_1_gallery];
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
