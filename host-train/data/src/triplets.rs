//! Three images, as metric learning compares them.

use crate::{classes::Class, rng::Rng};

/// Three images: two of one class, and one of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Triplet {
    /// The image that is compared.
    pub anchor: usize,
    /// Another image of its class.
    pub positive: usize,
    /// An image of another class.
    pub negative: usize,
}

impl Triplet {
    /// Returns the triplet where its images lie behind `count` others.
    #[must_use]
    pub fn behind(self, count: usize) -> Self {
        let Self { anchor, positive, negative } = self;
        Self { anchor: count + anchor, positive: count + positive, negative: count + negative }
    }
}

/// Returns the triplets of triplet-loss-mnist, drawn once: with n one less than the images of the smallest
/// class, for each class and i < n its images i and i + 1 and the image i of a random other class.
pub fn origin_triplets(classes: &[Class], rng: &mut Rng) -> Vec<Triplet> {
    let smallest = classes.iter().map(|class| class.images.len()).min().unwrap_or(0);
    let mut triplets = Vec::with_capacity(classes.len() * smallest);
    for (index, class) in classes.iter().enumerate() {
        for i in 1..smallest {
            let other = (index + 1 + rng.below(classes.len() - 1)) % classes.len();
            triplets.push(Triplet {
                anchor: class.images[i - 1],
                positive: class.images[i],
                negative: classes[other].images[i - 1],
            });
        }
    }
    triplets
}
