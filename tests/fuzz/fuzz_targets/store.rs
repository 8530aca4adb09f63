//! The store: any flash can be mounted and used, and no history of changes, faults and restarts loses what was
//! acknowledged.
#![no_main]

use fuzz::Choices;
use rand::{Rng, RngExt};
use shared_model::model::crc32;
use std::collections::BTreeMap;
use tests::{
    nor_flash::SimulatedFlash,
    torture::{Own, Profile, Tally, play},
};
use tinytriplet_store::{MAX_KEY_LEN, MountError, Owner, Store, StoreError};

const MINE: [u8; 8] = *b"model #1";
/// Bytes of a header without its padding, and of a slot without its value, as `docs/STORAGE.md` has them.
const HEADER: usize = 28;
const SLOT: usize = 37;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&[kind, shape], rest)) = data.split_first_chunk() else { return };
    let mut choices = Choices::new(rest);
    let run = match kind % 2 {
        0 => {
            [history::<1, 256>, history::<2, 128>, history::<4, 256>, history::<8, 128>, history::<256, 1536>]
        }
        _ => [any::<1, 256>, any::<2, 128>, any::<4, 1024>, any::<8, 128>, any::<256, 1536>],
    };
    run[usize::from(shape) % run.len()](&mut choices);
});

/// Plays a history of the fuzzer's, with faults of the fuzzer's, as `tests/tests/storage.rs` plays random ones.
fn history<const WORD: usize, const UNIT: usize>(choices: &mut Choices<'_>) {
    const PROFILE: Profile = Profile {
        capacity: 3,
        keys: 4,
        value_len: 8,
        operations: 24,
        clears: true,
        within: true,
        errors: true,
    };
    let mut flash = SimulatedFlash::<WORD, UNIT>::new(2 * 256_usize.div_ceil(UNIT));
    let history = PROFILE.history(choices);
    let faults = || choices.random_bool(0.8).then(|| PROFILE.fault(choices));
    if let Err(violation) =
        play::<Own<3>, WORD, UNIT>(&mut flash, &PROFILE, &history, faults, &mut Tally::default())
    {
        panic!("{violation}\n{history:?}");
    }
}

/// Mounts a flash that holds anything, changes what is there, and mounts it again.
fn any<const WORD: usize, const UNIT: usize>(choices: &mut Choices<'_>) {
    let mut flash = SimulatedFlash::<WORD, UNIT>::new(2 * 512_usize.div_ceil(UNIT));
    let value_len = choices.random_range(0..24);
    for _ in 0..choices.random_range(0..12) {
        put_something(flash.bytes_mut(), value_len, WORD.max(4), choices);
    }
    if let Err(MountError::TooSmall { .. }) = Store::<_, CAPACITY>::mount(&mut flash, MINE, value_len) {
        return;
    }
    let mut store = mount(&mut flash, value_len);
    let mut contents = read(&mut store, value_len);
    if store.owner() != Owner::Mine {
        assert!(contents.is_empty());
        assert_eq!(store.put(b"a", &vec![0; value_len]), Err(StoreError::OtherOwner));
        if store.clear() == Err(StoreError::WornOut) {
            return;
        }
    }
    for _ in 0..choices.random_range(0..30) {
        let key = vec![b'k'; choices.random_range(1..=6)];
        let value = vec![choices.random(); value_len];
        let (changed, after) = match choices.random_range(0..8) {
            0 => (store.clear(), BTreeMap::new()),
            1 | 2 => {
                let mut after = contents.clone();
                let was_there = after.remove(&key).is_some();
                let removed = store.remove(&key);
                assert!(removed.is_err() || removed == Ok(was_there));
                (removed.map(drop), after)
            }
            _ => {
                let mut after = contents.clone();
                after.insert(key.clone(), value.clone());
                (store.put(&key, &value), after)
            }
        };
        match changed {
            Ok(()) => contents = after,
            Err(StoreError::Full) => assert!(after.len() > CAPACITY),
            Err(error) => assert_eq!(error, StoreError::WornOut),
        }
        assert_eq!(read(&mut store, value_len), contents);
    }
    assert_eq!(read(&mut mount(&mut flash, value_len), value_len), contents);
    assert_eq!(flash.wear().borrow().words_twice, 0);
}

const CAPACITY: usize = 4;

fn mount<const WORD: usize, const UNIT: usize>(
    flash: &mut SimulatedFlash<WORD, UNIT>,
    value_len: usize,
) -> Store<&mut SimulatedFlash<WORD, UNIT>, CAPACITY> {
    Store::mount(flash, MINE, value_len).expect("a region of this size can be mounted, whatever it holds")
}

/// Returns all records.
fn read<const WORD: usize, const UNIT: usize>(
    store: &mut Store<&mut SimulatedFlash<WORD, UNIT>, CAPACITY>,
    value_len: usize,
) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut value = vec![0; value_len];
    let records: BTreeMap<_, _> = (0..store.len())
        .map(|index| {
            (store.read(index, &mut value).expect("it was whole when mounted").to_vec(), value.clone())
        })
        .collect();
    assert_eq!(records.len(), store.len(), "a key is there twice");
    records
}

/// Writes a header, a slot, or noise: with the right CRC most of the time, so that it counts.
fn put_something(flash: &mut [u8], value_len: usize, word: usize, rng: &mut impl Rng) {
    let bank = rng.random_range(0..2) * (flash.len() / 2);
    let slot_len = (SLOT + value_len).next_multiple_of(word);
    let (at, bytes) = match rng.random_range(0..5) {
        0 | 1 => {
            // One copy of two, or both: the second one begins at a word.
            let mut bytes = header(value_len, slot_len, rng);
            if rng.random() {
                bytes.resize(bytes.len().next_multiple_of(word), 0xff);
                bytes.extend_from_within(..);
            }
            (bank, bytes)
        }
        2 | 3 => {
            let first = bank + 2 * HEADER.next_multiple_of(word);
            (first + slot_len * rng.random_range(0..8), slot(slot_len, value_len, rng))
        }
        _ => {
            let mut noise = vec![0; rng.random_range(0..40)];
            rng.fill(&mut noise[..]);
            (rng.random_range(0..flash.len()), noise)
        }
    };
    flash.iter_mut().skip(at).zip(bytes).for_each(|(cell, byte)| *cell = byte);
}

fn header(value_len: usize, slot_len: usize, rng: &mut impl Rng) -> Vec<u8> {
    let sequence: u32 = if rng.random() { rng.random_range(0..4) } else { u32::MAX - rng.random_range(0..4) };
    let mut bytes = b"TTGL\x02\0".to_vec();
    bytes.extend((value_len as u16).to_le_bytes());
    bytes.extend((slot_len as u16).to_le_bytes());
    bytes.extend([0, 0]);
    bytes.extend(sequence.to_le_bytes());
    bytes.extend(if rng.random_bool(0.8) { MINE } else { *b"model #2" });
    sealed(bytes, rng)
}

fn slot(slot_len: usize, value_len: usize, rng: &mut impl Rng) -> Vec<u8> {
    let key_len = rng.random_range(1..=8);
    let removed = rng.random_range(0..4) == 0;
    let mut bytes = vec![if removed { 2 } else { 1 }, key_len as u8];
    bytes.resize(2 + key_len, b'k');
    bytes.resize(2 + MAX_KEY_LEN, 0);
    bytes.resize(2 + MAX_KEY_LEN + value_len, if removed { 0xff } else { rng.random() });
    bytes.resize(slot_len - 4, 0xff);
    sealed(bytes, rng)
}

/// Appends the CRC, and changes a byte now and then, before it or after.
fn sealed(mut bytes: Vec<u8>, rng: &mut impl Rng) -> Vec<u8> {
    let change = |bytes: &mut [u8], rng: &mut dyn Rng| {
        if rng.random_bool(0.2) {
            bytes[rng.random_range(0..bytes.len())] ^= 1 << rng.random_range(0..8);
        }
    };
    change(&mut bytes, rng);
    bytes.extend(crc32(&bytes).to_le_bytes());
    change(&mut bytes, rng);
    bytes
}
