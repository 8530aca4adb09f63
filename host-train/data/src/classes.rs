//! The classes of a data set, and what is held out of them.

use crate::split::Label;
use std::collections::BTreeMap;
use thiserror::Error;
use tinytriplet_recipe::HoldOut;

/// The images of one label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// The label.
    pub label: Label,
    /// Indices into the data set, ascending.
    pub images: Vec<usize>,
}

/// Returns the classes of a data set whose image `i` has label `labels[i]`, by ascending label.
pub fn classes(labels: &[Label]) -> Vec<Class> {
    let mut images: BTreeMap<Label, Vec<usize>> = BTreeMap::new();
    for (index, &label) in labels.iter().enumerate() {
        images.entry(label).or_default().push(index);
    }
    images.into_iter().map(|(label, images)| Class { label, images }).collect()
}

/// The most images that whole held-out classes give together, unless two of each are more: their pairs are all
/// compared.
const HELD_OUT_IMAGES: usize = 5_000;
/// With fewer classes than these, holding whole ones out leaves too few to learn from: nobody should
/// be advised to.
pub const ENOUGH_CLASSES_TO_HOLD_OUT: usize = 8;
/// An image alone has nothing to be near.
const FEWEST_HELD_OUT: usize = 2;

/// Takes from `classes` what must not be trained on, to be evaluated instead: the indices of these
/// images, ascending.
///
/// * [`HoldOut::Images`]: the last twelfth of every class, but at least 2 images; a class of fewer
///   than 6 gives none.
/// * [`HoldOut::Classes`]: the last quarter of the classes, but at least 2. Of a large class a part
///   is evaluated, evenly spread, such that it is 5,000 images in all at most, or 2 of each class
///   where these are more; none of it is trained on.
///
/// # Errors
/// Returns [`TooFewToHoldOut`] if whole classes are to be held out, and there are fewer than 4.
pub fn hold_out(classes: &mut Vec<Class>, kind: HoldOut) -> Result<Vec<usize>, TooFewToHoldOut> {
    let mut held_out = Vec::new();
    match kind {
        HoldOut::None => {}
        HoldOut::Images => {
            for class in classes {
                let count = class.images.len();
                if count >= 3 * FEWEST_HELD_OUT {
                    let share = (count / 12).max(FEWEST_HELD_OUT);
                    held_out.extend(class.images.drain(count - share..));
                }
            }
        }
        HoldOut::Classes => {
            if classes.len() < 4 {
                return Err(TooFewToHoldOut(classes.len()));
            }
            let away = classes.split_off(classes.len() - (classes.len() / 4).max(2));
            let share = (HELD_OUT_IMAGES / away.len()).max(FEWEST_HELD_OUT);
            for Class { images, .. } in &away {
                held_out.extend(evenly(images, share));
            }
        }
    }
    held_out.sort_unstable();
    Ok(held_out)
}

/// Returns at most `count` of them, evenly spread.
pub fn evenly(images: &[usize], count: usize) -> Vec<usize> {
    images.iter().copied().step_by(images.len().div_ceil(count).max(1)).collect()
}

/// Holding whole classes out would leave nothing to tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "train.hold_out = \"classes\" needs 4 classes or more, and the training data have {0}; set it to \"images\""
)]
pub struct TooFewToHoldOut(pub usize);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_collect_their_images() {
        let labels: Vec<Label> = (0..60).map(|i| [3, 5, 5, 9][i % 4]).collect();
        let classes = classes(&labels);
        assert_eq!(classes.iter().map(|class| class.label).collect::<Vec<_>>(), [3, 5, 9]);
        assert_eq!(classes.iter().map(|class| class.images.len()).collect::<Vec<_>>(), [15, 30, 15]);
        assert_eq!(classes[0].images[..3], [0, 4, 8]);
    }

    /// Classes of so many images, numbered through.
    fn sized(sizes: &[usize]) -> Vec<Class> {
        let labels = sizes.iter().enumerate().flat_map(|(label, &size)| vec![label as Label; size]);
        classes(&labels.collect::<Vec<_>>())
    }

    fn sizes(classes: &[Class]) -> Vec<usize> {
        classes.iter().map(|class| class.images.len()).collect()
    }

    #[test]
    fn a_twelfth_or_two_images_are_held_out() {
        let mut classes = sized(&[36, 5, 6, 23]);
        let held_out = hold_out(&mut classes, HoldOut::Images).unwrap();
        assert_eq!(held_out, [33, 34, 35, 45, 46, 68, 69]);
        assert_eq!(sizes(&classes), [33, 5, 4, 21]);
        assert!(hold_out(&mut classes, HoldOut::None).unwrap().is_empty());
        assert_eq!(sizes(&classes), [33, 5, 4, 21]);
    }

    #[test]
    fn whole_classes_are_held_out() {
        let mut classes = sized(&[3, 4, 2, 5]);
        assert_eq!(hold_out(&mut classes, HoldOut::Classes), Ok((7..14).collect()));
        assert_eq!(sizes(&classes), [3, 4]);
        assert_eq!(hold_out(&mut classes, HoldOut::Classes), Err(TooFewToHoldOut(2)));

        let mut many = sized(&[6_000; 12]);
        let held_out = hold_out(&mut many, HoldOut::Classes).unwrap();
        assert_eq!((many.len(), held_out.len()), (9, 3 * 1_500));
        assert_eq!(held_out[..2], [9 * 6_000, 9 * 6_000 + 4]);
    }

    #[test]
    fn evenly_and_no_more() {
        let images: Vec<usize> = (0..11).collect();
        assert_eq!(evenly(&images, 4), [0, 3, 6, 9]);
        assert_eq!(evenly(&images, 11), images);
        assert!(evenly(&[], 4).is_empty());
    }
}
