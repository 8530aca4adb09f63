//! The weaknesses of a run, for its grade and for the advice.

use crate::{Confusion, Findings};

/// With fewer test images than these, each is worth more than a point.
pub(super) const FEW_TEST_IMAGES: usize = 100;

/// Returns by how much int8 is worse than the float net, in the score where that is most.
pub(super) fn int8_loss(findings: &Findings) -> f64 {
    let (float, int8) = (&findings.float, &findings.int8);
    let losses = [
        float.prototype_5_shot.mean - int8.prototype_5_shot.mean,
        float.precision_at_1_gallery - int8.precision_at_1_gallery,
    ];
    losses.into_iter().fold(0.0, f64::max)
}

/// Returns the row of the confusion that is least often right, of a class that was trained on, and how
/// often that is.
pub(super) fn weakest_class(findings: &Findings) -> Option<(usize, f64)> {
    let right =
        trained_on(findings).map(|(place, row)| (place, row[place])).filter(|(_, share)| !share.is_nan());
    right.min_by(|(_, a), (_, b)| a.total_cmp(b))
}

/// Returns the rows of the confusion, with their places, of classes that were trained on.
pub(super) fn trained_on(findings: &Findings) -> impl Iterator<Item = (usize, &[f64])> {
    let Confusion { labels, rows } = &findings.confusion;
    let rows = labels.iter().zip(rows).enumerate();
    let rows = rows.filter(|(_, (label, _))| !findings.data.unseen.contains(label));
    rows.map(|(place, (_, row))| (place, row.as_slice()))
}

/// Returns `12.34 %`.
pub(super) fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}
