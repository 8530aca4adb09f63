//! Tortures what stores records in flash: plays histories of changes on a simulated flash, lets the power fail at any
//! step of them, and compares what is there after each reboot with what was acknowledged.
//!
//! After a reboot every acknowledged change is there; the one that was under way is there as a whole or not at all;
//! nothing else has changed. What [`play`] finds not to be so is a [`Violation`].

mod own;

pub use own::Own;

use crate::nor_flash::{Fault, SimulatedFlash};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::{
    collections::BTreeMap,
    fmt::{self, Debug},
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// Records by their keys.
pub type Contents = BTreeMap<Vec<u8>, Vec<u8>>;

/// Something that stores records in flash, to be tortured.
pub trait Candidate<const WORD: usize, const UNIT: usize> {
    /// Prepares an erased flash, with nothing to disturb it, and gives names to the steps that faults may befall.
    fn format(_flash: &mut SimulatedFlash<WORD, UNIT>) {}

    /// Bytes of RAM that it takes while it is mounted, buffers that it asks for included, the stack not.
    fn ram(value_len: usize) -> usize;

    /// Reads a flash, after each reboot.
    ///
    /// # Errors
    /// The flash failed, or holds something that cannot be read.
    fn mount<'f>(
        flash: &'f mut SimulatedFlash<WORD, UNIT>,
        value_len: usize,
    ) -> Result<Box<dyn Gallery + 'f>, Failure>;
}

/// A gallery that a candidate has mounted.
pub trait Gallery {
    /// All records.
    ///
    /// # Errors
    /// Those of [`Failure`]; it also writes where it repairs.
    fn contents(&mut self) -> Result<Contents, Failure>;

    /// Adds or replaces a record.
    ///
    /// # Errors
    /// Those of [`Failure`].
    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), Failure>;

    /// Removes a record; returns false if it does not exist.
    ///
    /// # Errors
    /// Those of [`Failure`].
    fn remove(&mut self, key: &[u8]) -> Result<bool, Failure>;

    /// Removes all records.
    ///
    /// # Errors
    /// Those of [`Failure`].
    fn clear(&mut self) -> Result<(), Failure>;
}

/// The reason why a candidate did not do what it was asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The flash failed.
    Flash,
    /// There is no room.
    Full,
    /// Anything else.
    Broken(String),
}

/// An entry of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Adds or replaces a record.
    Put(Vec<u8>, Vec<u8>),
    /// Removes a record, if it is there.
    Remove(Vec<u8>),
    /// Removes all records.
    Clear,
    /// Switches off, with nothing under way, and on.
    Reboot,
}

/// The ranges that histories are drawn from.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    /// Most records that there may be.
    pub capacity: usize,
    /// The keys in use: more than may be there tests that they are refused.
    pub keys: usize,
    /// Bytes of a value.
    pub value_len: usize,
    /// Most entries of a history.
    pub operations: usize,
    /// True if all records are removed at once now and then.
    pub clears: bool,
    /// True if cuts come in the middle of steps, too.
    pub within: bool,
    /// True if the driver reports errors, too.
    pub errors: bool,
}

/// Counts of what happened in histories.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Histories.
    pub histories: u64,
    /// Changes that were acknowledged.
    pub acknowledged: u64,
    /// Reboots after which everything was as it should be.
    pub reboots: u64,
    /// Faults, by what they befell and how.
    pub faults: BTreeMap<(&'static str, &'static str), u64>,
    /// Reboots after which a change that had been under way was there, and was not.
    pub under_way: [u64; 2],
    /// Words programmed that had not been erased, or not as a whole.
    pub words_twice: u64,
}

impl Tally {
    /// All faults.
    pub fn faults(&self) -> u64 {
        self.faults.values().sum()
    }

    /// Both together.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        self.histories += other.histories;
        self.acknowledged += other.acknowledged;
        self.reboots += other.reboots;
        self.words_twice += other.words_twice;
        for (key, count) in &other.faults {
            *self.faults.entry(*key).or_default() += count;
        }
        for (sum, count) in self.under_way.iter_mut().zip(other.under_way) {
            *sum += count;
        }
        self
    }
}

/// A promise that was not kept.
#[derive(Clone, Debug)]
pub enum Violation {
    /// After a reboot there is neither what should be there nor, if a change was under way, that with it.
    Lost {
        /// The contents found.
        found: Contents,
        /// The contents that would have been right.
        allowed: Vec<Contents>,
    },
    /// Something else is there than was acknowledged, without a reboot.
    Changed(Operation),
    /// Something else is said about a record than is true.
    Untrue(Operation),
    /// A possible operation was refused.
    Refused(Operation),
    /// Nothing works any more.
    Broken(String),
}

impl Violation {
    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Lost { .. } => "lost",
            Self::Changed(_) => "changed",
            Self::Untrue(_) => "untrue",
            Self::Refused(_) => "refused",
            Self::Broken(_) => "broken",
        }
    }
}

/// Keys by their lengths, values by their first bytes: those of random histories differ in them.
impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put(key, value) => write!(f, "put k{} = {}", key.len(), value.first().unwrap_or(&0)),
            Self::Remove(key) => write!(f, "remove k{}", key.len()),
            Self::Clear => f.write_str("clear"),
            Self::Reboot => f.write_str("reboot"),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |contents: &Contents| {
            let records = contents
                .iter()
                .map(|(key, value)| format!("k{} = {}", key.len(), value.first().unwrap_or(&0)));
            format!("{{{}}}", records.collect::<Vec<_>>().join(", "))
        };
        match self {
            Self::Lost { found, allowed } => {
                let allowed: Vec<_> = allowed.iter().map(list).collect();
                write!(f, "lost: {} is there instead of {}", list(found), allowed.join(" or "))
            }
            Self::Changed(operation) => write!(f, "changed: {operation} gave something else"),
            Self::Untrue(operation) => write!(f, "untrue: {operation}"),
            Self::Refused(operation) => write!(f, "refused: {operation}"),
            Self::Broken(error) => write!(f, "broken: {error}"),
        }
    }
}

impl Profile {
    /// A history.
    pub fn history(&self, rng: &mut impl Rng) -> Vec<Operation> {
        // Keys of all lengths, each the beginning of the next.
        let key = |key: usize| (0..=30 * key / (self.keys - 1)).map(|at| at as u8).collect();
        let len = rng.random_range(1..=self.operations);
        (0..len)
            .map(|number| match rng.random_range(0..20) {
                0..12 => {
                    let mut value = vec![number as u8; self.value_len];
                    rng.fill(&mut value[1..]);
                    Operation::Put(key(rng.random_range(0..self.keys)), value)
                }
                12..16 => Operation::Remove(key(rng.random_range(0..self.keys))),
                16 if self.clears => Operation::Clear,
                _ => Operation::Reboot,
            })
            .collect()
    }

    /// When the next fault comes, and which.
    pub fn fault(&self, rng: &mut impl Rng) -> (u64, Fault) {
        let most = [4, 30, 200][rng.random_range(0..3)];
        let seed = rng.random();
        let fault = match rng.random_range(0..10) {
            0..2 if self.errors => {
                [Fault::ErrorBefore, Fault::ErrorWithin(seed), Fault::ErrorAfter][rng.random_range(0..3)]
            }
            2..7 if self.within => Fault::CutWithin(seed),
            _ => Fault::CutBefore,
        };
        (rng.random_range(0..most), fault)
    }
}

/// Plays a history from its beginning on an erased flash; after it the power is cut once more. `faults` says
/// when the next fault comes, once the last one came.
///
/// # Errors
/// The first promise that was not kept.
pub fn play<C: Candidate<WORD, UNIT>, const WORD: usize, const UNIT: usize>(
    flash: &mut SimulatedFlash<WORD, UNIT>,
    profile: &Profile,
    history: &[Operation],
    mut faults: impl FnMut() -> Option<(u64, Fault)>,
    tally: &mut Tally,
) -> Result<(), Violation> {
    tally.histories += 1;
    C::format(flash);
    let mut operations = history.iter();
    // What was acknowledged, and what it would be with a change that was not.
    let (mut contents, mut doubtful) = (Contents::new(), Vec::<Contents>::new());
    loop {
        flash.power_on();
        if operations.len() == 0 {
            flash.fail_never();
        } else if flash.fault().is_none()
            && let Some((steps, fault)) = faults()
        {
            flash.fail_after(steps, fault);
        }
        let fault = flash.fault();
        let end = session::<C, WORD, UNIT>(
            flash,
            profile,
            &mut operations,
            fault,
            (&mut contents, &mut doubtful),
            tally,
        )?;
        if let (Some(place), Some(fault)) = (flash.take_faulty_place(), fault) {
            let how = match fault {
                Fault::CutBefore => "cut before",
                Fault::CutWithin(_) => "cut within",
                Fault::ErrorBefore => "error before",
                Fault::ErrorWithin(_) => "error within",
                Fault::ErrorAfter => "error after",
            };
            *tally.faults.entry((place, how)).or_default() += 1;
        }
        if end == End::History {
            tally.words_twice += flash.wear().borrow().words_twice;
            return Ok(());
        }
    }
}

/// The end of a session.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// The power is off.
    Off,
    /// The history is at its end, and the last reboot showed what is left.
    History,
}

/// Runs a session: from power-on to power-off.
fn session<C: Candidate<WORD, UNIT>, const WORD: usize, const UNIT: usize>(
    flash: &mut SimulatedFlash<WORD, UNIT>,
    profile: &Profile,
    operations: &mut std::slice::Iter<'_, Operation>,
    mut fault: Option<Fault>,
    (contents, doubtful): (&mut Contents, &mut Vec<Contents>),
    tally: &mut Tally,
) -> Result<End, Violation> {
    // A fault comes once, and only one that was asked for explains a failure.
    let mut is_cut = move |failure: Failure| match (failure, fault.take()) {
        (Failure::Flash, Some(fault)) => Ok(fault.is_cut()),
        (Failure::Broken(error), _) => Err(Violation::Broken(error)),
        (failure, _) => Err(Violation::Broken(format!("{failure:?}"))),
    };
    let last = operations.len() == 0;
    let mounted =
        C::mount(flash, profile.value_len).and_then(|mut gallery| Ok((gallery.contents()?, gallery)));
    let (found, mut gallery) = match mounted {
        Ok(mounted) => mounted,
        // A mount that fails because the driver reported an error is tried again.
        Err(failure) => return is_cut(failure).map(|_| End::Off),
    };
    if found != *contents && !doubtful.contains(&found) {
        doubtful.insert(0, contents.clone());
        return Err(Violation::Lost { found, allowed: doubtful.clone() });
    }
    tally.reboots += 1;
    if !doubtful.is_empty() {
        tally.under_way[usize::from(found == *contents)] += 1;
    }
    *contents = found;
    doubtful.clear();
    if last {
        return Ok(End::History);
    }
    for operation in operations {
        let mut after = contents.clone();
        let (done, expected) = match operation {
            Operation::Reboot => break,
            Operation::Put(key, value) => {
                after.insert(key.clone(), value.clone());
                let fits = after.len() <= profile.capacity;
                match gallery.put(key, value) {
                    Err(Failure::Full) if !fits => continue,
                    Err(Failure::Full) => return Err(Violation::Refused(operation.clone())),
                    done => (done.map(|()| true), fits),
                }
            }
            Operation::Remove(key) => {
                let expected = after.remove(key).is_some();
                (gallery.remove(key), expected)
            }
            Operation::Clear => {
                after.clear();
                (gallery.clear().map(|()| true), true)
            }
        };
        match done {
            Ok(done) if done != expected => return Err(Violation::Untrue(operation.clone())),
            Ok(_) => {
                tally.acknowledged += 1;
                *contents = after;
                doubtful.clear();
            }
            Err(failure) => {
                doubtful.push(after);
                if is_cut(failure)? {
                    return Ok(End::Off);
                }
            }
        }
        match gallery.contents() {
            Ok(found) if found == *contents => {}
            Ok(_) => return Err(Violation::Changed(operation.clone())),
            Err(failure) => {
                if is_cut(failure)? {
                    return Ok(End::Off);
                }
            }
        }
    }
    Ok(End::Off)
}

/// The results of random histories.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// The counts of those histories in which every promise was kept.
    pub tally: Tally,
    /// The other histories, by the name of the violation.
    pub violations: BTreeMap<&'static str, u64>,
    /// The shortest of these.
    pub shortest: Option<Failing>,
}

/// A history in which a promise was not kept.
#[derive(Clone, Debug)]
pub struct Failing {
    /// The history.
    pub history: Vec<Operation>,
    /// The faults, each with the steps before it, since the one before.
    pub faults: Vec<(u64, Fault)>,
    /// The promise that was broken.
    pub violation: Violation,
}

impl fmt::Display for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let history: Vec<_> = self.history.iter().map(Operation::to_string).collect();
        let faults = self.faults.iter().map(|(steps, fault)| match fault {
            Fault::CutBefore => format!("cut after {steps} steps"),
            fault => format!("{fault:?} after {steps} steps"),
        });
        let faults: Vec<_> = faults.collect();
        write!(f, "{}; {}; {}", history.join(", "), faults.join(", "), self.violation)
    }
}

impl Failing {
    fn len(&self) -> usize {
        self.history.len() + self.faults.len()
    }

    /// Without any entry and fault that it takes to fail: leaves out one after the other.
    fn shortened(mut self, violation: impl Fn(&[Operation], &[(u64, Fault)]) -> Option<Violation>) -> Self {
        let mut at = 0;
        while at < self.len() {
            let (mut history, mut faults) = (self.history.clone(), self.faults.clone());
            match at.checked_sub(history.len()) {
                None => drop(history.remove(at)),
                Some(at) => drop(faults.remove(at)),
            }
            match violation(&history, &faults) {
                Some(violation) => (self, at) = (Self { history, faults, violation }, 0),
                None => at += 1,
            }
        }
        self
    }
}

impl Findings {
    fn plus(mut self, other: Self) -> Self {
        self.tally = self.tally.plus(&other.tally);
        for (name, count) in other.violations {
            *self.violations.entry(name).or_default() += count;
        }
        self.shortest = self.shortest.into_iter().chain(other.shortest).min_by_key(Failing::len);
        self
    }

    /// The histories in which a promise was not kept.
    pub fn failed(&self) -> u64 {
        self.violations.values().sum()
    }
}

/// Plays a random history for each of these seeds, on flashes of `units` units.
pub fn torture<C: Candidate<WORD, UNIT>, const WORD: usize, const UNIT: usize>(
    profile: &Profile,
    units: usize,
    seeds: Range<u64>,
) -> Findings {
    // A candidate that panics has broken a promise, too.
    let played =
        |history: &[Operation], faults: &mut dyn FnMut() -> Option<(u64, Fault)>, tally: &mut Tally| {
            let mut flash = SimulatedFlash::<WORD, UNIT>::new(units);
            let played = || play::<C, WORD, UNIT>(&mut flash, profile, history, faults, tally).err();
            catch_unwind(AssertUnwindSafe(played))
                .unwrap_or_else(|_| Some(Violation::Broken("it panicked".into())))
        };
    let one = |seed| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let history = profile.history(&mut rng);
        let mut faults = Vec::new();
        let mut tally = Tally::default();
        let mut random_faults = || {
            let fault = rng.random_bool(0.8).then(|| profile.fault(&mut rng));
            faults.extend(fault);
            fault
        };
        match played(&history, &mut random_faults, &mut tally) {
            None => Findings { tally, ..Findings::default() },
            Some(violation) => {
                let violations = [(violation.name(), 1)].into();
                let failing = Failing { history, faults, violation }.shortened(|history, faults| {
                    let mut faults = faults.iter().copied();
                    played(history, &mut || faults.next(), &mut Tally::default())
                });
                Findings { violations, shortest: Some(failing), ..Findings::default() }
            }
        }
    };
    seeds.into_par_iter().map(one).reduce(Findings::default, Findings::plus)
}

/// The cost of enrolments once the gallery is full: each replaces a record.
#[derive(Clone, Debug, Default)]
pub struct Cost {
    /// The number of enrolments.
    pub puts: u64,
    /// Words programmed.
    pub words: u64,
    /// The number of erases of all units.
    pub erases: u64,
    /// The number of erases of the unit that was erased most.
    pub erases_of_a_unit: u64,
    /// The longest put: units erased, and words programmed.
    pub worst: (u64, u64),
}

/// The cost of so many enrolments on a flash of `units` units, all in one session, or a reboot before each.
///
/// # Errors
/// The candidate fails, for want of room for example.
pub fn enrol<C: Candidate<WORD, UNIT>, const WORD: usize, const UNIT: usize>(
    units: usize,
    (capacity, value_len): (usize, usize),
    puts: u64,
    reboots: bool,
) -> Result<Cost, Failure> {
    let mut flash = SimulatedFlash::<WORD, UNIT>::new(units);
    C::format(&mut flash);
    let wear = flash.wear();
    let key = |number: u64| format!("thing number {:02}", number % capacity as u64).into_bytes();
    let value = |number: u64| vec![number as u8; value_len];
    let mut gallery = C::mount(&mut flash, value_len)?;
    for number in 0..capacity as u64 {
        gallery.put(&key(number), &value(number))?;
    }
    let filled = wear.borrow().clone();
    let mut cost = Cost { puts, ..Cost::default() };
    for number in 0..puts {
        if reboots {
            drop(gallery);
            gallery = C::mount(&mut flash, value_len)?;
        }
        let before = (wear.borrow().erases(), wear.borrow().words);
        // No key in turn: 7 has no divisor in common with any capacity that is asked for.
        gallery.put(&key(7 * number), &value(number))?;
        let wear = wear.borrow();
        cost.worst = cost.worst.max((wear.erases() - before.0, wear.words - before.1));
    }
    let wear = wear.borrow();
    cost.words = wear.words - filled.words;
    cost.erases = wear.erases() - filled.erases();
    let erases = wear.erases.iter().zip(&filled.erases).map(|(all, before)| all - before);
    cost.erases_of_a_unit = erases.max().unwrap_or(0);
    Ok(cost)
}
