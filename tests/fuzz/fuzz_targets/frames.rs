//! Frames into the application: each gets one answer, and what a board was taught is there after a restart.
#![no_main]

use fuzz::Choices;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared_model::{
    Model, Threshold,
    gallery::{Method, value_len},
    model::crc32,
    prepare::{Crop, Format},
    wire::{
        FrameReader, ImageForm, Request, RequestBody, RequestError, ResponseBody, Restart, Storage, VERSION,
        decode_message, image_requests,
    },
};
use tests::random;
use tinytriplet_device::{
    memory::{self, CHUNK_LEN},
    testing::{Answer, answers, frame},
};

/// Bytes of the longest request to any of the boards.
const FRAME: usize = 2048;
/// Entries of a gallery.
const CAPACITY: usize = 4;
/// Embeddings that are kept for each entry.
const EXEMPLARS: usize = 1;
/// Bytes of a flash of two units.
const FLASH: usize = 2 * 4096;

type Bench<'m> = tinytriplet_device::testing::Bench<'m, FRAME, CAPACITY>;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut choices = Choices::new(data);
    let file = random::model(&mut ChaCha8Rng::seed_from_u64(choices.random_range(0..8)));
    let model = Model::decode(&file).expect("random nets are valid");
    if memory::request_len(model.embedding_len(), EXEMPLARS) > FRAME {
        return;
    }
    let mut stream = stream(&model, &mut choices);
    // An end to what may be left open.
    stream.push(0);
    if requests(&stream).iter().any(|request| matches!(request, Some(Asked::Long))) {
        return;
    }
    let flash = match choices.random_range(0..4) {
        0 => None,
        1 => {
            let mut noise = vec![0xff; FLASH];
            choices.fill(&mut noise[..64]);
            Some(noise)
        }
        _ => Some(vec![0xff; FLASH]),
    };
    let mut board = Bench {
        flash,
        piece: choices.random_range(1..100),
        ..Bench::new("a test", model.clone(), EXEMPLARS)
    };
    let taught = contents_after(&mut board, &stream);
    if taught.0 == Storage::Flash {
        assert_eq!(contents_after(&mut board, &[]), taught, "what a restart keeps");
    }
});

/// Labels with their values.
type Entries = Vec<(String, Vec<u8>)>;

/// Returns where a gallery is kept, and what is in it after the board has answered `stream`.
fn contents_after(board: &mut Bench<'_>, stream: &[u8]) -> (Storage, Entries) {
    let mut input = stream.to_vec();
    let indices = 0..CAPACITY as u16;
    let questions = [RequestBody::Info].into_iter().chain(indices.map(|index| RequestBody::Entry { index }));
    questions.zip(u32::MAX - 100..).for_each(|(body, id)| input.extend(frame(id, body)));
    let answers = answers(&board.answer(&input));
    let frames = input.split(|&byte| byte == 0).filter(|frame| !frame.is_empty());
    assert_eq!(answers.len(), frames.count(), "an answer to each frame");
    check(&requests(&input), &answers);
    let mut answers = answers[answers.len() - 1 - CAPACITY..].iter().map(Answer::body);
    let Some(ResponseBody::Info(info)) = answers.next() else { panic!("no answer to who it is") };
    let mut entries: Entries = answers
        .filter_map(|body| match body {
            ResponseBody::Entry { label, value } => Some((label.to_owned(), value.to_vec())),
            _ => None,
        })
        .collect();
    assert_eq!(entries.len(), usize::from(info.gallery.len));
    entries.sort();
    (info.gallery.storage, entries)
}

/// No fault is injected into a board that was built without.
fn check(requests: &[Option<Asked>], answers: &[Answer]) {
    assert_eq!(answers.len(), requests.len());
    for (request, answer) in requests.iter().zip(answers) {
        let refused = answer.body() == ResponseBody::Error(RequestError::NoFaultInjection);
        assert_eq!(refused, matches!(request, Some(Asked::Fault)), "{request:?}: {answer:?}");
    }
}

/// The requests that matter here.
#[derive(Debug)]
enum Asked {
    /// To panic or to hang.
    Fault,
    /// To compute for longer than a fuzzer has time for.
    Long,
    Other,
}

fn asked(payload: &[u8]) -> Option<Asked> {
    match decode_message::<Request<'_>>(payload).ok()?.body {
        RequestBody::Restart(Restart::Panic | Restart::Hang | Restart::Overflow) => Some(Asked::Fault),
        RequestBody::Bench { runs: 5.. } => Some(Asked::Long),
        _ => Some(Asked::Other),
    }
}

/// Returns what each frame asks for; `None` if it cannot be read.
fn requests(stream: &[u8]) -> Vec<Option<Asked>> {
    let mut reader = FrameReader::<FRAME>::new();
    stream.iter().filter_map(|&byte| Some(reader.push(byte)?.ok().and_then(asked))).collect()
}

/// Bytes to a board: requests, some of them twice or damaged, and noise.
fn stream(model: &Model<'_>, rng: &mut impl Rng) -> Vec<u8> {
    let (mut stream, mut last) = (Vec::new(), Vec::new());
    for _ in 0..rng.random_range(0..40) {
        let mut piece = match rng.random_range(0..12) {
            0 => last,
            1 => {
                let mut noise = vec![0; rng.random_range(0..64)];
                rng.fill(&mut noise[..]);
                noise
            }
            2 => {
                let mut payload = vec![VERSION; rng.random_range(1..48)];
                rng.fill(&mut payload[1..]);
                framed(payload)
            }
            3..6 => image(model, rng),
            _ => request(model, rng),
        };
        match rng.random_range(0..16) {
            0 if !piece.is_empty() => {
                let at = rng.random_range(0..piece.len());
                piece[at] ^= 1 << rng.random_range(0..8);
            }
            1 => piece.truncate(rng.random_range(0..=piece.len())),
            _ => {}
        }
        stream.extend_from_slice(&piece);
        last = piece;
    }
    stream
}

/// A side of a frame, mostly a short one.
fn side(rng: &mut impl Rng) -> u16 {
    if rng.random_range(0..8) == 0 { rng.random() } else { rng.random_range(0..24) }
}

/// The frames that show an image, some of them lost, doubled, or in another order.
fn image(model: &Model<'_>, rng: &mut impl Rng) -> Vec<u8> {
    let (form, len) = if rng.random() {
        // A wrong length now and then.
        let len = model.input_len() + usize::from(rng.random_range(0..16) == 0);
        (ImageForm::Pixels { len: len as u32 }, len)
    } else {
        use Format::*;
        let formats = [Grey8, Rgb888, Rgb565LittleEndian, Rgb565BigEndian, Yuyv, Uyvy];
        let format = formats[rng.random_range(0..formats.len())];
        let (width, height) = (side(rng), side(rng));
        let crop = (rng.random_range(0..4) == 0).then(|| Crop {
            left: side(rng),
            top: side(rng),
            width: side(rng),
            height: side(rng),
        });
        let form = ImageForm::Camera { format, width, height, crop };
        // Of a large one, not all comes.
        (form, (form.row_len() * usize::from(height)).min(4_096))
    };
    let bytes = random::pixels(rng, len);
    let chunk = if rng.random() { CHUNK_LEN } else { rng.random_range(1..200) };
    let mut frames: Vec<Vec<u8>> =
        image_requests(form, &bytes, chunk).take(100).map(|body| frame(rng.random(), body)).collect();
    if rng.random_range(0..4) == 0 {
        let (a, b) = (rng.random_range(0..frames.len()), rng.random_range(0..frames.len()));
        match rng.random_range(0..3) {
            0 => frames.swap(a, b),
            1 => drop(frames.remove(a)),
            _ => frames.insert(a, frames[b].clone()),
        }
    }
    frames.concat()
}

/// A request with whatever it takes.
fn request(model: &Model<'_>, rng: &mut impl Rng) -> Vec<u8> {
    let label =
        ["a", "b", "c", "d", "ü", "", "a label of more than thirty-one bytes"][rng.random_range(0..7)];
    let mut value = vec![0; value_len(model.embedding_len(), EXEMPLARS)];
    rng.fill(&mut value[..]);
    // Small counts are those that are true of some sums.
    value[1..4].fill(0);
    let threshold = match rng.random_range(0..5) {
        0 => Threshold::None,
        1 => Threshold::EqualError,
        2 => Threshold::FalseAccept1Percent,
        3 => Threshold::Own,
        _ => Threshold::Distance(rng.random()),
    };
    let method = if rng.random() { Method::Prototype } else { Method::Neighbours(rng.random()) };
    let body = match rng.random_range(0..18) {
        0 => RequestBody::Ping,
        1 => RequestBody::Info,
        2 => RequestBody::Embed,
        3 => RequestBody::Compare,
        4 => RequestBody::Recognise { method, threshold },
        5 => RequestBody::Entry { index: rng.random_range(0..6) },
        6 => RequestBody::Import { label, value: &value },
        7 => RequestBody::Forget { label },
        8 => RequestBody::Clear,
        9 => RequestBody::Parity,
        10 => RequestBody::Bench { runs: rng.random_range(0..4) },
        11 => RequestBody::SelfTest,
        12 => RequestBody::Restart(
            [Restart::Reset, Restart::Panic, Restart::Hang, Restart::Overflow][rng.random_range(0..4)],
        ),
        13 => RequestBody::Pixels { offset: rng.random_range(0..model.input_len() as u32 + 2) },
        14 => RequestBody::TakeBack,
        _ => RequestBody::Enrol { label },
    };
    frame(rng.random_range(0..9), body)
}

/// A payload in a frame with the right CRC.
fn framed(mut payload: Vec<u8>) -> Vec<u8> {
    payload.extend(crc32(&payload).to_le_bytes());
    let mut frame = cobs::encode_vec(&payload);
    frame.push(0);
    frame
}
