use serde::{Deserialize, Serialize};
use tinytriplet_recipe::{BatchConfig, Config, LossConfig, MinerConfig, Schedule, WarmUp};

/// Notices when a net answers the same to every image. Whatever the loss, its gradient then leads
/// nowhere.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct CollapseDetector {
    /// Steps in a row whose embeddings were all the same.
    suspicious: usize,
}

/// The number of suspicious steps in a row that make a collapse.
const PATIENCE: usize = 50;
/// Embeddings whose mean squared distance is below this share of their mean squared length are all
/// the same.
const NARROW: f64 = 1e-4;

impl CollapseDetector {
    /// Returns true if the step is the last of too many bad ones.
    pub(super) fn collapsed(&mut self, dispersion: Dispersion) -> bool {
        let all_the_same = dispersion.distance <= NARROW * dispersion.length;
        self.suspicious = if all_the_same { self.suspicious + 1 } else { 0 };
        self.suspicious >= PATIENCE
    }
}

/// The distance of a batch's embeddings from each other, and from 0. Not finite if one of them is
/// not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Dispersion {
    /// Mean squared distance of two of them, an embedding and itself included.
    pub distance: f64,
    /// Mean squared length.
    pub length: f64,
}

impl Dispersion {
    /// Measures rows of `values` values. The mean squared distance of all pairs is twice the
    /// variance.
    pub(super) fn new(rows: &[f32], values: usize) -> Self {
        let count = (rows.len() / values) as f64;
        let length = rows.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>() / count;
        let mean = |column: usize| {
            rows.iter().skip(column).step_by(values).map(|&x| f64::from(x)).sum::<f64>() / count
        };
        let of_mean: f64 = (0..values).map(|column| mean(column).powi(2)).sum();
        Self { distance: 2.0 * (length - of_mean), length }
    }
}

/// Returns what may keep a training by this config from collapsing, and is not in it yet.
pub(super) fn advice(config: &Config) -> String {
    let mut advice = vec![format!("Lower train.lr (now {})", config.train.lr)];
    advice.push(match config.train.schedule {
        Schedule::Constant => {
            "let it rise slowly (train.schedule = { cosine = { warm_up = 100 } })".to_owned()
        }
        Schedule::Cosine(WarmUp { warm_up }) => {
            format!("let it rise more slowly (train.schedule.cosine.warm_up, now {warm_up})")
        }
    });
    if let (LossConfig::Triplet(triplet), BatchConfig::Balanced(_)) = (config.train.loss, config.train.batch)
        && triplet.miner.unwrap_or_default() != MinerConfig::SemiHard
    {
        let warm_up = triplet.warm_up;
        advice.push(format!(
            "mine semi_hard, or for longer at first (train.loss.triplet.warm_up, now {warm_up})"
        ));
    }
    if !config.net.normalise {
        advice.push("set net.normalise = true".to_owned());
    }
    let last = advice.pop().unwrap_or_default();
    format!("{}, or {last}", advice.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_names_nothing_that_is_on() {
        let advice = |changes: &[&str]| {
            let changes: Vec<String> = changes.iter().map(|change| (*change).into()).collect();
            super::advice(&Config::preset("default").unwrap().with(&changes).unwrap())
        };
        assert_eq!(
            advice(&[]),
            "Lower train.lr (now 0.003), or let it rise more slowly (train.schedule.cosine.warm_up, now 100)"
        );
        let hard = "train.loss={ triplet = { margin = 0.2, miner = \"batch_hard\", warm_up = 9 } }";
        assert_eq!(
            advice(&[hard, "net.normalise=false", "train.schedule=\"constant\""]),
            "Lower train.lr (now 0.003), let it rise slowly (train.schedule = { cosine = { warm_up = 100 } }), mine \
             semi_hard, or for longer at first (train.loss.triplet.warm_up, now 9), or set net.normalise = true"
        );
    }

    fn steps_until_collapse(rows: &[f32]) -> Option<usize> {
        let mut detector = CollapseDetector::default();
        (1..200).find(|_| detector.collapsed(Dispersion::new(rows, 2)))
    }

    #[test]
    fn dispersion_is_the_spread_about_the_mean() {
        // (3, 4), (0, 0): squared distances 0, 25, 25, 0; squared lengths 25 and 0.
        assert_eq!(Dispersion::new(&[3.0, 4.0, 0.0, 0.0], 2), Dispersion { distance: 12.5, length: 12.5 });
        assert!(!Dispersion::new(&[f32::NAN, 0.0], 2).distance.is_finite());
    }

    #[test]
    fn equal_embeddings_are_a_collapse() {
        assert_eq!(steps_until_collapse(&[3.0, 4.0, 3.0, 4.0]), Some(PATIENCE));
        assert_eq!(steps_until_collapse(&[3.0, 4.0, 3.0, 4.001]), Some(PATIENCE));
        assert_eq!(steps_until_collapse(&[0.0; 4]), Some(PATIENCE), "a dead ReLU");
        assert_eq!(steps_until_collapse(&[3.0, 4.0, 3.0, 4.2]), None);
        assert_eq!(steps_until_collapse(&[1e-9, 0.0, 0.0, 1e-9]), None, "small, but different");
    }

    #[test]
    fn a_good_step_starts_the_count_again() {
        let mut detector = CollapseDetector::default();
        for _ in 0..10 {
            assert!((1..PATIENCE).all(|_| !detector.collapsed(Dispersion { distance: 0.0, length: 1.0 })));
            assert!(!detector.collapsed(Dispersion { distance: 1.0, length: 1.0 }));
        }
    }
}
