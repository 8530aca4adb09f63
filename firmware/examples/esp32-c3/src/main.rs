//! Enrols two drawings and recognises others, on an ESP32-C3, and writes the answers to its USB serial port.
#![no_std]
#![no_main]

use core::panic::PanicInfo;
use esp_hal::{clock::CpuClock, time::Instant};
use esp_println::println;
use shared_model::{Gallery, Model, Threshold, gallery::Method};
use static_cell::ConstStaticCell;

mod model {
    shared_model::include_model!("characters.model");
}

// What the boot loader of ESP-IDF reads before it starts a program.
esp_bootloader_esp_idf::esp_app_desc!();

static SCRATCH: ConstStaticCell<[u32; model::SCRATCH_LEN]> = ConstStaticCell::new([0; model::SCRATCH_LEN]);
static ENTRIES: ConstStaticCell<[u8; 8 * model::ENTRY_LEN]> = ConstStaticCell::new([0; 8 * model::ENTRY_LEN]);

#[esp_hal::main]
fn main() -> ! {
    esp_hal::init(esp_hal::Config::default().with_cpu_clock(CpuClock::max()));
    let model = Model::decode(model::FILE).expect("the build script has checked it");
    let (scratch, mut embedding) = (SCRATCH.take(), [0; model::EMBEDDING_LEN]);
    let mut gallery = Gallery::new(&model, 0, ENTRIES.take());

    for (label, slant) in [("bar", 0), ("slash", 1)] {
        model.embed(&stroke(slant, 3), scratch, &mut embedding).expect("all lengths are the model's");
        gallery.enrol(label, &embedding).expect("there is room");
    }
    for slant in [0, 1] {
        let start = Instant::now();
        model.embed(&stroke(slant, 4), scratch, &mut embedding).expect("all lengths are the model's");
        let took = start.elapsed();
        let seen = gallery.recognise(&model, &embedding, Method::Prototype, Threshold::Own);
        println!(
            "{:?} is {}",
            embedding,
            seen.expect("the model is calibrated").label().unwrap_or("unknown")
        );
        println!("the embedding took {} us", took.as_micros());
    }
    loop {
        core::hint::spin_loop();
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
    println!("{}", info);
    loop {
        core::hint::spin_loop();
    }
}
