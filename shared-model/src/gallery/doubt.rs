//! What may be wrong with an image that was just enrolled: a slip of the hand that would spoil a label for good.

use super::{
    enrol::Gallery,
    nearest::{Match, Nearest},
};
use crate::model::decode::Model;
use serde::{Deserialize, Serialize};

/// The reason to look again at an image that was enrolled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Doubt<'a> {
    /// It would have been recognised as this other label, which is nearer than the label's own earlier images.
    Like(#[serde(borrow)] Match<'a>),
    /// It is this far from the mean of the label's earlier images: farther than the model's equal-error threshold.
    Unlike(u32),
}

impl Gallery<'_> {
    /// Returns what is doubtful about the image of `embedding`, which was enrolled last as `label`. `model` is that
    /// of the gallery; without thresholds it has no doubts.
    ///
    /// ```
    /// # use shared_model::{Gallery, Model, gallery::{Doubt, entry_len}};
    /// # const FILE: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tiny.postcard"));
    /// # let model = Model::decode(FILE)?;
    /// # let mut memory = vec![0; 2 * entry_len(8, 0)];
    /// # let mut gallery = Gallery::new(&model, 0, &mut memory);
    /// gallery.enrol("blue mug", &[1; 8])?;
    /// assert_eq!(gallery.doubt(&model, "blue mug", &[1; 8]), None);
    /// gallery.enrol("red mug", &[2; 8])?;
    /// let doubt = gallery.doubt(&model, "red mug", &[2; 8]);
    /// assert!(matches!(doubt, Some(Doubt::Like(other)) if other.label == "blue mug"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn doubt(&self, model: &Model<'_>, label: &str, embedding: &[u8]) -> Option<Doubt<'_>> {
        let thresholds = &model.metadata().thresholds;
        let earlier = self.find(label).and_then(|entry| entry.distance_to_earlier(embedding));
        let others = self.entries().filter(|entry| entry.label() != label);
        let other = Nearest::of(others.map(|entry| Match::of(entry, embedding))).first;
        let like = other.filter(|other| {
            let count = self.find(other.label).map_or(1, |entry| entry.count());
            let is_known = thresholds.own(count).is_some_and(|own| other.distance <= own.distance);
            is_known && earlier.is_none_or(|earlier| other.distance < earlier)
        });
        let unlike = earlier.zip(thresholds.equal_error).filter(|(earlier, limit)| *earlier > limit.distance);
        like.map(Doubt::Like).or(unlike.map(|(earlier, _)| Doubt::Unlike(earlier)))
    }
}
