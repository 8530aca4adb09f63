//! The gallery's storage: whenever the power is cut, what was acknowledged is there.

use embedded_storage::nor_flash::{NorFlash, NorFlashErrorKind};
use firmware::storage::{MAX_KEY_LEN, MountError, Owner, Store, StoreError};
use rayon::prelude::*;
use std::ops::Range;
use tests::{
    nor_flash::{Fault, SimulatedFlash},
    torture::{Operation, Profile, Tally, play, torture},
    torture_candidates::Own,
};

const OWNER: [u8; 8] = *b"model #1";

const PROFILE: Profile = Profile { capacity: 3, keys: 4, value_len: 8, operations: 24, clears: true, errors: true };

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
        random_histories::<256, 1280>(90_000..100_000, 2),
    ];
    for tally in &tallies {
        assert_thorough(tally, 50);
    }
    let tally = tallies.iter().fold(Tally::default(), |a, b| a.plus(b));
    assert_eq!(tally.histories, 100_000);
    assert!(tally.acknowledged > 500_000 && tally.faults() > 200_000, "{tally:?}");
}

/// One history for all the places: the bank runs full twice, with replaced and removed records, and is cleared.
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
        let tallies = every_step(7 * step)
            .map(|fault| play_with::<WORD, UNIT>(&history, &[(step, fault)]));
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
        one_fault_everywhere::<256, 1280>(),
    ] {
        assert_thorough(&tally, 2);
    }
}

/// Also where a second one comes, at any time after the first.
#[test]
fn no_change_is_lost_wherever_two_faults_come() {
    let history = everything();
    let steps = (0..).take_while(|&step| play_with::<8, 256>(&history, &[(step, Fault::CutBefore)]).is_some());
    let tallies = steps.collect::<Vec<u64>>().into_par_iter().map(|first| {
        let mut sum = Tally::default();
        for first in every_step(first).map(|fault| (first, fault)) {
            for second in 0.. {
                let tallies = every_step(second)
                    .map(|fault| play_with::<8, 256>(&history, &[first, (second, fault)]));
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
    assert!(tally.histories > 300_000, "{tally:?}");
}
