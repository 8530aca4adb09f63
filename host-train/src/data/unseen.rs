use super::{Dataset, Label};
use std::borrow::Cow;

impl Dataset {
    /// The data without some classes, of which nothing else is told that trains or calibrates. Labels stay what they
    /// are.
    pub fn without(&self, labels: &[Label]) -> Cow<'_, Self> {
        if labels.is_empty() {
            return Cow::Borrowed(self);
        }
        let others = |of: &[Label]| -> Vec<usize> {
            (0..of.len()).filter(|&index| !labels.contains(&of[index])).collect()
        };
        Cow::Owned(Self {
            name: self.name.clone(),
            source: self.source.clone(),
            class_names: self.class_names.clone(),
            preparation: self.preparation,
            train: self.train.subset(&others(self.train.labels())),
            test: self.test.subset(&others(self.test.labels())),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::data::drawn;

    #[test]
    fn without_some_classes() {
        let data = drawn::dataset(1, 3, 2);
        let without = data.without(&[9, 0]);
        assert_eq!((without.train.len(), without.test.len()), (24, 16));
        assert!(without.train.labels().iter().all(|label| (1..9).contains(label)));
        let kept = data.test.labels().iter().position(|label| (1..9).contains(label)).unwrap();
        assert_eq!(without.test.image(0), data.test.image(kept));
        assert_eq!(data.without(&[]).train, data.train);
    }
}
