//! The persistent gallery's states and errors, as the wire has them.

use crate::persistent_gallery::{Persistence, PersistentGallery, PersistentGalleryError};
use embedded_storage::nor_flash::NorFlash;
use shared_model::wire::{GalleryInfo, RequestError, Storage};

impl From<Persistence> for Storage {
    fn from(persistence: Persistence) -> Self {
        match persistence {
            Persistence::Ram => Self::Ram,
            Persistence::Flash => Self::Flash,
            Persistence::OtherModel(hash) => Self::OtherModel(hash),
            Persistence::Failed => Self::Failed,
        }
    }
}

impl From<PersistentGalleryError> for RequestError {
    fn from(error: PersistentGalleryError) -> Self {
        match error {
            PersistentGalleryError::Gallery(error) => Self::Gallery(error),
            PersistentGalleryError::NoEntry => Self::NoEntry,
            PersistentGalleryError::Unavailable(persistence) => Self::NoGallery(persistence.into()),
            PersistentGalleryError::Store(_) => Self::Storage,
            PersistentGalleryError::Resting { seconds } => Self::Resting { seconds },
        }
    }
}

impl<Flash: NorFlash, const CAPACITY: usize> From<&PersistentGallery<'_, Flash, CAPACITY>> for GalleryInfo {
    fn from(gallery: &PersistentGallery<'_, Flash, CAPACITY>) -> Self {
        let entries = gallery.in_memory();
        Self {
            len: entries.len() as u16,
            capacity: entries.capacity() as u16,
            exemplars: entries.exemplars() as u16,
            storage: gallery.persistence().into(),
            compactions: gallery.compactions(),
            damage: gallery.damage(),
        }
    }
}
