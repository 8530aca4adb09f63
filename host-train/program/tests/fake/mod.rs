//! A stand-in for a board: a thread that speaks the protocol on a socket, with the firmware's
//! model, the real engine and the real gallery. What it knows outlasts a connection, as a board's
//! does.

use shared_model::model::layout::repack_to_vec;
use shared_model::{
    Gallery, Layout, Model,
    wire::{
        FrameReader, GalleryInfo, Info, ModelInfo, NO_ID, Request, RequestBody, RequestError, Response,
        ResponseBody, Storage, decode_message, encode_frame,
    },
};
use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

pub const MODEL: &[u8] = include_bytes!("../../../../firmware/models/default.model.postcard");
pub const CAPACITY: usize = 4;

/// The fault.
#[derive(Clone, Copy, Default)]
pub struct Fake {
    /// Embeddings that are kept of each entry.
    pub exemplars: usize,
    /// The flash holds another model's gallery.
    pub has_other_gallery: bool,
    /// The second layer computes something else, and so does the self-test.
    pub computes_wrong: bool,
    /// One in so many answers is damaged; 0 for none.
    pub damages: usize,
    /// The answer of this number is lost; 0 for none.
    pub loses: usize,
    /// It sends this and nothing else.
    pub noise: Option<&'static [u8]>,
}

impl Fake {
    /// Switches it on. Returns its port, as the command line wants it.
    pub fn start(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = format!("tcp:{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            let model = Model::decode(repack_to_vec(MODEL, Layout::Packed).unwrap().leak()).unwrap();
            let entry = shared_model::gallery::entry_len(model.embedding_len(), self.exemplars);
            let mut board = Board {
                gallery: Gallery::new(&model, self.exemplars, vec![0; CAPACITY * entry].leak()),
                scratch: vec![0; model.scratch_len()],
                embedding: vec![0; model.embedding_len()],
                model,
                fake: self,
                started: Instant::now(),
                last: None,
                answers: 0,
            };
            listener.incoming().for_each(|line| board.serve(line.unwrap()));
        });
        port
    }
}

struct Board {
    fake: Fake,
    model: Model<'static>,
    gallery: Gallery<'static>,
    scratch: Vec<u32>,
    embedding: Vec<u8>,
    started: Instant,
    /// The last request that was carried out, and its answer.
    last: Option<(Vec<u8>, Vec<u8>)>,
    answers: usize,
}

impl Board {
    fn serve(&mut self, mut line: TcpStream) {
        let mut reader = Box::new(FrameReader::<10_000>::new());
        let mut bytes = [0; 1000];
        while let Ok(len @ 1..) = line.read(&mut bytes) {
            for &byte in &bytes[..len] {
                let Some(frame) = reader.push(byte) else { continue };
                let mut answer = match (frame, self.fake.noise) {
                    (_, Some(noise)) => noise.to_vec(),
                    (Ok(payload), _) => self.answer(payload),
                    (Err(error), _) => encode(NO_ID, ResponseBody::Error(RequestError::Frame(error))),
                };
                self.answers += 1;
                if self.answers.checked_rem(self.fake.damages) == Some(0) {
                    answer[1] ^= 0x40;
                }
                if self.answers == self.fake.loses {
                    answer.clear();
                }
                if line.write_all(&answer).is_err() {
                    return;
                }
            }
        }
    }

    fn answer(&mut self, payload: &[u8]) -> Vec<u8> {
        if let Some((_, answer)) = self.last.as_ref().filter(|(request, _)| request == payload) {
            return answer.clone();
        }
        let request = match decode_message::<Request<'_>>(payload) {
            Ok(request) => request,
            Err(error) => return encode(NO_ID, ResponseBody::Error(RequestError::Frame(error))),
        };
        let body = self.carry_out(&request.body).unwrap_or_else(ResponseBody::Error);
        let answer = encode(request.id, body);
        self.last = Some((payload.into(), answer.clone()));
        if matches!(request.body, RequestBody::Restart(_)) {
            (self.started, self.last) = (Instant::now(), None);
        }
        answer
    }

    fn embed(&mut self, pixels: &[u8]) -> Result<(), RequestError> {
        if pixels.len() != self.model.input_len() {
            let (expected, actual) = (self.model.input_len() as u32, pixels.len() as u32);
            return Err(RequestError::ImageLength { expected, actual });
        }
        Ok(self.model.embed(pixels, &mut self.scratch, &mut self.embedding)?)
    }

    fn storage(&self) -> Storage {
        if self.fake.has_other_gallery { Storage::OtherModel([0xab; 8]) } else { Storage::Flash }
    }

    fn carry_out(&mut self, body: &RequestBody<'_>) -> Result<ResponseBody<'_>, RequestError> {
        let storage = self.storage();
        match *body {
            RequestBody::Enrol { .. }
            | RequestBody::Recognise { .. }
            | RequestBody::Import { .. }
            | RequestBody::Forget { .. }
                if storage != Storage::Flash =>
            {
                Err(RequestError::NoGallery(storage))
            }
            RequestBody::Ping => Ok(ResponseBody::Pong),
            RequestBody::Info => Ok(ResponseBody::Info(Info {
                board: "fake",
                firmware: "0.0.0",
                uptime: self.started.elapsed().as_millis() as u64,
                stack: Some((1_234, 5_678)),
                model: ModelInfo::of(&self.model),
                gallery: GalleryInfo {
                    len: self.gallery.len() as u16,
                    capacity: self.gallery.capacity() as u16,
                    exemplars: self.gallery.exemplars() as u16,
                    storage,
                },
            })),
            RequestBody::Embed { pixels } => {
                self.embed(pixels)?;
                Ok(ResponseBody::Embedding(&self.embedding))
            }
            RequestBody::Compare { .. } => unimplemented!("no command compares"),
            RequestBody::Enrol { label, pixels } => {
                self.embed(pixels)?;
                let count = self.gallery.enrol(label, &self.embedding)?;
                Ok(ResponseBody::Enrolled { count, entries: self.gallery.len() as u16 })
            }
            RequestBody::Recognise { pixels, method, threshold } => {
                self.embed(pixels)?;
                let found = self.gallery.recognise(&self.model, &self.embedding, method, threshold)?;
                Ok(ResponseBody::Recognition(found))
            }
            RequestBody::Entry { index } => {
                let entry = self.gallery.entries().nth(index.into()).ok_or(RequestError::NoEntry)?;
                Ok(ResponseBody::Entry { label: entry.label(), value: entry.value() })
            }
            RequestBody::Import { label, value } => {
                self.gallery.insert(label, value)?;
                Ok(ResponseBody::Done)
            }
            RequestBody::Forget { label } => {
                if self.gallery.remove(label) {
                    Ok(ResponseBody::Done)
                } else {
                    Err(RequestError::NoEntry)
                }
            }
            RequestBody::Clear => {
                self.gallery.clear();
                self.fake.has_other_gallery = false;
                Ok(ResponseBody::Done)
            }
            RequestBody::Parity { pixels } => {
                let mut digests = self.model.digests(pixels, &mut self.scratch, &mut self.embedding)?;
                if self.fake.computes_wrong {
                    digests[1..].iter_mut().for_each(|digest| *digest ^= 1);
                }
                Ok(ResponseBody::Digests(digests))
            }
            RequestBody::Bench { runs } => {
                Ok(ResponseBody::Bench { runs, microseconds: 1_500 * u64::from(runs) })
            }
            RequestBody::SelfTest => {
                Ok(ResponseBody::SelfTest { expected: 7, actual: 7 + u32::from(self.fake.computes_wrong) })
            }
            RequestBody::Restart(_) => {
                thread::sleep(Duration::from_millis(1));
                Ok(ResponseBody::Done)
            }
        }
    }
}

fn encode(id: u32, body: ResponseBody<'_>) -> Vec<u8> {
    let mut buffer = vec![0; 10_000];
    encode_frame(&Response { id, body }, &mut buffer).unwrap().to_vec()
}
