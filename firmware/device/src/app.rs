//! The application: reads frames, answers each, and between them sees to the light, the button, the
//! watchdog, and whatever the board sees by itself.
//!
//! Everything that ends with `0x00` and is not empty gets one answer, if only that it could not be
//! read, so that a PC never waits in vain. A frame that lost its end is ended by the next `0x00`. A
//! request that arrives a second time, because its answer was lost, is answered a second time and
//! carried out once.

mod alone;

use crate::{
    device::{Buffers, Device},
    hardware::{Board, Parts, System},
    light::{Light, Show},
    memory,
    persistent_gallery::PersistentGallery,
};
use alone::{Alone, Shared};
use embedded_io::{ErrorType, Read, ReadReady, Write};
use embedded_storage::nor_flash::NorFlash;
use shared_model::{
    Gallery, Model, gallery,
    model::crc32,
    wire::{
        BASE_BAUD, FrameError, FrameReader, NO_ID, Request, RequestBody, RequestError, Response,
        ResponseBody, Restart, SILENCE_MICROS, decode_message, encode_frame,
    },
};

/// The most bytes of a board's name.
pub const MAX_BOARD_NAME: usize = 31;

/// The time after a request in which the board does not see by itself, in microseconds: the PC may
/// go on to ask about what it has shown. Nor does the serial line change its rate by itself.
pub const PC_MICROS: u64 = SILENCE_MICROS as u64;

/// Bytes of the longest frame that answers a frame which could not be read.
const REFUSAL: usize = 32;

/// The application on a board. It receives frames of at most `FRAME` bytes ([`memory::request_len`]
/// has the length for a model), and its gallery holds `CAPACITY` entries.
pub struct App<'m, B: Board, const FRAME: usize, const CAPACITY: usize> {
    serial: B::Serial,
    light: Light<B::Led>,
    alone: Alone<B>,
    system: B::System,
    /// The time of the last request, in microseconds.
    asked: Option<u64>,
    /// The rate of the serial line.
    baud: u32,
    reader: &'m mut FrameReader<FRAME>,
    device: Device<'m, B::Flash, CAPACITY>,
    answers: Answers<'m>,
}

/// Memory of an application. Its content does not matter.
#[derive(Debug)]
pub struct Memory<'m, const FRAME: usize> {
    /// Receives frames.
    pub reader: &'m mut FrameReader<FRAME>,
    /// Frames are prepared and the engine computes in it: at least [`memory::scratch_len`] words.
    pub scratch: &'m mut [u32],
    /// An image, two embeddings, the value of an entry, an answer: at least [`memory::buffer_len`]
    /// bytes.
    pub buffer: &'m mut [u8],
    /// The gallery: [`memory::gallery_len`] bytes.
    pub gallery: &'m mut [u8],
}

impl<'m, B: Board, const FRAME: usize, const CAPACITY: usize> App<'m, B, FRAME, CAPACITY> {
    /// Creates an application for `model` on the board with this name, of at most
    /// [`MAX_BOARD_NAME`] bytes. Its gallery keeps `exemplars` embeddings of each entry, and has
    /// the entries that the board's flash holds.
    ///
    /// # Errors
    /// Returns [`MemoryError`] if a part of `memory` is too small for the model.
    pub fn new(
        board: &'m str,
        model: Model<'m>,
        exemplars: usize,
        parts: Parts<B>,
        memory: Memory<'m, FRAME>,
    ) -> Result<Self, MemoryError> {
        let (input, dim) = (model.input_len(), model.embedding_len());
        let Memory { reader, scratch, buffer, gallery } = memory;
        check(FRAME, memory::request_len(dim, exemplars), Purpose::Receive)?;
        check(4 * scratch.len(), 4 * memory::scratch_len(&model), Purpose::Compute)?;
        check(buffer.len(), memory::buffer_len(input, dim, exemplars), Purpose::Answer)?;
        let gallery_len = memory::gallery_len(dim, exemplars, CAPACITY);
        check(gallery.len(), gallery_len, Purpose::Gallery)?;

        let (image, buffer) = buffer.split_at_mut(input);
        let (last, buffer) = buffer.split_at_mut(dim);
        let (before, buffer) = buffer.split_at_mut(dim);
        let (value, response) = buffer.split_at_mut(gallery::value_len(dim, exemplars));
        let gallery = Gallery::new(&model, exemplars, &mut gallery[..gallery_len]);
        let gallery = PersistentGallery::load(&model, gallery, parts.flash, value);
        let mut system = parts.system;
        let buffers = Buffers { scratch, last, before, image };
        let device = Device::new(board, model, gallery, buffers, &mut system);
        Ok(Self {
            serial: parts.serial,
            light: Light::new(parts.led),
            alone: Alone::new(parts.source, parts.text, parts.button),
            system,
            asked: None,
            baud: BASE_BAUD,
            reader,
            device,
            answers: Answers { response, last: None, refusal: [0; REFUSAL] },
        })
    }

    /// Answers until the serial line ends, and sees meanwhile. On a board the line never ends.
    ///
    /// # Errors
    /// Returns the errors of the serial line. It may be called again after one.
    pub fn run(&mut self) -> Result<(), <B::Serial as ErrorType>::Error> {
        let mut received = [0; 64];
        loop {
            self.system.feed_watchdog();
            let now = self.system.now();
            self.device.count_erases(now, &mut self.system);
            self.light.update(now);
            let is_alone = self.asked.is_none_or(|asked| now.saturating_sub(asked) >= PC_MICROS);
            if is_alone {
                self.set_baud(BASE_BAUD);
            }
            let (alone, shared) = self.shared(now);
            alone.press(shared)?;
            if !self.serial.read_ready()? {
                let (alone, shared) = self.shared(now);
                if !is_alone || !alone.see(shared)? {
                    self.system.sleep();
                }
                continue;
            }
            let len = self.serial.read(&mut received)?;
            if len == 0 {
                return Ok(());
            }
            for &byte in &received[..len] {
                let Some(frame) = self.reader.push(byte) else { continue };
                // Several requests may have come at once, and each may take seconds.
                self.system.feed_watchdog();
                self.light.show(Show::Busy, self.system.now());
                let serial = &mut self.serial;
                let mut is_called = || serial.read_ready().unwrap_or(true);
                let answer = self.answers.answer(&mut self.device, frame, &mut self.system, &mut is_called);
                self.alone.fall_silent(&mut self.serial)?;
                self.serial.write_all(answer.frame)?;
                self.serial.flush()?;
                let now = self.system.now();
                self.device.count_erases(now, &mut self.system);
                self.light.show(answer.show, now);
                // What cannot be read keeps a line at no rate: it may be of another.
                if answer.is_to_request {
                    self.asked = Some(now);
                }
                match answer.then {
                    Some(Then::Restart(how)) => restart(how, &mut self.system),
                    Some(Then::Rate(baud)) => self.set_baud(baud),
                    None => {}
                }
            }
        }
    }

    fn set_baud(&mut self, baud: u32) {
        if self.baud != baud {
            log!(info, "serial line at {=u32} baud", baud);
            self.system.set_baud(baud);
            self.baud = baud;
        }
    }

    fn shared(&mut self, now: u64) -> (&mut Alone<B>, Shared<'_, 'm, B, CAPACITY>) {
        let Self { alone, device, light, serial, system, .. } = self;
        (alone, Shared { device, light, serial, system, now })
    }
}

fn restart(how: Restart, system: &mut impl System) {
    match how {
        #[cfg(feature = "fault-injection")]
        Restart::Panic => panic!("a panic was asked for"),
        #[cfg(feature = "fault-injection")]
        #[allow(clippy::empty_loop, reason = "that is what was asked for")]
        Restart::Hang => loop {},
        #[cfg(feature = "fault-injection")]
        Restart::Overflow => {
            overflow([0; 16]);
        }
        Restart::Bootloader => system.enter_bootloader(),
        _ => system.restart(),
    }
}

/// Calls itself until there is no stack left.
#[cfg(feature = "fault-injection")]
#[inline(never)]
#[allow(unconditional_recursion, reason = "that is what was asked for")]
fn overflow(numbers: [u32; 16]) -> u32 {
    let numbers = core::hint::black_box(numbers.map(|number| number + 1));
    overflow(numbers) + core::hint::black_box(numbers)[0]
}

/// A frame to send, and its consequences.
struct Answer<'a> {
    frame: &'a [u8],
    show: Show,
    is_to_request: bool,
    then: Option<Then>,
}

/// What follows an answer.
enum Then {
    Restart(Restart),
    Rate(u32),
}

/// Answers requests, and remembers the last answer in case it has to be given again.
#[derive(Debug)]
struct Answers<'m> {
    /// The frame of the last answer.
    response: &'m mut [u8],
    last: Option<Last>,
    refusal: [u8; REFUSAL],
}

/// The last request that was carried out.
#[derive(Clone, Copy, Debug)]
struct Last {
    id: u32,
    /// CRC-32 of its payload.
    crc: u32,
    /// Bytes of the answer's frame.
    len: usize,
}

impl Answers<'_> {
    /// Returns the answer to a frame. `is_called` tells whether another request comes.
    fn answer<Flash: NorFlash, const CAPACITY: usize>(
        &mut self,
        device: &mut Device<'_, Flash, CAPACITY>,
        frame: Result<&[u8], FrameError>,
        system: &mut impl System,
        is_called: &mut impl FnMut() -> bool,
    ) -> Answer<'_> {
        let read = frame.and_then(|payload| Ok((crc32(payload), decode_message::<Request<'_>>(payload)?)));
        let (crc, Request { id, body }) = match read {
            Ok(read) => read,
            Err(error) => {
                log!(warn, "{}", error);
                let body = ResponseBody::Error(RequestError::Frame(error));
                let frame =
                    encode_frame(&Response { id: NO_ID, body }, &mut self.refusal).unwrap_or_default();
                return Answer { frame, show: Show::Heartbeat, is_to_request: false, then: None };
            }
        };
        if let Some(last) = self.last
            && (last.id, last.crc) == (id, crc)
        {
            log!(info, "request {=u32} once more", id);
            let frame = &self.response[..last.len];
            return Answer { frame, show: Show::Heartbeat, is_to_request: true, then: None };
        }
        let answer = device.carry_out(&body, system, is_called);
        if let Err(error) = &answer {
            log!(warn, "request {=u32}: {}", id, error);
        }
        let show = match &answer {
            Ok(ResponseBody::Recognition(it)) if it.label().is_some() => Show::Known,
            Ok(ResponseBody::Recognition(_)) => Show::Unknown,
            _ => Show::Heartbeat,
        };
        let then = match (body, &answer) {
            (RequestBody::Restart(how), Ok(_)) => Some(Then::Restart(how)),
            (RequestBody::Rate { baud }, Ok(_)) => Some(Then::Rate(baud)),
            _ => None,
        };
        // The buffer is long enough for every answer: see `memory::response_len`.
        let response = Response { id, body: answer.unwrap_or_else(ResponseBody::Error) };
        let len = encode_frame(&response, self.response).map_or(0, <[u8]>::len);
        self.last = Some(Last { id, crc, len });
        Answer { frame: &self.response[..len], show, is_to_request: true, then }
    }
}

/// The purpose of a part of the [`Memory`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Purpose {
    /// Frames are prepared and the engine computes in it.
    Compute,
    /// Answers are made in it.
    Answer,
    /// Frames are received in it.
    Receive,
    /// It holds the gallery.
    Gallery,
}

/// The memory given to an application is too small for its model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct MemoryError {
    /// The part that is too small.
    pub purpose: Purpose,
    /// Bytes that it needs.
    pub needed: usize,
    /// Bytes that it has.
    pub given: usize,
}

fn check(given: usize, needed: usize, purpose: Purpose) -> Result<(), MemoryError> {
    if given < needed { Err(MemoryError { purpose, needed, given }) } else { Ok(()) }
}

impl core::fmt::Display for MemoryError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { purpose, needed, given } = self;
        let what = match purpose {
            Purpose::Compute => "compute in",
            Purpose::Answer => "answer from",
            Purpose::Receive => "receive in",
            Purpose::Gallery => "keep the gallery in",
        };
        write!(f, "the model needs {needed} bytes of memory to {what}, and was given {given}")
    }
}

impl core::error::Error for MemoryError {}
