//! A gallery that outlasts the power: every change is stored, and read back, before it counts.

use core::fmt;
use embedded_storage::nor_flash::NorFlash;
use shared_model::{Gallery, Model, gallery::GalleryError};
use tinytriplet_store::{Owner, Store, StoreError};

/// A gallery in RAM, and the same in flash if the board has flash for it.
///
/// A change that could not be stored has not happened, as long as the board runs. Only if it
/// restarts before another change is stored may the failed one be there: the flash may have done
/// what it reported as failed.
#[derive(Debug)]
pub struct PersistentGallery<'m, Flash, const CAPACITY: usize> {
    gallery: Gallery<'m>,
    store: Option<Store<Flash, CAPACITY>>,
    persistence: Persistence,
    /// The seconds until the flash may be erased again.
    rest: u16,
    /// Room for the value of an entry.
    value: &'m mut [u8],
}

/// The memory that keeps a gallery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Persistence {
    /// In RAM: a reset loses it.
    Ram,
    /// In flash.
    Flash,
    /// The flash holds the gallery of the model with this hash, and keeps it until it is cleared.
    /// Until then there is no gallery.
    OtherModel([u8; 8]),
    /// The flash could not be read when the gallery was loaded, or it is too small. There is no
    /// gallery until the next start.
    Failed,
}

impl<'m, Flash, const CAPACITY: usize> PersistentGallery<'m, Flash, CAPACITY> {
    /// Returns where the gallery is kept.
    pub fn persistence(&self) -> Persistence {
        self.persistence
    }

    /// Returns the entries.
    ///
    /// # Errors
    /// Returns [`PersistentGalleryError::Unavailable`] if there is no gallery of this model.
    pub fn get(&self) -> Result<&Gallery<'m>, PersistentGalleryError> {
        match self.persistence {
            Persistence::Ram | Persistence::Flash => Ok(&self.gallery),
            unavailable => Err(PersistentGalleryError::Unavailable(unavailable)),
        }
    }

    /// Returns the gallery in RAM, which is empty if there is no gallery of this model.
    pub(crate) fn in_memory(&self) -> &Gallery<'m> {
        &self.gallery
    }
}

impl<'m, Flash: NorFlash, const CAPACITY: usize> PersistentGallery<'m, Flash, CAPACITY> {
    /// Loads what `flash` holds into `gallery`, which is empty and has room for `CAPACITY` entries.
    /// `value` has [`Gallery::value_len`] bytes; their content does not matter.
    ///
    /// It does not fail: [`persistence`](Self::persistence) tells what came of it.
    pub fn load(model: &Model<'_>, gallery: Gallery<'m>, flash: Option<Flash>, value: &'m mut [u8]) -> Self {
        let mut loaded = Self { gallery, store: None, persistence: Persistence::Ram, rest: 0, value };
        let Some(flash) = flash else { return loaded };
        match Store::mount(flash, model.hash(), loaded.gallery.value_len()) {
            Ok(store) => {
                if loaded.read_all(store).is_err() {
                    loaded.gallery.clear();
                    loaded.persistence = Persistence::Failed;
                }
            }
            Err(error) => {
                log!(error, "no gallery: {}", error);
                loaded.persistence = Persistence::Failed;
            }
        }
        loaded
    }

    /// Loads what `store` holds into `gallery`, which is empty. The store was mounted for the
    /// model's hash, for values of [`Gallery::value_len`] bytes, and for as many records as the
    /// gallery has room for. `value` has as many bytes as a value; their content does not matter.
    ///
    /// # Errors
    /// Returns [`PersistentGalleryError::Store`] if the flash fails, and
    /// [`PersistentGalleryError::Gallery`] if a record is no entry of such a gallery.
    pub fn from_store(
        gallery: Gallery<'m>,
        store: Store<Flash, CAPACITY>,
        value: &'m mut [u8],
    ) -> Result<Self, PersistentGalleryError> {
        let mut loaded = Self { gallery, store: None, persistence: Persistence::Ram, rest: 0, value };
        loaded.read_all(store)?;
        Ok(loaded)
    }

    /// Returns the number of times that the flash was rewritten, or 0 if there is none: see
    /// [`Store::compactions`].
    pub fn compactions(&self) -> u32 {
        self.store.as_ref().map_or(0, Store::compactions)
    }

    /// Returns the number of faults that were found in the flash: see [`Store::damage`].
    pub fn damage(&self) -> u16 {
        self.store.as_ref().map_or(0, Store::damage)
    }

    /// Allows this many erases of half of the flash from now on, and says in how many seconds there
    /// will be another one: see [`Store::allow`].
    pub fn allow(&mut self, erases: u32, rest: u16) {
        self.rest = rest;
        if let Some(store) = &mut self.store {
            store.allow(erases);
        }
    }

    /// Returns the number of erases that are still allowed; `None` if there is no flash.
    pub fn allowed(&self) -> Option<u32> {
        self.store.as_ref().map(Store::allowed)
    }

    /// Makes a change in the flash, if there is one. The entry's value is given, too.
    fn store(
        &mut self,
        change: impl FnOnce(&mut Store<Flash, CAPACITY>, &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), PersistentGalleryError> {
        let Some(store) = &mut self.store else { return Ok(()) };
        change(store, self.value).map_err(|error| match error {
            StoreError::Resting => PersistentGalleryError::Resting { seconds: self.rest },
            error => error.into(),
        })
    }

    fn read_all(&mut self, store: Store<Flash, CAPACITY>) -> Result<(), PersistentGalleryError> {
        let store = self.store.insert(store);
        self.persistence = match store.owner() {
            Owner::Other(hash) => Persistence::OtherModel(hash),
            Owner::Mine => Persistence::Flash,
        };
        for index in 0..store.len() {
            let key = store.read(index, self.value)?;
            // All keys are labels: nothing else is ever written.
            let label = str::from_utf8(&key).map_err(|_| StoreError::Damaged)?;
            self.gallery.insert(label, self.value)?;
        }
        Ok(())
    }

    /// Adds an image's embedding to the entry of `label`, and returns the number of images that the
    /// entry then has.
    ///
    /// # Errors
    /// Returns [`PersistentGalleryError::Gallery`] if [`Gallery::enrolled`] refuses it,
    /// [`PersistentGalleryError::Unavailable`] if there is no gallery, and
    /// [`PersistentGalleryError::Store`] if it could not be stored. Nothing has changed then.
    pub fn enrol(&mut self, label: &str, embedding: &[u8]) -> Result<u32, PersistentGalleryError> {
        self.get()?;
        let count = self.gallery.enrolled(label, embedding, self.value)?;
        self.store(|store, value| store.put(label.as_bytes(), value))?;
        self.gallery.insert(label, self.value)?;
        Ok(count)
    }

    /// Takes the image that was enrolled last, of which this is the embedding, out of the entry of `label` again.
    /// Returns the number of images that are left; an entry without any is removed.
    ///
    /// # Errors
    /// Returns [`PersistentGalleryError::NoEntry`] if there is no such entry,
    /// [`PersistentGalleryError::Gallery`] if [`Gallery::taken_back`] refuses it,
    /// [`PersistentGalleryError::Unavailable`] if there is no gallery, and
    /// [`PersistentGalleryError::Store`] if the change could not be stored. Nothing has changed then.
    pub fn take_back(&mut self, label: &str, embedding: &[u8]) -> Result<u32, PersistentGalleryError> {
        if self.get()?.find(label).is_none() {
            return Err(PersistentGalleryError::NoEntry);
        }
        let count = self.gallery.taken_back(label, embedding, self.value)?;
        if count == 0 {
            self.forget(label)?;
            return Ok(0);
        }
        self.store(|store, value| store.put(label.as_bytes(), value))?;
        self.gallery.insert(label, self.value)?;
        Ok(count)
    }

    /// Adds an entry, or replaces the one with the same label.
    ///
    /// # Errors
    /// Returns [`PersistentGalleryError::Gallery`] if [`Gallery::insert`] refuses it,
    /// [`PersistentGalleryError::Unavailable`] if there is no gallery, and
    /// [`PersistentGalleryError::Store`] if it could not be stored. Nothing has changed then.
    pub fn import(&mut self, label: &str, value: &[u8]) -> Result<(), PersistentGalleryError> {
        self.get()?;
        self.gallery.check(label, value)?;
        self.store(|store, _| store.put(label.as_bytes(), value))?;
        Ok(self.gallery.insert(label, value)?)
    }

    /// Removes an entry.
    ///
    /// # Errors
    /// Returns [`PersistentGalleryError::NoEntry`] if there is no such entry,
    /// [`PersistentGalleryError::Unavailable`] if there is no gallery, and
    /// [`PersistentGalleryError::Store`] if the change could not be stored. Nothing has changed
    /// then.
    pub fn forget(&mut self, label: &str) -> Result<(), PersistentGalleryError> {
        if self.get()?.find(label).is_none() {
            return Err(PersistentGalleryError::NoEntry);
        }
        self.store(|store, _| store.remove(label.as_bytes()).map(drop))?;
        self.gallery.remove(label);
        Ok(())
    }

    /// Removes all entries, also those of another model: from then on the flash belongs to this
    /// one.
    ///
    /// # Errors
    /// Returns [`PersistentGalleryError::Store`] if the change could not be stored, and
    /// [`PersistentGalleryError::Unavailable`] if the flash could not be read at the start. Nothing
    /// has changed then.
    pub fn clear(&mut self) -> Result<(), PersistentGalleryError> {
        if self.store.is_none() && self.persistence == Persistence::Failed {
            return Err(PersistentGalleryError::Unavailable(self.persistence));
        }
        self.store(|store, _| store.clear())?;
        if self.store.is_some() {
            self.persistence = Persistence::Flash;
        }
        self.gallery.clear();
        Ok(())
    }
}

/// The reason why a persistent gallery cannot be read or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum PersistentGalleryError {
    /// The gallery refuses the change.
    Gallery(GalleryError),
    /// There is no such entry.
    NoEntry,
    /// There is no gallery of this model, for this reason.
    Unavailable(Persistence),
    /// The change could not be stored.
    Store(StoreError),
    /// The change has to erase, which is [allowed](PersistentGallery::allow) only after some time.
    Resting {
        /// The time, in seconds.
        seconds: u16,
    },
}

impl From<GalleryError> for PersistentGalleryError {
    fn from(error: GalleryError) -> Self {
        Self::Gallery(error)
    }
}

impl From<StoreError> for PersistentGalleryError {
    fn from(error: StoreError) -> Self {
        log!(error, "{}", error);
        Self::Store(error)
    }
}

impl fmt::Display for PersistentGalleryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gallery(error) => error.fmt(f),
            Self::NoEntry => f.write_str("no such label is enrolled"),
            Self::Unavailable(Persistence::OtherModel(hash)) => {
                write!(f, "the flash holds the gallery of another model ({:016x})", u64::from_be_bytes(*hash))
            }
            Self::Unavailable(_) => f.write_str("the flash that holds the gallery could not be read"),
            Self::Store(error) => write!(f, "the change is not stored: {error}"),
            Self::Resting { seconds } => write!(f, "the flash rests: again in {seconds} s"),
        }
    }
}

impl core::error::Error for PersistentGalleryError {}
