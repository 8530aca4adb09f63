//! Images that stand in a data set more than once, where that spoils what is measured.

use crate::{dataset::Dataset, split::Label};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Pairs of classes that a note names.
const NAMED: usize = 3;

/// Returns notes about test images that are trained on, and about images that are in two classes.
/// Images are the same if all their pixels are.
pub(crate) fn notes(data: &Dataset) -> Vec<String> {
    let trained: HashSet<&[u8]> = data.train.images().collect();
    let tested = data.test.images().filter(|image| trained.contains(image)).count();
    let mut notes = Vec::new();
    if tested > 0 {
        notes.push(format!(
            "{tested} of {} test images are training images, too, pixel for pixel: what is measured on them says \
             nothing about new images",
            data.test.len()
        ));
    }

    // The first label of each image, and how many images are in which pair of classes.
    let mut labels: HashMap<&[u8], Label> = HashMap::new();
    let mut pairs: BTreeMap<[Label; 2], usize> = BTreeMap::new();
    for split in [&data.train, &data.test] {
        for (image, label) in split.images().zip(split.labels().iter().copied()) {
            let first = *labels.entry(image).or_insert(label);
            if first != label {
                *pairs.entry([first.min(label), first.max(label)]).or_default() += 1;
            }
        }
    }
    if !pairs.is_empty() {
        let name = |label: Label| data.class_names[usize::from(label)].as_str();
        let mut most: Vec<_> = pairs.iter().collect();
        most.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        let named = most.iter().take(NAMED);
        let named: Vec<String> =
            named.map(|&(&[a, b], count)| format!("{} and {} ({count})", name(a), name(b))).collect();
        let more = if most.len() > NAMED { " and more" } else { "" };
        notes.push(format!(
            "{} images are in two classes, pixel for pixel, which nothing can tell apart then: {}{more}",
            pairs.values().sum::<usize>(),
            named.join(", ")
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{drawn, split::Split};

    /// A data set of images of one pixel.
    fn data(train: &[(u8, Label)], test: &[(u8, Label)]) -> Dataset {
        let split = |images: &[(u8, Label)]| {
            let (pixels, labels) = images.iter().copied().unzip();
            Split::new(1, 1, pixels, labels).unwrap()
        };
        let class_names = ["a", "b", "c"].map(String::from).to_vec();
        Dataset { class_names, train: split(train), test: split(test), ..drawn::dataset(1, 1, 1) }
    }

    #[test]
    fn nothing_is_said_of_images_that_differ() {
        assert!(notes(&data(&[(1, 0), (1, 0), (2, 1)], &[(3, 0), (4, 1)])).is_empty());
    }

    #[test]
    fn test_images_that_are_trained_on_are_counted() {
        assert_eq!(
            notes(&data(&[(1, 0), (2, 1), (3, 2)], &[(1, 0), (1, 0), (9, 1)])),
            [
                "2 of 3 test images are training images, too, pixel for pixel: what is measured on them says nothing \
                 about new images"
            ]
        );
    }

    #[test]
    fn classes_that_are_copies_are_named() {
        assert_eq!(
            notes(&data(&[(1, 0), (2, 0), (3, 1), (1, 2), (2, 2)], &[(8, 0), (8, 2), (3, 0)]))[1],
            "4 images are in two classes, pixel for pixel, which nothing can tell apart then: a and c (3), a and b (1)"
        );
    }
}
