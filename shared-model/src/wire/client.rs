//! The PC's end of the line: it asks a board and waits for the answer.
//!
//! ```no_run
//! use shared_model::{
//!     Threshold,
//!     gallery::Method,
//!     prepare::{Format, Frame},
//!     wire::client::Client,
//! };
//! use std::{net::TcpStream, time::Duration};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let line = TcpStream::connect("192.0.2.7:4000")?; // or a serial port
//! line.set_read_timeout(Some(Duration::from_millis(50)))?;
//! let mut board = Client::new(line);
//! board.show_frame(Frame::new(Format::Grey8, 160, 120)?, &[0xff; 160 * 120])?; // a camera's
//! board.enrol("nothing")?;
//! let recognition = board.recognise(Method::Prototype, Threshold::Own)?;
//! println!("{:?} {:?}", recognition.label(), recognition.margin());
//! # Ok(()) }
//! ```

use crate::{
    gallery::{Doubt, Method, Recognition, Threshold},
    model::format::MAX_LAYERS,
    prepare::Frame,
    wire::{
        frame::{FrameError, FrameReader, VERSION, decode_message, encode_frame},
        image::ImageForm,
        message::{
            BASE_BAUD, Info, NO_ID, Request, RequestBody, RequestError, Response, ResponseBody, Restart,
            SILENCE_MICROS, image_requests,
        },
    },
};
use heapless::Vec as FixedVec;
use std::{
    boxed::Box,
    fmt,
    io::{self, Read, Write},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
    vec,
    vec::Vec,
};

/// Bytes of the longest answer that can be read: longer than any entry that fits a microcontroller.
const FRAME: usize = 64 * 1024;
/// Bytes of a request besides its labels, values and parts of images.
const REQUEST: usize = 64;
/// Bytes that are requested from the link at once.
const PIECE: usize = 4096;

/// The time after an answer in which the board certainly has the rate that it had.
const AS_BEFORE: Duration = SILENCE.checked_mul(3).unwrap().checked_div(4).unwrap();
/// The time after which it certainly has the rate that it began with: clocks differ, and a board
/// may be busy with what it sees by itself.
const BACK: Duration = SILENCE.checked_mul(5).unwrap().checked_div(4).unwrap();
const SILENCE: Duration = Duration::from_micros(SILENCE_MICROS as u64);
/// The time to wait for an answer while a rate is tried, and how often it is asked there.
const CONFIRM: (Duration, u32) = (Duration::from_millis(400), 3);

/// Changes the rate of a link, in bits a second.
pub type SetBaud<Link> = fn(&mut Link, u32) -> io::Result<()>;

/// A rate that was agreed on.
#[derive(Debug)]
struct Faster<Link> {
    baud: u32,
    set: SetBaud<Link>,
}

/// What images are to a board.
#[derive(Clone, Copy, Debug)]
struct Images {
    /// The most bytes of a chunk.
    chunk: usize,
    /// The bytes that the net takes.
    len: usize,
}

/// A board at the other end of `link`.
///
/// If nothing arrives, the link's `read` should return after a while with
/// [`WouldBlock`](io::ErrorKind::WouldBlock) or [`TimedOut`](io::ErrorKind::TimedOut), so that the
/// client can look at its clock.
///
/// A request whose answer does not arrive whole is sent again, up to
/// [`set_attempts`](Self::set_attempts) times in all. The board carries it out once.
///
/// On a serial line that has a [faster rate](Self::speed_up), the client goes back to the rate of
/// before when it is dropped.
#[derive(Debug)]
pub struct Client<Link: Read + Write> {
    link: Link,
    /// `None` at the rate that the link began with.
    faster: Option<Faster<Link>>,
    /// The time of the last answer.
    answered: Instant,
    patience: Duration,
    attempts: u32,
    last_id: u32,
    /// What images are to the board, once it was asked.
    images: Option<Images>,
    /// The most bytes of an image that are sent in one request.
    most_chunk: usize,
    /// True if an earlier request may still be answered, or may lack its end.
    unsettled: bool,
    reader: Box<FrameReader<FRAME>>,
    /// Bytes that have arrived and are not yet read.
    received: Vec<u8>,
    /// The payload of the last answer.
    payload: Vec<u8>,
}

impl<Link: Read + Write> Client<Link> {
    /// Creates a client that waits 10 seconds for an answer, and asks three times.
    pub fn new(link: Link) -> Self {
        Self {
            link,
            faster: None,
            answered: Instant::now(),
            patience: Duration::from_secs(10),
            attempts: 3,
            last_id: first_id(),
            images: None,
            most_chunk: usize::MAX,
            unsettled: false,
            reader: Box::new(FrameReader::new()),
            received: Vec::new(),
            payload: Vec::new(),
        }
    }

    /// Sets the time to wait for an answer. It must be longer than the board may need: compacting
    /// the gallery can stall it for three and a half seconds.
    pub fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Sets how often a request is sent until its answer arrives whole, at least once.
    pub fn set_attempts(&mut self, attempts: u32) {
        self.attempts = attempts.max(1);
    }

    /// Sets the most bytes of an image in one request, if the board takes as many. On a bad line,
    /// short requests get through more often. A row of a frame is always sent whole.
    pub fn set_chunk(&mut self, chunk: usize) {
        self.most_chunk = chunk;
    }

    /// Returns the link.
    pub fn link_mut(&mut self) -> &mut Link {
        &mut self.link
    }

    /// Agrees with the board on the first of these rates, in bits a second, that both ends of the
    /// line have and at which an answer arrives; `set` changes this end's. Returns the rate, or
    /// `None` if the line stays at that of before, [`BASE_BAUD`].
    ///
    /// The client keeps the rate, and asks for it again after a pause. If an answer fails to arrive
    /// at it, the rest of the conversation has that of before.
    ///
    /// # Errors
    /// Returns a [`ClientError`]. A rate that does not work is not an error.
    pub fn speed_up(&mut self, rates: &[u32], set: SetBaud<Link>) -> Result<Option<u32>, ClientError> {
        for &baud in rates {
            if self.try_rate(baud, set)? {
                return Ok(Some(baud));
            }
        }
        Ok(None)
    }

    /// Returns the rate that was agreed on, if any.
    pub fn baud(&self) -> Option<u32> {
        self.faster.as_ref().map(|faster| faster.baud)
    }

    /// Returns whether the line has this rate now; otherwise it has that of before.
    fn try_rate(&mut self, baud: u32, set: SetBaud<Link>) -> Result<bool, ClientError> {
        let usual = (self.patience, self.attempts);
        // A second request with the same id would be answered, and would change nothing.
        (self.patience, self.attempts) = (CONFIRM.0, 1);
        let mut result = self.order(RequestBody::Rate { baud });
        if result.is_ok() {
            self.attempts = CONFIRM.1;
            result = set(&mut self.link, baud).map_err(|_| ClientError::TimedOut).and_then(|()| self.ping());
        }
        (self.patience, self.attempts) = usual;
        match result {
            Ok(()) => {
                self.faster = Some(Faster { baud, set });
                Ok(true)
            }
            // By a firmware that does not know the request, too.
            Err(ClientError::Refused(_)) => Ok(false),
            Err(ClientError::TimedOut | ClientError::Damaged(_)) => {
                self.go_back(set, BACK)?;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Waits until the board has gone back to the rate of before by itself, and does so, too.
    fn go_back(&mut self, set: SetBaud<Link>, after: Duration) -> Result<(), ClientError> {
        self.faster = None;
        thread::sleep(after);
        self.unsettled = true;
        set(&mut self.link, BASE_BAUD).map_err(|error| ClientError::Link(error.kind()))
    }

    /// Agrees on the same rate again, if the board may have gone back meanwhile.
    fn renew_rate(&mut self) -> Result<(), ClientError> {
        let paused = self.answered.elapsed();
        if let Some(Faster { baud, set }) = self.faster
            && paused >= AS_BEFORE
        {
            self.go_back(set, BACK.saturating_sub(paused))?;
            self.try_rate(baud, set)?;
        }
        Ok(())
    }

    /// Waits until the board answers, up to `patience`: it may have to boot first.
    ///
    /// # Errors
    /// Returns [`ClientError::TimedOut`] if it did not answer, and the other errors of
    /// [`ping`](Self::ping).
    pub fn wait_until_ready(&mut self, patience: Duration) -> Result<(), ClientError> {
        let usual = (self.patience, self.attempts);
        (self.patience, self.attempts) = (Duration::from_millis(250), 1);
        let start = Instant::now();
        let result = loop {
            match self.ping() {
                Err(ClientError::TimedOut | ClientError::Damaged(_)) if start.elapsed() < patience => {}
                result => break result,
            }
            // The board may be slow, or the line long.
            self.patience = (self.patience * 5 / 4).min(Duration::from_secs(2));
        };
        (self.patience, self.attempts) = usual;
        result
    }

    /// Asks whether the board is there.
    ///
    /// # Errors
    /// Returns a [`ClientError`], as all other requests do.
    pub fn ping(&mut self) -> Result<(), ClientError> {
        match self.ask(RequestBody::Ping)? {
            ResponseBody::Pong => Ok(()),
            _ => Err(ClientError::OtherAnswer),
        }
    }

    /// Asks for the board's name, its model and its gallery.
    ///
    /// # Errors
    /// Returns a [`ClientError`].
    pub fn info(&mut self) -> Result<Info<'_>, ClientError> {
        match self.ask(RequestBody::Info)? {
            ResponseBody::Info(info) => Ok(info),
            _ => Err(ClientError::OtherAnswer),
        }
    }

    /// Shows the board an image that is ready for its net: height × width × channels bytes.
    ///
    /// # Errors
    /// Returns a [`ClientError`]. There is no image on the board then.
    pub fn show_pixels(&mut self, pixels: &[u8]) -> Result<(), ClientError> {
        self.show(ImageForm::Pixels { len: pixels.len() as u32 }, pixels)
    }

    /// Shows the board a frame, of which it makes the pixels. What fills a row up to the stride is
    /// not sent.
    ///
    /// # Errors
    /// Returns a [`ClientError`], as [`show_pixels`](Self::show_pixels) does. Bytes that are not as
    /// many as the frame's rows have are [`Unfinished`](super::ImageError::Unfinished) or
    /// [`TooLong`](super::ImageError::TooLong).
    pub fn show_frame(&mut self, frame: Frame, bytes: &[u8]) -> Result<(), ClientError> {
        let rows = bytes.chunks(frame.stride());
        let packed: Vec<u8> = rows.flat_map(|row| &row[..row.len().min(frame.row_len())]).copied().collect();
        self.show(ImageForm::of(frame), &packed)
    }

    fn show(&mut self, form: ImageForm, bytes: &[u8]) -> Result<(), ClientError> {
        let chunk = self.images()?.chunk;
        image_requests(form, bytes, chunk.min(self.most_chunk)).try_for_each(|request| self.order(request))
    }

    fn images(&mut self) -> Result<Images, ClientError> {
        if let Some(images) = self.images {
            return Ok(images);
        }
        let info = self.info()?;
        let images = Images { chunk: info.chunk.into(), len: info.model.input.len() };
        self.images = Some(images);
        Ok(images)
    }

    /// Asks for the pixels of the image, as the net takes them.
    ///
    /// # Errors
    /// Returns a [`ClientError`].
    pub fn pixels(&mut self) -> Result<Vec<u8>, ClientError> {
        let len = self.images()?.len;
        let mut all = Vec::new();
        while all.len() < len {
            match self.ask(RequestBody::Pixels { offset: all.len() as u32 })? {
                ResponseBody::Pixels(pixels) if !pixels.is_empty() => all.extend_from_slice(pixels),
                _ => return Err(ClientError::OtherAnswer),
            }
        }
        Ok(all)
    }

    /// Asks for the embedding of the image.
    ///
    /// # Errors
    /// Returns a [`ClientError`].
    pub fn embed(&mut self) -> Result<&[u8], ClientError> {
        match self.ask(RequestBody::Embed)? {
            ResponseBody::Embedding(embedding) => Ok(embedding),
            _ => Err(ClientError::OtherAnswer),
        }
    }

    /// Asks for the distance of the image and the one that was shown before, in the integers of the
    /// model's distance.
    ///
    /// # Errors
    /// Returns a [`ClientError`].
    pub fn compare(&mut self) -> Result<u32, ClientError> {
        match self.ask(RequestBody::Compare)? {
            ResponseBody::Distance(distance) => Ok(distance),
            _ => Err(ClientError::OtherAnswer),
        }
    }

    /// Enrols the image, and returns the number of images that the label then has. The image has
    /// been stored by then.
    ///
    /// # Errors
    /// Returns a [`ClientError`]. If the board did not answer, the image may or may not be
    /// enrolled; [`entry`](Self::entry) tells.
    pub fn enrol(&mut self, label: &str) -> Result<u32, ClientError> {
        match self.ask(RequestBody::Enrol { label })? {
            ResponseBody::Enrolled { count, .. } => Ok(count),
            _ => Err(ClientError::OtherAnswer),
        }
    }

    /// Enrols the image as [`enrol`](Self::enrol) does, and returns what the board finds doubtful about it as
    /// well.
    ///
    /// # Errors
    /// Returns a [`ClientError`].
    pub fn enrol_and_doubt(&mut self, label: &str) -> Result<(u32, Option<Doubt<'_>>), ClientError> {
        match self.ask(RequestBody::Enrol { label })? {
            ResponseBody::Enrolled { count, doubt, .. } => Ok((count, doubt)),
            _ => Err(ClientError::OtherAnswer),
        }
    }

    /// Takes the image that was enrolled last back, and returns its label and the number of images that this has
    /// left. The image must still be the last that was shown, and the gallery unchanged since.
    ///
    /// # Errors
    /// Returns a [`ClientError`].
    pub fn take_back(&mut self) -> Result<(&str, u32), ClientError> {
        match self.ask(RequestBody::TakeBack)? {
            ResponseBody::TakenBack { label, count } => Ok((label, count)),
            _ => Err(ClientError::OtherAnswer),
        }
    }

    /// Asks what the image shows.
    ///
    /// # Errors
    /// Returns a [`ClientError`].
    pub fn recognise(
        &mut self,
        method: Method,
        threshold: Threshold,
    ) -> Result<Recognition<'_>, ClientError> {
        match self.ask(RequestBody::Recognise { method, threshold })? {
            ResponseBody::Recognition(recognition) => Ok(recognition),
            _ => Err(ClientError::OtherAnswer),
        }
    }

    /// Asks for the label and the [value](crate::gallery) of an entry, by its number.
    ///
    /// # Errors
    /// Returns a [`ClientError`].
    pub fn entry(&mut self, index: u16) -> Result<(&str, &[u8]), ClientError> {
        match self.ask(RequestBody::Entry { index })? {
            ResponseBody::Entry { label, value } => Ok((label, value)),
            _ => Err(ClientError::OtherAnswer),
        }
    }

    /// Adds an entry, or replaces the one with the same label.
    ///
    /// # Errors
    /// Returns a [`ClientError`].
    pub fn import(&mut self, label: &str, value: &[u8]) -> Result<(), ClientError> {
        self.order(RequestBody::Import { label, value })
    }

    /// Removes an entry.
    ///
    /// # Errors
    /// Returns a [`ClientError`].
    pub fn forget(&mut self, label: &str) -> Result<(), ClientError> {
        self.order(RequestBody::Forget { label })
    }

    /// Removes all entries, also those of another model.
    ///
    /// # Errors
    /// Returns a [`ClientError`].
    pub fn clear(&mut self) -> Result<(), ClientError> {
        self.order(RequestBody::Clear)
    }

    /// Asks for a CRC-32 of the output of each step of the net for the image: see
    /// [`Model::digests`](crate::Model::digests).
    ///
    /// # Errors
    /// Returns a [`ClientError`].
    pub fn digests(&mut self) -> Result<FixedVec<u32, MAX_LAYERS>, ClientError> {
        match self.ask(RequestBody::Parity)? {
            ResponseBody::Digests(digests) => Ok(digests),
            _ => Err(ClientError::OtherAnswer),
        }
    }

    /// Asks for the time that `runs` embeddings take, by the board's clock. Afterwards there is no
    /// image.
    ///
    /// # Errors
    /// Returns a [`ClientError`].
    pub fn bench(&mut self, runs: u16) -> Result<Duration, ClientError> {
        match self.ask(RequestBody::Bench { runs })? {
            ResponseBody::Bench { runs: done, microseconds } if done == runs => {
                Ok(Duration::from_micros(microseconds))
            }
            _ => Err(ClientError::OtherAnswer),
        }
    }

    /// Lets the board compute the model's self-test. Returns the digest in the model file and that
    /// of the board, which should be equal. Afterwards there is no image.
    ///
    /// # Errors
    /// Returns a [`ClientError`].
    pub fn self_test(&mut self) -> Result<(u32, u32), ClientError> {
        match self.ask(RequestBody::SelfTest)? {
            ResponseBody::SelfTest { expected, actual } => Ok((expected, actual)),
            _ => Err(ClientError::OtherAnswer),
        }
    }

    /// Restarts the board, which answers first.
    ///
    /// # Errors
    /// Returns a [`ClientError`].
    pub fn restart(&mut self, how: Restart) -> Result<(), ClientError> {
        self.order(RequestBody::Restart(how))?;
        // It begins anew, and so does its line.
        self.faster.take().map_or(Ok(()), |faster| self.go_back(faster.set, Duration::ZERO))
    }

    fn order(&mut self, body: RequestBody<'_>) -> Result<(), ClientError> {
        match self.ask(body)? {
            ResponseBody::Done => Ok(()),
            _ => Err(ClientError::OtherAnswer),
        }
    }

    /// Sends a request, and waits for the answer with the same id. Late answers to earlier requests
    /// are skipped.
    ///
    /// # Errors
    /// Returns a [`ClientError`].
    pub fn ask(&mut self, body: RequestBody<'_>) -> Result<ResponseBody<'_>, ClientError> {
        self.renew_rate()?;
        self.last_id = next_id(self.last_id);
        let mut buffer = vec![0; REQUEST + body_len(&body) * 255 / 254];
        let frame = encode_frame(&Request { id: self.last_id, body }, &mut buffer)
            .map_err(|_| ClientError::Link(io::ErrorKind::InvalidInput))?;
        let mut attempt = 1;
        loop {
            match self.exchange(frame) {
                Ok(()) => break,
                Err(ClientError::Damaged(_)) if attempt < self.attempts => attempt += 1,
                // The same bytes once more: the board does not carry them out twice.
                Err(ClientError::TimedOut | ClientError::Damaged(_))
                    if let Some(Faster { set, .. }) = self.faster =>
                {
                    self.go_back(set, BACK)?;
                    attempt = 1;
                }
                Err(ClientError::TimedOut) if attempt < self.attempts => attempt += 1,
                Err(error) => return Err(error),
            }
        }
        self.answered = Instant::now();
        match decode_message::<Response<'_>>(&self.payload).map_err(ClientError::of_frame)?.body {
            ResponseBody::Error(error) => Err(ClientError::Refused(error)),
            body => Ok(body),
        }
    }

    /// Sends a request once, and waits for its answer, which is then in `self.payload`.
    fn exchange(&mut self, frame: &[u8]) -> Result<(), ClientError> {
        if self.unsettled {
            // The frame before may lack its end.
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
                // The board could not read this frame or the one before. In either case this one is
                // sent again, and a second answer to it is skipped by its id.
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
    /// Returns [`ClientError::Link`] if the link failed.
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), ClientError> {
        self.link.write_all(bytes).and_then(|()| self.link.flush()).map_err(|e| ClientError::Link(e.kind()))
    }

    /// Waits for an answer to any request.
    ///
    /// # Errors
    /// Returns a [`ClientError`].
    pub fn receive_any(&mut self) -> Result<Response<'_>, ClientError> {
        self.receive(Instant::now())?;
        decode_message(&self.payload).map_err(ClientError::of_frame)
    }

    /// Reads the payload of the next frame into `self.payload`.
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

impl<Link: Read + Write> Drop for Client<Link> {
    /// Leaves the line as the next program expects it.
    fn drop(&mut self) {
        if self.faster.is_some() && self.answered.elapsed() < AS_BEFORE {
            (self.patience, self.attempts) = CONFIRM;
            // A board that misses it goes back by itself.
            let _ = self.order(RequestBody::Rate { baud: BASE_BAUD });
        }
        if let Some(Faster { set, .. }) = self.faster {
            let _ = set(&mut self.link, BASE_BAUD);
        }
    }
}

/// Returns an id to begin with. It differs from that of the program that talked to the board
/// before, whose last request the board still remembers.
fn first_id() -> u32 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (time.as_nanos() as u32).wrapping_mul(0x9e37_79b9)
}

fn next_id(id: u32) -> u32 {
    id.checked_add(1).unwrap_or(NO_ID + 1)
}

/// Returns the bytes of the texts, values and parts of images in a request.
fn body_len(body: &RequestBody<'_>) -> usize {
    match body {
        RequestBody::Chunk { bytes, .. } => bytes.len(),
        RequestBody::Enrol { label } => label.len(),
        RequestBody::Import { label, value } => label.len() + value.len(),
        RequestBody::Forget { label } => label.len(),
        _ => 0,
    }
}

/// The reason why there is no answer from a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientError {
    /// There was no answer in time.
    TimedOut,
    /// The link failed.
    Link(io::ErrorKind),
    /// A frame arrived damaged, at this end or the other.
    Damaged(FrameError),
    /// The board speaks this other version of the protocol.
    Version(u8),
    /// The board did not carry out the request.
    Refused(RequestError),
    /// The board's answer does not fit the request.
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
            Self::Damaged(error) => write!(f, "data arrives damaged over the line: {error}"),
            Self::Version(version) => write!(
                f,
                "the board speaks version {version} of the protocol, this program {VERSION}: flash the firmware that \
                 belongs to it"
            ),
            Self::Refused(error) => write!(f, "the board refused: {error}"),
            Self::OtherAnswer => f.write_str("the board's answer does not fit the request"),
        }
    }
}

impl std::error::Error for ClientError {}
