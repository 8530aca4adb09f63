//! Counts instructions, or cycles, between two points of the program.

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use tinytriplet_boards::{BOARD, Counter, TIMER_SHIFT, cost::Cost};

/// The board's counter.
const COUNTER: Counter = BOARD.counter;

/// Instructions and cycles, in the steps of the board's counters; 0 for a counter that the board
/// does not have.
type Reading = [u32; 2];

/// The records: one per layer of a model, and one for the rest.
const RECORDS_LEN: usize = shared_model::model::format::MAX_LAYERS + 1;
/// The record of what no lap ends.
const REST: usize = RECORDS_LEN - 1;

static RECORDS: [[AtomicU32; 2]; RECORDS_LEN] = [const { [const { AtomicU32::new(0) }; 2] }; RECORDS_LEN];
static LAPS: [AtomicU32; RECORDS_LEN] = [const { AtomicU32::new(0) }; RECORDS_LEN];
static BEGIN: [AtomicU32; 2] = [const { AtomicU32::new(0) }; 2];

/// Counts the instructions or cycles of a function.
pub struct Stopwatch {
    /// The counts of a function that does nothing.
    empty: Cost,
}

impl Stopwatch {
    /// Starts the counters.
    pub fn start() -> Self {
        match COUNTER {
            Counter::CmsdkTimer { address, .. } => {
                let register = |index: u32| (address + 4 * index) as *mut u32;
                // SAFETY: CTRL, VALUE and RELOAD of a timer that nothing else in the program uses.
                unsafe {
                    register(1).write_volatile(u32::MAX);
                    register(2).write_volatile(u32::MAX);
                    register(0).write_volatile(1);
                }
            }
            Counter::Dwt => {
                let (demcr, ctrl) = (0xe000_edfc as *mut u32, 0xe000_1000 as *mut u32);
                // SAFETY: registers that every Cortex-M above the M0+ has, which nothing else in
                // the program uses: TRCENA, then CYCCNTENA.
                unsafe {
                    demcr.write_volatile(demcr.read_volatile() | 1 << 24);
                    ctrl.write_volatile(ctrl.read_volatile() | 1);
                }
            }
            Counter::Minstret | Counter::StandIn { .. } => {}
        }
        count(|| {});
        Self { empty: counts(REST) }
    }

    /// Returns the cost of `f`.
    #[inline(always)]
    pub fn measure(&self, f: impl FnOnce()) -> Cost {
        count(f);
        counts(REST).less(self.empty)
    }

    /// Runs `f`, which calls [`lap`]. [`lap`](Self::lap) then has the cost of each.
    #[inline(always)]
    pub fn measure_laps(&self, f: impl FnOnce()) {
        count(f);
    }

    /// Returns the cost of `f` before its calls of [`lap`] with this index: from its beginning, or
    /// the call before, to each of them.
    pub fn lap(&self, index: usize) -> Cost {
        let laps = LAPS[index].load(Relaxed);
        (0..laps).fold(counts(index), |cost, _| cost.less(self.empty))
    }
}

/// Records the cost of `f`.
#[inline(always)]
fn count(f: impl FnOnce()) {
    for (record, laps) in RECORDS.iter().zip(&LAPS) {
        record.iter().chain([laps]).for_each(|count| count.store(0, Relaxed));
    }
    start();
    f();
    lap(REST);
}

/// Begins the first lap.
#[inline(never)]
fn start() {
    let begin = read();
    for counter in 0..2 {
        BEGIN[counter].store(begin[counter], Relaxed);
    }
}

/// Ends a lap, adds it to the record `index`, and begins the next. Neither counts the work of this
/// function, except for its call and its return, which cost the same everywhere.
#[inline(never)]
pub fn lap(index: usize) {
    let end = read();
    for counter in 0..2 {
        let taken = end[counter].wrapping_sub(BEGIN[counter].load(Relaxed));
        let record = &RECORDS[index][counter];
        record.store(record.load(Relaxed).wrapping_add(taken), Relaxed);
    }
    LAPS[index].store(LAPS[index].load(Relaxed) + 1, Relaxed);
    start();
}

/// Reads the counters. They wrap: no lap may be longer than they are.
#[inline(always)]
fn read() -> Reading {
    match COUNTER {
        // SAFETY: VALUE of the timer, which only counts. It does so downwards.
        Counter::CmsdkTimer { address, .. } => [!unsafe { ((address + 4) as *const u32).read_volatile() }, 0],
        Counter::StandIn { address, .. } => {
            let registers = address as *const u32;
            // SAFETY: the emulator's registers, which only count.
            unsafe { [registers.read_volatile(), registers.add(1).read_volatile()] }
        }
        // SAFETY: CYCCNT, which only counts.
        Counter::Dwt => [0, unsafe { (0xe000_1004 as *const u32).read_volatile() }],
        #[cfg(target_arch = "riscv32")]
        Counter::Minstret => [riscv::register::minstret::read() as u32, 0],
        #[cfg(not(target_arch = "riscv32"))]
        Counter::Minstret => {
            panic!("this processor does not have the counter that the table of boards gives it")
        }
    }
}

/// Returns a recorded lap.
fn counts(index: usize) -> Cost {
    let [first, second] = [0, 1].map(|counter: usize| RECORDS[index][counter].load(Relaxed));
    match COUNTER {
        Counter::CmsdkTimer { megahertz, .. } => {
            // A tick is 1000 / megahertz ns long, an instruction 2^shift ns. The missing part of a
            // tick is less than half an instruction.
            let thousand_instructions = u64::from(megahertz << TIMER_SHIFT);
            let instructions = (u64::from(first) * 1000 + thousand_instructions / 2) / thousand_instructions;
            Cost { instructions: Some(instructions as u32), cycles: None }
        }
        Counter::Minstret => Cost { instructions: Some(first), cycles: None },
        Counter::StandIn { .. } => Cost { instructions: Some(first), cycles: Some(second) },
        Counter::Dwt => Cost { instructions: None, cycles: Some(second) },
    }
}
