/// Notices when a net answers the same to every image. Triplets then have equal distances to positive and
/// negative, the loss is the margin itself, and the gradient leads nowhere.
pub(super) struct Watch {
    margin: f32,
    widest: f32,
    suspicious: usize,
}

/// So many suspicious steps in a row are a collapse.
const PATIENCE: usize = 50;
/// A spread below this share of the widest one seen is none.
const NARROW: f32 = 1e-4;

impl Watch {
    pub(super) fn new(margin: f32) -> Self {
        Self { margin, widest: 0.0, suspicious: 0 }
    }

    /// Whether the step is the last of too many bad ones: `spread` is the mean squared distance in its batch.
    pub(super) fn collapsed(&mut self, spread: f32, loss: f32) -> bool {
        self.widest = self.widest.max(spread);
        let at_margin = (loss - self.margin).abs() < 0.01 * self.margin;
        let all_the_same = spread <= NARROW * self.widest.max(self.margin);
        self.suspicious = if at_margin && all_the_same { self.suspicious + 1 } else { 0 };
        self.suspicious >= PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps_until_collapse(spread: f32, loss: f32) -> Option<usize> {
        let mut watch = Watch::new(0.2);
        watch.collapsed(1.0, 0.1);
        (1..200).find(|_| watch.collapsed(spread, loss))
    }

    #[test]
    fn equal_embeddings_at_the_margin_are_a_collapse() {
        assert_eq!(steps_until_collapse(0.0, 0.2), Some(PATIENCE));
        assert_eq!(steps_until_collapse(1e-6, 0.1999), Some(PATIENCE));
        assert_eq!(steps_until_collapse(0.5, 0.2), None, "embeddings differ");
        assert_eq!(steps_until_collapse(0.0, 0.1), None, "there is something to learn");
    }

    #[test]
    fn a_good_step_starts_the_count_again() {
        let mut watch = Watch::new(0.2);
        for _ in 0..10 {
            assert!((1..PATIENCE).all(|_| !watch.collapsed(0.0, 0.2)));
            assert!(!watch.collapsed(1.0, 0.15));
        }
    }
}
