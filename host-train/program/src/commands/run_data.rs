//! The data of a run: written down when it begins, and found again by every command on it.

use super::data::{self, DataArgs};
use crate::terminal::note;
use anyhow::{Result, anyhow, bail, ensure};
use clap::Args;
use serde::{Deserialize, Serialize};
use shared_model::model::format::Fit;
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use tinytriplet_data::{
    DRAWN_DIGITS, DRAWN_SIGNS, Dataset, MADE_UP_CHARACTERS, MNIST_FINGERPRINTS, Place, Source, Split,
};
use tinytriplet_recipe::{Config, DataConfig, ValidConfig};
use tinytriplet_report::{
    run_folder::{CONFIG, DATA, METRICS, RunFolder},
    text::thousands,
};

/// The content of `data.json`: where a run's data were when it began, and what tells them from
/// others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// [`Dataset::name`].
    name: String,
    /// The absolute path of the folder. What this program draws and MNIST from the cache have none, and neither
    /// has a folder whose path is not Unicode, which JSON does not hold.
    folder: Option<String>,
    /// True if broken images were passed over.
    skip_broken: bool,
    /// The way that the images got their size, which depends on the data if the recipe leaves it
    /// open.
    fit: Fit,
    train: Images,
    test: Images,
}

/// The images of a split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Images {
    images: usize,
    /// [`Split::fingerprint`].
    fingerprint: String,
}

impl From<&Split> for Images {
    fn from(split: &Split) -> Self {
        Self { images: split.len(), fingerprint: split.fingerprint() }
    }
}

impl Record {
    /// Returns the record of data that were found; `skip_broken` as they were asked for.
    pub fn new(data: &Dataset, skip_broken: bool) -> Self {
        let folder = match &data.source {
            Source::Given(path) | Source::Environment(path) => Some(path),
            Source::Cache(_) | Source::Downloaded(_) | Source::Drawn | Source::Signs | Source::MadeUp => None,
        };
        let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
        Self {
            name: data.name.clone(),
            folder: folder.and_then(|path| absolute(path).to_str().map(str::to_owned)),
            skip_broken,
            fit: data.preprocessing.fit,
            train: (&data.train).into(),
            test: (&data.test).into(),
        }
    }

    /// Returns true if broken images are passed over.
    pub fn skips_broken(&self) -> bool {
        self.skip_broken
    }

    /// Writes it to a run's folder.
    ///
    /// # Errors
    /// Returns an error if it cannot be written.
    pub fn write(&self, run: &RunFolder) -> Result<()> {
        run.write(DATA, (serde_json::to_string_pretty(self)? + "\n").as_bytes())
    }

    /// Returns `things (24 training and 6 test images, /home/me/things)`.
    fn describe(&self) -> String {
        let [train, test] = [&self.train, &self.test].map(|split| thousands(split.images as u64));
        let place = self.folder.as_ref().map_or(String::new(), |folder| format!(", {folder}"));
        format!("{} ({train} training and {test} test images{place})", self.name)
    }

    /// Returns the places where the data may be, the likeliest first.
    fn places(&self) -> Vec<Place> {
        let is_mnist =
            [&self.train, &self.test].map(|split| split.fingerprint.as_str()) == MNIST_FINGERPRINTS;
        let is_own = |name| self.folder.is_none() && self.name == name;
        let folder = self.folder.as_ref().map(|folder| Place::Named(folder.into()));
        let others = [
            (is_mnist, Place::Mnist),
            (is_own(DRAWN_DIGITS), Place::Drawn),
            (is_own(DRAWN_SIGNS), Place::Signs),
            (is_own(MADE_UP_CHARACTERS), Place::Characters),
        ];
        folder.into_iter().chain(others.into_iter().filter(|(is, _)| *is).map(|(_, place)| place)).collect()
    }
}

/// Whether a command on a run may take data that are not the run's.
#[derive(Clone, Copy, Debug, Args)]
pub struct OtherData {
    /// Take these data, although the run began with others
    #[arg(long)]
    other_data: bool,
}

/// The images of a run that must be its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needed {
    /// Those that it was trained on.
    Training,
    /// Those that it was tested with, too.
    All,
}

/// A run, and what its folder says of its data.
#[derive(Debug)]
pub struct RunData {
    run: PathBuf,
    known: Known,
}

/// What a run knows of its data.
#[derive(Debug)]
enum Known {
    /// Everything.
    Record(Record),
    /// Their name: an earlier version of this program began the run.
    Name(String),
    /// Nothing: the same, and the run has not ended.
    Nothing,
}

impl RunData {
    /// Reads the record in a run's folder.
    ///
    /// # Errors
    /// Returns an error if there is one that cannot be read.
    pub fn read(run: &RunFolder) -> Result<Self> {
        let path = run.file(DATA);
        let known = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                dataset_of_metrics(run).map_or(Known::Nothing, Known::Name)
            }
            read => {
                let record =
                    read.map_err(anyhow::Error::from).and_then(|text| Ok(serde_json::from_str(&text)?));
                Known::Record(record.map_err(|error| {
                    anyhow!(
                        "{}: cannot be read as the record of a run's data: {error}. Remove it, and name the data with \
                         --data",
                        path.display()
                    )
                })?)
            }
        };
        Ok(Self { run: run.path().to_owned(), known })
    }

    /// Returns the record, which a run of an earlier version does not have.
    pub fn record(&self) -> Option<&Record> {
        match &self.known {
            Known::Record(record) => Some(record),
            Known::Name(_) | Known::Nothing => None,
        }
    }

    /// Returns true if broken images are to be passed over, as the user or the run has it.
    pub fn skips_broken(&self, args: &DataArgs) -> bool {
        args.skip_broken || self.record().is_some_and(Record::skips_broken)
    }

    /// Returns the data to go on with, which must be the run's. A run without a record looks where a
    /// new one does, and its checkpoint tells whether they are the same.
    ///
    /// # Errors
    /// Returns an error if they cannot be used, are not found, or are others.
    pub fn find_to_resume(&self, args: &DataArgs, seed: u64, config: &DataConfig) -> Result<Dataset> {
        match self.record() {
            Some(_) => self.find_same(args, seed, config),
            None => data::find(args, seed, config),
        }
    }

    /// Returns the data that the user names, or else the run's own, whose training images must be the run's, as far
    /// as that is known.
    ///
    /// # Errors
    /// Returns an error if they cannot be used, are not found, or are others.
    pub fn find_same(&self, args: &DataArgs, seed: u64, config: &DataConfig) -> Result<Dataset> {
        let data = self.find(args, seed, config)?;
        match self.difference(&data, Needed::Training) {
            Some(difference) => Err(self.other(&difference, "")),
            None => Ok(data),
        }
    }

    /// Returns the data that the user names, or else the run's own. `seed` and `config` are the run's.
    ///
    /// # Errors
    /// Returns an error if they cannot be used, or are not found.
    pub fn find(&self, args: &DataArgs, seed: u64, config: &DataConfig) -> Result<Dataset> {
        let run = self.run.display();
        let skip_broken = self.skips_broken(args);
        let Some(record) = self.record() else {
            ensure!(
                args.data.is_some(),
                "{run}: this run does not know its data, because it has no {DATA} (an earlier version of this \
                 program began it, or the file is lost); name them with --data"
            );
            return data::find(args, seed, config);
        };
        let config = DataConfig { fit: Some(record.fit), ..config.clone() };
        let mut found = match &args.data {
            Some(_) => data::find(&DataArgs { skip_broken, ..args.clone() }, seed, &config)?,
            None => self.own(record, skip_broken, seed, &config)?,
        };
        // The same images in a folder of another name give the same model file.
        if record.train.fingerprint == found.train.fingerprint() {
            found.name.clone_from(&record.name);
        }
        Ok(found)
    }

    fn own(&self, record: &Record, skip_broken: bool, seed: u64, config: &DataConfig) -> Result<Dataset> {
        let mut first = None;
        for place in record.places() {
            let found = match &place {
                Place::Named(folder) if !folder.is_dir() => {
                    Err(anyhow!("{}: no such folder is there any more", folder.display()))
                }
                _ => data::find_own(place, skip_broken, seed, config),
            };
            match found {
                Ok(found) => return Ok(found),
                Err(error) => _ = first.get_or_insert(error),
            }
        }
        let error = first.unwrap_or_else(|| anyhow!("{}: their place is not known", record.name));
        bail!(
            "{}: the data of this run cannot be read again: {error:#}. If they are elsewhere now, name the place with \
             --data",
            self.run.display()
        )
    }

    /// Returns the name of the data, if it is known.
    pub fn name(&self) -> Option<&str> {
        match &self.known {
            Known::Record(Record { name, .. }) | Known::Name(name) => Some(name),
            Known::Nothing => None,
        }
    }

    /// Checks that data are the run's, unless others are wanted.
    ///
    /// # Errors
    /// Returns an error if they are not.
    pub fn ensure_own(
        &self,
        data: &Dataset,
        needed: Needed,
        OtherData { other_data }: OtherData,
    ) -> Result<()> {
        if self.record().is_none() {
            note("note", format_args!("the run has no {DATA}, so whether these are its data cannot be told"));
        }
        match self.difference(data, needed) {
            Some(difference) if !other_data => {
                Err(self.other(&difference, ", or say --other-data to take these"))
            }
            _ => Ok(()),
        }
    }

    fn other(&self, difference: &str, or: &str) -> anyhow::Error {
        anyhow!(
            "{}: this run began with other data than are found now: {difference}. Name its own with --data{or}",
            self.run.display()
        )
    }

    /// Returns how data differ from the run's, if they do, as far as that is known.
    fn difference(&self, data: &Dataset, needed: Needed) -> Option<String> {
        match &self.known {
            Known::Record(record) => {
                let found = Record::new(data, record.skip_broken);
                let same =
                    record.train == found.train && (needed == Needed::Training || record.test == found.test);
                if same {
                    return None;
                }
                let [then, now] = [record, &found].map(Record::describe);
                Some(match then == now {
                    true => format!("the images of {now} have changed"),
                    false => format!("{then} then, {now} now"),
                })
            }
            Known::Name(name) if *name != data.name => Some(format!("{name} then, {} now", data.name)),
            Known::Name(_) | Known::Nothing => None,
        }
    }

    /// Tells if data have the name of the run's, and are others.
    pub fn note_change(&self, data: &Dataset) {
        if let Some(difference) = self.difference(data, Needed::All)
            && self.record().is_some_and(|record| record.name == data.name)
        {
            note("note", format_args!("the run began with other data than it is evaluated on: {difference}"));
        }
    }
}

/// Returns the recipe of a run.
///
/// # Errors
/// Returns an error if its file cannot be read or is not valid.
pub fn recipe(run: &RunFolder) -> Result<ValidConfig> {
    Config::read(&run.file(CONFIG)).map_err(|error| {
        let error = error.to_string();
        anyhow!(
            "{}. This is the recipe that the run was trained by: put it right, or copy the run again",
            error.trim_end_matches('.')
        )
    })
}

/// Returns true if a command is given the folder of a run, and false if it is a model file, or a folder with
/// nothing but a model, whose data are named.
///
/// # Errors
/// Returns an error if it is a folder without a recipe, and no data are named.
pub fn is_run(model: &Path, args: &DataArgs) -> Result<bool> {
    let without_run = !model.is_dir() || args.data.is_some();
    Ok(model.join(CONFIG).is_file() || (!without_run && RunFolder::open(model).map(|_| true)?))
}

/// Returns the name of the data set in a run's metrics, if it has any.
fn dataset_of_metrics(run: &RunFolder) -> Option<String> {
    let metrics = fs::read(run.file(METRICS)).ok()?;
    let metrics: serde_json::Value = serde_json::from_slice(&metrics).ok()?;
    Some(metrics["dataset"].as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared_model::model::format::Preprocessing;
    use tinytriplet_data::drawn;

    fn record(name: &str, source: Source, fingerprints: [&str; 2]) -> Record {
        let data = Dataset {
            name: name.into(),
            source,
            preprocessing: Preprocessing::MNIST,
            ..drawn::dataset(1, 1, 1)
        };
        let images = |fingerprint: &str| Images { images: 10, fingerprint: fingerprint.into() };
        let [train, test] = fingerprints.map(images);
        Record { train, test, ..Record::new(&data, false) }
    }

    /// MNIST is the same wherever it is. A folder of that name, or of the drawn digits', is a folder.
    #[test]
    fn places_of_the_data() {
        let places = |name: &str, source, fingerprints| record(name, source, fingerprints).places();
        let (mnist, other) = (MNIST_FINGERPRINTS, ["768fc00915f1fe16", "0"]);
        let named = || Place::Named("/x".into());
        assert_eq!(places("mnist", Source::Given("/x".into()), mnist), [named(), Place::Mnist]);
        assert_eq!(places("mnist", Source::Environment("/x".into()), mnist), [named(), Place::Mnist]);
        assert_eq!(places("mnist", Source::Cache("/x".into()), mnist), [Place::Mnist]);
        assert_eq!(places("mnist", Source::Given("/x".into()), other), [named()]);
        assert_eq!(places("drawn-digits", Source::Drawn, other), [Place::Drawn]);
        assert_eq!(places("drawn-digits", Source::Given("/x".into()), other), [named()]);
        assert_eq!(places("drawn-signs", Source::Signs, other), [Place::Signs]);
        assert_eq!(places("made-up-characters", Source::MadeUp, other), [Place::Characters]);
    }

    #[cfg(unix)]
    #[test]
    fn a_path_that_is_not_unicode_has_to_be_named_again() {
        use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
        let place = Path::new(OsStr::from_bytes(b"/caf\xe9")).to_owned();
        let record = record("caf\\xe9", Source::Given(place), ["1", "2"]);
        assert_eq!((&record.folder, record.places()), (&None, vec![]));
        let run = RunData { run: "runs/x".into(), known: Known::Record(record) };
        let config = DataConfig::default();
        let error =
            run.find(&DataArgs { data: None, skip_broken: false }, 1, &config).unwrap_err().to_string();
        assert!(
            error.contains("caf\\xe9: their place is not known. If they are elsewhere now, name"),
            "{error}"
        );
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let parent = tempfile::tempdir().unwrap();
        let run = RunFolder::create(parent.path(), "run").unwrap();
        let record = record("x", Source::Given("relative".into()), ["1", "2"]);
        record.write(&run).unwrap();
        assert_eq!(RunData::read(&run).unwrap().record(), Some(&record));
        let folder = record.folder.unwrap();
        assert!(Path::new(&folder).is_absolute() && folder.ends_with("relative"), "{folder}");
    }
}
