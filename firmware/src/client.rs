//! The PC's end of the line: asks a board and waits for its answer.

use crate::memory;
use shared_model::protocol::{
    FrameError, FrameReader, Info, NO_ID, Request, RequestBody, RequestError, Response, ResponseBody,
    decode_message, encode_frame,
};
use std::{
    io::{self, Read, Write},
    time::{Duration, Instant},
};

/// Bytes of the longest answer: an embedding of the most values that a model has.
const FRAME: usize = memory::response_len(shared_model::format::MAX_EMBEDDING);

/// A board at the other end of `link`.
///
/// The link's `read` should return after a while where nothing arrives, with
/// [`WouldBlock`](io::ErrorKind::WouldBlock) or [`TimedOut`](io::ErrorKind::TimedOut): the client looks at its
/// clock then.
#[derive(Debug)]
pub struct Client<Link> {
    link: Link,
    patience: Duration,
    last_id: u32,
    /// Whether an earlier request may still be answered, or its end be missing.
    unsettled: bool,
    reader: FrameReader<FRAME>,
    /// Bytes that arrived and were not yet looked at.
    received: Vec<u8>,
    /// The last answer's payload.
    payload: Vec<u8>,
}

impl<Link: Read + Write> Client<Link> {
    /// A client that waits 10 seconds for an answer.
    pub fn new(link: Link) -> Self {
        Self {
            link,
            patience: Duration::from_secs(10),
            last_id: NO_ID,
            unsettled: false,
            reader: FrameReader::new(),
            received: Vec::new(),
            payload: Vec::new(),
        }
    }

    /// How long to wait for an answer.
    pub fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
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
        let usual = std::mem::replace(&mut self.patience, Duration::from_millis(250));
        let start = Instant::now();
        let result = loop {
            match self.ping() {
                Err(ClientError::TimedOut) if start.elapsed() < patience => {}
                result => break result,
            }
        };
        self.patience = usual;
        result
    }

    /// Asks whether the board is there.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn ping(&mut self) -> Result<(), ClientError> {
        match self.ask(RequestBody::Ping)? {
            ResponseBody::Pong => Ok(()),
            _ => Err(ClientError::OtherAnswer),
        }
    }

    /// Asks which board and which model it is.
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

    /// Asks, and waits for the answer with the same id. Late answers to earlier requests are passed over.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn ask(&mut self, body: RequestBody<'_>) -> Result<ResponseBody<'_>, ClientError> {
        self.last_id = self.last_id.checked_add(1).unwrap_or(NO_ID + 1);
        let images = match body {
            RequestBody::Embed { pixels } => pixels.len(),
            RequestBody::Compare { a, b } => a.len().max(b.len()),
            _ => 0,
        };
        let mut buffer = vec![0; memory::request_len(images)];
        let frame = encode_frame(&Request { id: self.last_id, body }, &mut buffer)
            .map_err(|_| ClientError::Link(io::ErrorKind::InvalidInput))?;
        if self.unsettled {
            self.send(&[0])?;
        }
        self.send(frame)?;
        loop {
            self.receive()?;
            match decode_message::<Response<'_>>(&self.payload).map_err(ClientError::Frame)?.id {
                // Not to this request, but to what the board had received of an earlier one.
                NO_ID if self.unsettled => self.unsettled = false,
                id if id == self.last_id || id == NO_ID => break,
                _ => {}
            }
        }
        self.unsettled = false;
        match decode_message::<Response<'_>>(&self.payload).map_err(ClientError::Frame)?.body {
            ResponseBody::Error(error) => Err(ClientError::Refused(error)),
            body => Ok(body),
        }
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
        self.receive()?;
        decode_message(&self.payload).map_err(ClientError::Frame)
    }

    /// Puts the next frame's payload into `self.payload`.
    fn receive(&mut self) -> Result<(), ClientError> {
        let start = Instant::now();
        loop {
            for (index, &byte) in self.received.iter().enumerate() {
                if let Some(frame) = self.reader.push(byte) {
                    let result = frame.map(|payload| {
                        self.payload.clear();
                        self.payload.extend_from_slice(payload);
                    });
                    self.received.drain(..=index);
                    return result.map_err(ClientError::Frame);
                }
            }
            self.received.resize(4096, 0);
            let result = self.link.read(&mut self.received);
            self.received.truncate(*result.as_ref().unwrap_or(&0));
            match result.map_err(|error| error.kind()) {
                Ok(0) => return Err(ClientError::Link(io::ErrorKind::UnexpectedEof)),
                Ok(_) | Err(io::ErrorKind::Interrupted) => {}
                Err(io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    if start.elapsed() >= self.patience {
                        self.unsettled = true;
                        return Err(ClientError::TimedOut);
                    }
                }
                Err(kind) => return Err(ClientError::Link(kind)),
            }
        }
    }
}

/// Why a board's answer was not to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientError {
    /// There was no answer in time.
    TimedOut,
    /// The link failed.
    Link(io::ErrorKind),
    /// The answer arrived damaged.
    Frame(FrameError),
    /// The board did not carry out the request.
    Refused(RequestError),
    /// The board answered something else than it was asked.
    OtherAnswer,
}

impl std::fmt::Display for ClientError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TimedOut => f.write_str("the board did not answer in time"),
            Self::Link(kind) => write!(f, "the connection to the board failed: {kind}"),
            Self::Frame(error) => write!(f, "the board's answer was damaged: {error}"),
            Self::Refused(error) => write!(f, "the board refused: {error}"),
            Self::OtherAnswer => f.write_str("the board answered something else than it was asked"),
        }
    }
}

impl std::error::Error for ClientError {}
