//! Confidence intervals of measured shares.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tinytriplet_data::Label;

/// The 97.5th percentile of the standard normal distribution, for an interval of 95 %.
pub(super) const Z: f64 = 1.959_963_984_540_054;

/// Returns the interval that holds the true share with a confidence of 95 %, where `share` of
/// `trials` independent trials came out so: Wilson's score interval ("Probable inference, the law of
/// succession, and statistical inference", Journal of the American Statistical Association 22, 1927,
/// pages 209–212). It suits few trials and shares of 0 and 1 (Brown, Cai and DasGupta, "Interval
/// estimation for a binomial proportion", Statistical Science 16, 2001). `None` without trials, or
/// where the share is NaN.
///
/// `share` may also be the mean of values from 0 to 1. Their variance is at most that of trials with
/// this share, so the interval is wide enough.
pub fn interval_95(share: f64, trials: usize) -> Option<[f64; 2]> {
    if trials == 0 || share.is_nan() {
        return None;
    }
    let (n, square) = (trials as f64, Z * Z);
    let centre = (share + square / (2.0 * n)) / (1.0 + square / n);
    let half = Z / (1.0 + square / n) * (share * (1.0 - share) / n + square / (4.0 * n * n)).sqrt();
    // At 0 and 1, rounding may put an end a little beyond.
    Some([(centre - half).max(0.0), (centre + half).min(1.0)])
}

/// The trials that pairs of images count for in an interval. Pairs that share an image are not
/// independent: of three images of a class, one outlier spoils two pairs of three. So only as many
/// pairs count as can be made with each image in one pair at most, which is cautious.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct SeparatePairs {
    /// Pairs of one label.
    pub same: usize,
    /// Pairs of two labels.
    pub different: usize,
}

impl SeparatePairs {
    /// Returns the largest numbers of pairs that share no image, of images with these labels.
    pub fn of(labels: &[Label]) -> Self {
        let mut sizes: BTreeMap<Label, usize> = BTreeMap::new();
        labels.iter().for_each(|&label| *sizes.entry(label).or_default() += 1);
        let largest = sizes.values().copied().max().unwrap_or(0);
        Self {
            same: sizes.values().map(|size| size / 2).sum(),
            // Either every image finds one of another label, or those of the largest class run out
            // of others.
            different: (labels.len() / 2).min(labels.len() - largest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R. G. Newcombe, "Two-sided confidence intervals for the single proportion: comparison of
    /// seven methods", Statistics in Medicine 17, 1998, table I: the score method without
    /// continuity correction.
    #[test]
    fn intervals_are_those_of_newcombes_table() {
        for (right, trials, expected) in [
            (81, 263, [0.2553, 0.3662]),
            (15, 148, [0.0624, 0.1605]),
            (0, 20, [0.0000, 0.1611]),
            (1, 29, [0.0061, 0.1718]),
        ] {
            let found = interval_95(f64::from(right) / trials as f64, trials).unwrap();
            assert_eq!(found.map(|end| (1e4 * end).round() / 1e4), expected, "{right} of {trials}");
        }
    }

    #[test]
    fn nothing_and_everything() {
        // For 0 of n, the upper end is z² / (n + z²).
        let [low, high] = interval_95(0.0, 6).unwrap();
        assert_eq!(low, 0.0);
        assert!((high - 3.841_459 / 9.841_459).abs() < 1e-6, "{high}");
        let [low, high] = interval_95(1.0, 6).unwrap();
        assert!((low - 6.0 / 9.841_459).abs() < 1e-6, "{low}");
        assert_eq!(high, 1.0);
        assert_eq!((interval_95(0.5, 0), interval_95(f64::NAN, 6)), (None, None));
    }

    #[test]
    fn each_image_is_in_one_pair_at_most() {
        let pairs = |labels: &[Label]| {
            let SeparatePairs { same, different } = SeparatePairs::of(labels);
            (same, different)
        };
        assert_eq!(pairs(&[0, 0, 1, 1, 2, 2]), (3, 3));
        // Of five and two: two pairs and one; only two of the five find one of the other class.
        assert_eq!(pairs(&[0, 0, 0, 0, 0, 1, 1]), (3, 2));
        assert_eq!(pairs(&[0, 1, 2]), (0, 1));
        assert_eq!((pairs(&[4, 4, 4]), pairs(&[])), ((1, 0), (0, 0)));
    }
}
