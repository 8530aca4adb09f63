//! The application: reads frames, answers each.
//!
//! Whatever ends with `0x00` and is not empty gets one answer, be it only that it could not be read, so that
//! a PC never waits for nothing. A frame that lost its end is ended by the next `0x00`.

use crate::{
    hardware::{Board, Parts},
    memory,
};
use embedded_hal::digital::OutputPin;
use embedded_io::{ErrorType, Read, Write};
use shared_model::{
    Model,
    protocol::{
        self, FrameError, FrameReader, Info, ModelInfo, NO_ID, Request, RequestBody, RequestError, Response,
        ResponseBody, decode_message, encode_frame,
    },
};

/// The application on a board, whose light is on while it computes. It receives frames of at most
/// `FRAME` bytes; [`memory::request_len`] says how long those of a model are.
pub struct App<'m, B: Board, const FRAME: usize> {
    serial: B::Serial,
    led: B::Led,
    reader: &'m mut FrameReader<FRAME>,
    engine: Engine<'m>,
    response: &'m mut [u8],
}

impl<'m, B: Board, const FRAME: usize> App<'m, B, FRAME> {
    /// An application for `model` on the board of this name. It receives into `reader`, computes in `scratch`, of at
    /// least [`Model::scratch_len`] words, and has its answers in `buffer`, of at least [`memory::buffer_len`] bytes;
    /// what is in them does not matter.
    ///
    /// # Errors
    /// One of the three is too small for the model.
    pub fn new(
        board: &'m str,
        model: Model<'m>,
        Parts { serial, led, .. }: Parts<B>,
        reader: &'m mut FrameReader<FRAME>,
        scratch: &'m mut [u32],
        buffer: &'m mut [u8],
    ) -> Result<Self, MemoryError> {
        let needed = memory::request_len(model.input_len());
        if FRAME < needed {
            return Err(MemoryError::Frame { needed, given: FRAME });
        }
        let needed = 4 * model.scratch_len();
        if 4 * scratch.len() < needed {
            return Err(MemoryError::Scratch { needed, given: 4 * scratch.len() });
        }
        let needed = memory::buffer_len(model.embedding_len());
        if buffer.len() < needed {
            return Err(MemoryError::Buffer { needed, given: buffer.len() });
        }
        let (first, buffer) = buffer.split_at_mut(model.embedding_len());
        let (second, response) = buffer.split_at_mut(model.embedding_len());
        let engine = Engine { board, model, scratch, first, second };
        Ok(Self { serial, led, reader, engine, response })
    }

    /// Answers until the serial line ends, which on a board it never does.
    ///
    /// # Errors
    /// Those of the serial line. It may be called again after one.
    pub fn run(&mut self) -> Result<(), <B::Serial as ErrorType>::Error> {
        let mut received = [0; 64];
        loop {
            let len = self.serial.read(&mut received)?;
            if len == 0 {
                return Ok(());
            }
            for &byte in &received[..len] {
                let Some(frame) = self.reader.push(byte) else { continue };
                // A light that does not work is no reason not to answer.
                let _ = self.led.set_high();
                let response = answer(&mut self.engine, frame, self.response);
                self.serial.write_all(response)?;
                self.serial.flush()?;
                let _ = self.led.set_low();
            }
        }
    }
}

/// The frame that answers `frame`.
fn answer<'r>(engine: &mut Engine<'_>, frame: Result<&[u8], FrameError>, buffer: &'r mut [u8]) -> &'r [u8] {
    let (id, body) = match frame.and_then(decode_message::<Request<'_>>) {
        Ok(request) => (request.id, engine.carry_out(&request.body)),
        Err(error) => (NO_ID, Err(RequestError::Frame(error))),
    };
    if let Err(error) = body {
        log!(warn, "request {}: {}", id, error);
    }
    let body = body.unwrap_or_else(ResponseBody::Error);
    // The buffer is long enough for every answer: see `memory::response_len`.
    let len = encode_frame(&Response { id, body }, buffer).map_or(0, <[u8]>::len);
    &buffer[..len]
}

/// What requests need: the model, and memory to run it in.
#[derive(Debug)]
struct Engine<'m> {
    board: &'m str,
    model: Model<'m>,
    scratch: &'m mut [u32],
    first: &'m mut [u8],
    second: &'m mut [u8],
}

impl Engine<'_> {
    fn carry_out(&mut self, request: &RequestBody<'_>) -> Result<ResponseBody<'_>, RequestError> {
        match *request {
            RequestBody::Ping => Ok(ResponseBody::Pong),
            RequestBody::Info => Ok(ResponseBody::Info(Info {
                protocol: protocol::VERSION,
                board: self.board,
                firmware: env!("CARGO_PKG_VERSION"),
                model: ModelInfo::of(&self.model),
            })),
            RequestBody::Embed { pixels } => {
                self.check_image(pixels)?;
                self.model.embed(pixels, self.scratch, self.first)?;
                Ok(ResponseBody::Embedding(self.first))
            }
            RequestBody::Compare { a, b } => {
                self.check_image(a)?;
                self.check_image(b)?;
                self.model.embed(a, self.scratch, self.first)?;
                self.model.embed(b, self.scratch, self.second)?;
                Ok(ResponseBody::Distance(self.model.compare(self.first, self.second)))
            }
        }
    }

    fn check_image(&self, pixels: &[u8]) -> Result<(), RequestError> {
        let (expected, actual) = (self.model.input_len(), pixels.len());
        if actual == expected {
            return Ok(());
        }
        Err(RequestError::ImageLength { expected: expected as u32, actual: actual as u32 })
    }
}

/// Why an application cannot run a model: it was given too little memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(target_os = "none", derive(defmt::Format))]
pub enum MemoryError {
    /// The memory to compute in.
    Scratch {
        /// Bytes that the model needs.
        needed: usize,
        /// Bytes there are.
        given: usize,
    },
    /// The memory for answers.
    Buffer {
        /// Bytes that the model's longest answer needs.
        needed: usize,
        /// Bytes there are.
        given: usize,
    },
    /// The memory to receive in.
    Frame {
        /// Bytes of the model's longest request.
        needed: usize,
        /// Bytes there are.
        given: usize,
    },
}

impl core::fmt::Display for MemoryError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (what, needed, given) = match self {
            Self::Scratch { needed, given } => ("compute", needed, given),
            Self::Buffer { needed, given } => ("answer", needed, given),
            Self::Frame { needed, given } => ("receive", needed, given),
        };
        write!(f, "the model needs {needed} bytes of memory to {what} in, and was given {given}")
    }
}

impl core::error::Error for MemoryError {}
