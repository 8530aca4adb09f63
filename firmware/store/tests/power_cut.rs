//! The power is cut at every operation of the flash in turn: what was acknowledged is there
//! afterwards, and the change under way has been made as a whole or not at all.

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};
use std::collections::BTreeMap;
use tinytriplet_store::{Owner, Store, StoreError};

const CAPACITY: usize = 3;
const OWNER: [u8; 8] = *b"somebody";
const VALUE_LEN: usize = 6;

/// Flash in words of 4 bytes and erase units of 256, until the power is cut.
struct Flash<'f> {
    bytes: &'f mut [u8],
    /// Words and units that are written or erased before the power is cut.
    left: usize,
}

impl Flash<'_> {
    /// Returns the number of steps, of `steps`, that are done.
    fn spend(&mut self, steps: usize) -> (usize, Result<(), NorFlashErrorKind>) {
        let done = steps.min(self.left);
        self.left -= done;
        (done, if done == steps { Ok(()) } else { Err(NorFlashErrorKind::Other) })
    }
}

impl ErrorType for Flash<'_> {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Flash<'_> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        check_read(self, offset, bytes.len())?;
        bytes.copy_from_slice(&self.bytes[offset as usize..][..bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl NorFlash for Flash<'_> {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 256;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check_erase(self, from, to)?;
        let (done, result) = self.spend((to - from) as usize / Self::ERASE_SIZE);
        self.bytes[from as usize..][..done * Self::ERASE_SIZE].fill(0xff);
        result
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, offset, bytes.len())?;
        let (done, result) = self.spend(bytes.len() / Self::WRITE_SIZE);
        let cells = &mut self.bytes[offset as usize..][..done * Self::WRITE_SIZE];
        cells.iter_mut().zip(bytes).for_each(|(cell, byte)| *cell &= byte);
        result
    }
}

type Contents = BTreeMap<Vec<u8>, Vec<u8>>;

#[derive(Clone, Copy, Debug)]
enum Change {
    Put(u8, u8),
    Remove(u8),
    Clear,
}

impl Change {
    fn to_contents(self, contents: &mut Contents) {
        match self {
            Self::Put(key, value) => drop(contents.insert(vec![key], vec![value; VALUE_LEN])),
            Self::Remove(key) => drop(contents.remove(&vec![key])),
            Self::Clear => contents.clear(),
        }
    }

    fn to_store(self, store: &mut Store<Flash<'_>, CAPACITY>) -> Result<(), StoreError> {
        match self {
            Self::Put(key, value) => store.put(&[key], &[value; VALUE_LEN]),
            Self::Remove(key) => store.remove(&[key]).map(drop),
            Self::Clear => store.clear(),
        }
    }
}

/// Changes of three keys that fill a bank several times.
fn history() -> Vec<Change> {
    let mut changes = Vec::new();
    for round in 0..8 {
        changes.extend([
            Change::Put(b'a', round),
            Change::Put(b'b', round + 100),
            Change::Remove(b'a'),
            Change::Put(b'c', round + 200),
            Change::Put(b'b', round),
        ]);
        if round % 3 == 2 {
            changes.push(Change::Clear);
        }
    }
    changes
}

fn mount(bytes: &mut [u8], left: usize) -> Store<Flash<'_>, CAPACITY> {
    Store::mount(Flash { bytes, left }, OWNER, VALUE_LEN).unwrap()
}

fn contents(store: &mut Store<Flash<'_>, CAPACITY>) -> Contents {
    let mut value = [0; VALUE_LEN];
    (0..store.len())
        .map(|index| {
            let key = store.read(index, &mut value).unwrap();
            (key.to_vec(), value.to_vec())
        })
        .collect()
}

/// Makes changes until the power is cut, `left` steps later, or all are made. Returns the contents
/// that were acknowledged, and the change that was under way.
fn play(bytes: &mut [u8], left: usize) -> (Contents, Option<Change>) {
    let mut store = mount(bytes, left);
    let mut acknowledged = Contents::new();
    for change in history() {
        if change.to_store(&mut store).is_err() {
            return (acknowledged, Some(change));
        }
        change.to_contents(&mut acknowledged);
        assert_eq!(contents(&mut store), acknowledged);
    }
    (acknowledged, None)
}

#[test]
fn a_change_is_made_as_a_whole_or_not_at_all() {
    let mut cuts = 0;
    for left in 0.. {
        let mut bytes = vec![0xff; 4 * 256];
        let (before, under_way) = play(&mut bytes, left);
        let found = contents(&mut mount(&mut bytes, 0));
        let Some(change) = under_way else {
            assert_eq!(found, before);
            break;
        };
        let mut after = before.clone();
        change.to_contents(&mut after);
        assert!(found == before || found == after, "cut after {left} steps, in {change:?}: {found:?}");

        // The store works on: the first change after the cut is made on what was found.
        let mut store = mount(&mut bytes, usize::MAX);
        let mut expected = found;
        for change in [Change::Remove(b'b'), Change::Put(b'a', 42)] {
            change.to_contents(&mut expected);
            change.to_store(&mut store).unwrap();
        }
        assert_eq!(contents(&mut store), expected, "after a cut after {left} steps");
        cuts += 1;
    }
    assert!(cuts > 500, "{cuts}");
}

#[test]
fn another_owners_records_are_kept_until_they_are_cleared() {
    let mut bytes = vec![0xff; 4 * 256];
    play(&mut bytes, usize::MAX);
    let kept = bytes.clone();
    let mut other =
        Store::<_, CAPACITY>::mount(Flash { bytes: &mut bytes, left: usize::MAX }, *b"a friend", VALUE_LEN);
    let store = other.as_mut().unwrap();
    assert_eq!((store.owner(), store.len()), (Owner::Other(OWNER), 0));
    assert_eq!(store.put(b"a", &[0; VALUE_LEN]), Err(StoreError::OtherOwner));
    assert_eq!(store.remove(b"a"), Err(StoreError::OtherOwner));
    assert_eq!(bytes, kept);
    let mut store =
        Store::<_, CAPACITY>::mount(Flash { bytes: &mut bytes, left: usize::MAX }, *b"a friend", VALUE_LEN)
            .unwrap();
    store.clear().unwrap();
    assert_eq!(store.owner(), Owner::Mine);
    assert_eq!(mount(&mut bytes, 0).owner(), Owner::Other(*b"a friend"));
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut bytes = vec![0xff; 4 * 256];
    let mut store = mount(&mut bytes, usize::MAX);
    assert_eq!(store.put(b"", &[0; VALUE_LEN]), Err(StoreError::KeyLength));
    assert_eq!(store.put(&[b'k'; 32], &[0; VALUE_LEN]), Err(StoreError::KeyLength));
    assert_eq!(store.put(b"k", &[0; VALUE_LEN + 1]), Err(StoreError::ValueLength));
    for key in [b"a", b"b", b"c"] {
        store.put(key, &[0; VALUE_LEN]).unwrap();
    }
    assert_eq!(store.put(b"d", &[0; VALUE_LEN]), Err(StoreError::Full));
    assert_eq!(store.read(3, &mut [0; VALUE_LEN]), Err(StoreError::Index));
    assert_eq!(store.remove(b"d"), Ok(false));
    assert_eq!(store.remove(b"a"), Ok(true));
    store.put(b"d", &[0; VALUE_LEN]).unwrap();
}
