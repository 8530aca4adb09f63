//! `[data]`: what becomes of the images.

use super::ConfigError;
use crate::data::Label;
use serde::{Deserialize, Serialize};

/// What becomes of the images.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataConfig {
    /// Names of the classes that are not trained on, so that it can be told how good the net is at things that it has
    /// never seen. At least two classes must be left.
    pub unseen: Vec<String>,
}

impl DataConfig {
    /// The labels of the [unseen](Self::unseen) classes, ascending. `names` are those of all classes, by label.
    ///
    /// # Errors
    /// There is no class of such a name.
    pub fn unseen_labels(&self, names: &[String]) -> Result<Vec<Label>, ConfigError> {
        let label = |name: &String| match names.iter().position(|other| other == name) {
            Some(label) => Ok(label as Label),
            None => Err(ConfigError::unknown("data.unseen", None, name, names.to_vec())),
        };
        let mut labels = self.unseen.iter().map(label).collect::<Result<Vec<_>, _>>()?;
        labels.sort_unstable();
        labels.dedup();
        Ok(labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_labels() {
        let names = ["cat", "dog", "cow"].map(String::from);
        let of = |unseen: &[&str]| {
            let unseen = unseen.iter().map(|name| (*name).into()).collect();
            DataConfig { unseen }.unseen_labels(&names)
        };
        assert!(of(&[]).unwrap().is_empty());
        assert_eq!(of(&["cow", "cat", "cow"]).unwrap(), [0, 2]);
        let error = of(&["cow", "dgo"]).unwrap_err().to_string();
        assert!(error.starts_with("data.unseen: `dgo`") && error.contains("did you mean `dog`?"), "{error}");
    }
}
