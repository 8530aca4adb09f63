//! Flash that forgets: no fault of one bit or one word of 32 bits brings an older state back unnoticed.
//!
//! `TINYTRIPLET_HISTORIES=100000 cargo test -p tinytriplet-store --test faults` plays more histories.

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};
use std::{collections::BTreeMap, env};
use tinytriplet_store::{Store, StoreError};

const CAPACITY: usize = 3;
const OWNER: [u8; 8] = *b"somebody";
const VALUE_LEN: usize = 6;
/// Bytes of a header, without padding.
const HEADER: usize = 28;

/// Flash in words of `WORD` bytes and erase units of `UNIT`, until the power is cut.
struct Flash<'f, const WORD: usize, const UNIT: usize> {
    bytes: &'f mut [u8],
    /// Words and units that are written or erased before the power is cut.
    left: usize,
}

impl<const WORD: usize, const UNIT: usize> Flash<'_, WORD, UNIT> {
    /// Returns the number of steps, of `steps`, that are done.
    fn spend(&mut self, steps: usize) -> (usize, Result<(), NorFlashErrorKind>) {
        let done = steps.min(self.left);
        self.left -= done;
        (done, if done == steps { Ok(()) } else { Err(NorFlashErrorKind::Other) })
    }
}

impl<const WORD: usize, const UNIT: usize> ErrorType for Flash<'_, WORD, UNIT> {
    type Error = NorFlashErrorKind;
}

impl<const WORD: usize, const UNIT: usize> ReadNorFlash for Flash<'_, WORD, UNIT> {
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

impl<const WORD: usize, const UNIT: usize> NorFlash for Flash<'_, WORD, UNIT> {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = UNIT;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check_erase(self, from, to)?;
        let (done, result) = self.spend((to - from) as usize / UNIT);
        self.bytes[from as usize..][..done * UNIT].fill(0xff);
        result
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, offset, bytes.len())?;
        let (done, result) = self.spend(bytes.len() / WORD);
        let cells = &mut self.bytes[offset as usize..][..done * WORD];
        cells.iter_mut().zip(bytes).for_each(|(cell, byte)| *cell &= byte);
        result
    }
}

type Contents = BTreeMap<Vec<u8>, Vec<u8>>;
type Mounted<'f, const WORD: usize, const UNIT: usize> = Store<Flash<'f, WORD, UNIT>, CAPACITY>;

fn mount<const WORD: usize, const UNIT: usize>(bytes: &mut [u8], left: usize) -> Mounted<'_, WORD, UNIT> {
    Store::mount(Flash { bytes, left }, OWNER, VALUE_LEN).unwrap()
}

fn contents<const WORD: usize, const UNIT: usize>(store: &mut Mounted<'_, WORD, UNIT>) -> Contents {
    let mut value = [0; VALUE_LEN];
    (0..store.len())
        .map(|index| (store.read(index, &mut value).expect("what a mount found").to_vec(), value.to_vec()))
        .collect()
}

/// A region in which labels were replaced and forgotten, and another bank that still knows them.
fn region<const WORD: usize, const UNIT: usize>(units: usize) -> (Vec<u8>, Contents) {
    let mut bytes = vec![0xff; units * UNIT];
    let mut store = mount::<WORD, UNIT>(&mut bytes, usize::MAX);
    store.put(b"alice", &[1; VALUE_LEN]).unwrap();
    let mut store = mount::<WORD, UNIT>(&mut bytes, usize::MAX);
    store.put(b"bob", &[2; VALUE_LEN]).unwrap();
    assert!(store.remove(b"alice").unwrap());
    store.put(b"bob", &[3; VALUE_LEN]).unwrap();
    let mut store = mount::<WORD, UNIT>(&mut bytes, usize::MAX);
    let expected = contents(&mut store);
    assert_eq!((store.damage(), expected.len()), (0, 1));
    (bytes, expected)
}

/// Each fault in turn, which `spoil` makes at a word. All are healed or told, also after the next change.
fn every_fault<const WORD: usize, const UNIT: usize>(
    units: usize,
    spoil: &[&dyn Fn(u32) -> u32],
) -> [usize; 2] {
    let (region, expected) = region::<WORD, UNIT>(units);
    let [mut healed, mut told] = [0; 2];
    for at in (0..region.len()).step_by(4) {
        for spoil in spoil {
            let mut bytes = region.clone();
            let word = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
            if spoil(word) == word {
                continue;
            }
            bytes[at..at + 4].copy_from_slice(&spoil(word).to_le_bytes());
            let mut store = mount::<WORD, UNIT>(&mut bytes, usize::MAX);
            let (now, damage) = (contents(&mut store), store.damage());
            let place = at % (region.len() / 2);
            let is_header =
                place < HEADER || (HEADER.next_multiple_of(WORD)..).take(HEADER).any(|it| it == place);
            assert!(now == expected || (damage == 1 && !is_header), "word {at}: {now:?}, damage {damage}");
            healed += usize::from(now == expected);
            told += usize::from(damage > 0);

            store.put(b"carol", &[4; VALUE_LEN]).unwrap();
            let mut store = mount::<WORD, UNIT>(&mut bytes, usize::MAX);
            assert_eq!(store.damage(), damage, "word {at}: it is remembered");
            store.clear().unwrap();
            assert_eq!(
                mount::<WORD, UNIT>(&mut bytes, usize::MAX).damage(),
                0,
                "word {at}: until it is cleared"
            );
        }
    }
    [healed, told]
}

#[test]
fn every_single_bit_and_word_is_healed_or_told() {
    let bits: Vec<Box<dyn Fn(u32) -> u32>> =
        (0..32).map(|bit| Box::new(move |word: u32| word ^ 1 << bit) as Box<dyn Fn(u32) -> u32>).collect();
    let bits: Vec<&dyn Fn(u32) -> u32> = bits.iter().map(Box::as_ref).collect();
    let words: [&dyn Fn(u32) -> u32; 4] =
        [&|_| 0, &|_| u32::MAX, &|word| !word, &|word| word.wrapping_mul(0x9e37_79b9) ^ 0x5bd1_e995];
    for faults in [&bits[..], &words] {
        for [healed, told] in [
            every_fault::<1, 256>(2, faults),
            every_fault::<4, 256>(2, faults),
            every_fault::<8, 128>(4, faults),
            every_fault::<256, 2048>(2, faults),
        ] {
            assert!(healed > 0 && told > 0, "{healed} healed, {told} told");
        }
    }
}

/// Random numbers, by a linear congruential generator.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    faults: usize,
    cuts: usize,
    told: usize,
    changes: usize,
    refused: usize,
}

/// Plays sessions of changes. Some end in a power cut, and after some a bit or a word is damaged: one fault between two
/// changes that were acknowledged.
fn play<const WORD: usize, const UNIT: usize>(seed: u64, units: usize, tally: &mut Tally) {
    let mut random = Random(seed);
    let mut bytes = vec![0xff; units * UNIT];
    let (mut allowed, mut damage) = (vec![Contents::new()], 0);
    // The flash is not as a change leaves it: it has a fault, or a change was cut off.
    let mut is_spoilt = false;
    for session in 0..10 {
        let left = if random.below(3) == 0 { random.below(60) } else { usize::MAX };
        let mut store = mount::<WORD, UNIT>(&mut bytes, left);
        let found = contents(&mut store);
        assert!(
            allowed.contains(&found) || (is_spoilt && store.damage() > damage),
            "seed {seed}, session {session}: {found:?} came back unnoticed, {allowed:?} was there"
        );
        tally.told += usize::from(store.damage() > damage);
        is_spoilt |= allowed.len() > 1;
        damage = store.damage();
        let mut now = found;
        allowed = vec![now.clone()];
        for _ in 0..random.below(5) {
            let (key, value) = (vec![b'a' + random.below(4) as u8], vec![random.below(256) as u8; VALUE_LEN]);
            let mut after = now.clone();
            let result = match random.below(8) {
                0 => {
                    after.clear();
                    store.clear()
                }
                1 | 2 => {
                    after.remove(&key);
                    store.remove(&key).map(drop)
                }
                _ => {
                    after.insert(key.clone(), value.clone());
                    store.put(&key, &value)
                }
            };
            match result {
                Ok(()) => {
                    // What is not there is removed without a change, where there is no bank yet.
                    is_spoilt &= after == now;
                    damage = store.damage();
                    now = after;
                    allowed = vec![now.clone()];
                    tally.changes += 1;
                }
                Err(StoreError::Full) => {}
                // What a damaged removal brought back is more than there is room for: all of it is refused.
                Err(StoreError::OtherOwner) => {
                    assert!(is_spoilt && now.is_empty(), "seed {seed}, session {session}");
                    tally.refused += 1;
                    if store.clear().is_ok() {
                        is_spoilt = false;
                    }
                    damage = 0;
                }
                Err(StoreError::Flash(NorFlashErrorKind::Other)) => {
                    // To clear is also to forget the faults.
                    damage = if after.is_empty() { 0 } else { damage };
                    allowed = vec![now, after];
                    tally.cuts += 1;
                    break;
                }
                Err(error) => panic!("seed {seed}, session {session}: {error}"),
            }
        }
        if !is_spoilt && random.below(2) == 0 {
            let at = 4 * random.below(bytes.len() / 4);
            let word = if random.below(2) == 0 { 0 } else { random.below(1 << 31) as u32 };
            if random.below(2) == 0 {
                bytes[at] ^= 1 << random.below(8);
            } else {
                bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
            }
            is_spoilt = true;
            tally.faults += 1;
        }
    }
}

#[test]
fn nothing_older_comes_back_unnoticed_in_random_histories() {
    let histories = env::var("TINYTRIPLET_HISTORIES").map_or(4_000, |count| count.parse().expect("a number"));
    let mut tally = Tally::default();
    for seed in 0..histories {
        match seed % 4 {
            0 => play::<1, 256>(seed, 2, &mut tally),
            1 => play::<4, 256>(seed, 2, &mut tally),
            2 => play::<8, 128>(seed, 4, &mut tally),
            _ => play::<256, 2048>(seed, 2, &mut tally),
        }
    }
    println!("{histories} histories: {tally:?}");
    let least = histories as usize / 4;
    assert!(tally.faults > least && tally.cuts > least && tally.told > least / 4, "{tally:?}");
}
