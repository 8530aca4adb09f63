//! The PC's end of the line: asks a board and waits for its answer. Feature `client`, which needs `std`.
//!
//! ```no_run
//! use shared_model::{Threshold, gallery::Method, wire::client::Client};
//! use std::{net::TcpStream, time::Duration};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let line = TcpStream::connect("192.0.2.7:4000")?; // a serial port does as well
//! line.set_read_timeout(Some(Duration::from_millis(50)))?;
//! let mut board = Client::new(line);
//! let image = vec![0; board.info()?.model.input.len()];
//! board.enrol("nothing", &image)?;
//! let recognition = board.recognise(&image, Method::Prototype, Threshold::EqualError)?;
//! println!("{:?} {:?}", recognition.label(), recognition.margin());
//! # Ok(()) }
//! ```

use crate::{
    gallery::{Method, Recognition, Threshold},
    model::format::MAX_LAYERS,
    wire::{
        frame::{FrameError, FrameReader, VERSION, decode_message, encode_frame},
        message::{Info, NO_ID, Request, RequestBody, RequestError, Response, ResponseBody, Restart},
    },
};
use heapless::Vec as FixedVec;
use std::{
    boxed::Box,
    fmt,
    io::{self, Read, Write},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
    vec,
    vec::Vec,
};

/// Bytes of the longest answer that is read: longer than any entry of a gallery that fits a microcontroller.
const FRAME: usize = 64 * 1024;
/// Bytes of a request besides its images, labels and values.
const REQUEST: usize = 64;
/// Bytes that are asked of the link at once.
const PIECE: usize = 4096;

/// A board at the other end of `link`.
///
/// The link's `read` should return after a while where nothing arrives, with
/// [`WouldBlock`](io::ErrorKind::WouldBlock) or [`TimedOut`](io::ErrorKind::TimedOut): the client looks at its
/// clock then.
///
/// A request whose answer does not arrive whole is sent again, as often as [`set_attempts`](Self::set_attempts) says. The
/// board carries it out once.
#[derive(Debug)]
pub struct Client<Link> {
    link: Link,
    patience: Duration,
    attempts: u32,
    last_id: u32,
    /// Whether an earlier request may still be answered, or its end be missing.
    unsettled: bool,
    reader: Box<FrameReader<FRAME>>,
    /// Bytes that arrived and were not yet looked at.
    received: Vec<u8>,
    /// The last answer's payload.
    payload: Vec<u8>,
}

impl<Link: Read + Write> Client<Link> {
    /// A client that waits 10 seconds for an answer, and asks three times.
    pub fn new(link: Link) -> Self {
        Self {
            link,
            patience: Duration::from_secs(10),
            attempts: 3,
            last_id: first_id(),
            unsettled: false,
            reader: Box::new(FrameReader::new()),
            received: Vec::new(),
            payload: Vec::new(),
        }
    }

    /// How long to wait for an answer. It must be longer than the board may take: moving the gallery to erased flash can
    /// stall it for three and a half seconds.
    pub fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// How often a request is sent until its answer arrives whole, at least once.
    pub fn set_attempts(&mut self, attempts: u32) {
        self.attempts = attempts.max(1);
    }

    /// The link, for whoever knows more about it than that bytes go through.
    pub fn link_mut(&mut self) -> &mut Link {
        &mut self.link
    }

    /// Waits until the board answers, up to `patience`: it may have to boot first.
    ///
    /// # Errors
    /// It did not answer, or the link failed.
    pub fn wait_until_ready(&mut self, patience: Duration) -> Result<(), ClientError> {
        let usual = (self.patience, self.attempts);
        (self.patience, self.attempts) = (Duration::from_millis(250), 1);
        let start = Instant::now();
        let result = loop {
            match self.ping() {
                Err(ClientError::TimedOut | ClientError::Damaged(_)) if start.elapsed() < patience => {}
                result => break result,
            }
            // A board may be slow, or a line long.
            self.patience = (self.patience * 5 / 4).min(Duration::from_secs(2));
        };
        (self.patience, self.attempts) = usual;
        result
    }

    /// Asks whether the board is there.
    ///
    /// # Errors
    /// See [`ClientError`]; likewise with all others.
    pub fn ping(&mut self) -> Result<(), ClientError> {
        match self.ask(RequestBody::Ping)? {
            ResponseBody::Pong => Ok(()),
            _ => Err(ClientError::OtherAnswer),
        }
    }

    /// Asks which board and which model it is, and for its gallery.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn info(&mut self) -> Result<Info<'_>, ClientError> {
        match self.ask(RequestBody::Info)? {
            ResponseBody::Info(info) => Ok(info),
            _ => Err(ClientError::OtherAnswer),
        }
    }

    /// Asks for the embedding of an image.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn embed(&mut self, pixels: &[u8]) -> Result<&[u8], ClientError> {
        match self.ask(RequestBody::Embed { pixels })? {
            ResponseBody::Embedding(embedding) => Ok(embedding),
            _ => Err(ClientError::OtherAnswer),
        }
    }

    /// Asks for the distance of two images, in the integers of the model's distance.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn compare(&mut self, a: &[u8], b: &[u8]) -> Result<u32, ClientError> {
        match self.ask(RequestBody::Compare { a, b })? {
            ResponseBody::Distance(distance) => Ok(distance),
            _ => Err(ClientError::OtherAnswer),
        }
    }

    /// Enrols an image, and returns how many images the label has then. It has been stored when this returns.
    ///
    /// # Errors
    /// See [`ClientError`]. Where the board did not answer, it may or may not be enrolled; [`entry`](Self::entry) tells.
    pub fn enrol(&mut self, label: &str, pixels: &[u8]) -> Result<u32, ClientError> {
        match self.ask(RequestBody::Enrol { label, pixels })? {
            ResponseBody::Enrolled { count, .. } => Ok(count),
            _ => Err(ClientError::OtherAnswer),
        }
    }

    /// Asks what an image shows.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn recognise(
        &mut self,
        pixels: &[u8],
        method: Method,
        threshold: Threshold,
    ) -> Result<Recognition<'_>, ClientError> {
        match self.ask(RequestBody::Recognise { pixels, method, threshold })? {
            ResponseBody::Recognition(recognition) => Ok(recognition),
            _ => Err(ClientError::OtherAnswer),
        }
    }

    /// Asks for the label and the [value](crate::gallery) of an entry, by its number.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn entry(&mut self, index: u16) -> Result<(&str, &[u8]), ClientError> {
        match self.ask(RequestBody::Entry { index })? {
            ResponseBody::Entry { label, value } => Ok((label, value)),
            _ => Err(ClientError::OtherAnswer),
        }
    }

    /// Puts an entry in, in place of the one of its label if there is one.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn import(&mut self, label: &str, value: &[u8]) -> Result<(), ClientError> {
        self.order(RequestBody::Import { label, value })
    }

    /// Takes an entry out.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn forget(&mut self, label: &str) -> Result<(), ClientError> {
        self.order(RequestBody::Forget { label })
    }

    /// Takes all entries out, those of another model too.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn clear(&mut self) -> Result<(), ClientError> {
        self.order(RequestBody::Clear)
    }

    /// Asks for a CRC-32 of what each step of the net computes from an image: see
    /// [`Model::digests`](crate::model::Model::digests).
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn digests(&mut self, pixels: &[u8]) -> Result<FixedVec<u32, MAX_LAYERS>, ClientError> {
        match self.ask(RequestBody::Parity { pixels })? {
            ResponseBody::Digests(digests) => Ok(digests),
            _ => Err(ClientError::OtherAnswer),
        }
    }

    /// Asks how long `runs` embeddings take, by the board's clock.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn bench(&mut self, runs: u16) -> Result<Duration, ClientError> {
        match self.ask(RequestBody::Bench { runs })? {
            ResponseBody::Bench { microseconds, .. } => Ok(Duration::from_micros(microseconds)),
            _ => Err(ClientError::OtherAnswer),
        }
    }

    /// Has the board compute the model's self-test: the digest that the model file has, and that of the board. They
    /// should be equal.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn self_test(&mut self) -> Result<(u32, u32), ClientError> {
        match self.ask(RequestBody::SelfTest)? {
            ResponseBody::SelfTest { expected, actual } => Ok((expected, actual)),
            _ => Err(ClientError::OtherAnswer),
        }
    }

    /// Has the board start anew. It answers before it does.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn restart(&mut self, how: Restart) -> Result<(), ClientError> {
        self.order(RequestBody::Restart(how))
    }

    fn order(&mut self, body: RequestBody<'_>) -> Result<(), ClientError> {
        match self.ask(body)? {
            ResponseBody::Done => Ok(()),
            _ => Err(ClientError::OtherAnswer),
        }
    }

    /// Asks, and waits for the answer with the same id. Late answers to earlier requests are passed over.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn ask(&mut self, body: RequestBody<'_>) -> Result<ResponseBody<'_>, ClientError> {
        self.last_id = next_id(self.last_id);
        let mut buffer = vec![0; REQUEST + body_len(&body) * 255 / 254];
        let frame = encode_frame(&Request { id: self.last_id, body }, &mut buffer)
            .map_err(|_| ClientError::Link(io::ErrorKind::InvalidInput))?;
        let mut attempt = 1;
        loop {
            match self.exchange(frame) {
                Ok(()) => break,
                Err(ClientError::TimedOut | ClientError::Damaged(_)) if attempt < self.attempts => {
                    attempt += 1
                }
                Err(error) => return Err(error),
            }
        }
        match decode_message::<Response<'_>>(&self.payload).map_err(ClientError::of_frame)?.body {
            ResponseBody::Error(error) => Err(ClientError::Refused(error)),
            body => Ok(body),
        }
    }

    /// Sends a request once, and waits for its answer, which is then in `self.payload`.
    fn exchange(&mut self, frame: &[u8]) -> Result<(), ClientError> {
        if self.unsettled {
            // What came before need not have ended.
            self.send(&[0])?;
        }
        self.unsettled = true;
        self.send(frame)?;
        let start = Instant::now();
        loop {
            self.receive(start)?;
            let response = decode_message::<Response<'_>>(&self.payload).map_err(ClientError::of_frame)?;
            match response {
                Response { id, .. } if id == self.last_id => break,
                // The board could not read this frame, or one before it: whichever, it is to be sent again, and what
                // the board answers to it twice is passed over by its id.
                Response { id: NO_ID, body: ResponseBody::Error(RequestError::Frame(error)) } => {
                    return Err(match error {
                        FrameError::Version(_) | FrameError::Message => {
                            ClientError::Refused(RequestError::Frame(error))
                        }
                        error => ClientError::Damaged(error),
                    });
                }
                _ => {}
            }
        }
        self.unsettled = false;
        Ok(())
    }

    /// Sends bytes as they are, which need not be a frame.
    ///
    /// # Errors
    /// The link failed.
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), ClientError> {
        self.link.write_all(bytes).and_then(|()| self.link.flush()).map_err(|e| ClientError::Link(e.kind()))
    }

    /// Waits for an answer, to whatever it may be.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn receive_any(&mut self) -> Result<Response<'_>, ClientError> {
        self.receive(Instant::now())?;
        decode_message(&self.payload).map_err(ClientError::of_frame)
    }

    /// Puts the next frame's payload into `self.payload`.
    fn receive(&mut self, start: Instant) -> Result<(), ClientError> {
        loop {
            for (index, &byte) in self.received.iter().enumerate() {
                if let Some(frame) = self.reader.push(byte) {
                    let result = frame.map(|payload| {
                        self.payload.clear();
                        self.payload.extend_from_slice(payload);
                    });
                    self.received.drain(..=index);
                    return result.map_err(ClientError::of_frame);
                }
            }
            self.received.resize(PIECE, 0);
            let result = self.link.read(&mut self.received);
            self.received.truncate(*result.as_ref().unwrap_or(&0));
            match result.map_err(|error| error.kind()) {
                Ok(0) => return Err(ClientError::Link(io::ErrorKind::UnexpectedEof)),
                // A board that never stops talking nonsense has not answered either.
                Ok(_) if start.elapsed() < self.patience => {}
                Err(io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
                    if start.elapsed() < self.patience => {}
                Ok(_)
                | Err(io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    return Err(ClientError::TimedOut);
                }
                Err(kind) => return Err(ClientError::Link(kind)),
            }
        }
    }
}

/// An id to begin with: another one than that of whoever talked to the board before, whose last request the board still
/// remembers.
fn first_id() -> u32 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (time.as_nanos() as u32).wrapping_mul(0x9e37_79b9)
}

fn next_id(id: u32) -> u32 {
    id.checked_add(1).unwrap_or(NO_ID + 1)
}

/// Bytes of the images, texts and values in a request.
fn body_len(body: &RequestBody<'_>) -> usize {
    match body {
        RequestBody::Embed { pixels }
        | RequestBody::Recognise { pixels, .. }
        | RequestBody::Parity { pixels } => pixels.len(),
        RequestBody::Compare { a, b } => a.len() + b.len(),
        RequestBody::Enrol { label, pixels } => label.len() + pixels.len(),
        RequestBody::Import { label, value } => label.len() + value.len(),
        RequestBody::Forget { label } => label.len(),
        _ => 0,
    }
}

/// Why a board's answer was not to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientError {
    /// There was no answer in time.
    TimedOut,
    /// The link failed.
    Link(io::ErrorKind),
    /// A frame arrived damaged, at this end or the other.
    Damaged(FrameError),
    /// The board speaks another version of the protocol: this one.
    Version(u8),
    /// The board did not carry out the request.
    Refused(RequestError),
    /// The board answered something else than it was asked.
    OtherAnswer,
}

impl ClientError {
    fn of_frame(error: FrameError) -> Self {
        match error {
            FrameError::Version(version) => Self::Version(version),
            error => Self::Damaged(error),
        }
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => f.write_str("the board did not answer in time"),
            Self::Link(kind) => write!(f, "the connection to the board failed: {kind}"),
            Self::Damaged(error) => write!(f, "what goes over the line arrives damaged: {error}"),
            Self::Version(version) => write!(
                f,
                "the board speaks version {version} of the protocol, this program {VERSION}: flash the firmware that \
                 belongs to it"
            ),
            Self::Refused(error) => write!(f, "the board refused: {error}"),
            Self::OtherAnswer => f.write_str("the board answered something else than it was asked"),
        }
    }
}

impl std::error::Error for ClientError {}
