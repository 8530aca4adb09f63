//! Enrols two drawings and recognises others, on a Cortex-M with nothing but `cortex-m-rt`.
#![no_std]
#![no_main]

use core::panic::PanicInfo;
use cortex_m_rt::entry;
use cortex_m_semihosting::{debug, hprintln};
use shared_model::{Gallery, Model, Threshold, gallery::Method};
use static_cell::ConstStaticCell;

mod model {
    shared_model::include_model!("characters.model");
}

static SCRATCH: ConstStaticCell<[u32; model::SCRATCH_LEN]> = ConstStaticCell::new([0; model::SCRATCH_LEN]);
static ENTRIES: ConstStaticCell<[u8; 8 * model::ENTRY_LEN]> = ConstStaticCell::new([0; 8 * model::ENTRY_LEN]);

#[entry]
fn main() -> ! {
    let model = Model::decode(model::FILE).expect("the build script has checked it");
    let (scratch, mut embedding) = (SCRATCH.take(), [0; model::EMBEDDING_LEN]);
    let mut gallery = Gallery::new(&model, 0, ENTRIES.take());

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
    debug::exit(debug::EXIT_SUCCESS);
    loop {
        cortex_m::asm::wfi();
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
