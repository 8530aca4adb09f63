use crate::metrics::interval::Z;
use serde::Serialize;

/// A share of questions, and what it would be in other episodes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct EpisodeShare {
    /// Over all questions of all episodes, 0 to 1; NaN without any.
    pub share: f64,
    /// Half of the 95 % interval around it: 1.96 standard errors of the mean over the episodes (Snell,
    /// Swersky and Zemel, 2017). It is about which episodes were drawn, and not about which images
    /// there are. NaN with fewer than two episodes.
    pub margin: f64,
}

impl EpisodeShare {
    /// Returns the share of episodes of which each has answered so many `(right, all)` questions.
    pub(super) fn of(episodes: impl Iterator<Item = (usize, usize)>) -> Self {
        let asked: Vec<(f64, f64)> =
            episodes.filter(|&(_, all)| all > 0).map(|(right, all)| (right as f64, all as f64)).collect();
        let count = asked.len() as f64;
        let (right, all) = asked.iter().fold((0.0, 0.0), |(right, all), one| (right + one.0, all + one.1));
        let mean = asked.iter().map(|(right, all)| right / all).sum::<f64>() / count;
        let squares: f64 = asked.iter().map(|(right, all)| (right / all - mean).powi(2)).sum();
        Self { share: right / all, margin: Z * (squares / (count - 1.0) / count).sqrt() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_margins_by_hand() {
        // 1, 0.5, 0.5 and 0: their variance is 0.5 / 3, and that of the mean a quarter of it.
        let found = EpisodeShare::of([(4, 4), (2, 4), (2, 4), (0, 0), (0, 4)].into_iter());
        assert_eq!(found.share, 0.5);
        assert!((found.margin - 1.959_964 * (0.5f64 / 3.0 / 4.0).sqrt()).abs() < 1e-6, "{found:?}");
        let same = EpisodeShare::of([(1, 2), (1, 2)].into_iter());
        assert_eq!((same.share, same.margin), (0.5, 0.0));
        assert!(EpisodeShare::of([].into_iter()).share.is_nan());
        assert!(EpisodeShare::of([(1, 1)].into_iter()).margin.is_nan());
    }
}
