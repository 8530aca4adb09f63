//! Time on an nRF52840, whose SysTick stands still while the processor sleeps.

use crate::system::Clock;
use core::{
    cell::RefCell,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};
use cortex_m::peripheral::NVIC;
use critical_section::Mutex;
use nrf52840_hal::{
    pac::{Interrupt, TIMER0, interrupt},
    timer::{Periodic, Timer},
};
use tinytriplet_device::hardware::TICK_MICROS;

static TIMER: Mutex<RefCell<Option<Timer<TIMER0, Periodic>>>> = Mutex::new(RefCell::new(None));
static TICKS: AtomicU32 = AtomicU32::new(0);

/// Returns the ticks since the start. It begins again after the last number.
pub fn ticks() -> u32 {
    TICKS.load(Relaxed)
}

/// Counts microseconds, from 0 in each tick.
pub struct MicrosecondTimer(());

impl MicrosecondTimer {
    pub fn new(timer: TIMER0) -> Self {
        critical_section::with(|cs| TIMER.replace(cs, Some(Timer::periodic(timer))));
        Self(())
    }
}

impl Clock for MicrosecondTimer {
    fn start(&mut self) {
        critical_section::with(|cs| {
            if let Some(timer) = TIMER.borrow_ref_mut(cs).as_mut() {
                timer.enable_interrupt();
                timer.start(TICK_MICROS);
            }
        });
        // SAFETY: no critical section relies on this interrupt being masked.
        unsafe { NVIC::unmask(Interrupt::TIMER0) };
    }

    fn now(&mut self) -> u64 {
        let (ticks, micros) = critical_section::with(|cs| {
            let timer = TIMER.borrow_ref(cs);
            let Some(timer) = timer.as_ref() else { return (0, 0) };
            let micros = timer.read();
            // A tick has passed that is not counted yet.
            if timer.event_compare_cc0().read().bits() != 0 {
                (TICKS.load(Relaxed) + 1, timer.read())
            } else {
                (TICKS.load(Relaxed), micros)
            }
        });
        u64::from(ticks) * u64::from(TICK_MICROS) + u64::from(micros)
    }
}

#[interrupt]
fn TIMER0() {
    critical_section::with(|cs| {
        if let Some(timer) = TIMER.borrow_ref(cs).as_ref() {
            timer.reset_event();
        }
        TICKS.store(TICKS.load(Relaxed).wrapping_add(1), Relaxed);
    });
}
