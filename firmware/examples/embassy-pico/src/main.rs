//! Enrols two drawings and recognises others on a Raspberry Pi Pico, and writes the answers to UART 0 (GP0), at 115,200
//! baud. Meanwhile, another task blinks.
#![no_std]
#![no_main]

use core::{
    panic::PanicInfo,
    sync::atomic::{AtomicU32, Ordering},
};
use embassy_executor::Spawner;
use embassy_futures::yield_now;
use embassy_rp::{
    gpio::{Level, Output},
    uart::{Config, UartTx},
};
use embassy_time::{Duration, Ticker};
use embedded_io::Write;
use shared_model::{EmbedError, Gallery, Model, Threshold, gallery::Method};
use static_cell::ConstStaticCell;

mod model {
    shared_model::include_model!("characters.model");
}

static SCRATCH: ConstStaticCell<[u32; model::SCRATCH_LEN]> = ConstStaticCell::new([0; model::SCRATCH_LEN]);
static ENTRIES: ConstStaticCell<[u8; 8 * model::ENTRY_LEN]> = ConstStaticCell::new([0; 8 * model::ENTRY_LEN]);

/// How often the light was switched.
static SWITCHED: AtomicU32 = AtomicU32::new(0);

#[embassy_executor::task]
async fn blink(mut light: Output<'static>) {
    let mut ticker = Ticker::every(Duration::from_millis(10));
    loop {
        ticker.next().await;
        light.toggle();
        SWITCHED.store(SWITCHED.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
}

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    let chip = embassy_rp::init(embassy_rp::config::Config::default());
    let mut line = UartTx::new_blocking(chip.UART0, chip.PIN_0, Config::default());
    spawner.spawn(blink(Output::new(chip.PIN_25, Level::Low)).expect("it is the only one"));

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
        let label = seen.expect("the model is calibrated").label().unwrap_or("unknown");
        // A UART does not fail.
        let _ = writeln!(line, "{embedding:?} is {label}");
    }
    let _ = writeln!(line, "meanwhile, the light was switched {} times", SWITCHED.load(Ordering::Relaxed));
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
fn panic(_: &PanicInfo<'_>) -> ! {
    cortex_m::peripheral::SCB::sys_reset()
}
