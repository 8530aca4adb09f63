//! A board on the bench: its hardware, simulated by values of this program.

use crate::model::{self, CAPACITY, EMBEDDING_LEN, EXEMPLARS, INPUT_LEN};
use embedded_hal::digital::{self, InputPin, OutputPin};
use embedded_io::{ErrorType, Read, ReadReady, Write};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared_model::{
    Model,
    wire::{
        FrameReader, GalleryInfo, Request, RequestBody, Response, ResponseBody, decode_message, encode_frame,
    },
};
use std::{convert::Infallible, marker::PhantomData, ops::Range};
use tinytriplet_device::{
    app::{App, Memory},
    hardware::{Board, Parts, System},
    memory,
};
use tinytriplet_store::MemoryFlash;

pub const FRAME: usize = memory::request_len(INPUT_LEN, EMBEDDING_LEN, EXEMPLARS);
const SCRATCH: usize = model::SCRATCH_LEN;
const BUFFER: usize = memory::buffer_len(INPUT_LEN, EMBEDDING_LEN, EXEMPLARS);
const GALLERY: usize = memory::gallery_len(EMBEDDING_LEN, EXEMPLARS, CAPACITY);

/// A serial line that delivers at most `piece` bytes at once, and ends after the last.
struct Line<'t> {
    input: &'t [u8],
    piece: usize,
    output: &'t mut Vec<u8>,
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

/// A light. It is true once it was on.
struct Lamp<'t>(&'t mut bool);

impl digital::ErrorType for Lamp<'_> {
    type Error = Infallible;
}

impl OutputPin for Lamp<'_> {
    fn set_low(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        *self.0 = true;
        Ok(())
    }
}

/// A button that is pressed at some of the times that it is read, counted from 0.
struct Button {
    looks: usize,
    pressed: Vec<Range<usize>>,
}

impl digital::ErrorType for Button {
    type Error = Infallible;
}

impl InputPin for Button {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        self.looks += 1;
        Ok(self.pressed.iter().any(|looks| looks.contains(&(self.looks - 1))))
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        self.is_high().map(|pressed| !pressed)
    }
}

/// A board's time, which passes by one microsecond whenever it is read, and the number of its
/// restarts.
struct Clock<'t> {
    now: u64,
    restarts: &'t mut usize,
}

impl System for Clock<'_> {
    fn now(&mut self) -> u64 {
        self.now += 1;
        self.now
    }

    fn sleep(&mut self) {}

    fn feed_watchdog(&mut self) {}

    fn restart(&mut self) {
        *self.restarts += 1;
    }

    fn stack(&mut self) -> Option<(u32, u32)> {
        Some((5, 7))
    }
}

/// A board that is only simulated.
struct TestBoard<'t>(PhantomData<&'t ()>);

impl<'t> Board for TestBoard<'t> {
    type Serial = Line<'t>;
    type Led = Lamp<'t>;
    type Button = Button;
    type Flash = MemoryFlash<'t>;
    type System = Clock<'t>;
}

/// The parts of a board that last from one start to the next.
pub struct Bench {
    pub flash: Option<Vec<u8>>,
    /// The most bytes that arrive at once.
    pub piece: usize,
    /// The times that the button is pressed.
    pub button: Vec<Range<usize>>,
    pub restarts: usize,
}

impl Bench {
    /// Creates a bench with an erased flash.
    pub fn new() -> Self {
        Self { flash: Some(vec![0xff; 64 * 1024]), piece: 64, button: Vec::new(), restarts: 0 }
    }

    /// Starts the board, and lets it answer all of `input`.
    pub fn run(&mut self, input: &[u8]) -> Vec<u8> {
        let (mut output, mut lit) = (Vec::new(), false);
        let mut reader = FrameReader::<FRAME>::new();
        let (mut scratch, mut buffer) = ([0xaaaa_aaaa; SCRATCH], [0xaa; BUFFER]);
        let mut gallery = vec![0xaa; GALLERY];
        let memory =
            Memory { reader: &mut reader, scratch: &mut scratch, buffer: &mut buffer, gallery: &mut gallery };
        let parts = Parts {
            serial: Line { input, piece: self.piece, output: &mut output },
            led: Lamp(&mut lit),
            button: Button { looks: 0, pressed: self.button.clone() },
            flash: self.flash.as_mut().map(|bytes| MemoryFlash::new(bytes)),
            system: Clock { now: 0, restarts: &mut self.restarts },
        };
        let app =
            App::<TestBoard<'_>, FRAME, CAPACITY>::new("a test", host_model(), EXEMPLARS, parts, memory);
        app.unwrap().run().unwrap();
        assert!(lit);
        output
    }

    /// Returns the answers to requests with ids from 1 on.
    pub fn ask(&mut self, requests: &[RequestBody<'_>]) -> Vec<Answer> {
        let numbered = (1..).zip(requests);
        let output = self.run(&numbered.flat_map(|(id, &body)| frame(id, body)).collect::<Vec<_>>());
        let answers = answers(&output);
        assert!(answers.iter().map(|answer| answer.id).eq(1..=requests.len() as u32));
        answers
    }

    pub fn ask_one(&mut self, request: RequestBody<'_>) -> Answer {
        self.ask(&[request]).remove(0)
    }

    pub fn gallery(&mut self) -> GalleryInfo {
        match self.ask_one(RequestBody::Info).body() {
            ResponseBody::Info(info) => info.gallery,
            body => panic!("{body:?}"),
        }
    }
}

/// A response, with its bytes.
pub struct Answer {
    pub id: u32,
    pub payload: Vec<u8>,
}

impl Answer {
    pub fn body(&self) -> ResponseBody<'_> {
        decode_message::<Response<'_>>(&self.payload).unwrap().body
    }
}

pub fn answers(output: &[u8]) -> Vec<Answer> {
    let mut reader = Box::new(FrameReader::<8192>::new());
    let mut answers = Vec::new();
    for &byte in output {
        if let Some(payload) = reader.push(byte) {
            let payload = payload.unwrap().to_vec();
            answers.push(Answer { id: decode_message::<Response<'_>>(&payload).unwrap().id, payload });
        }
    }
    answers
}

pub fn host_model() -> Model<'static> {
    model::model()
}

pub fn frame(id: u32, body: RequestBody<'_>) -> Vec<u8> {
    let mut buffer = vec![0; 8192];
    encode_frame(&Request { id, body }, &mut buffer).unwrap().to_vec()
}

pub fn encoded(id: u32, body: ResponseBody<'_>) -> Vec<u8> {
    let mut buffer = vec![0; 8192];
    encode_frame(&Response { id, body }, &mut buffer).unwrap().to_vec()
}

/// Returns an image that depends on `seed`.
pub fn image(seed: u32) -> Vec<u8> {
    let mut pixels = vec![0; model::INPUT_LEN];
    ChaCha8Rng::seed_from_u64(seed.into()).fill_bytes(&mut pixels);
    pixels
}

pub fn embedding(pixels: &[u8]) -> Vec<u8> {
    let (mut scratch, mut embedding) = ([0; model::SCRATCH_LEN], vec![0; model::EMBEDDING_LEN]);
    host_model().embed(pixels, &mut scratch, &mut embedding).unwrap();
    embedding
}
