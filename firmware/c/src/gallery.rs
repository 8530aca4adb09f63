use crate::{
    flash::{Functions, tt_flash},
    handle::Handle,
    memory::{Array, disjoint, one},
    model::{Held, tt_model},
    status::{status, tt_status},
};
use core::{
    ffi::{CStr, c_char},
    ops::Range,
    ptr,
};
use shared_model::{
    Gallery, Threshold,
    gallery::{Entry, MAX_LABEL, Method, entry_len},
};
use tinytriplet_device::persistent_gallery::PersistentGallery;
use tinytriplet_store::Store;

/// Bytes of a label with the 0 at its end.
pub const TT_LABEL_LEN: usize = 32;
const _: () = assert!(TT_LABEL_LEN == MAX_LABEL + 1);

/// The size of a `tt_gallery`, in units of 8 bytes.
pub const TT_GALLERY_WORDS: usize = 48;

/// The most entries of a gallery in flash.
pub const TT_STORED_ENTRIES: usize = 64;

/// The things that were enrolled. The entries lie in memory of the caller's.
#[repr(C)]
pub struct tt_gallery {
    opaque: [u64; TT_GALLERY_WORDS],
}

/// The content of a `tt_gallery`.
struct Kept {
    entries: Entries,
    /// The hash of the model whose embeddings it has.
    model: [u8; 8],
    /// The addresses of the entries.
    memory: Range<usize>,
}

// One of them, in memory that is there anyway.
#[allow(clippy::large_enum_variant)]
enum Entries {
    Ram(Gallery<'static>),
    /// Its changes are called by way of a function that only `tt_gallery_load` names, so that a program
    /// without it links none of them, nor the store.
    Flash(Stored, fn(&mut Stored) -> &mut dyn Changes),
}

type Stored = PersistentGallery<'static, Functions, TT_STORED_ENTRIES>;

impl Entries {
    fn changes(&mut self) -> &mut dyn Changes {
        match self {
            Self::Ram(gallery) => gallery,
            Self::Flash(gallery, changes) => changes(gallery),
        }
    }
}

/// The changes to a gallery, in RAM or in flash.
trait Changes {
    fn enrol(&mut self, label: &str, embedding: &[u8]) -> Result<(), tt_status>;
    fn insert(&mut self, label: &str, value: &[u8]) -> Result<(), tt_status>;
    fn forget(&mut self, label: &str) -> Result<(), tt_status>;
    fn clear(&mut self) -> Result<(), tt_status>;
}

impl Changes for Gallery<'static> {
    fn enrol(&mut self, label: &str, embedding: &[u8]) -> Result<(), tt_status> {
        self.enrol(label, embedding)?;
        Ok(())
    }

    fn insert(&mut self, label: &str, value: &[u8]) -> Result<(), tt_status> {
        Ok(self.insert(label, value)?)
    }

    fn forget(&mut self, label: &str) -> Result<(), tt_status> {
        self.remove(label).then_some(()).ok_or(tt_status::TT_NO_ENTRY)
    }

    fn clear(&mut self) -> Result<(), tt_status> {
        self.clear();
        Ok(())
    }
}

impl Changes for Stored {
    fn enrol(&mut self, label: &str, embedding: &[u8]) -> Result<(), tt_status> {
        self.enrol(label, embedding)?;
        Ok(())
    }

    fn insert(&mut self, label: &str, value: &[u8]) -> Result<(), tt_status> {
        Ok(self.import(label, value)?)
    }

    fn forget(&mut self, label: &str) -> Result<(), tt_status> {
        Ok(self.forget(label)?)
    }

    fn clear(&mut self) -> Result<(), tt_status> {
        Ok(self.clear()?)
    }
}

impl Kept {
    fn gallery(&self) -> Result<&Gallery<'static>, tt_status> {
        match &self.entries {
            Entries::Ram(gallery) => Ok(gallery),
            Entries::Flash(gallery, _) => Ok(gallery.get()?),
        }
    }
}

/// The distance beyond which a thing is unknown.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum tt_threshold {
    /// The model's own, at which false accepts are as frequent as false rejects.
    TT_EQUAL_ERROR = 0,
    /// The model's own, at which one different pair in a hundred is accepted.
    TT_FALSE_ACCEPT_1_PERCENT = 1,
    /// None: the nearest entry is the answer, however far it is.
    TT_NO_LIMIT = 2,
    /// The model's own for as many images as the nearest entry has.
    TT_OWN = 3,
}

/// What was recognised.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct tt_recognition {
    /// Whether the thing is the one of `label`. If not, it is unknown.
    pub known: bool,
    /// The label of the nearest entry, also of one that is too far; empty if nothing is enrolled.
    pub label: [c_char; TT_LABEL_LEN],
    /// The distance to it, in the integers of the model.
    pub distance: u32,
    /// The largest distance that counts as known.
    pub threshold: u32,
}

/// An entry, to be stored elsewhere.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tt_entry {
    /// Its label.
    pub label: [c_char; TT_LABEL_LEN],
    /// The images that were enrolled.
    pub count: u32,
    /// Its value, in the gallery's memory: plain bytes, until the gallery changes.
    pub value: *const u8,
    /// Bytes of the value.
    pub value_len: usize,
}

/// Makes an empty gallery for embeddings of a model, in `memory`, which belongs to it from then on.
/// It holds as many entries as fit: each takes `entry_len` bytes, and `embedding_len` more per
/// exemplar.
#[unsafe(export_name = symbol!(tt_gallery_init))]
pub unsafe extern "C" fn tt_gallery_init(
    gallery: *mut tt_gallery,
    model: *const tt_model,
    exemplars: u8,
    memory: *mut u8,
    memory_len: usize,
) -> tt_status {
    status(|| {
        let make = || {
            // SAFETY: C keeps to the contract of pointers.
            let held = unsafe { Held::of(model) }?;
            let memory = Array::new(memory, memory_len)?;
            disjoint([memory.addresses(), one(gallery)?], [one(model)?, held.file.clone()])?;
            let entries = Gallery::new(&held.model, exemplars.into(), unsafe { memory.write() });
            Ok(Kept { entries: Entries::Ram(entries), model: held.model.hash(), memory: memory.addresses() })
        };
        unsafe { Handle::make(gallery, make) }
    })
}

/// Makes a gallery that a region of flash keeps, and loads what the region holds. A change that
/// returned `TT_OK` was read back from the flash and outlasts every reset and power cut; one that was
/// cut off is there as a whole or not at all. Each change that cannot be stored is an error, and has
/// not happened.
///
/// `memory` is as for `tt_gallery_init`, with room for one entry more than are kept, at most
/// `TT_STORED_ENTRIES`. `flash` is copied; its functions and its context are in use as long as the
/// gallery is. What is in the region does not matter: without entries of this library it is empty.
///
/// `TT_OTHER_MODEL` means that the region has entries of another model, or of another number of
/// exemplars, or more than there is room for. They stay, and all calls give `TT_OTHER_MODEL`, until
/// `tt_gallery_clear` makes the region this model's. After any other error the gallery is not
/// initialised.
#[unsafe(export_name = symbol!(tt_gallery_load))]
pub unsafe extern "C" fn tt_gallery_load(
    gallery: *mut tt_gallery,
    model: *const tt_model,
    exemplars: u8,
    memory: *mut u8,
    memory_len: usize,
    flash: *const tt_flash,
) -> tt_status {
    status(|| {
        let make = || {
            // SAFETY: C keeps to the contract of pointers.
            let held = unsafe { Held::of(model) }?;
            let memory = Array::new(memory, memory_len)?;
            disjoint([memory.addresses(), one(gallery)?], [one(model)?, one(flash)?, held.file.clone()])?;
            let flash = unsafe { flash.read() };
            let functions = unsafe { Functions::new(flash) }.ok_or(tt_status::TT_NULL)?;
            if !functions.has_halves() || !flash.word_len.is_power_of_two() {
                return Err(tt_status::TT_FLASH_REGION);
            }
            let one_entry = entry_len(held.model.embedding_len(), exemplars.into());
            let addresses = memory.addresses();
            let (value, entries) = unsafe { memory.write() }
                .split_at_mut_checked(one_entry)
                .filter(|(_, entries)| entries.len() >= one_entry)
                .ok_or(tt_status::TT_FULL)?;
            let most = TT_STORED_ENTRIES.min(entries.len() / one_entry);
            let entries = Gallery::new(&held.model, exemplars.into(), &mut entries[..most * one_entry]);
            let (value_len, model) = (entries.value_len(), held.model.hash());
            // The functions of C may do anything to the model: it is not looked at any more.
            let word = flash.word_len.max(4) as usize;
            let store = Store::mount_in_words(functions, model, value_len, word, most)?;
            let loaded = PersistentGallery::from_store(entries, store, &mut value[..value_len])?;
            Ok(Kept { entries: Entries::Flash(loaded, |stored| stored), model, memory: addresses })
        };
        unsafe { Handle::make(gallery, make) }?;
        unsafe { Handle::<Kept>::get(gallery) }?.gallery().map(drop)
    })
}

/// Adds an embedding to the entry of a label, which is made if there is none. Nothing has changed if
/// it fails. The label ends with a 0.
#[unsafe(export_name = symbol!(tt_gallery_enrol))]
pub unsafe extern "C" fn tt_gallery_enrol(
    gallery: *mut tt_gallery,
    label: *const c_char,
    embedding: *const u8,
    embedding_len: usize,
) -> tt_status {
    status(|| {
        // SAFETY: C keeps to the contract of pointers.
        let change = |kept: &mut Kept| {
            let label = unsafe { Label::read(label) }?;
            let embedding = Array::new(embedding, embedding_len)?;
            disjoint([kept.memory.clone(), one(gallery)?], [embedding.addresses()])?;
            kept.entries.changes().enrol(label.text()?, unsafe { embedding.read() })
        };
        unsafe { Handle::change(gallery, change) }
    })
}

/// Removes the entry of a label: `TT_NO_ENTRY` if there is none.
#[unsafe(export_name = symbol!(tt_gallery_forget))]
pub unsafe extern "C" fn tt_gallery_forget(gallery: *mut tt_gallery, label: *const c_char) -> tt_status {
    status(|| {
        // SAFETY: C keeps to the contract of pointers.
        let change = |kept: &mut Kept| {
            let label = unsafe { Label::read(label) }?;
            kept.entries.changes().forget(label.text()?)
        };
        unsafe { Handle::change(gallery, change) }
    })
}

/// Removes all entries.
#[unsafe(export_name = symbol!(tt_gallery_clear))]
pub unsafe extern "C" fn tt_gallery_clear(gallery: *mut tt_gallery) -> tt_status {
    status(|| {
        // SAFETY: C keeps to the contract of pointers.
        unsafe { Handle::change(gallery, |kept: &mut Kept| kept.entries.changes().clear()) }
    })
}

/// Returns the number of entries; 0 if the gallery is not initialised, is in use by one of its
/// `tt_flash` functions, or has entries of another model.
#[unsafe(export_name = symbol!(tt_gallery_count))]
pub unsafe extern "C" fn tt_gallery_count(gallery: *const tt_gallery) -> usize {
    // SAFETY: C keeps to the contract of pointers.
    unsafe { Handle::<Kept>::get(gallery) }.and_then(Kept::gallery).map_or(0, Gallery::len)
}

/// Returns the most entries; 0 if the gallery is not initialised, is in use by one of its `tt_flash`
/// functions, or has entries of another model.
#[unsafe(export_name = symbol!(tt_gallery_capacity))]
pub unsafe extern "C" fn tt_gallery_capacity(gallery: *const tt_gallery) -> usize {
    // SAFETY: C keeps to the contract of pointers.
    unsafe { Handle::<Kept>::get(gallery) }.and_then(Kept::gallery).map_or(0, Gallery::capacity)
}

/// Recognises the thing that an embedding shows.
///
/// `neighbours` is the number of exemplars that vote, 0 to compare with the mean of each entry.
/// `threshold` is a `tt_threshold`. A thing that is unknown is `TT_OK`, and `known` is false then.
#[unsafe(export_name = symbol!(tt_gallery_recognise))]
pub unsafe extern "C" fn tt_gallery_recognise(
    gallery: *const tt_gallery,
    model: *const tt_model,
    embedding: *const u8,
    embedding_len: usize,
    neighbours: u8,
    threshold: u32,
    recognition: *mut tt_recognition,
) -> tt_status {
    status(|| {
        // SAFETY: C keeps to the contract of pointers.
        let kept = unsafe { Handle::<Kept>::get(gallery) }?;
        let held = unsafe { Held::of(model) }?;
        let embedding = Array::new(embedding, embedding_len)?;
        disjoint(
            [one(recognition)?],
            [embedding.addresses(), kept.memory.clone(), one(gallery)?, one(model)?, held.file.clone()],
        )?;
        if kept.model != held.model.hash() {
            return Err(tt_status::TT_OTHER_MODEL);
        }
        let method = if neighbours == 0 { Method::Prototype } else { Method::Neighbours(neighbours) };
        let threshold = match threshold {
            0 => Threshold::EqualError,
            1 => Threshold::FalseAccept1Percent,
            2 => Threshold::None,
            3 => Threshold::Own,
            _ => return Err(tt_status::TT_ARGUMENT),
        };
        let seen = kept.gallery()?.recognise(&held.model, unsafe { embedding.read() }, method, threshold)?;
        let mut answer =
            tt_recognition { known: seen.label().is_some(), threshold: seen.threshold, ..Default::default() };
        if let Some(nearest) = seen.nearest {
            answer.label = characters(nearest.label);
            answer.distance = nearest.distance;
        }
        unsafe { recognition.write(answer) };
        Ok(())
    })
}

/// Writes the entry at an index below `tt_gallery_count`, to be stored elsewhere. The order changes
/// when an entry is removed.
#[unsafe(export_name = symbol!(tt_gallery_entry))]
pub unsafe extern "C" fn tt_gallery_entry(
    gallery: *const tt_gallery,
    index: usize,
    entry: *mut tt_entry,
) -> tt_status {
    status(|| {
        // SAFETY: C keeps to the contract of pointers.
        let kept = unsafe { Handle::<Kept>::get(gallery) }?;
        disjoint([one(entry)?], [kept.memory.clone(), one(gallery)?])?;
        let found: Entry<'_> = kept.gallery()?.entries().nth(index).ok_or(tt_status::TT_NO_ENTRY)?;
        let value = found.value();
        let copy = tt_entry {
            label: characters(found.label()),
            count: found.count(),
            value: value.as_ptr(),
            value_len: value.len(),
        };
        unsafe { entry.write(copy) };
        Ok(())
    })
}

/// Adds an entry that was stored elsewhere, or replaces the one with the same label. The value need
/// not be trusted. It has to belong to the same model: keep the model's `hash` beside it.
#[unsafe(export_name = symbol!(tt_gallery_insert))]
pub unsafe extern "C" fn tt_gallery_insert(
    gallery: *mut tt_gallery,
    label: *const c_char,
    value: *const u8,
    value_len: usize,
) -> tt_status {
    status(|| {
        // SAFETY: C keeps to the contract of pointers.
        let change = |kept: &mut Kept| {
            let label = unsafe { Label::read(label) }?;
            let value = Array::new(value, value_len)?;
            disjoint([kept.memory.clone(), one(gallery)?], [value.addresses()])?;
            if value_len != kept.gallery()?.value_len() {
                return Err(tt_status::TT_VALUE);
            }
            kept.entries.changes().insert(label.text()?, unsafe { value.read() })
        };
        unsafe { Handle::change(gallery, change) }
    })
}

/// How worn the flash of a gallery is, and how well it keeps.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct tt_health {
    /// The number of times that the entries were rewritten; each half of the region was erased half as often.
    pub compactions: u32,
    /// Faults that were found since the region was new or cleared, and changes that were cut off.
    pub damage: u32,
}

/// Writes how worn the flash is; zeros if the gallery is in RAM.
#[unsafe(export_name = symbol!(tt_gallery_health))]
pub unsafe extern "C" fn tt_gallery_health(gallery: *const tt_gallery, health: *mut tt_health) -> tt_status {
    status(|| {
        // SAFETY: C keeps to the contract of pointers.
        let kept = unsafe { Handle::<Kept>::get(gallery) }?;
        disjoint([one(health)?], [kept.memory.clone(), one(gallery)?])?;
        let found = match &kept.entries {
            Entries::Ram(_) => tt_health::default(),
            Entries::Flash(gallery, _) => {
                tt_health { compactions: gallery.compactions(), damage: gallery.damage().into() }
            }
        };
        unsafe { health.write(found) };
        Ok(())
    })
}

/// A copy of a text of C, cut off where no label goes on.
struct Label([u8; TT_LABEL_LEN]);

impl Label {
    /// # Safety
    /// If `text` is not null, there is a 0 in what it points to, or at least [`TT_LABEL_LEN`] bytes.
    unsafe fn read(text: *const c_char) -> Result<Self, tt_status> {
        if text.is_null() {
            return Err(tt_status::TT_NULL);
        }
        let mut copy = [0; TT_LABEL_LEN];
        for (index, byte) in copy.iter_mut().enumerate() {
            // SAFETY: no 0 came before this byte.
            *byte = unsafe { ptr::read(text.cast::<u8>().add(index)) };
            if *byte == 0 {
                break;
            }
        }
        Ok(Self(copy))
    }

    fn text(&self) -> Result<&str, tt_status> {
        let text = CStr::from_bytes_until_nul(&self.0).map_err(|_| tt_status::TT_LABEL)?;
        text.to_str().map_err(|_| tt_status::TT_LABEL)
    }
}

/// Returns a label as C has it. A label is shorter than the array.
fn characters(label: &str) -> [c_char; TT_LABEL_LEN] {
    let mut characters = [0; TT_LABEL_LEN];
    for (character, byte) in characters.iter_mut().zip(label.bytes().take(MAX_LABEL)) {
        *character = c_char::from_ne_bytes([byte]);
    }
    characters
}
