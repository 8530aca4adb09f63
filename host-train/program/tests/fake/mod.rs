//! A board that answers on a socket: the application that is flashed, with the firmware's model, on
//! simulated hardware. What it knows outlasts a connection, as a board's does.

use embedded_io::{ErrorType, Read, ReadReady, Write};
use shared_model::{
    Layout, Model,
    gallery::value_len,
    inspect::Operation,
    model::{
        crc32,
        format::{Fit, HEADER_LEN, Preprocessing},
        layout::repack_to_vec,
    },
};
use std::{
    convert::Infallible,
    io::{ErrorKind, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread,
};
use tinytriplet_device::testing::{Bench, Clock};
use tinytriplet_store::{MemoryFlash, Store};

pub const MODEL: &[u8] = include_bytes!("../../../../firmware/models/digits.model.postcard");
pub const CAPACITY: usize = 4;
/// Bytes of the longest request.
const FRAME: usize = 10_000;
/// The time of an embedding, by the board's clock.
pub const EMBEDDING_MICROSECONDS: u64 = 1_500;
/// The time that the board has been running for.
const UPTIME_MICROSECONDS: u64 = 3_600_000_000;

/// A board, and what is wrong with it.
#[derive(Clone, Copy, Default)]
pub struct Fake {
    /// Embeddings that are kept of each entry.
    pub exemplars: usize,
    /// Its model, if not the firmware's.
    pub model: Option<&'static [u8]>,
    /// The flash holds another model's gallery.
    pub has_other_gallery: bool,
    /// Its model has [`damaged_weights`].
    pub computes_wrong: bool,
    /// Its model has [`other_preprocessing`].
    pub prepares_wrong: bool,
    /// One in so many answers is damaged; 0 for none.
    pub damages: usize,
    /// It sends this in place of every answer.
    pub noise: Option<&'static [u8]>,
}

impl Fake {
    /// Switches it on. Returns its port, as the command line wants it.
    pub fn start(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = format!("tcp:{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            let file = match self {
                Self { computes_wrong: true, .. } => damaged_weights(),
                Self { prepares_wrong: true, .. } => other_preprocessing(),
                _ => self.model.unwrap_or(MODEL).to_vec(),
            };
            let file = repack_to_vec(&file, Layout::Packed).unwrap();
            let mut board =
                Bench::<FRAME, CAPACITY>::new("fake", Model::decode(&file).unwrap(), self.exemplars);
            board.clock = Clock { now: UPTIME_MICROSECONDS, step: EMBEDDING_MICROSECONDS, ..board.clock };
            if self.has_other_gallery {
                let flash = MemoryFlash::new(board.flash.as_mut().unwrap());
                let value_len = value_len(board.model.embedding_len(), self.exemplars);
                Store::<_, CAPACITY>::mount(flash, [0xab; 8], value_len).unwrap().clear().unwrap();
            }
            let line = Line { listener, stream: None, fake: self, answers: 0, owes_an_answer: false };
            board.run(line).unwrap();
        });
        port
    }
}

/// Returns the model's file with one bit of each weight of the second layer flipped. It has the same
/// hash: only the CRC, which a board checks when it starts, is made right.
pub fn damaged_weights() -> Vec<u8> {
    let mut file = MODEL.to_vec();
    let model = Model::decode(MODEL).unwrap();
    let Some(Operation::Conv2d { parameters, .. }) = model.steps().nth(1).map(|step| step.operation) else {
        panic!("the second layer is no convolution");
    };
    let weights = parameters.weights;
    let at = MODEL.windows(weights.len()).position(|bytes| bytes == weights).unwrap();
    file[at..at + weights.len()].iter_mut().for_each(|weight| *weight ^= 1);
    mend(&mut file);
    file
}

/// Returns the model's file with another way to make pixels, in one byte of its metadata. It has the
/// same hash, too.
fn other_preprocessing() -> Vec<u8> {
    let preprocessing = |file: &[u8]| Some(Model::decode(file).ok()?.metadata().preprocessing);
    let expected = Preprocessing { fit: Fit::Stretch, ..preprocessing(MODEL).unwrap() };
    let mut changed = (HEADER_LEN..MODEL.len()).filter(|&at| MODEL[at] == 2).map(|at| {
        let mut file = MODEL.to_vec();
        file[at] = 0;
        mend(&mut file);
        file
    });
    changed.find(|file| preprocessing(file) == Some(expected)).expect("its fit is a byte")
}

/// Makes the CRC right.
fn mend(file: &mut [u8]) {
    let crc = crc32(&[&file[..HEADER_LEN - 4], &file[HEADER_LEN..]].concat());
    file[HEADER_LEN - 4..HEADER_LEN].copy_from_slice(&crc.to_le_bytes());
}

/// The board's serial line: whoever connects is at the other end of it. It never ends.
struct Line {
    listener: TcpListener,
    stream: Option<TcpStream>,
    fake: Fake,
    /// Answers that were sent.
    answers: usize,
    /// Bytes were received since the last answer.
    owes_an_answer: bool,
}

impl ErrorType for Line {
    type Error = Infallible;
}

impl Read for Line {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        loop {
            if let Some(stream) = &mut self.stream
                && let Ok(len @ 1..) = stream.read(buffer)
            {
                self.owes_an_answer = true;
                return Ok(len);
            }
            self.stream = Some(self.listener.accept().unwrap().0);
        }
    }
}

impl ReadReady for Line {
    /// While it computes, the board looks whether more comes. When it has answered, it waits.
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        let Some(stream) = self.stream.as_mut().filter(|_| self.owes_an_answer) else { return Ok(true) };
        stream.set_nonblocking(true).unwrap();
        let nothing = matches!(stream.peek(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock);
        stream.set_nonblocking(false).unwrap();
        Ok(!nothing)
    }
}

impl Write for Line {
    /// Sends a frame, which the application writes at once.
    fn write(&mut self, frame: &[u8]) -> Result<usize, Infallible> {
        self.owes_an_answer = false;
        let mut sent = self.fake.noise.unwrap_or(frame).to_vec();
        self.answers += 1;
        if self.answers.checked_rem(self.fake.damages) == Some(0) {
            sent[1] ^= 0x40;
        }
        if let Some(stream) = &mut self.stream {
            // A board does not know whether anybody listens.
            let _ = stream.write_all(&sent);
        }
        Ok(frame.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
