//! Enrols two drawings and recognises others, on embassy's executor. Between the slices of an inference, the other tasks
//! run.
#![no_std]
#![no_main]

use core::{
    panic::PanicInfo,
    sync::atomic::{AtomicU32, Ordering},
};
use cortex_m_semihosting::{debug, hprintln};
use embassy_executor::Spawner;
use embassy_futures::yield_now;
use shared_model::{EmbedError, Gallery, Model, Threshold, gallery::Method};
use static_cell::ConstStaticCell;

mod model {
    shared_model::include_model!("characters.model");
}

static SCRATCH: ConstStaticCell<[u32; model::SCRATCH_LEN]> = ConstStaticCell::new([0; model::SCRATCH_LEN]);
static ENTRIES: ConstStaticCell<[u8; 8 * model::ENTRY_LEN]> = ConstStaticCell::new([0; 8 * model::ENTRY_LEN]);

/// What the other task has done.
static TURNS: AtomicU32 = AtomicU32::new(0);

/// Stands for a radio or a watchdog, which cannot wait until an inference is over.
#[embassy_executor::task]
async fn another_task() {
    loop {
        TURNS.store(TURNS.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        yield_now().await;
    }
}

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    spawner.spawn(another_task().expect("it is the only one"));
    let model = Model::decode(model::FILE).expect("the build script has checked it");
    let (scratch, mut embedding) = (SCRATCH.take(), [0; model::EMBEDDING_LEN]);
    let mut gallery = Gallery::new(&model, 0, ENTRIES.take());

    for (label, slant) in [("bar", 0), ("slash", 1)] {
        embed(&model, &stroke(slant, 3), scratch, &mut embedding).await.expect("all lengths are the model's");
        gallery.enrol(label, &embedding).expect("there is room");
    }
    for slant in [0, 1] {
        embed(&model, &stroke(slant, 4), scratch, &mut embedding).await.expect("all lengths are the model's");
        let seen = gallery.recognise(&model, &embedding, Method::Prototype, Threshold::Own);
        hprintln!(
            "{:?} is {}",
            embedding,
            seen.expect("the model is calibrated").label().unwrap_or("unknown")
        );
    }
    hprintln!("meanwhile, another task had {} turns", TURNS.load(Ordering::Relaxed));
    debug::exit(debug::EXIT_SUCCESS);
}

/// Computes an embedding, and lets the other tasks run after each slice of it.
async fn embed(
    model: &Model<'_>,
    pixels: &[u8],
    scratch: &mut [u32],
    embedding: &mut [u8],
) -> Result<(), EmbedError> {
    let mut inference = model.start(pixels, scratch, embedding)?;
    while inference.step() {
        yield_now().await;
    }
    Ok(())
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
