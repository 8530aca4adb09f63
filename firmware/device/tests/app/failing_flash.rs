//! A flash that fails at every operation in turn: a change of the gallery that could not be stored
//! has not happened.

use crate::{
    bench::{embedding, host_model, image},
    model::{CAPACITY, EMBEDDING_LEN, EXEMPLARS},
};
use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use shared_model::{Gallery, gallery};
use std::{array, cell::Cell, collections::BTreeMap, sync::LazyLock};
use tinytriplet_device::persistent_gallery::{Persistence, PersistentGallery, PersistentGalleryError};
use tinytriplet_store::{MemoryFlash, StoreError};

type TestGallery<'t> = PersistentGallery<'t, FailingFlash<'t>, CAPACITY>;

/// The labels and their values.
type Contents = BTreeMap<String, Vec<u8>>;

/// The part of an operation that the flash does before it reports an error.
#[derive(Clone, Copy, Debug)]
enum Done {
    Nothing,
    Half,
    All,
}

/// A fault of the flash.
#[derive(Clone, Copy, Debug)]
struct Fault {
    /// The operation that fails: a read, a write or an erase, counted from 0.
    operation: usize,
    done: Done,
    /// True if all later operations fail as well. They do nothing.
    lasts: bool,
}

/// A counter of operations, and the fault to come.
#[derive(Default)]
struct Control {
    operations: Cell<usize>,
    fault: Cell<Option<Fault>>,
}

impl Control {
    /// Counts from now on, and lets `fault` happen.
    fn arm(&self, fault: Option<Fault>) {
        self.operations.set(0);
        self.fault.set(fault);
    }
}

struct FailingFlash<'t> {
    memory: MemoryFlash<'t>,
    control: &'t Control,
}

impl FailingFlash<'_> {
    /// Counts an operation on `units` units. Returns the units that it does, and its result.
    fn begin(&self, units: usize) -> (usize, Result<(), NorFlashErrorKind>) {
        let operation = self.control.operations.get();
        self.control.operations.set(operation + 1);
        let failed = Err(NorFlashErrorKind::Other);
        match self.control.fault.get() {
            Some(fault) if operation == fault.operation => match fault.done {
                Done::Nothing => (0, failed),
                Done::Half => (units / 2, failed),
                Done::All => (units, failed),
            },
            Some(fault) if operation > fault.operation && fault.lasts => (0, failed),
            _ => (units, Ok(())),
        }
    }
}

impl ErrorType for FailingFlash<'_> {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for FailingFlash<'_> {
    const READ_SIZE: usize = MemoryFlash::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        let (done, result) = self.begin(bytes.len());
        self.memory.read(offset, &mut bytes[..done])?;
        result
    }

    fn capacity(&self) -> usize {
        self.memory.capacity()
    }
}

impl NorFlash for FailingFlash<'_> {
    const WRITE_SIZE: usize = MemoryFlash::WRITE_SIZE;
    const ERASE_SIZE: usize = MemoryFlash::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        let (done, result) = self.begin((to - from) as usize / Self::ERASE_SIZE);
        self.memory.erase(from, from + (done * Self::ERASE_SIZE) as u32)?;
        result
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        let (done, result) = self.begin(bytes.len() / Self::WRITE_SIZE);
        self.memory.write(offset, &bytes[..done * Self::WRITE_SIZE])?;
        result
    }
}

/// Starts a board with this flash, and lets `f` use its gallery.
fn start<T>(flash: &mut [u8], control: &Control, f: impl FnOnce(&mut TestGallery<'_>) -> T) -> T {
    let model = host_model();
    let mut memory = vec![0; CAPACITY * gallery::entry_len(EMBEDDING_LEN, EXEMPLARS)];
    let mut value = vec![0; gallery::value_len(EMBEDDING_LEN, EXEMPLARS)];
    let empty = Gallery::new(&model, EXEMPLARS, &mut memory);
    let flash = FailingFlash { memory: MemoryFlash::new(flash), control };
    f(&mut PersistentGallery::load(&model, empty, Some(flash), &mut value))
}

/// Starts a board with this flash, and returns what its gallery holds.
fn restarted(flash: &mut [u8]) -> Contents {
    start(flash, &Control::default(), |gallery| contents(gallery))
}

fn contents(gallery: &TestGallery<'_>) -> Contents {
    let entries = gallery.get().unwrap().entries();
    entries.map(|entry| (entry.label().to_owned(), entry.value().to_owned())).collect()
}

/// A change of the gallery.
type Change = fn(&mut TestGallery<'_>) -> Result<(), PersistentGalleryError>;

const CHANGES: [(&str, Change); 6] = [
    ("enrol a new label", |gallery| gallery.enrol("new", seen(7)).map(drop)),
    ("enrol a known label", |gallery| gallery.enrol("cup", seen(8)).map(drop)),
    ("import a new label", |gallery| gallery.import("new", &value_of(gallery, "hat"))),
    ("import a known label", |gallery| gallery.import("cup", &value_of(gallery, "hat"))),
    ("forget", |gallery| gallery.forget("cup")),
    ("clear", |gallery| gallery.clear()),
];

/// Returns an embedding that depends on `seed`, below 10.
fn seen(seed: usize) -> &'static [u8] {
    static SEEN: LazyLock<[Vec<u8>; 10]> =
        LazyLock::new(|| array::from_fn(|seed| embedding(&image(seed as u32))));
    &SEEN[seed]
}

fn value_of(gallery: &TestGallery<'_>, label: &str) -> Vec<u8> {
    gallery.get().unwrap().find(label).unwrap().value().to_owned()
}

/// Returns the flash of a board that was taught three labels.
fn taught() -> Vec<u8> {
    static TAUGHT: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let mut flash = vec![0xff; 4 * MemoryFlash::ERASE_SIZE];
        start(&mut flash, &Control::default(), |gallery| {
            for (label, seed) in [("cup", 1), ("hat", 2), ("key", 3), ("cup", 4)] {
                gallery.enrol(label, seen(seed)).unwrap();
            }
        });
        flash
    });
    TAUGHT.clone()
}

/// A change, and what comes of it on a flash without a fault.
struct Case {
    name: &'static str,
    change: Change,
    /// True if this is not the first change since the start, so that it need not compact the store.
    later: bool,
    before: Contents,
    after: Contents,
    /// Operations of the flash.
    operations: usize,
}

impl Case {
    fn new(name: &'static str, change: Change, later: bool) -> Self {
        let before = restarted(&mut taught());
        let mut case = Self { name, change, later, before, after: Contents::new(), operations: 0 };
        let control = Control::default();
        let mut flash = taught();
        case.after = case.started(&mut flash, &control, None, |gallery, result| {
            result.unwrap();
            contents(gallery)
        });
        case.operations = control.operations.get();
        assert_ne!(case.before, case.after);
        assert_eq!(restarted(&mut flash), case.after);
        case
    }

    fn context(&self, fault: Fault) -> String {
        format!("{}, {}, {fault:?}", self.name, if self.later { "later" } else { "first" })
    }

    /// Starts a board, makes the change with a fault, and passes its result to `f`.
    fn started<T>(
        &self,
        flash: &mut [u8],
        control: &Control,
        fault: Option<Fault>,
        f: impl FnOnce(&mut TestGallery<'_>, Result<(), PersistentGalleryError>) -> T,
    ) -> T {
        start(flash, control, |gallery| {
            if self.later {
                gallery.import("hat", &value_of(gallery, "hat")).unwrap();
            }
            control.arm(fault);
            let result = (self.change)(gallery);
            f(gallery, result)
        })
    }

    /// Lets the flash fail during the change. Nothing has changed then while the board runs. The
    /// next start shows the gallery before the change or after it: the flash may have done what it
    /// reported as failed.
    fn fail(&self, fault: Fault) {
        let context = self.context(fault);
        let mut flash = taught();
        self.started(&mut flash, &Control::default(), Some(fault), |gallery, result| {
            assert!(
                matches!(result, Err(PersistentGalleryError::Store(StoreError::Flash(_)))),
                "{context}: {result:?}"
            );
            assert_eq!(contents(gallery), self.before, "{context}: in RAM");
            assert_eq!(gallery.persistence(), Persistence::Flash, "{context}");
        });
        let now = restarted(&mut flash);
        assert!(now == self.before || now == self.after, "{context}: after a restart");
    }

    /// The same, but the flash recovers, and the board stores something else before it restarts.
    /// The change that failed is not there then, whatever the flash had done of it.
    fn fail_and_recover(&self, fault: Fault) {
        let context = self.context(fault);
        let (mut flash, control) = (taught(), Control::default());
        let mut expected = self.before.clone();
        self.started(&mut flash, &control, Some(fault), |gallery, result| {
            result.unwrap_err();
            control.arm(None);
            gallery.enrol("other", seen(9)).unwrap();
            expected.insert("other".to_owned(), value_of(gallery, "other"));
            assert_eq!(contents(gallery), expected, "{context}: in RAM, after another change");
        });
        assert_eq!(restarted(&mut flash), expected, "{context}: after another change and a restart");
    }
}

#[test]
fn a_change_that_cannot_be_stored_has_not_happened() {
    for (name, change) in CHANGES {
        for later in [false, true] {
            let case = Case::new(name, change, later);
            assert!(case.operations > 4);
            for operation in 0..case.operations {
                for (done, lasts) in [(Done::Nothing, true), (Done::Half, false), (Done::All, false)] {
                    let fault = Fault { operation, done, lasts };
                    case.fail(fault);
                    case.fail_and_recover(fault);
                }
            }
        }
    }
}

/// If the flash fails while the gallery is read, there is no gallery until the next start, and
/// nothing is written.
#[test]
fn a_gallery_that_cannot_be_read_is_kept() {
    let taught = taught();
    let control = Control::default();
    let before = start(&mut taught.clone(), &control, |gallery| contents(gallery));
    for operation in 0..control.operations.get() {
        for lasts in [false, true] {
            let mut flash = taught.clone();
            control.arm(Some(Fault { operation, done: Done::Half, lasts }));
            start(&mut flash, &control, |gallery| {
                let unavailable = Err(PersistentGalleryError::Unavailable(Persistence::Failed));
                assert_eq!(gallery.persistence(), Persistence::Failed);
                assert_eq!(gallery.enrol("new", seen(7)).map(drop), unavailable);
                assert_eq!(gallery.import("new", &[]), unavailable);
                assert_eq!(gallery.forget("cup"), unavailable);
            });
            assert_eq!(flash, taught);
            assert_eq!(restarted(&mut flash), before);
        }
    }
}
