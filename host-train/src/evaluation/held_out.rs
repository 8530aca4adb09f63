use super::{Labelled, few_shot};
use crate::{
    data::Split,
    metrics::{Embeddings, Value, gallery_precision_at_1, precision_at_1},
};
use serde::Serialize;

/// Gallery images that are enough while training goes on.
pub const LOOP_GALLERY: usize = 10_000;

/// How good embeddings of held-out training images are: what recipes are chosen by, because the test set must not
/// choose. Shares from 0 to 1, NaN where there is nothing to measure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct HeldOutScores {
    /// Share of held-out images whose nearest other one has the same label.
    pub precision_at_1: f64,
    /// Share of held-out images whose nearest image among those trained on has the same label. Held-out classes
    /// that are not trained on do not count.
    pub precision_at_1_gallery: f64,
    /// Share of held-out images whose nearest prototype, the mean of five images trained on, is that of their class;
    /// mean of twenty draws. An image of a class that is not trained on is never right.
    pub prototype_5_shot: f64,
}

/// Scores of the images `held_out` of `data`, which were not trained on, by those `trained_on`. Of the latter, at
/// most `gallery` are embedded, evenly spread: [`LOOP_GALLERY`] for a quick look, `usize::MAX` for all. `embed` gives
/// the embeddings of images of `data`.
pub fn held_out_scores<T: Value>(
    data: &Split,
    trained_on: &[usize],
    held_out: &[usize],
    gallery: usize,
    embed: impl Fn(&[usize]) -> Embeddings<T>,
) -> HeldOutScores {
    let labelled = |images: &[usize]| Labelled {
        embeddings: embed(images),
        labels: images.iter().map(|&index| data.label(index)).collect(),
    };
    let queries = labelled(held_out);
    let gallery = labelled(&evenly(trained_on, gallery));
    HeldOutScores {
        precision_at_1: precision_at_1(&queries.embeddings, &queries.labels),
        precision_at_1_gallery: gallery_precision_at_1(
            (&queries.embeddings, &queries.labels),
            (&gallery.embeddings, &gallery.labels),
        ),
        prototype_5_shot: few_shot(&gallery, &queries).mean,
    }
}

/// At most `count` of `images`, evenly spread.
fn evenly(images: &[usize], count: usize) -> Vec<usize> {
    let count = count.min(images.len());
    (0..count).map(|place| images[place * images.len() / count]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Label;
    use shared_model::Distance;

    #[test]
    fn by_hand() {
        // Image i lies at i; 0 to 9 are of class 0, 10 to 19 of class 1, except for 4, which is of class 1.
        let labels: Vec<Label> = (0..20).map(|i| Label::from(i >= 10 || i == 4)).collect();
        let data = Split::new(1, 1, vec![0; 20], labels).unwrap();
        let embed = |images: &[usize]| {
            let places = images.iter().map(|&image| image as f32).collect();
            Embeddings::from_floats(places, images.len(), Distance::SquaredL2)
        };
        let held_out = [1, 4, 5, 12, 15];
        let trained_on: Vec<usize> = (0..20).filter(|image| !held_out.contains(image)).collect();
        let found = held_out_scores(&data, &trained_on, &held_out, usize::MAX, embed);
        // 1 finds 4, 4 finds 5, 5 finds 4, 12 and 15 each other.
        assert_eq!(found.precision_at_1, 2.0 / 5.0);
        // Only 4 is wrong: it finds 3.
        assert_eq!(found.precision_at_1_gallery, 4.0 / 5.0);
        assert!((found.prototype_5_shot - 4.0 / 5.0).abs() < 1e-12);

        // The gallery is 0 and 10: 5 is as near to one as to the other, and the first counts.
        let found = held_out_scores(&data, &trained_on, &held_out, 2, embed);
        assert_eq!(found.precision_at_1_gallery, 4.0 / 5.0);
    }

    #[test]
    fn evenly_spread() {
        let images: Vec<usize> = (100..107).collect();
        assert_eq!(evenly(&images, 3), [100, 102, 104]);
        assert_eq!(evenly(&images, 50), images);
        assert!(evenly(&[], 3).is_empty());
    }
}
