//! Images to train with and to test with, and where they come from.

use crate::{
    classes::{classes, hold_out},
    split::{Label, Split},
};
use shared_model::model::format::Preprocessing;
use std::{borrow::Cow, collections::BTreeMap, fmt, path::PathBuf};
use tinytriplet_recipe::{ConfigError, DataConfig, HoldOut};

/// The environment variable that names a folder of data.
pub const VARIABLE: &str = "TINYTRIPLET_DATA";
/// The name of MNIST.
pub const MNIST: &str = "mnist";
/// The [fingerprints](Split::fingerprint) of MNIST's training and test images.
pub const MNIST_FINGERPRINTS: [&str; 2] = ["768fc00915f1fe16", "7a8bd58bbce05410"];
/// The name of drawn digits.
pub const DRAWN_DIGITS: &str = "drawn-digits";
/// The path that stands for the drawn digits, where no folder has that name.
pub const DRAWN: &str = "drawn";
/// The name of drawn signs.
pub const DRAWN_SIGNS: &str = "drawn-signs";
/// The path that stands for the drawn signs, where no folder has that name.
pub const SIGNS: &str = "signs";

/// The name of made-up characters.
pub const MADE_UP_CHARACTERS: &str = "made-up-characters";
/// The path that stands for the made-up characters, where no folder has that name.
pub const CHARACTERS: &str = "characters";

/// Returns the group of a class: the part of its name before the last `/`, if it has one.
#[must_use]
pub(crate) fn group_of(class_name: &str) -> Option<&str> {
    class_name.rsplit_once('/').map(|(group, _)| group)
}

/// Images to train with and images to test with, of one size.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// `mnist` where the content is MNIST to the last bit, `drawn-digits`, `drawn-signs`,
    /// `made-up-characters`, or the folder's name; with a `/` behind it, if it is one of these.
    pub name: String,
    /// The source of the images.
    pub source: Source,
    /// The meaning of the labels: label `i` is the class of this name. At least as many as there
    /// are labels in use. A class of a group has the group's name before its own: `Greek/alpha`.
    pub class_names: Vec<String>,
    /// The way that the images became pixels.
    pub preprocessing: Preprocessing,
    /// To train with.
    pub train: Split,
    /// To test with.
    pub test: Split,
}

/// The source of a [`Dataset`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The folder that the user named.
    Given(PathBuf),
    /// The folder that [`VARIABLE`] names.
    Environment(PathBuf),
    /// The cache, which is this folder.
    Cache(PathBuf),
    /// The network, just now; the cache is this folder.
    Downloaded(PathBuf),
    /// Nowhere: this program drew the digits.
    Drawn,
    /// Nowhere: this program drew the signs.
    Signs,
    /// Nowhere: this program made up the characters.
    MadeUp,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(path) => write!(f, "{}", path.display()),
            Self::Environment(path) => write!(f, "{} (from {VARIABLE})", path.display()),
            Self::Cache(path) => write!(f, "{} (the cache)", path.display()),
            Self::Downloaded(path) => write!(f, "downloaded; the cache is {}", path.display()),
            Self::Drawn | Self::Signs => f.write_str("drawn by this program"),
            Self::MadeUp => f.write_str("made up by this program"),
        }
    }
}

impl Dataset {
    /// Returns the number of classes: labels in use, in training or in testing.
    #[must_use]
    pub fn class_count(&self) -> usize {
        let labels = self.train.labels().iter().chain(self.test.labels());
        labels.collect::<std::collections::BTreeSet<_>>().len()
    }

    /// Returns the groups of classes, such as the alphabets that characters belong to, by their names,
    /// with the labels of their classes, ascending. Empty if no class has a group.
    #[must_use]
    pub fn groups(&self) -> BTreeMap<&str, Vec<Label>> {
        let mut groups: BTreeMap<&str, Vec<Label>> = BTreeMap::new();
        for (label, name) in (0..).zip(&self.class_names) {
            if let Some(group) = group_of(name) {
                groups.entry(group).or_default().push(label);
            }
        }
        groups
    }

    /// The data without some classes, of which nothing else is told that trains or calibrates.
    /// Labels stay what they are.
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
            preprocessing: self.preprocessing,
            train: self.train.subset(&others(self.train.labels())),
            test: self.test.subset(&others(self.test.labels())),
        })
    }

    /// Returns the labels of the classes that `config` leaves unseen, each by its name or by that of
    /// its group, ascending.
    ///
    /// # Errors
    /// Returns [`ConfigError::Unknown`] if no class and no group has such a name.
    pub fn unseen_labels(&self, config: &DataConfig) -> Result<Vec<Label>, ConfigError> {
        let mut labels = Vec::new();
        for name in &config.unseen {
            let before = labels.len();
            let classes = (0..).zip(&self.class_names);
            let named = classes.filter(|(_, class)| *class == name || group_of(class) == Some(name));
            labels.extend(named.map(|(label, _)| label));
            if labels.len() == before {
                let groups = self.groups().into_keys().map(String::from);
                let known = groups.chain(self.class_names.iter().cloned()).collect();
                return Err(ConfigError::unknown("data.unseen", None, name, known));
            }
        }
        labels.sort_unstable();
        labels.dedup();
        Ok(labels)
    }

    /// Returns the training images once more: those that [`HoldOut::Images`] holds out, to test
    /// with, and the others.
    pub fn validation(&self) -> Self {
        let mut classes = classes(self.train.labels());
        let held_out = hold_out(&mut classes, HoldOut::Images).unwrap_or_default();
        let others: Vec<usize> = classes.into_iter().flat_map(|class| class.images).collect();
        Self { test: self.train.subset(&held_out), train: self.train.subset(&others), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drawn;

    #[test]
    fn validation_is_the_last_twelfth_of_the_training_images() {
        let data = drawn::dataset(1, 24, 2);
        let validation = data.validation();
        assert_eq!((validation.train.len(), validation.test.len()), (220, 20));
        let threes = &classes(data.train.labels())[3].images;
        let held = &classes(validation.test.labels())[3].images;
        assert_eq!(validation.test.image(held[1]), data.train.image(threes[23]));
    }

    #[test]
    fn names_become_labels() {
        let names = ["cat", "dog", "cow"].map(String::from).to_vec();
        let data = Dataset { class_names: names, ..drawn::dataset(1, 1, 1) };
        let of = |unseen: &[&str]| {
            let unseen = unseen.iter().map(|name| (*name).into()).collect();
            data.unseen_labels(&DataConfig { unseen, ..DataConfig::default() })
        };
        assert!(of(&[]).unwrap().is_empty());
        assert_eq!(of(&["cow", "cat", "cow"]).unwrap(), [0, 2]);
        let error = of(&["cow", "dgo"]).unwrap_err().to_string();
        assert!(error.starts_with("data.unseen: `dgo`") && error.contains("did you mean `dog`?"), "{error}");
    }

    #[test]
    fn classes_have_groups_by_their_names() {
        let names = ["Greek/a", "Latin/a", "Greek/b", "digit"].map(String::from).to_vec();
        let data = Dataset { class_names: names, ..drawn::dataset(1, 1, 1) };
        assert_eq!(data.groups(), [("Greek", vec![0, 2]), ("Latin", vec![1])].into());
        let of = |unseen: &[&str]| {
            let unseen = unseen.iter().map(|name| (*name).into()).collect();
            data.unseen_labels(&DataConfig { unseen, ..DataConfig::default() })
        };
        assert_eq!(of(&["Greek", "digit", "Greek/b"]).unwrap(), [0, 2, 3]);
        assert!(of(&["Greec"]).unwrap_err().to_string().contains("did you mean `Greek`?"));
        assert!(drawn::dataset(1, 1, 1).groups().is_empty());
    }

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
