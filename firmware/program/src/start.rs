//! Starts the application on a board, with the model that is built in and all the memory that it
//! needs.

use crate::model::{self, CAPACITY, EMBEDDING_LEN, EXEMPLARS, INPUT_LEN, SCRATCH_LEN};
use heapless::spsc::{Queue, QueueView};
use shared_model::{Model, gallery, wire::FrameReader};
use static_cell::ConstStaticCell;
use tinytriplet_boards::BOARD;
use tinytriplet_device::{
    app::{App, Memory},
    emergency,
    hardware::{Board, Parts, System},
    memory,
};

const FRAME: usize = memory::request_len(EMBEDDING_LEN, EXEMPLARS);
/// One more than it holds.
const RECEIVED: usize = memory::rx_queue_len(FRAME) + 1;
const BUFFER: usize = memory::buffer_len(INPUT_LEN, EMBEDDING_LEN, EXEMPLARS);
const GALLERY: usize = memory::gallery_len(EMBEDDING_LEN, EXEMPLARS, CAPACITY);

static RX_QUEUE: ConstStaticCell<Queue<u8, RECEIVED>> = ConstStaticCell::new(Queue::new());
static READER: ConstStaticCell<FrameReader<FRAME>> = ConstStaticCell::new(FrameReader::new());
static SCRATCH: ConstStaticCell<[u32; SCRATCH_LEN]> = ConstStaticCell::new([0; SCRATCH_LEN]);
static BUFFER_MEMORY: ConstStaticCell<[u8; BUFFER]> = ConstStaticCell::new([0; BUFFER]);
static GALLERY_MEMORY: ConstStaticCell<[u8; GALLERY]> = ConstStaticCell::new([0; GALLERY]);

/// Refuses, at build time, a firmware whose gallery the board's flash could not keep.
const fn fits_flash<B: Board>(_: &Parts<B>) {
    const {
        let value_len = gallery::value_len(EMBEDDING_LEN, EXEMPLARS);
        let most = tinytriplet_store::most_records::<B::Flash>(BOARD.gallery.len, value_len);
        assert!(
            most >= CAPACITY,
            "the gallery's flash holds fewer labels than TINYTRIPLET_CAPACITY (16 unless it is set): lower it, or \
             TINYTRIPLET_EXEMPLARS"
        );
    }
}

/// Returns the memory for what a board's serial port receives. It can be had once.
pub fn receive_queue() -> &'static mut QueueView<u8> {
    RX_QUEUE.take().as_mut_view()
}

/// Runs the application on a board's parts, for ever. It can be called once.
pub fn run<B: Board>(mut parts: Parts<B>) -> ! {
    fits_flash(&parts);
    parts.system.start();
    let model = match Model::decode(model::FILE) {
        Ok(model) => model,
        Err(error) => {
            defmt::error!("the model in flash was damaged: {}", error);
            let _ = emergency::run(parts, READER.take());
            tinytriplet_boards::reset()
        }
    };
    defmt::info!(
        "tinytriplet {=str} on {=str}, model \"{=str}\" {=u64:016x}",
        env!("CARGO_PKG_VERSION"),
        BOARD.name,
        model.metadata().name,
        u64::from_be_bytes(model.hash())
    );
    let memory = Memory {
        reader: READER.take(),
        scratch: SCRATCH.take(),
        buffer: BUFFER_MEMORY.take(),
        gallery: GALLERY_MEMORY.take(),
    };
    let app = App::<B, FRAME, CAPACITY>::new(BOARD.name, model, EXEMPLARS, parts, memory);
    let mut app = match app {
        Ok(app) => app,
        Err(error) => defmt::panic!("{}", error),
    };
    let scratch = 4 * SCRATCH_LEN;
    defmt::info!("ready: {=usize} bytes to compute in, frames of up to {=usize}", scratch, FRAME);
    loop {
        // The boards' serial ports have neither errors nor an end.
        let _ = app.run();
    }
}
