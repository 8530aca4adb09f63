//! The gallery's storage: whenever the power is cut, what was acknowledged is there.

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash, check_read};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::{cell::Cell, ops::Range, rc::Rc};
use tests::{
    hex::hex_dump,
    nor_flash::{Fault, FlashError, SimulatedFlash},
    torture::{Operation, Own, Profile, Tally, play, torture},
};
use tinytriplet_store::{MAX_KEY_LEN, MountError, Owner, Store, StoreError};

const OWNER: [u8; 8] = *b"model #1";

const PROFILE: Profile =
    Profile { capacity: 3, keys: 4, value_len: 8, operations: 24, clears: true, within: true, errors: true };

/// Faults befell all that the store does, in all ways.
fn assert_thorough(tally: &Tally, least: u64) {
    for place in ["erase", "copy", "header", "record"] {
        for how in ["cut before", "cut within", "error before", "error within", "error after"] {
            let count = tally.faults.get(&(place, how)).copied().unwrap_or(0);
            assert!(count >= least, "{place}, {how}: {count} times; {tally:?}");
        }
    }
    assert_eq!(tally.words_twice, 0, "words were programmed that had not been erased as a whole");
    assert!(tally.under_way.iter().all(|&count| count > 0), "{tally:?}");
}

fn random_histories<const WORD: usize, const UNIT: usize>(seeds: Range<u64>, units: usize) -> Tally {
    let findings = torture::<Own<3>, WORD, UNIT>(&PROFILE, units, seeds);
    assert!(findings.shortest.is_none(), "words of {WORD} bytes: {findings:?}");
    findings.tally
}

/// 100,000 histories of up to 24 changes and reboots, on flashes of five word sizes.
#[test]
fn no_change_is_lost_in_100_000_random_histories() {
    let tallies = [
        random_histories::<1, 256>(0..10_000, 2),
        random_histories::<2, 128>(10_000..25_000, 4),
        random_histories::<4, 256>(25_000..70_000, 2),
        random_histories::<8, 128>(70_000..90_000, 4),
        random_histories::<256, 1536>(90_000..100_000, 2),
    ];
    for tally in &tallies {
        assert_thorough(tally, 100);
    }
    let tally = tallies.iter().fold(Tally::default(), |a, b| a.plus(b));
    assert_eq!(tally.histories, 100_000);
    assert!(tally.acknowledged > 500_000 && tally.faults() > 200_000, "{tally:?}");
}

/// The Pico's flash, with a gallery of the size that it holds.
#[test]
fn no_change_is_lost_on_a_picos_flash() {
    let profile = Profile { capacity: 16, keys: 17, value_len: 608, operations: 100, ..PROFILE };
    let findings = torture::<Own<16>, 256, 4096>(&profile, 8, 0..500);
    assert!(findings.shortest.is_none(), "{findings:?}");
    let tally = findings.tally;
    assert!(tally.faults() > 2_000 && tally.acknowledged > 15_000 && tally.words_twice == 0, "{tally:?}");
}

/// One history for all the places: the bank runs full, records are replaced and removed, the bank is cleared.
fn everything() -> Vec<Operation> {
    let put = |key: &[u8], value: u8| Operation::Put(key.to_vec(), vec![value; PROFILE.value_len]);
    let remove = |key: &[u8]| Operation::Remove(key.to_vec());
    vec![
        put(b"one", 1),
        put(b"two", 2),
        put(b"one", 3),
        remove(b"three"),
        put(b"three", 4),
        put(b"four", 5),
        Operation::Reboot,
        remove(b"one"),
        put(b"two", 6),
        put(b"four", 7),
        Operation::Clear,
        put(b"one", 8),
        remove(b"one"),
    ]
}

/// Each of these faults, at each step that a history has when the first `faults` have happened.
fn every_step(seed: u64) -> [Fault; 7] {
    [
        Fault::CutBefore,
        Fault::CutWithin(seed),
        Fault::CutWithin(seed + 1),
        Fault::CutWithin(seed + 2),
        Fault::ErrorBefore,
        Fault::ErrorWithin(seed),
        Fault::ErrorAfter,
    ]
}

/// Plays a history with these faults; None where there is no step any more for the last of them.
fn play_with<const WORD: usize, const UNIT: usize>(
    history: &[Operation],
    faults: &[(u64, Fault)],
) -> Option<Tally> {
    let mut flash = SimulatedFlash::<WORD, UNIT>::new(2 * 256 / UNIT.min(256));
    let mut tally = Tally::default();
    let mut coming = faults.iter().copied();
    play::<Own<3>, WORD, UNIT>(&mut flash, &PROFILE, history, || coming.next(), &mut tally)
        .unwrap_or_else(|violation| panic!("{faults:?}: {violation}\n{history:?}"));
    (tally.faults() == faults.len() as u64).then_some(tally)
}

fn one_fault_everywhere<const WORD: usize, const UNIT: usize>() -> Tally {
    let mut sum = Tally::default();
    let history = everything();
    for step in 0.. {
        let tallies = every_step(7 * step).map(|fault| play_with::<WORD, UNIT>(&history, &[(step, fault)]));
        match tallies.into_iter().flatten().fold(Tally::default(), |a, b| a.plus(&b)) {
            tally if tally.histories == 0 => return sum,
            tally => sum = sum.plus(&tally),
        }
    }
    sum
}

#[test]
fn no_change_is_lost_wherever_one_fault_comes() {
    for tally in [
        one_fault_everywhere::<1, 256>(),
        one_fault_everywhere::<2, 128>(),
        one_fault_everywhere::<4, 256>(),
        one_fault_everywhere::<8, 64>(),
        one_fault_everywhere::<256, 1536>(),
    ] {
        assert_thorough(&tally, 2);
    }
}

/// Also where a second one comes, at any time after the first.
#[test]
fn no_change_is_lost_wherever_two_faults_come() {
    let history = everything();
    let steps =
        (0..).take_while(|&step| play_with::<8, 256>(&history, &[(step, Fault::CutBefore)]).is_some());
    let tallies = steps.collect::<Vec<u64>>().into_par_iter().map(|first| {
        let mut sum = Tally::default();
        for first in every_step(first).map(|fault| (first, fault)) {
            for second in 0.. {
                let tallies =
                    every_step(second).map(|fault| play_with::<8, 256>(&history, &[first, (second, fault)]));
                match tallies.into_iter().flatten().fold(Tally::default(), |a, b| a.plus(&b)) {
                    tally if tally.histories == 0 => break,
                    tally => sum = sum.plus(&tally),
                }
            }
        }
        sum
    });
    let tally = tallies.reduce(Tally::default, |a, b| a.plus(&b));
    assert_thorough(&tally, 1_000);
    assert!(tally.histories > 190_000, "{tally:?}");
}

/// A region of two banks with room for 5 records of 8 bytes, 4 of which may count.
type Flash = SimulatedFlash<4, 300>;
const VALUE_LEN: usize = 5;

fn mount(flash: &mut Flash) -> Store<&mut Flash, 4> {
    Store::mount(flash, OWNER, VALUE_LEN).unwrap()
}

/// Keys with the first bytes of their values, in the order of the store.
fn records<const CAPACITY: usize>(store: &mut Store<&mut Flash, CAPACITY>) -> Vec<(String, u8)> {
    let len = store.len();
    let mut value = [0; VALUE_LEN];
    let read = |index| {
        let key = store.read(index, &mut value).unwrap();
        assert_eq!(value, [value[0]; VALUE_LEN]);
        (String::from_utf8(key.to_vec()).unwrap(), value[0])
    };
    (0..len).map(read).collect()
}

#[test]
fn records_keep_the_order_of_their_keys() {
    let mut flash = Flash::new(2);
    let mut store = mount(&mut flash);
    assert_eq!((store.slots(), store.compactions(), store.len()), (5, 0, 0));
    for (number, key) in ["b", "a", "c", "a", "b", "d", "c"].into_iter().enumerate() {
        store.put(key.as_bytes(), &[number as u8; VALUE_LEN]).unwrap();
    }
    assert_eq!(store.remove(b"a"), Ok(true));
    assert_eq!(store.remove(b"a"), Ok(false));
    store.put(b"a", &[9; VALUE_LEN]).unwrap();
    let expected = [("b", 4), ("c", 6), ("d", 5), ("a", 9)].map(|(key, value)| (key.to_owned(), value));
    assert_eq!(records(&mut store), expected);
    let compactions = store.compactions();
    let mut store = mount(&mut flash);
    assert_eq!(records(&mut store), expected);
    assert_eq!(store.compactions(), compactions);
    assert_eq!(store.remove(b"nobody"), Ok(false));
    assert_eq!(
        store.compactions(),
        compactions + 1,
        "the first change after a mount, were it none, compacts the store"
    );
    assert_eq!(records(&mut store), expected);
}

#[test]
fn what_does_not_fit_is_refused_before_anything_is_written() {
    let mut flash = Flash::new(2);
    let wear = flash.wear();
    let mut store = mount(&mut flash);
    let value = [1; VALUE_LEN];
    assert_eq!(store.put(b"", &value), Err(StoreError::KeyLength));
    assert_eq!(store.put(&[b'k'; MAX_KEY_LEN + 1], &value), Err(StoreError::KeyLength));
    assert_eq!(store.put(b"a", &[1; VALUE_LEN - 1]), Err(StoreError::ValueLength));
    assert_eq!(store.remove(b""), Ok(false));
    assert_eq!(store.remove(&[b'k'; MAX_KEY_LEN + 1]), Ok(false));
    assert_eq!(wear.borrow().steps(), 0);
    for key in [&[b'k'; MAX_KEY_LEN][..], b"b", b"c", b"d"] {
        store.put(key, &value).unwrap();
    }
    let steps = wear.borrow().steps();
    assert_eq!(store.put(b"e", &value), Err(StoreError::Full));
    assert_eq!(store.read(4, &mut [0; VALUE_LEN]), Err(StoreError::Index));
    assert_eq!(store.read(0, &mut [0; VALUE_LEN + 1]), Err(StoreError::ValueLength));
    assert_eq!(wear.borrow().steps(), steps);
    store.put(b"d", &[2; VALUE_LEN]).unwrap();
    assert_eq!(store.read(3, &mut [0; VALUE_LEN]).unwrap(), b"d");
}

#[test]
fn a_region_has_to_fit() {
    fn error<const WORD: usize, const UNIT: usize>(units: usize, value_len: usize) -> MountError {
        let mut flash = SimulatedFlash::<WORD, UNIT>::new(units);
        Store::<_, 4>::mount(&mut flash, OWNER, value_len).map(drop).unwrap_err()
    }
    assert_eq!(error::<3, 192>(2, 8), MountError::WordSize);
    assert_eq!(error::<512, 4096>(2, 8), MountError::WordSize);
    assert_eq!(error::<4, 256>(0, 8), MountError::Region);
    assert_eq!(error::<4, 256>(3, 8), MountError::Region);
    assert_eq!(error::<4, 256>(2, 65_500), MountError::ValueLength);
    assert_eq!(error::<4, 256>(2, usize::MAX), MountError::ValueLength);
    assert_eq!(error::<4, 256>(2, 9), MountError::TooSmall { most: 3, wanted: 4 });
    assert_eq!(error::<4, 256>(2, 1_000), MountError::TooSmall { most: 0, wanted: 4 });
    let mut flash = SimulatedFlash::<4, 16384>::new(2);
    let store = Store::<_, 16>::mount(&mut flash, OWNER, 608).unwrap();
    assert_eq!(store.slots(), 25);
}

/// Where the records begin: behind both copies of the header.
const RECORDS: usize = 2 * 28;
/// Bytes of one.
const RECORD: usize = 44;

/// A flash with two records of this owner, and a header that was changed and given the right CRC.
fn flash_of(owner: [u8; 8], change: impl Fn(&mut [u8])) -> Flash {
    let mut flash = Flash::new(2);
    let mut store = Store::<_, 4>::mount(&mut flash, owner, VALUE_LEN).unwrap();
    store.put(b"a", &[1; VALUE_LEN]).unwrap();
    store.put(b"b", &[2; VALUE_LEN]).unwrap();
    for header in flash.bytes_mut()[..RECORDS].chunks_mut(28) {
        change(header);
        let crc = shared_model::model::crc32(&header[..24]);
        header[24..].copy_from_slice(&crc.to_le_bytes());
    }
    flash
}

#[test]
fn another_owners_records_are_kept_until_they_are_cleared() {
    let other = *b"model #2";
    let owner_at_mount = |change: &dyn Fn(&mut [u8])| mount(&mut flash_of(OWNER, change)).owner();
    assert_eq!(owner_at_mount(&|_| {}), Owner::Mine);
    assert_eq!(owner_at_mount(&|header| header[4] = 3), Owner::Other(OWNER), "a later version");
    assert_eq!(owner_at_mount(&|header| header[6] = 9), Owner::Other(OWNER), "longer values");
    assert_eq!(owner_at_mount(&|header| header[8] = 252), Owner::Other(OWNER), "longer slots");
    assert_eq!(owner_at_mount(&|header| header[0] = b't'), Owner::Mine, "no store at all");
    let mut flash = flash_of(OWNER, |_| {});
    let store = Store::<_, 1>::mount(&mut flash, OWNER, VALUE_LEN).unwrap();
    assert_eq!((store.owner(), store.len()), (Owner::Other(OWNER), 0), "more records than fit");

    let mut flash = flash_of(other, |_| {});
    let before = flash.bytes().to_vec();
    let mut store = mount(&mut flash);
    assert_eq!((store.owner(), store.len(), store.is_empty()), (Owner::Other(other), 0, true));
    assert_eq!(store.put(b"a", &[3; VALUE_LEN]), Err(StoreError::OtherOwner));
    assert_eq!(store.remove(b"a"), Err(StoreError::OtherOwner));
    assert_eq!(store.read(0, &mut [0; VALUE_LEN]), Err(StoreError::Index));
    assert_eq!(flash.bytes(), before);
    let mut store = Store::<_, 4>::mount(&mut flash, other, VALUE_LEN).unwrap();
    assert_eq!(records(&mut store).len(), 2);

    // Whatever happens to a takeover, the region is one's or the other's, with nothing lost or mixed.
    for step in 0.. {
        let mut flash = flash_of(other, |_| {});
        flash.fail_after(step, Fault::CutWithin(step));
        let cleared = mount(&mut flash).clear();
        flash.power_on();
        let mut theirs = Store::<_, 4>::mount(&mut flash, other, VALUE_LEN).unwrap();
        match theirs.owner() {
            Owner::Mine => assert_eq!((records(&mut theirs).len(), cleared.is_err()), (2, true)),
            owner => assert_eq!((owner, mount(&mut flash).len()), (Owner::Other(OWNER), 0)),
        }
        if cleared == Ok(()) {
            assert_eq!(step, 15, "an erase, and two headers of 7 words");
            assert_eq!(mount(&mut flash).owner(), Owner::Mine);
            break;
        }
    }
}

#[test]
fn damage_is_noticed() {
    let good = flash_of(OWNER, |_| {}).bytes().to_vec();
    let mut flash = Flash::new(2);
    for bit in 0..8 * good.len() {
        flash.bytes_mut().copy_from_slice(&good);
        flash.bytes_mut()[bit / 8] ^= 1 << (bit % 8);
        let mut store = mount(&mut flash);
        let found = records(&mut store);
        assert!(found.iter().all(|record| [("a".into(), 1), ("b".into(), 2)].contains(record)), "bit {bit}");
        let at = bit / 8;
        let is_record = (RECORDS..RECORDS + 2 * RECORD).contains(&at);
        assert_eq!(found.len(), if is_record { 1 } else { 2 }, "bit {bit}");
        // The bank's fifth slot is its last: nothing reads what is behind it, nor the other bank.
        assert_eq!(store.damage(), u16::from(at < RECORDS + store.slots() * RECORD), "bit {bit}");
    }
}

/// A flash that has a bit of this byte changed once it is told so, or does nothing though it says so. It reads whole
/// words.
struct Liar {
    flash: Flash,
    damaged: Rc<Cell<Option<usize>>>,
    deaf: bool,
}

impl ErrorType for Liar {
    type Error = FlashError;
}

impl ReadNorFlash for Liar {
    const READ_SIZE: usize = 4;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        check_read(self, offset, bytes.len()).map_err(FlashError::Refused)?;
        if let Some(byte) = self.damaged.take() {
            self.flash.bytes_mut()[byte] ^= 1;
        }
        self.flash.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.flash.capacity()
    }
}

impl NorFlash for Liar {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 300;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        if self.deaf { Ok(()) } else { self.flash.erase(from, to) }
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        if self.deaf { Ok(()) } else { self.flash.write(offset, bytes) }
    }
}

#[test]
fn damage_is_noticed_in_what_is_mounted() {
    for byte in RECORDS..RECORDS + 2 * RECORD {
        let damaged = Rc::default();
        let liar = Liar { flash: flash_of(OWNER, |_| {}), damaged: Rc::clone(&damaged), deaf: false };
        let mut store = Store::<_, 4>::mount(liar, OWNER, VALUE_LEN).unwrap();
        damaged.set(Some(byte));
        let good = [0, 1].map(|index| store.read(index, &mut [0; VALUE_LEN]) != Err(StoreError::Damaged));
        assert_eq!(good, if byte < RECORDS + RECORD { [false, true] } else { [true, false] }, "byte {byte}");
        assert_eq!(store.put(b"c", &[3; VALUE_LEN]), Err(StoreError::Damaged), "it cannot be copied");
        assert_eq!(store.len(), 2);
    }
}

/// Such as that of an emulator that has none.
#[test]
fn a_flash_that_does_nothing_is_found_out() {
    let mut liar = Liar { flash: Flash::new(2), damaged: Rc::default(), deaf: true };
    for _ in 0..2 {
        let mut store = Store::<_, 4>::mount(liar, OWNER, VALUE_LEN).unwrap();
        assert_eq!(store.put(b"a", &[1; VALUE_LEN]), Err(StoreError::ReadBack));
        assert_eq!((store.len(), store.clear()), (0, Err(StoreError::ReadBack)));
        // Next, one that does not erase.
        liar = Liar { flash: Flash::new(2), damaged: Rc::default(), deaf: true };
        liar.flash.bytes_mut()[299] = 0;
    }
}

#[test]
fn whatever_a_flash_holds_can_be_mounted_and_used() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let good = flash_of(OWNER, |_| {}).bytes().to_vec();
    for case in 0..20_000 {
        let mut flash = Flash::new(2);
        let bytes = flash.bytes_mut();
        bytes.copy_from_slice(&good);
        for _ in 0..=case % 40 {
            let at = rng.random_range(0..bytes.len());
            let end = rng.random_range(at..bytes.len());
            match rng.random_range(0..3) {
                0 => bytes[at] = rng.random(),
                1 => rng.fill(&mut bytes[at..end]),
                _ => bytes.copy_within(at..end, rng.random_range(0..=at)),
            }
        }
        let mut store = mount(&mut flash);
        if store.owner() != Owner::Mine {
            continue;
        }
        let mut expected = records(&mut store);
        expected.retain(|(key, _)| key != "a");
        assert!(expected.iter().all(|record| *record == ("b".into(), 2)), "case {case}: {expected:?}");
        store.remove(b"a").unwrap();
        store.put(b"c", &[3; VALUE_LEN]).unwrap();
        expected.push(("c".into(), 3));
        assert_eq!(records(&mut mount(&mut flash)), expected, "case {case}");
    }
}

#[test]
fn the_last_sequence_number_is_the_last_move() {
    let mut flash = flash_of(OWNER, |header| header[12..16].fill(0xff));
    let before = flash.bytes().to_vec();
    let mut store = mount(&mut flash);
    assert_eq!(store.compactions(), u32::MAX);
    assert_eq!(store.put(b"c", &[3; VALUE_LEN]), Err(StoreError::WornOut));
    assert_eq!(store.clear(), Err(StoreError::WornOut));
    assert_eq!(records(&mut store).len(), 2);
    assert_eq!(flash.bytes(), before);
}

#[test]
fn the_document_shows_a_whole_bank() {
    let mut flash = SimulatedFlash::<4, 160>::new(2);
    let mut store = Store::<_, 1>::mount(&mut flash, OWNER, 4).unwrap();
    store.put(b"cup", &[1, 2, 3, 4]).unwrap();
    store.remove(b"cup").unwrap();
    let dump = hex_dump(&flash.bytes()[..160]);
    let document = include_str!("../../docs/STORAGE.md");
    assert!(document.contains(&dump), "docs/STORAGE.md should show this bank:\n{dump}");
}
