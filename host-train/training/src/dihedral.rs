//! Turned and mirrored images: further classes for a net that shall tell apart what it has never
//! been trained on.
//!
//! An eight in a mirror is still an eight, but a seven is something else, and so is an F: classes
//! that cost nothing and teach a net to look at shapes instead of at the few that it is shown
//! (Santoro et al., "Meta-learning with memory-augmented neural networks", 2016, section 4.1, who
//! turn Omniglot's characters by quarters).

use tinytriplet_data::{Class, Label, Split};

/// The ways of turning and mirroring; number 0 leaves an image as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dihedral {
    count: usize,
    /// Rows, columns and values per pixel.
    shape: [usize; 3],
}

impl Dihedral {
    /// Returns all ways in which images of this size keep it: the eight of a square, or four.
    pub fn all(data: &Split) -> Self {
        let count = if data.height == data.width { 8 } else { 4 };
        Self { count, shape: data.shape() }
    }

    /// None.
    pub fn none(data: &Split) -> Self {
        Self { count: 1, shape: data.shape() }
    }

    /// Returns every class in all ways, each a class of its own. Images and labels get new numbers:
    /// way `t` of image `i` is `i · ways + t`. `None` where there are more classes than labels.
    pub fn classes(self, classes: &[Class]) -> Option<Vec<Class>> {
        let number = |at: usize, turn: usize| at * self.count + turn;
        let turned = classes.iter().flat_map(|class| (0..self.count).map(move |turn| (class, turn)));
        turned
            .map(|(class, turn)| {
                let label = Label::try_from(number(class.label.into(), turn)).ok()?;
                Some(Class { label, images: class.images.iter().map(|&image| number(image, turn)).collect() })
            })
            .collect()
    }

    /// Returns the label of the class that a label of [`classes`](Self::classes) is a way of.
    pub fn origin(self, label: Label) -> Label {
        label / self.count as Label
    }

    /// Returns image `number`, as [`classes`](Self::classes) numbers them, written to `turned` where it
    /// differs from its origin.
    pub fn image<'a>(self, data: &'a Split, number: usize, turned: &'a mut Vec<u8>) -> &'a [u8] {
        let (image, turn) = (data.image(number / self.count), number % self.count);
        if turn == 0 {
            return image;
        }
        let [rows, columns, channels] = self.shape;
        let (upside_down, mirrored, transposed) = (turn & 1 != 0, turn & 2 != 0, turn & 4 != 0);
        turned.clear();
        for row in 0..rows {
            for column in 0..columns {
                let row = if upside_down { rows - 1 - row } else { row };
                let column = if mirrored { columns - 1 - column } else { column };
                let [row, column] = if transposed { [column, row] } else { [row, column] };
                turned.extend(&image[(row * columns + column) * channels..][..channels]);
            }
        }
        turned
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_square_has_eight_ways() {
        let square = Split::new(2, 2, vec![1, 2, 3, 4, 5, 6, 7, 8], vec![0, 1]).unwrap();
        let turns = Dihedral::all(&square);
        let image = |number| turns.image(&square, number, &mut Vec::new()).to_vec();
        assert_eq!(
            [image(0), image(1), image(2), image(4)],
            [[1, 2, 3, 4], [3, 4, 1, 2], [2, 1, 4, 3], [1, 3, 2, 4]]
        );
        assert_eq!((0..8).map(image).collect::<BTreeSet<_>>().len(), 8);
        assert_eq!(image(8), [5, 6, 7, 8]);
        let classes = [Class { label: 1, images: vec![1] }];
        let turned = turns.classes(&classes).unwrap();
        assert_eq!(turned.len(), 8);
        assert_eq!(turned[3], Class { label: 11, images: vec![11] });
        assert!(turned.iter().all(|class| turns.origin(class.label) == 1));
        assert_eq!(Dihedral::none(&square).classes(&classes).unwrap(), classes);
        assert_eq!(turns.classes(&[Class { label: 8192, images: vec![0] }]), None);
    }

    #[test]
    fn others_have_four() {
        let split = Split::new(1, 3, vec![1, 2, 3], vec![0]).unwrap();
        let turns = Dihedral::all(&split);
        let image = |number| turns.image(&split, number, &mut Vec::new()).to_vec();
        assert_eq!([image(0), image(1), image(2), image(3)], [[1, 2, 3], [1, 2, 3], [3, 2, 1], [3, 2, 1]]);
        let colour = Split::of_shape([1, 2, 3], vec![1, 2, 3, 4, 5, 6], vec![0]).unwrap();
        assert_eq!(Dihedral::all(&colour).image(&colour, 2, &mut Vec::new()), [4, 5, 6, 1, 2, 3]);
    }
}
