//! A board on the bench: its hardware, simulated by values of a program on a PC, so that the
//! application can be tested without a board.
//!
//! ```
//! use shared_model::{
//!     Model,
//!     wire::{RequestBody, ResponseBody},
//! };
//! use tinytriplet_device::testing::Bench;
//!
//! # fn test(model: Model<'_>) {
//! let mut board = Bench::<2048, 16>::new("my-board", model, 0);
//! let answers = board.ask(&[RequestBody::Ping, RequestBody::Forget { label: "cup" }]);
//! assert_eq!(answers[0].body(), ResponseBody::Pong);
//! assert!(matches!(answers[1].body(), ResponseBody::Error(_)));
//! # }
//! ```

use crate::{
    app::{App, Memory},
    emergency,
    hardware::{Board, KEPT_LEN, NoText, Parts, System},
    memory,
    source::{NoSource, Source},
};
use alloc::{vec, vec::Vec};
use core::{convert::Infallible, fmt, marker::PhantomData, ops::Range};
use embedded_hal::digital::{self, InputPin, OutputPin};
use embedded_io::{ErrorType, Read, ReadReady, Write};
use shared_model::{
    Model,
    wire::{
        BASE_BAUD, FrameReader, Request, RequestBody, Response, ResponseBody, decode_message, encode_frame,
    },
};
use tinytriplet_store::MemoryFlash;

/// The stack that a board on the bench says it has used, and all of it, in bytes.
pub const STACK: (u32, u32) = (1_234, 5_678);

/// Bytes of the flash of a [new](Bench::new) board.
const FLASH: usize = 64 * 1024;

/// The longest frame, in bytes, that [`answers`] reads and [`frame`] writes.
const LONGEST: usize = 16 * 1024;

/// A board, with all that outlasts its power. It receives frames of at most `FRAME` bytes, and its
/// gallery has room for `CAPACITY` entries.
#[derive(Clone, Debug)]
pub struct Bench<'m, const FRAME: usize, const CAPACITY: usize> {
    /// The board's name.
    pub name: &'m str,
    /// The model that is built in.
    pub model: Model<'m>,
    /// Embeddings that the gallery keeps of each entry.
    pub exemplars: usize,
    /// The content of the flash; `None` on a board without one.
    pub flash: Option<Vec<u8>>,
    /// The most bytes that [`answer`](Self::answer) lets arrive at once.
    pub piece: usize,
    /// The looks at the button at which it is pressed, counted from 0 at each start.
    pub button: Vec<Range<usize>>,
    /// The time. It goes on over a start.
    pub clock: Clock,
    /// True once the light was on.
    pub lit: bool,
}

/// The time of a board on the bench, which passes whenever it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Microseconds since the board has started.
    pub now: u64,
    /// Microseconds that pass before each reading.
    pub step: u64,
    /// The number of restarts that were asked for.
    pub restarts: usize,
    /// True if the board has a boot loader.
    pub has_bootloader: bool,
    /// The number of restarts into it.
    pub bootloader: usize,
    /// The number of times that the watchdog was fed.
    pub fed: usize,
    /// The rate of the serial line, in bits a second.
    pub baud: u32,
    /// The fastest rate that it has; it has all between this and
    /// [`BASE_BAUD`].
    pub fastest: u32,
    /// The words that the application keeps across restarts; arbitrary after a loss of power.
    pub kept: [u32; KEPT_LEN],
}

impl<'m, const FRAME: usize, const CAPACITY: usize> Bench<'m, FRAME, CAPACITY> {
    /// Creates a board with an erased flash.
    pub fn new(name: &'m str, model: Model<'m>, exemplars: usize) -> Self {
        Self {
            name,
            model,
            exemplars,
            flash: Some(vec![0xff; FLASH]),
            piece: 64,
            button: Vec::new(),
            clock: Clock {
                now: 0,
                step: 1,
                restarts: 0,
                has_bootloader: false,
                bootloader: 0,
                fed: 0,
                baud: BASE_BAUD,
                fastest: BASE_BAUD,
                kept: [0xaaaa_aaaa; KEPT_LEN],
            },
            lit: false,
        }
    }

    /// Starts the board, and runs its application until the serial line ends.
    ///
    /// # Errors
    /// Returns the errors of the serial line.
    ///
    /// # Panics
    /// Panics if the model's requests are longer than `FRAME`.
    pub fn run<Serial: Read + ReadReady + Write>(&mut self, serial: Serial) -> Result<(), Serial::Error> {
        self.run_seeing(serial, NoSource, NoText)
    }

    /// Starts the board with something to see and something to write on, and runs its application
    /// until the serial line ends. The source is looked at whenever nothing arrives.
    ///
    /// # Errors
    /// Returns the errors of the serial line.
    ///
    /// # Panics
    /// Panics as [`run`](Self::run) does.
    pub fn run_seeing<Serial: Read + ReadReady + Write, S: Source, T: fmt::Write>(
        &mut self,
        serial: Serial,
        source: S,
        text: T,
    ) -> Result<(), Serial::Error> {
        let (input_len, dim) = (self.model.input_len(), self.model.embedding_len());
        // Whatever memory holds when the power comes.
        let memory = Memory {
            reader: &mut FrameReader::<FRAME>::new(),
            scratch: &mut vec![0xaaaa_aaaa; memory::scratch_len(&self.model)],
            buffer: &mut vec![0xaa; memory::buffer_len(input_len, dim, self.exemplars)],
            gallery: &mut vec![0xaa; memory::gallery_len(dim, self.exemplars, CAPACITY)],
        };
        let parts = Parts {
            serial,
            led: Lamp(&mut self.lit),
            button: Button { looks: 0, pressed: &self.button },
            flash: self.flash.as_mut().map(|bytes| MemoryFlash::new(bytes)),
            system: &mut self.clock,
            source,
            text,
        };
        let model = self.model.clone();
        let app = App::<BenchBoard<'_, Serial, S, T>, FRAME, CAPACITY>::new(
            self.name,
            model,
            self.exemplars,
            parts,
            memory,
        );
        match app {
            Ok(mut app) => app.run(),
            Err(error) => panic!("{error}"),
        }
    }

    /// Starts the board as if its model were damaged, lets it receive `input`, and returns all that
    /// it sends.
    pub fn answer_without_model(&mut self, input: &[u8]) -> Vec<u8> {
        let mut output = Vec::new();
        let parts = Parts::<BenchBoard<'_, _, _, _>> {
            serial: Line { input, piece: self.piece, output: &mut output },
            led: Lamp(&mut self.lit),
            button: Button { looks: 0, pressed: &self.button },
            flash: None,
            system: &mut self.clock,
            source: NoSource,
            text: NoText,
        };
        emergency::run(parts, &mut FrameReader::<FRAME>::new()).unwrap_or_else(|never| match never {});
        output
    }

    /// Starts the board, lets it receive `input`, and returns all that it sends.
    ///
    /// # Panics
    /// Panics as [`run`](Self::run) does.
    pub fn answer(&mut self, input: &[u8]) -> Vec<u8> {
        let mut output = Vec::new();
        let line = Line { input, piece: self.piece, output: &mut output };
        self.run(line).unwrap_or_else(|never| match never {});
        output
    }

    /// Starts the board, and returns its answers to requests with ids from 1 on.
    ///
    /// # Panics
    /// Panics as [`run`](Self::run) and [`answers`] do, and if an answer is missing.
    pub fn ask(&mut self, requests: &[RequestBody<'_>]) -> Vec<Answer> {
        let numbered = (1..).zip(requests);
        let output = self.answer(&numbered.flat_map(|(id, &body)| frame(id, body)).collect::<Vec<_>>());
        let answers = answers(&output);
        assert!(answers.iter().map(Answer::id).eq(1..=requests.len() as u32), "{answers:?}");
        answers
    }

    /// Starts the board, and returns its answer to a request.
    ///
    /// # Panics
    /// Panics as [`ask`](Self::ask) does.
    pub fn ask_one(&mut self, request: RequestBody<'_>) -> Answer {
        self.ask(&[request]).remove(0)
    }
}

/// The payload of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer(pub Vec<u8>);

impl Answer {
    /// Returns the id of the request that it answers.
    ///
    /// # Panics
    /// Panics if it is not a response.
    pub fn id(&self) -> u32 {
        self.read().id
    }

    /// Returns its content.
    ///
    /// # Panics
    /// Panics if it is not a response.
    pub fn body(&self) -> ResponseBody<'_> {
        self.read().body
    }

    fn read(&self) -> Response<'_> {
        decode_message(&self.0).expect("a board sends responses")
    }
}

/// Reads the frames that a board has sent.
///
/// # Panics
/// Panics if any of it is not a whole frame.
pub fn answers(output: &[u8]) -> Vec<Answer> {
    let mut reader = FrameReader::<LONGEST>::new();
    let payloads = output.iter().filter_map(|&byte| Some(reader.push(byte)?.map(<[u8]>::to_vec)));
    let answers = payloads.map(|payload| Answer(payload.expect("a board sends whole frames"))).collect();
    assert!(matches!(output.last(), None | Some(0)), "a board ends what it sends");
    answers
}

/// Returns the frame of a request.
///
/// # Panics
/// Panics if it has more than 16 KiB.
pub fn frame(id: u32, body: RequestBody<'_>) -> Vec<u8> {
    let frame = encode_frame(&Request { id, body }, &mut [0; LONGEST]).map(<[u8]>::to_vec);
    frame.expect("a request is shorter than this")
}

/// A serial line that delivers at most `piece` bytes at once, and ends after the last.
#[derive(Debug)]
pub struct Line<'t> {
    /// The bytes to deliver.
    pub input: &'t [u8],
    /// The most bytes that are delivered at once.
    pub piece: usize,
    /// The bytes that the board has sent.
    pub output: &'t mut Vec<u8>,
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

/// A light. The value is true once it was on.
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

/// A button that is pressed at some of the looks at it.
struct Button<'t> {
    looks: usize,
    pressed: &'t [Range<usize>],
}

impl digital::ErrorType for Button<'_> {
    type Error = Infallible;
}

impl InputPin for Button<'_> {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        self.looks += 1;
        Ok(self.pressed.iter().any(|looks| looks.contains(&(self.looks - 1))))
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        self.is_high().map(|pressed| !pressed)
    }
}

impl System for &mut Clock {
    fn now(&mut self) -> u64 {
        self.now += self.step;
        self.now
    }

    fn sleep(&mut self) {}

    fn feed_watchdog(&mut self) {
        self.fed += 1;
    }

    fn kept(&mut self) -> Option<[u32; KEPT_LEN]> {
        Some(self.kept)
    }

    fn keep(&mut self, words: [u32; KEPT_LEN]) {
        self.kept = words;
    }

    fn restart(&mut self) {
        self.now = 0;
        self.restarts += 1;
    }

    fn has_bootloader(&self) -> bool {
        self.has_bootloader
    }

    fn enter_bootloader(&mut self) {
        self.now = 0;
        self.bootloader += 1;
    }

    fn stack(&mut self) -> Option<(u32, u32)> {
        Some(STACK)
    }

    fn has_baud(&self, baud: u32) -> bool {
        (BASE_BAUD..=self.fastest).contains(&baud)
    }

    fn set_baud(&mut self, baud: u32) {
        self.baud = baud;
    }
}

/// The types of a board on the bench.
struct BenchBoard<'t, Serial, S, T>(PhantomData<(&'t (), Serial, S, T)>);

impl<'t, Serial: Read + ReadReady + Write, S: Source, T: fmt::Write> Board for BenchBoard<'t, Serial, S, T> {
    type Serial = Serial;
    type Led = Lamp<'t>;
    type Button = Button<'t>;
    type Flash = MemoryFlash<'t>;
    type System = &'t mut Clock;
    type Source = S;
    type Text = T;
}
