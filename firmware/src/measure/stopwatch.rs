//! Counts instructions, or cycles, between two points of the program.

use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};
use firmware::{
    boards::{self, Counter, TIMER_SHIFT},
    measuring::Cost,
};

/// What the board counts with.
const COUNTER: Counter = match boards::find(env!("FIRMWARE_BOARD")) {
    Some(board) => board.counter,
    None => panic!("build.rs takes boards from the same table"),
};

/// Instructions and cycles, as the board's counters show them: in their own steps, 0 where there is none.
type Reading = [u32; 2];

/// Laps at most: as many as a model can have layers, and the one that begins.
const LAPS: usize = shared_model::format::MAX_LAYERS + 2;

static RECORDS: [[AtomicU32; 2]; LAPS] = [const { [const { AtomicU32::new(0) }; 2] }; LAPS];
static LEN: AtomicUsize = AtomicUsize::new(0);
static BEGIN: [AtomicU32; 2] = [const { AtomicU32::new(0) }; 2];

/// Counts what happens in a function.
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
                // SAFETY: registers that every Cortex-M above the M0+ has, which nothing else in the program uses:
                // TRCENA, then CYCCNTENA.
                unsafe {
                    demcr.write_volatile(demcr.read_volatile() | 1 << 24);
                    ctrl.write_volatile(ctrl.read_volatile() | 1);
                }
            }
            Counter::Minstret | Counter::StandIn { .. } => {}
        }
        count(|| {});
        Self { empty: counts(1) }
    }

    /// What `f` takes.
    #[inline(always)]
    pub fn measure(&self, f: impl FnOnce()) -> Cost {
        count(f);
        self.cost(1)
    }

    /// What `f` takes from one call of [`lap`] to the next; the first begins with it, and what is behind the last is
    /// not counted.
    #[inline(always)]
    pub fn laps(&self, f: impl FnOnce()) -> impl Iterator<Item = Cost> {
        count(f);
        // Behind the last lap: `count`'s own.
        let end = LEN.load(Relaxed) - 1;
        (1..end).map(|index| self.cost(index))
    }

    fn cost(&self, index: usize) -> Cost {
        counts(index).less(self.empty)
    }
}

/// Records what `f` takes, from index 1.
#[inline(always)]
fn count(f: impl FnOnce()) {
    LEN.store(0, Relaxed);
    lap();
    f();
    lap();
}

/// Ends a lap, and begins the next. What it does itself is counted by neither, but for its call and its return, which
/// take the same everywhere.
#[inline(never)]
pub fn lap() {
    let end = read();
    let index = LEN.load(Relaxed);
    for counter in 0..2 {
        RECORDS[index][counter].store(end[counter].wrapping_sub(BEGIN[counter].load(Relaxed)), Relaxed);
    }
    LEN.store(index + 1, Relaxed);
    let begin = read();
    for counter in 0..2 {
        BEGIN[counter].store(begin[counter], Relaxed);
    }
}

/// The counters. They wrap: no lap may be longer than they are.
#[inline(always)]
fn read() -> Reading {
    match COUNTER {
        // SAFETY: VALUE of the timer, which only counts. It does so downwards.
        Counter::CmsdkTimer { address, .. } => [!unsafe { ((address + 4) as *const u32).read_volatile() }, 0],
        Counter::StandIn { address } => {
            let registers = address as *const u32;
            // SAFETY: the emulator's registers, which only count.
            unsafe { [registers.read_volatile(), registers.add(1).read_volatile()] }
        }
        // SAFETY: CYCCNT, which only counts.
        Counter::Dwt => [0, unsafe { (0xe000_1004 as *const u32).read_volatile() }],
        #[cfg(target_arch = "riscv32")]
        Counter::Minstret => [riscv::register::minstret::read() as u32, 0],
        #[cfg(not(target_arch = "riscv32"))]
        Counter::Minstret => panic!("the table of boards gives this processor a counter that it has not"),
    }
}

/// A recorded lap.
fn counts(index: usize) -> Cost {
    let [first, second] = [0, 1].map(|counter: usize| RECORDS[index][counter].load(Relaxed));
    match COUNTER {
        Counter::CmsdkTimer { megahertz, .. } => {
            // A tick is 1000 / megahertz ns long, an instruction 2^shift ns. What is missing to a whole tick is less
            // than half an instruction.
            let thousand_instructions = u64::from(megahertz << TIMER_SHIFT);
            let instructions = (u64::from(first) * 1000 + thousand_instructions / 2) / thousand_instructions;
            Cost { instructions: Some(instructions as u32), cycles: None }
        }
        Counter::Minstret => Cost { instructions: Some(first), cycles: None },
        Counter::StandIn { .. } => Cost { instructions: Some(first), cycles: Some(second) },
        Counter::Dwt => Cost { instructions: None, cycles: Some(second) },
    }
}
