//! Where the firmware begins, and where it ends up when something is wrong with itself.

use crate::board::{self, Parts};
use core::panic::PanicInfo;
use cortex_m::peripheral::SCB;
use cortex_m_rt::{ExceptionFrame, entry, exception};
use defmt_rtt as _;
use firmware::{app::App, memory, model};
use shared_model::{Model, protocol::FrameReader};
use static_cell::ConstStaticCell;

const BUFFER: usize = memory::buffer_len(model::EMBEDDING_LEN);
const FRAME: usize = memory::request_len(model::INPUT_LEN);

static READER: ConstStaticCell<FrameReader<FRAME>> = ConstStaticCell::new(FrameReader::new());
static SCRATCH: ConstStaticCell<[u32; model::SCRATCH_LEN]> = ConstStaticCell::new([0; model::SCRATCH_LEN]);
static BUFFER_MEMORY: ConstStaticCell<[u8; BUFFER]> = ConstStaticCell::new([0; BUFFER]);

/// Name of the board: the launcher reads it from the program to know where to run it.
#[used]
#[unsafe(export_name = "FIRMWARE_BOARD")]
static BOARD: [u8; env!("FIRMWARE_BOARD").len()] = {
    let mut name = [0; env!("FIRMWARE_BOARD").len()];
    name.copy_from_slice(env!("FIRMWARE_BOARD").as_bytes());
    name
};

#[entry]
fn main() -> ! {
    let Parts { serial, led } = board::init();
    let model = match Model::decode(model::FILE) {
        Ok(model) => model,
        Err(error) => defmt::panic!("the model in flash was damaged: {}", error),
    };
    defmt::info!(
        "tinytriplet {=str} on {=str}, model \"{=str}\" {=u64:016x}",
        env!("CARGO_PKG_VERSION"),
        env!("FIRMWARE_BOARD"),
        model.metadata().name,
        u64::from_be_bytes(model.hash())
    );
    let app = App::new(
        env!("FIRMWARE_BOARD"),
        model,
        serial,
        led,
        READER.take(),
        SCRATCH.take(),
        BUFFER_MEMORY.take(),
    );
    let mut app = match app {
        Ok(app) => app,
        Err(error) => defmt::panic!("{}", error),
    };
    let scratch = 4 * model::SCRATCH_LEN;
    defmt::info!("ready: {=usize} bytes to compute in, frames of up to {=usize}", scratch, FRAME);
    loop {
        // The boards' serial ports know no error and no end.
        let _ = app.run();
    }
}

/// Says what happened, then starts anew: a board must not stay silent.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    defmt::error!("{}", defmt::Display2Format(info));
    SCB::sys_reset()
}

#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    defmt::error!("fault at {=u32:#010x}", frame.pc());
    SCB::sys_reset()
}
