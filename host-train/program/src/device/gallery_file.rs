//! A board's gallery in a file: JSON, one line per entry.

use serde::{Deserialize, Serialize};
use shared_model::{
    gallery::{GalleryError, LabelError, MAX_COUNT, Value, check_label},
    inspect::Element,
};
use std::collections::HashSet;
use thiserror::Error;

/// A gallery, as it stands in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GalleryFile {
    /// The model that the embeddings are of: they mean nothing to another one.
    pub model: ModelName,
    /// Values of an embedding.
    pub dim: usize,
    /// Embeddings that are kept of each entry, at most.
    pub exemplars: usize,
    /// The entries.
    pub entries: Vec<Entry>,
}

/// A model, by its name and, which counts, its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelName {
    /// For people.
    pub name: String,
    /// 16 hexadecimal digits.
    pub hash: String,
}

/// One enrolled thing; see [`shared_model::gallery`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its label.
    pub label: String,
    /// The number of images enrolled.
    pub count: u32,
    /// The sum of each of the embedding's values over those images.
    pub sums: Vec<i32>,
    /// The embeddings of the last images, from the oldest to the newest.
    #[serde(default)]
    pub exemplars: Vec<Vec<i32>>,
}

/// The reason why a file or an entry cannot be used.
#[derive(Debug, Error)]
pub enum FileError {
    /// The file is no gallery.
    #[error("is no exported gallery: {0}")]
    Json(#[from] serde_json::Error),
    /// Two entries have one label.
    #[error("has two entries `{0}`")]
    Twice(String),
    /// A label is not valid.
    #[error("has an entry {0:?}: {1}")]
    Label(String, LabelError),
    /// An entry's numbers are impossible.
    #[error("the entry `{label}` is damaged: {reason}")]
    Entry {
        /// Its label.
        label: String,
        /// The fault.
        reason: String,
    },
    /// The board would keep exemplars that the file does not have.
    #[error(
        "the entry `{label}` has {given} exemplars, the board keeps {wanted}: export from a board that keeps as many, \
         or enrol the images again"
    )]
    Exemplars {
        /// Its label.
        label: String,
        /// Those there are.
        given: usize,
        /// Those that the board needs.
        wanted: usize,
    },
}

impl GalleryFile {
    /// Reads a file's content. Labels are checked, numbers by [`Entry::value`].
    ///
    /// # Errors
    /// Returns an error if the text is no gallery, or a label is not valid or occurs twice.
    pub fn parse(text: &str) -> Result<Self, FileError> {
        let file: Self = serde_json::from_str(text)?;
        let mut labels = HashSet::new();
        for Entry { label, .. } in &file.entries {
            check_label(label).map_err(|error| FileError::Label(label.clone(), error))?;
            if !labels.insert(label) {
                return Err(FileError::Twice(label.clone()));
            }
        }
        Ok(file)
    }

    /// Returns the file's content, one line per entry.
    pub fn to_json(&self) -> String {
        let mut text = format!(
            "{{\n  \"model\": {},\n  \"dim\": {},\n  \"exemplars\": {},\n  \"entries\": [",
            json(&self.model),
            self.dim,
            self.exemplars,
        );
        for (index, entry) in self.entries.iter().enumerate() {
            text += if index == 0 { "\n    " } else { ",\n    " };
            text += &json(entry);
        }
        text + "\n  ]\n}\n"
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("texts and numbers are JSON")
}

impl Entry {
    /// Returns the entry of this label and value, of a gallery of embeddings of `dim` elements that keeps
    /// so many exemplars.
    ///
    /// # Errors
    /// Returns an error if the value is of another gallery, or damaged.
    pub fn of(
        label: &str,
        value: &[u8],
        dim: usize,
        exemplars: usize,
        element: Element,
    ) -> Result<Self, GalleryError> {
        let value = Value::new(value, dim, exemplars, element)?;
        let count = value.count();
        let integers = |bytes: &[u8]| bytes.iter().map(|&byte| element.value(byte)).collect();
        let mut kept: Vec<Vec<i32>> = value.exemplars().map(integers).collect();
        if let Some(oldest) = (count as usize).checked_rem(exemplars)
            && kept.len() == exemplars
        {
            kept.rotate_left(oldest);
        }
        Ok(Self { label: label.into(), count, sums: value.sums().collect(), exemplars: kept })
    }

    /// Returns the value that the entry has in such a gallery, which may keep fewer exemplars than the one
    /// that it is from.
    ///
    /// # Errors
    /// Returns an error if the numbers are those of no entry, or exemplars are missing.
    pub fn value(&self, dim: usize, exemplars: usize, element: Element) -> Result<Vec<u8>, FileError> {
        let damaged = |reason: String| FileError::Entry { label: self.label.clone(), reason };
        if !(1..=MAX_COUNT).contains(&self.count) {
            return Err(damaged(format!("its count is {}, not 1 to {MAX_COUNT}", self.count)));
        }
        if self.sums.len() != dim || self.exemplars.iter().any(|exemplar| exemplar.len() != dim) {
            return Err(damaged(format!("its sums or exemplars are not {dim} values each")));
        }
        let count = self.count as usize;
        let wanted = exemplars.min(count);
        let given = self.exemplars.len();
        if given > count {
            return Err(damaged(format!("it has {given} exemplars of {count} images")));
        }
        let Some(first) = given.checked_sub(wanted) else {
            return Err(FileError::Exemplars { label: self.label.clone(), given, wanted });
        };
        let (low, high) = match element {
            Element::Unsigned => (0, 255),
            Element::Signed => (-128, 127),
        };
        let mut kept = vec![0; exemplars * dim];
        for (number, exemplar) in (count - wanted..count).zip(&self.exemplars[first..]) {
            let place = &mut kept[number % exemplars * dim..][..dim];
            for (byte, &integer) in place.iter_mut().zip(exemplar) {
                if !(low..=high).contains(&integer) {
                    return Err(damaged(format!("{integer} in an exemplar is not {low} to {high}")));
                }
                *byte = integer as u8;
            }
        }
        let sums = self.sums.iter().flat_map(|sum| sum.to_le_bytes());
        let value: Vec<u8> = self.count.to_le_bytes().into_iter().chain(sums).chain(kept).collect();
        Value::new(&value, dim, exemplars, element).map_err(|error| damaged(error.to_string()))?;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::{Gallery, Model};

    const MODEL: &[u8] = include_bytes!("../../../../firmware/models/digits.model.postcard");

    #[test]
    fn an_entry_is_the_same_again_and_survives_json() {
        let model = Model::decode(MODEL).unwrap();
        let (dim, element) = (model.embedding_len(), model.output().element);
        for (images, exemplars) in [(1, 0), (5, 0), (1, 3), (3, 3), (4, 3), (8, 3)] {
            let mut memory = vec![0; 10_000];
            let mut gallery = Gallery::new(&model, exemplars, &mut memory);
            for image in 0..images {
                let embedding: Vec<u8> = (0..dim).map(|i| (i * 7 + image * 31) as u8 & 127).collect();
                gallery.enrol("a \"mug\"", &embedding).unwrap();
            }
            let value = gallery.find("a \"mug\"").unwrap().value();
            let entry = Entry::of("a \"mug\"", value, dim, exemplars, element).unwrap();
            let newest: Vec<i32> = (0..dim).map(|i| ((i * 7 + (images - 1) * 31) & 127) as i32).collect();
            assert_eq!(entry.exemplars.last(), (exemplars > 0).then_some(&newest));
            let name = ModelName { name: "m".into(), hash: "0011223344556677".into() };
            let file =
                GalleryFile { model: name, dim, exemplars, entries: vec![entry.clone(), entry.clone()] };
            let text = file.to_json();
            assert_eq!(text.lines().count(), 9, "{text}");
            assert!(matches!(GalleryFile::parse(&text), Err(FileError::Twice(_))));
            let file = GalleryFile { entries: vec![entry], ..file };
            assert_eq!(GalleryFile::parse(&file.to_json()).unwrap(), file);
            assert_eq!(file.entries[0].value(dim, exemplars, element).unwrap(), value);
        }
    }

    /// Comparing each pair of these labels would take minutes.
    #[test]
    fn a_large_file_is_read_in_linear_time() {
        let entry = |number: usize| Entry {
            label: format!("one label among many {number:06}"),
            count: 1,
            sums: vec![1],
            exemplars: Vec::new(),
        };
        let name = ModelName { name: "m".into(), hash: "0011223344556677".into() };
        let entries = (0..300_000).map(entry).collect();
        let mut file = GalleryFile { model: name, dim: 1, exemplars: 0, entries };
        assert_eq!(GalleryFile::parse(&file.to_json()).unwrap().entries.len(), 300_000);
        file.entries.push(entry(0));
        let error = GalleryFile::parse(&file.to_json()).unwrap_err();
        assert_eq!(error.to_string(), format!("has two entries `{}`", entry(0).label));
    }

    #[test]
    fn a_board_may_keep_fewer_exemplars_but_not_more() {
        let exemplars = vec![vec![1, 2], vec![3, 4], vec![5, -6]];
        let entry = Entry { label: "x".into(), count: 4, sums: vec![9, -4], exemplars };
        let value = entry.value(2, 2, Element::Signed).unwrap();
        // Images 2 and 3, at the places 0 and 1.
        assert_eq!(value[12..], [3, 4, 5, 0xfa]);
        let error = entry.value(2, 4, Element::Signed).unwrap_err().to_string();
        assert!(error.starts_with("the entry `x` has 3 exemplars, the board keeps 4: "), "{error}");
        assert_eq!(entry.value(2, 0, Element::Signed).unwrap().len(), 12);
    }

    #[test]
    fn impossible_numbers_are_refused() {
        let entry = Entry { label: "x".into(), count: 1, sums: vec![1, 2], exemplars: vec![vec![1, 2]] };
        assert!(entry.value(2, 1, Element::Unsigned).is_ok());
        for wrong in [
            Entry { count: 0, ..entry.clone() },
            Entry { count: MAX_COUNT + 1, ..entry.clone() },
            Entry { sums: vec![1], ..entry.clone() },
            Entry { sums: vec![1, 256], ..entry.clone() },
            Entry { exemplars: vec![vec![1, 256]], ..entry.clone() },
            Entry { exemplars: vec![vec![1]], ..entry.clone() },
            Entry { exemplars: vec![vec![1, 2]; 2], ..entry.clone() },
        ] {
            let error = wrong.value(2, 1, Element::Unsigned).unwrap_err().to_string();
            assert!(error.starts_with("the entry `x` is damaged: "), "{error}");
        }
        assert!(GalleryFile::parse("{}").unwrap_err().to_string().starts_with("is no exported gallery: "));
        let text = GalleryFile {
            model: ModelName { name: String::new(), hash: String::new() },
            dim: 2,
            exemplars: 0,
            entries: vec![Entry { label: "\u{1b}".into(), ..entry }],
        };
        assert!(matches!(GalleryFile::parse(&text.to_json()), Err(FileError::Label(..))));
    }
}
