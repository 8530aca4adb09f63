//! Enrols two drawings and recognises others, in an application of RTIC. Inference is what the lowest priority does:
//! every other task interrupts it.
#![no_std]
#![no_main]

use core::panic::PanicInfo;
use cortex_m_semihosting::{debug, hprintln};

mod model {
    shared_model::include_model!("characters.model");
}

#[rtic::app(device = lm3s6965)]
mod app {
    use super::{model, stroke};
    use cortex_m::peripheral::{SYST, syst::SystClkSource};
    use cortex_m_semihosting::{debug, hprintln};
    use shared_model::{Gallery, Model, Threshold, gallery::Method};

    #[shared]
    struct Shared {
        ticks: u32,
    }

    #[local]
    struct Local {}

    #[init]
    fn init(mut cx: init::Context) -> (Shared, Local) {
        start(&mut cx.core.SYST);
        (Shared { ticks: 0 }, Local {})
    }

    /// Ticks a thousand times a second, of a clock of 12 MHz.
    fn start(timer: &mut SYST) {
        timer.set_clock_source(SystClkSource::Core);
        timer.set_reload(12_000 - 1);
        timer.clear_current();
        timer.enable_counter();
        timer.enable_interrupt();
    }

    /// Stands for a radio or a motor, which cannot wait until an inference is over.
    #[task(binds = SysTick, priority = 1, shared = [ticks])]
    fn tick(mut cx: tick::Context) {
        cx.shared.ticks.lock(|ticks| *ticks += 1);
    }

    #[idle(
        shared = [ticks],
        local = [
            scratch: [u32; model::SCRATCH_LEN] = [0; model::SCRATCH_LEN],
            entries: [u8; 8 * model::ENTRY_LEN] = [0; 8 * model::ENTRY_LEN],
        ]
    )]
    fn idle(mut cx: idle::Context) -> ! {
        let model = Model::decode(model::FILE).expect("the build script has checked it");
        let (scratch, mut embedding) = (cx.local.scratch, [0; model::EMBEDDING_LEN]);
        let mut gallery = Gallery::new(&model, 0, cx.local.entries);

        for (label, slant) in [("bar", 0), ("slash", 1)] {
            model.embed(&stroke(slant, 3), scratch, &mut embedding).expect("all lengths are the model's");
            gallery.enrol(label, &embedding).expect("there is room");
        }
        for slant in [0, 1] {
            model.embed(&stroke(slant, 4), scratch, &mut embedding).expect("all lengths are the model's");
            let seen = gallery.recognise(&model, &embedding, Method::Prototype, Threshold::Own);
            hprintln!(
                "{:?} is {}",
                embedding,
                seen.expect("the model is calibrated").label().unwrap_or("unknown")
            );
        }
        hprintln!("meanwhile, the clock ticked {} times", cx.shared.ticks.lock(|ticks| *ticks));
        debug::exit(debug::EXIT_SUCCESS);
        loop {
            cortex_m::asm::wfi();
        }
    }
}

/// A stroke from top to bottom, light on dark: one byte per pixel, row by row.
fn stroke(slant: usize, width: usize) -> [u8; model::INPUT_LEN] {
    core::array::from_fn(|pixel| {
        let (x, y) = (pixel % 28, pixel / 28);
        let left = 12 + slant * (14 - y.min(14)) / 2;
        if (4..24).contains(&y) && (left..left + width).contains(&x) { 255 } else { 0 }
    })
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    hprintln!("{}", info);
    debug::exit(debug::EXIT_FAILURE);
    loop {
        cortex_m::asm::wfi();
    }
}
