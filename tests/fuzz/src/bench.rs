//! A board on the bench: a serial line, a flash and a clock, as values of this program.

use embedded_io::{ErrorType, Read, ReadReady, Write};
use shared_model::{
    Model,
    wire::{FrameReader, Response, ResponseBody, decode_message},
};
use std::{convert::Infallible, marker::PhantomData};
use tinytriplet_device::{
    app::{App, Memory},
    hardware::{Board, NoPin, Parts, System},
    memory,
};
use tinytriplet_store::MemoryFlash;

/// Bytes of the longest request to any of the boards.
pub const FRAME: usize = 2048;
/// Entries of a gallery.
pub const CAPACITY: usize = 4;
/// Embeddings that are kept for each entry.
pub const EXEMPLARS: usize = 1;

/// A board with a model, and what its flash holds, if it has one.
pub struct Bench<'m> {
    pub model: Model<'m>,
    pub flash: Option<Vec<u8>>,
    /// The most bytes that arrive at once.
    pub piece: usize,
}

impl Bench<'_> {
    /// Starts the board, and returns its answers to `input`; `None` if the model's requests are too long for it.
    pub fn answers(&mut self, input: &[u8]) -> Option<Vec<Vec<u8>>> {
        let (input_len, dim) = (self.model.input_len(), self.model.embedding_len());
        if memory::request_len(input_len, dim, EXEMPLARS) > FRAME {
            return None;
        }
        let mut output = Vec::new();
        let mut reader = FrameReader::<FRAME>::new();
        let memory = Memory {
            reader: &mut reader,
            scratch: &mut vec![0xaaaa_aaaa; self.model.scratch_len()],
            buffer: &mut vec![0xaa; memory::buffer_len(input_len, dim, EXEMPLARS)],
            gallery: &mut vec![0xaa; memory::gallery_len(dim, EXEMPLARS, CAPACITY)],
        };
        let parts = Parts {
            serial: Line { input, piece: self.piece, output: &mut output },
            led: NoPin,
            button: NoPin,
            flash: self.flash.as_mut().map(|bytes| MemoryFlash::new(bytes)),
            system: Clock(0),
        };
        let app = App::<BenchBoard<'_>, FRAME, CAPACITY>::new(
            "a test",
            self.model.clone(),
            EXEMPLARS,
            parts,
            memory,
        );
        app.expect("its memory is large enough").run().expect("the line does not fail");
        let mut reader = FrameReader::<{ 2 * FRAME }>::new();
        let payloads = output.iter().filter_map(|&byte| Some(reader.push(byte)?.map(<[u8]>::to_vec)));
        Some(payloads.collect::<Result<_, _>>().expect("all that is sent are frames"))
    }
}

/// Reads what a board answered.
pub fn answer(payload: &[u8]) -> ResponseBody<'_> {
    decode_message::<Response<'_>>(payload).expect("what is sent are responses").body
}

struct BenchBoard<'b>(PhantomData<&'b ()>);

impl<'b> Board for BenchBoard<'b> {
    type Serial = Line<'b>;
    type Led = NoPin;
    type Button = NoPin;
    type Flash = MemoryFlash<'b>;
    type System = Clock;
}

/// A serial line that ends after its last byte.
struct Line<'b> {
    input: &'b [u8],
    piece: usize,
    output: &'b mut Vec<u8>,
}

impl ErrorType for Line<'_> {
    type Error = Infallible;
}

impl Read for Line<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        let len = buffer.len().min(self.piece);
        self.input.read(&mut buffer[..len])
    }
}

impl ReadReady for Line<'_> {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(true)
    }
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        self.output.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// The board's time: a microsecond passes whenever it is asked.
struct Clock(u64);

impl System for Clock {
    fn now(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }

    fn sleep(&mut self) {}

    fn feed_watchdog(&mut self) {}

    fn restart(&mut self) {}

    fn stack(&mut self) -> Option<(u32, u32)> {
        None
    }
}
