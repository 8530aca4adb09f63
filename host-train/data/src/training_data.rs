//! What a net is trained on: the run's own images, others, characters that are made up, or a
//! mixture of them.

use crate::{
    characters::Characters,
    dataset::{
        CHARACTERS, DRAWN, DRAWN_DIGITS, DRAWN_SIGNS, Dataset, MADE_UP_CHARACTERS, MNIST, SIGNS, Source,
    },
    error::DataError,
    event::Progress,
    search::{Place, Request, find, folder_name, is_word},
    split::Split,
};
use std::path::Path;
use tinytriplet_recipe::{DataConfig, SourceConfig};

/// The images that a net is trained on, from one source or several.
#[derive(Clone, Debug)]
pub struct TrainingData<'a> {
    /// The run's own images: what it is evaluated with, and what is held out, are of them.
    pub own: &'a Split,
    /// The sources, at least one.
    pub parts: Vec<Part>,
    /// Other things, which all classes are to be kept apart from.
    pub decoys: Option<&'a Split>,
}

/// A source that a net is trained on.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its images.
    pub images: PartImages,
    /// Its share of the classes of a batch, relative to the other parts'; above 0.
    pub share: f64,
}

/// The images of a [`Part`]. A class of one part has nothing to do with a class of another, whatever
/// their labels.
#[derive(Clone, Debug)]
pub enum PartImages {
    /// The run's own, without those that are held out.
    Own,
    /// Others, of the same size.
    Others(Split),
    /// Characters that are made up for every batch.
    Characters(Characters),
}

impl<'a> From<&'a Split> for TrainingData<'a> {
    /// Returns the run's own images, and nothing else.
    fn from(own: &'a Split) -> Self {
        Self { own, parts: vec![Part { images: PartImages::Own, share: 1.0 }], decoys: None }
    }
}

impl<'a> TrainingData<'a> {
    /// Returns what a recipe trains on: `own`, or the mixture that `request`'s settings name, and `decoys`. `data`
    /// are the run's data, of which `own` may be a part.
    ///
    /// # Errors
    /// Returns [`DataError`] if a source cannot be used, or its images are of another size.
    pub fn find(
        own: &'a Split,
        data: &Dataset,
        decoys: Option<&'a Split>,
        request: &Request,
        progress: Progress<'_>,
    ) -> Result<Self, DataError> {
        let characters = || PartImages::Characters(Characters::new(&request.config.characters, request.seed));
        let mut parts = Vec::new();
        for source in &request.config.mixture {
            let images = match &source.source {
                None if data.source == Source::MadeUp => characters(),
                None => PartImages::Own,
                Some(word) if word == CHARACTERS && is_word(Path::new(word)) => characters(),
                Some(path) => others(own, data, path, request, progress)?,
            };
            parts.push(Part { images, share: source.share });
        }
        if parts.is_empty() {
            let images = if data.source == Source::MadeUp { characters() } else { PartImages::Own };
            parts.push(Part { images, share: 1.0 });
        }
        let are_drawn = parts.iter().any(|part| matches!(part.images, PartImages::Characters(_)));
        if are_drawn && own.channels != 1 {
            return Err(DataError::Grey { name: MADE_UP_CHARACTERS.into(), wanted: own.channels as u16 });
        }
        Ok(Self { own, parts, decoys })
    }

    /// Returns what tells the images in memory from others: their [`fingerprint`](Split::fingerprint)s.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let others = self.parts.iter().filter_map(|part| match &part.images {
            PartImages::Others(split) => Some(split.fingerprint()),
            PartImages::Own | PartImages::Characters(_) => None,
        });
        let decoys = self.decoys.map(Split::fingerprint);
        std::iter::once(self.own.fingerprint()).chain(others).chain(decoys).collect::<Vec<_>>().join("+")
    }
}

/// Returns true if a recipe trains on the run's own data, or a part of them. Never on made-up
/// characters: those that it trains on are others.
#[must_use]
pub fn trains_on_own(data: &Dataset, config: &DataConfig) -> bool {
    let own = |source: &SourceConfig| source.source.as_ref().is_none_or(|path| is_own(data, path));
    data.source != Source::MadeUp && (config.mixture.is_empty() || config.mixture.iter().any(own))
}

/// Returns the names of all data that a recipe trains on, each once, with ` + ` between them: [`is_among`] reads it.
/// `data` are the run's.
#[must_use]
pub fn trained_on(data: &Dataset, config: &DataConfig) -> String {
    let name = |source: &SourceConfig| match source.source.as_deref() {
        None => data.name.clone(),
        Some(path) if is_own(data, path) => data.name.clone(),
        Some(CHARACTERS) => MADE_UP_CHARACTERS.into(),
        Some(DRAWN) => DRAWN_DIGITS.into(),
        Some(SIGNS) => DRAWN_SIGNS.into(),
        Some(MNIST) => MNIST.into(),
        Some(path) => folder_name(Path::new(path)),
    };
    let mut names: Vec<String> = Vec::new();
    for name in config.mixture.iter().map(name) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() {
        names.push(data.name.clone());
    }
    names.iter().map(|name| without_and(name)).collect::<Vec<_>>().join(AND)
}

/// Returns a name in which nothing separates two names. It is as long as it was: what is cut off at some length is
/// the same.
fn without_and(name: &str) -> String {
    name.replace(AND, " & ")
}

/// Separates the names of the data that a net was trained on.
const AND: &str = " + ";

/// Returns true if the data of this name are among those that a net was [trained on](trained_on).
#[must_use]
pub fn is_among(name: &str, trained_on: &str) -> bool {
    let name = without_and(name);
    trained_on.split(AND).any(|part| part == name)
}

/// Returns true if `path`, as a recipe's source, names the run's own `data`.
#[must_use]
pub fn is_own(data: &Dataset, path: &str) -> bool {
    match (&data.source, path) {
        (Source::MadeUp, CHARACTERS) | (Source::Drawn, DRAWN) | (Source::Signs, SIGNS) => true,
        (_, MNIST) => data.name == MNIST,
        (Source::Given(own) | Source::Environment(own), path) => {
            own.canonicalize().is_ok_and(|own| Path::new(path).canonicalize().is_ok_and(|path| path == own))
        }
        _ => false,
    }
}

/// Returns the training images that `path` names.
fn others(
    own: &Split,
    data: &Dataset,
    path: &str,
    request: &Request,
    progress: Progress<'_>,
) -> Result<PartImages, DataError> {
    let request = Request { place: Place::Named(path.into()), ..request.clone() };
    let found = find(request, progress)?.train;
    // What is held out of the run's own images must not come in by another door.
    if found.fingerprint() == data.train.fingerprint() {
        return Ok(PartImages::Own);
    }
    let sizes = [own.shape(), found.shape()];
    match sizes[0] == sizes[1] {
        true => Ok(PartImages::Others(found)),
        false => Err(DataError::SourceSize { source_name: path.into(), own: sizes[0], others: sizes[1] }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{characters, drawn};

    fn find(data: &Dataset, mixture: &[Option<&str>]) -> Result<Vec<PartImages>, DataError> {
        let source = |source: &Option<&str>| SourceConfig {
            source: source.map(Into::into),
            share: 2.0,
            only_with: Vec::new(),
        };
        let config = DataConfig { mixture: mixture.iter().map(source).collect(), ..DataConfig::default() };
        let request = Request { seed: 1, config, ..Request::default() };
        let found = TrainingData::find(&data.train, data, None, &request, &mut |event| panic!("{event:?}"))?;
        Ok(found.parts.into_iter().map(|part| part.images).collect())
    }

    #[test]
    fn a_run_trains_on_its_own_images_unless_it_names_others() {
        let digits = drawn::dataset(9, 4, 2);
        assert!(matches!(find(&digits, &[]).unwrap()[..], [PartImages::Own]));
        let mixture = find(&digits, &[Some("characters"), None, Some("drawn")]).unwrap();
        let [PartImages::Characters(_), PartImages::Own, PartImages::Others(others)] = &mixture[..] else {
            panic!("{mixture:?}")
        };
        assert_eq!(others.len(), 12_000);
        // Made-up characters are never trained on twice.
        let made_up = characters::dataset(1);
        assert!(matches!(find(&made_up, &[]).unwrap()[..], [PartImages::Characters(_)]));
        assert!(matches!(find(&made_up, &[None]).unwrap()[..], [PartImages::Characters(_)]));
    }

    #[test]
    fn what_a_run_is_trained_on_has_names() {
        let mixture = |sources: &[Option<&str>]| {
            let source = |source: &Option<&str>| SourceConfig {
                source: source.map(Into::into),
                share: 1.0,
                only_with: Vec::new(),
            };
            DataConfig { mixture: sources.iter().map(source).collect(), ..DataConfig::default() }
        };
        let digits = drawn::dataset(1, 1, 1);
        for (sources, own, names) in [
            (&[][..], true, "drawn-digits"),
            (&[None, Some("characters")], true, "drawn-digits + made-up-characters"),
            (&[Some("characters"), Some("drawn")], true, "made-up-characters + drawn-digits"),
            (&[Some("characters"), Some("mnist")], false, "made-up-characters + mnist"),
            (&[Some("characters")], false, "made-up-characters"),
        ] {
            let config = mixture(sources);
            assert_eq!(
                (trains_on_own(&digits, &config), trained_on(&digits, &config).as_str()),
                (own, names)
            );
            assert_eq!(is_among("drawn-digits", names), own);
            assert!(!is_among("drawn", names));
        }
        let twice = mixture(&[None, Some("characters"), None, Some("drawn")]);
        assert_eq!(trained_on(&digits, &twice), "drawn-digits + made-up-characters");
        let made_up = characters::dataset(1);
        assert!(!trains_on_own(&made_up, &mixture(&[])));
        assert_eq!(trained_on(&made_up, &mixture(&[])), "made-up-characters");
    }

    #[test]
    fn a_name_with_a_plus_is_one_name() {
        let digits = Dataset { name: "nuts + bolts".into(), ..drawn::dataset(1, 1, 1) };
        let names = trained_on(&digits, &DataConfig::default());
        assert_eq!(names, "nuts & bolts");
        assert!(is_among("nuts + bolts", &names) && !is_among("nuts", &names));
    }

    #[test]
    fn the_runs_own_images_under_another_name_are_its_own() {
        let digits = drawn::dataset(1, drawn::TRAIN_PER_CLASS, 1);
        assert!(matches!(find(&digits, &[Some("drawn")]).unwrap()[..], [PartImages::Own]));
    }

    #[test]
    fn a_source_that_does_not_fit_is_named() {
        let small = Dataset { train: Split::new(1, 1, vec![0], vec![0]).unwrap(), ..drawn::dataset(1, 1, 1) };
        let error = find(&small, &[Some("drawn")]).unwrap_err().to_string();
        assert_eq!(
            error,
            "data.mixture: the images of drawn have 28×28×1 pixels, the run's own 1×1×1. Set data.size such that they are alike"
        );
        assert!(matches!(find(&small, &[Some("/not/there")]), Err(DataError::NoFolder(_))));
    }
}
