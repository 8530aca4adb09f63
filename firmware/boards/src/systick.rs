use crate::system::Clock;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use cortex_m::peripheral::{Peripherals, SCB, SYST, syst::SystClkSource};
use cortex_m_rt::exception;
use tinytriplet_device::hardware::TICK_MICROS;

static TICKS: AtomicU32 = AtomicU32::new(0);

/// Returns the ticks since the start. It begins again after the last number.
#[cfg(any(feature = "pico", feature = "pico2"))]
pub fn ticks() -> u32 {
    TICKS.load(Relaxed)
}

/// The Cortex-M's own timer: it counts down, by the processor's clock.
pub struct SysTick {
    timer: SYST,
    megahertz: u32,
}

impl SysTick {
    /// Creates the timer of a processor that runs at `hertz`: a whole number of MHz, below 335.
    pub fn new(hertz: u32) -> Self {
        let Some(core) = Peripherals::take() else { panic!("the board was initialised twice") };
        Self { timer: core.SYST, megahertz: hertz / 1_000_000 }
    }

    fn cycles_per_tick(&self) -> u32 {
        TICK_MICROS * self.megahertz
    }
}

impl Clock for SysTick {
    fn start(&mut self) {
        self.timer.set_clock_source(SystClkSource::Core);
        self.timer.set_reload(self.cycles_per_tick() - 1);
        self.timer.clear_current();
        self.timer.enable_counter();
        self.timer.enable_interrupt();
    }

    fn now(&mut self) -> u64 {
        let (ticks, left) = critical_section::with(|_| {
            let left = SYST::get_current();
            // A tick has passed that is not counted yet. Read again: the count is then surely that
            // of the next tick.
            if SCB::is_pendst_pending() {
                (TICKS.load(Relaxed) + 1, SYST::get_current())
            } else {
                (TICKS.load(Relaxed), left)
            }
        });
        let spent = self.cycles_per_tick() - 1 - left;
        u64::from(ticks) * u64::from(TICK_MICROS) + u64::from(spent / self.megahertz)
    }
}

#[exception]
fn SysTick() {
    // Nothing else writes it. (ARMv6-M has no atomic addition.)
    TICKS.store(TICKS.load(Relaxed).wrapping_add(1), Relaxed);
}
